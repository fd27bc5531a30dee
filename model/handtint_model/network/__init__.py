"""The network: lightness in, bin logits, embedding and hint gate out, at stride 4."""

from .config import CANVAS_MULTIPLE, STRIDE, ModelConfig
from .model import PRETRAINED, ColorNetwork, Heads

__all__ = ["CANVAS_MULTIPLE", "PRETRAINED", "STRIDE", "ColorNetwork", "Heads", "ModelConfig"]
