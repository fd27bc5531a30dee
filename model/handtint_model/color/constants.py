"""The constants of color science, each written once; torch, NumPy, Numba and files use these.

Sources: IEC 61966-2-1 (sRGB: primaries, white D65, transfer curve), CIE 15:2004 (Lab 1976,
2 degree observer), ICC.1:2022 Annex E (D50 connection space).
"""

from __future__ import annotations

import numpy as np

RGB_TO_XYZ = np.array(
    [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
)
"""Linear sRGB to XYZ (IEC 61966-2-1); the middle row defines Y."""

XYZ_TO_RGB = np.linalg.inv(RGB_TO_XYZ)

LUMINANCE_WEIGHTS = RGB_TO_XYZ[1]
"""Weights of linear R, G, B in the relative luminance Y; their sum is 1."""

WHITE = RGB_TO_XYZ.sum(axis=1)
"""XYZ of R = G = B = 1 (D65), so that a = b = 0 is exactly gray."""

RGB_TO_XYZ_D50 = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
"""Linear sRGB to XYZ of ICC's connection space: the sRGB profile's colorants (Bradford)."""

SRGB_SLOPE = 12.92
"""The straight part of the sRGB curve is code = 12.92 * light."""

SRGB_SCALE = 1.055
SRGB_OFFSET = 0.055
SRGB_GAMMA = 2.4
"""Above it, code = 1.055 * light ** (1 / 2.4) - 0.055."""

SRGB_CODE_BREAK = 0.04045
SRGB_LIGHT_BREAK = 0.0031308
"""Where one part of the curve meets the other, as a code and as light."""

LAB_DELTA = 6.0 / 29.0
"""Where the curve of Lab turns from a line into a cube root, as f."""

LAB_BLACK = 4.0 / 29.0
"""f of black."""
