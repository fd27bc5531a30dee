"""Per-pixel colour science of rendering, in NumPy: sRGB curve, Lab, luminance planes.

`torch_conversions` does the same on torch tensors for the network; rendering needs plain arrays,
tables by code value, and luminance weights that add up to the very definition of Y'.

Sources: IEC 61966-2-1 (sRGB curve and matrix), CIE 15:2004 (Lab 1976).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Float32 = NDArray[np.float32]

RGB_TO_XYZ = np.array(
    [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
)
"""Linear sRGB to XYZ; the middle row is the definition of Y for luminance planes."""

WHITE = RGB_TO_XYZ.sum(axis=1)
"""XYZ of R = G = B = 1, so that a = b = 0 is exactly gray."""

XYZ_TO_RGB = np.linalg.inv(RGB_TO_XYZ)

DELTA = 6.0 / 29.0
"""Where the curve of Lab turns from a line into a cube root, on its f side."""


def srgb_decode(code: Floats) -> Floats:
    """SRGB 0..1 to linear light 0..1; negative values continue the straight part."""
    power = ((np.maximum(code, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(code <= 0.04045, code / 12.92, power)


def srgb_encode(linear: Floats) -> Floats:
    """Linear light 0..1 to sRGB 0..1; negative values continue the straight part."""
    power = 1.055 * np.maximum(linear, 0.0031308) ** (1.0 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, power)


def lab_f(ratio: Floats) -> Floats:
    """The curve of Lab, applied to X/Xn, Y/Yn and Z/Zn (CIE 15:2004, 8.2.1.1)."""
    root = np.cbrt(np.maximum(ratio, DELTA**3))
    return np.where(ratio > DELTA**3, root, ratio / (3.0 * DELTA**2) + 4.0 / 29.0)


def lab_f_inverse(f: Floats) -> Floats:
    """The inverse of `lab_f`; below 4/29 it goes on, straight, to negative values."""
    return np.where(f > DELTA, f * f * f, 3.0 * DELTA**2 * (f - 4.0 / 29.0))


def lab_to_linear(fy: Floats, y: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Linear R, G, B of the colour with f(Y) = fy, Y = y and the given a*, b*.

    All of one shape.  Values outside 0..1 lie outside the gamut of sRGB.
    """
    m = XYZ_TO_RGB
    x = lab_f_inverse(fy + a / 500.0) * WHITE[0].astype(fy.dtype)
    z = lab_f_inverse(fy - b / 200.0) * WHITE[2].astype(fy.dtype)
    m = m.astype(fy.dtype)
    red = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z
    green = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z
    blue = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z
    return red, green, blue


def linear_to_lab(linear: Floats) -> Floats:
    """Linear R, G, B (..., 3) to L*, a*, b* (..., 3)."""
    f = lab_f(linear @ RGB_TO_XYZ.T / WHITE)
    return np.stack(
        (
            116.0 * f[..., 1] - 16.0,
            500.0 * (f[..., 0] - f[..., 1]),
            200.0 * (f[..., 1] - f[..., 2]),
        ),
        axis=-1,
    )

    # 8 bits: (8193,) uint8, the nearest code; 16 bits: (4097, 2), code + 0.5 and the step
    # to the next.  Neither errs by more than 0.03 codes, 0.53 with the rounding.
