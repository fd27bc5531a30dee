"""From codes to light and from colours back to codes, in plain NumPy: reference and fallback.

Arrays are float32 and C-contiguous unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...color.constants import LUMINANCE_WEIGHTS
from ...color.conversions import lab_to_linear
from ...color.gamut import fit_chroma

Floats = NDArray[np.float32]

_WR, _WG, _WB = (np.float32(w) for w in LUMINANCE_WEIGHTS)


def look_up(codes: NDArray[Any], linear: Floats, f: Floats, y_out: Floats, f_out: Floats) -> None:
    """Y and f(Y) of code values.

    codes: (n,) uint8 or uint16.  linear, f: one entry a code.  y_out, f_out: (n,), written.
    """
    np.take(linear, codes, out=y_out)
    np.take(f, codes, out=f_out)


def linear_red_blue(y: Floats, f: Floats, a: Floats, b: Floats, limits: Floats) -> None:
    """Replace a*, b* by linear red and blue, inside the gamut.

    y, f: (n,), Y in 0..1 and f(Y).  a, b: (n,), in: a*, b*; out: red, blue in 0..1.
    limits: `gamut.chroma_limits`.  Green follows from Y.
    """
    channels = lab_to_linear(f, y, a, b)
    outside = np.zeros(y.shape, np.bool_)
    for channel in channels:
        outside |= (channel < 0) | (channel > 1)
    if outside.any():
        fitted = fit_chroma(y[outside], f[outside], a[outside], b[outside], limits)
        for channel, values in zip(channels, fitted):
            channel[outside] = values
    a[...], b[...] = channels[0], channels[2]


def codes_uint8(
    y: Floats,
    red: Floats,
    blue: Floats,
    encode: NDArray[np.uint8],
    decode: Floats,
    out: NDArray[np.uint8],
) -> None:
    """Linear red and blue, and Y, to R', G', B' codes whose Y' rounds to that of Y.

    Red and blue are rounded, then green is solved for and rounded.  Green weighs most, and
    rounding it moves Y' by at most 0.7152 * (1 / 0.7152)^(1.4 / 2.4) / 2 = 0.435 codes.

    y, red, blue: (n,) in 0..1; red and blue may be used up.  encode, decode:
    `color.tables.CodeTables`.  out: (n, 3), written.
    """
    steps = np.float32(encode.size - 1)

    def nearest(linear: Floats) -> NDArray[Any]:
        return np.asarray(encode[(np.sqrt(linear) * steps + np.float32(0.5)).astype(np.intp)])

    _codes(y, red, blue, nearest, decode, out)


def codes_uint16(
    y: Floats, red: Floats, blue: Floats, encode: Floats, decode: Floats, out: NDArray[np.uint16]
) -> None:
    """As `codes_uint8`, with a table that is linear in between."""
    steps = np.float32(encode.shape[0] - 1)

    def nearest(linear: Floats) -> NDArray[Any]:
        place = np.sqrt(linear) * steps
        k = place.astype(np.intp)
        code = encode[k, 0] + (place - k.astype(np.float32)) * encode[k, 1]
        return np.asarray(code, np.uint16)

    _codes(y, red, blue, nearest, decode, out)


def _codes(
    y: Floats,
    red: Floats,
    blue: Floats,
    nearest: Callable[[Floats], NDArray[Any]],
    decode: Floats,
    out: NDArray[Any],
) -> None:
    r, b = nearest(red), nearest(blue)
    out[:, 0], out[:, 2] = r, b
    out[:, 1] = nearest(np.clip((y - _WR * decode[r] - _WB * decode[b]) / _WG, 0, 1))
