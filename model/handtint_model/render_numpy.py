"""The inner loops of rendering in plain NumPy: the reference, and the fallback without Numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gamut import reduce_chroma
from .photometry import (
    RGB_TO_XYZ,
    code_tables,
    lab_to_linear,
    luminance_and_f,
    srgb_encode,
)

Float32 = NDArray[np.float32]

_RED, _GREEN, _BLUE = (np.float32(w) for w in RGB_TO_XYZ[1])


def colour_rows(luminance: NDArray[Any], a: Float32, b: Float32, out: NDArray[Any]) -> None:
    """Give rows of a luminance plane the colours a*, b*.

    luminance: (h, w) uint8, uint16 or float32.  a, b: (h, w).  out: (h, w, 3), written,
    of luminance's dtype.
    """
    y, f = luminance_and_f(luminance)
    a, b = reduce_chroma(f, a, b)
    red, green, blue = into_gamut(y, *lab_to_linear(f, y, a, b))
    if luminance.dtype == np.float32:
        for channel, values in enumerate((red, green, blue)):
            out[..., channel] = srgb_encode(values.astype(np.float64))
        # Above white, and below black, no chroma fits: the value itself, in gray.  (The
        # clipped pixel is gray, and gray scaled by Y / Y_clipped has the value's code.)
        beyond = (luminance <= 0) | (luminance >= 1)
        out[beyond] = luminance[beyond][:, None]
        return
    # Rounding R and B to the nearest codes and solving for G keeps Y': G weighs most, and
    # rounding it moves Y' by at most 0.7152 * (1 / 0.7152)^(1.4 / 2.4) / 2 = 0.435 codes.
    tables = code_tables(luminance.dtype.type)
    r = _nearest_code(red, tables.top)
    b_ = _nearest_code(blue, tables.top)
    rest = y - _RED * tables.linear[r] - _BLUE * tables.linear[b_]
    out[..., 0] = r
    out[..., 1] = _nearest_code(rest / _GREEN, tables.top)
    out[..., 2] = b_


def _nearest_code(linear: Float32, top: int) -> NDArray[np.intp]:
    code = srgb_encode(np.clip(linear, 0, 1).astype(np.float64)) * top
    return np.rint(code).astype(np.intp)


def into_gamut(
    y: Float32, red: Float32, green: Float32, blue: Float32
) -> tuple[Float32, Float32, Float32]:
    """Mix linear channels with the gray of the same Y until all lie in 0..1."""
    keep = np.ones_like(y)
    for channel in (red, green, blue):
        difference = channel - y
        with np.errstate(divide="ignore", invalid="ignore"):
            keep = np.where(channel > 1, np.minimum(keep, (1 - y) / difference), keep)
            keep = np.where(channel < 0, np.minimum(keep, -y / difference), keep)
    mixed = tuple(np.clip(y + keep * (channel - y), 0, 1) for channel in (red, green, blue))
    return mixed[0], mixed[1], mixed[2]
