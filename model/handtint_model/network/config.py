"""Sizes of the network, saved with every checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STRIDE = 4
"""Pixels of the network's canvas per cell of its heads, each way."""

CANVAS_MULTIPLE = 32
"""The canvas' sides are multiples of this: the deepest stage has stride 32."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is needed to build the network before its weights are loaded."""

    stem_norm: Literal["group", "batch"] = "group"  # "batch": the folded original, ablations only
    input_mean: float = 0.449  # subtracted from L*/100: the mean of ImageNet's channels
    encoder_blocks: tuple[int, int, int] = (2, 2, 2)  # of layers 1, 2, 3: ResNet-18's
    global_width: int = 384  # channels of the stage at stride 32
    global_blocks: int = 2  # attention blocks over its cells
    global_heads: int = 6
    decoder_width: int = 128
    decoder_blocks: tuple[int, int, int] = (2, 2, 1)  # at strides 16, 8, 4
    embedding: int = 32  # channels by which hints find their object
    bins: int = 313
    strokes: bool = False  # whether it has a stroke decoder
    second_encoder: bool = False  # whether EfficientNet-Lite2 stands beside the ResNet
