"""Small planes: a photo's luminance at thumbnail size."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ..types import Plane


def small_plane(luminance: Plane, side: int) -> NDArray[np.uint8]:
    """(h, w) uint8 Y' whose longer side has ``side`` pixels; smaller photos keep their size.

    luminance: (H, W) uint8, uint16 or float32 (0..1).  Y' is averaged as it is: to the eye, close
    enough to averaging light.
    """
    height, width = luminance.shape
    scale = min(1.0, side / max(height, width))
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    step = max(1, int(1.0 / scale) // 4)  # of a very large plane some pixels are enough
    codes = luminance[::step, ::step].astype(np.float32)
    codes /= 1.0 if luminance.dtype.kind == "f" else np.float32(np.iinfo(luminance.dtype).max)
    picture = torch.from_numpy(np.ascontiguousarray(codes))[None, None]
    small = F.interpolate(picture, shape, mode="area")[0, 0].clamp(0.0, 1.0).numpy()
    return np.rint(small * 255.0).astype(np.uint8)
