"""sRGB <-> linear light <-> Lab on NumPy arrays; `torch_conversions` does the same on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .constants import (
    LAB_BLACK,
    LAB_DELTA,
    RGB_TO_XYZ,
    SRGB_CODE_BREAK,
    SRGB_GAMMA,
    SRGB_LIGHT_BREAK,
    SRGB_OFFSET,
    SRGB_SCALE,
    SRGB_SLOPE,
    WHITE,
    XYZ_TO_RGB,
)

Floats = NDArray[np.floating[Any]]
Float32 = NDArray[np.float32]


def srgb_decode(code: Floats) -> Floats:
    """SRGB 0..1 to linear light 0..1; negative values continue the straight part."""
    power = ((np.maximum(code, SRGB_CODE_BREAK) + SRGB_OFFSET) / SRGB_SCALE) ** SRGB_GAMMA
    return np.where(code <= SRGB_CODE_BREAK, code / SRGB_SLOPE, power)


def srgb_encode(linear: Floats) -> Floats:
    """Linear light 0..1 to sRGB 0..1; negative values continue the straight part."""
    power = SRGB_SCALE * np.maximum(linear, SRGB_LIGHT_BREAK) ** (1 / SRGB_GAMMA) - SRGB_OFFSET
    return np.where(linear <= SRGB_LIGHT_BREAK, linear * SRGB_SLOPE, power)


def lab_f(ratio: Floats) -> Floats:
    """The curve of Lab, applied to X/Xn, Y/Yn and Z/Zn (CIE 15:2004, 8.2.1.1)."""
    root = np.cbrt(np.maximum(ratio, LAB_DELTA**3))
    return np.where(ratio > LAB_DELTA**3, root, ratio / (3.0 * LAB_DELTA**2) + LAB_BLACK)


def lab_f_inverse(f: Floats) -> Floats:
    """The inverse of `lab_f`; below 4/29 it goes on, straight, to negative values."""
    return np.where(f > LAB_DELTA, f * f * f, 3.0 * LAB_DELTA**2 * (f - LAB_BLACK))


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
