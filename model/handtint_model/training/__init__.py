"""Training: photo streams, hint simulation, losses, the loop, checkpoints."""

from .config import Stage, TrainConfig
from .loop import train

__all__ = ["Stage", "TrainConfig", "train"]
