"""Training: photo streams, hint simulation, losses, the loop, checkpoints; the stroke decoder."""

from .config import Stage, StrokeConfig, TrainConfig
from .loop import train
from .presets import PRESETS, read_config, read_stroke_config
from .stroke_loop import train_strokes
from .team import is_main

__all__ = [
    "PRESETS",
    "Stage",
    "StrokeConfig",
    "TrainConfig",
    "is_main",
    "read_config",
    "read_stroke_config",
    "train",
    "train_strokes",
]
