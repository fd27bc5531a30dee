"""Training: photo streams, hint simulation, losses, the loop, checkpoints."""

from .config import Stage, TrainConfig
from .loop import train
from .presets import PRESETS, read_config
from .team import is_main

__all__ = ["PRESETS", "Stage", "TrainConfig", "is_main", "read_config", "train"]
