"""Training: photo streams, hint simulation, losses, the loop, checkpoints."""

from .config import Stage, TrainConfig
from .loop import train
from .presets import PRESETS, read_config

__all__ = ["PRESETS", "Stage", "TrainConfig", "read_config", "train"]
