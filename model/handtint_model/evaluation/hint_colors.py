"""8-bit sRGB colours that have a wanted ab as exactly as 8 bits allow.

A hint's lightness is ignored. So we may choose the lightness at which some 8-bit code comes
nearest to the wanted ab. In very dark or very light colours every code would be off by several
units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lab import lab_to_rgb, rgb_to_lab

_LIGHTNESS = np.arange(20.0, 97.0, 2.0)
_ROUNDINGS = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(8, 3)


def nearest_codes(ab: NDArray[Any]) -> NDArray[np.uint8]:
    """(k, 2) Lab a, b to (k, 3) uint8 sRGB: the code nearest in ab, over many lightnesses."""
    ab = np.asarray(ab, np.float64).reshape(-1, 2)
    result = np.empty((len(ab), 3), np.uint8)
    for start in range(0, len(ab), 64):
        part = ab[start : start + 64]
        lab = np.empty((len(part), len(_LIGHTNESS), 3))
        lab[..., 0] = _LIGHTNESS
        lab[..., 1:] = part[:, None]
        floor = np.floor(lab_to_rgb(lab) * 255.0)[:, :, None]
        codes = np.clip(floor + _ROUNDINGS, 0, 255).reshape(len(part), -1, 3)  # (k, L * 8, 3)
        error = np.square(rgb_to_lab(codes / 255.0)[..., 1:] - part[:, None]).sum(-1)
        result[start : start + 64] = codes[np.arange(len(part)), error.argmin(1)]
    return result
