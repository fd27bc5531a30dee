"""Lab for NumPy pictures, by the project's own conversions, which work on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..color import torch_conversions as color


def rgb_to_lab(rgb: NDArray[Any]) -> NDArray[np.float64]:
    """(H, W, 3) sRGB 0..1 to (H, W, 3) Lab D65."""
    return _apply(color.rgb_to_lab, rgb)


def lab_to_rgb(lab: NDArray[Any]) -> NDArray[np.float64]:
    """(H, W, 3) Lab D65 to (H, W, 3) sRGB, each channel clipped to 0..1."""
    return np.clip(_apply(color.lab_to_rgb, lab), 0.0, 1.0)


def _apply(convert: Any, picture: NDArray[Any]) -> NDArray[np.float64]:
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(picture, -1, 0), np.float64))
    return np.moveaxis(np.asarray(convert(planes).numpy()), 0, -1)
