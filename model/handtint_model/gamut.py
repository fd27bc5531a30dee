"""The largest chroma that sRGB holds at a lightness and hue.

A colour outside the gamut keeps its L* and hue and loses chroma until it fits; no
channel is ever clipped, which would change the lightness.  The limit is tabulated over
L* and hue.  What interpolation leaves outside is drawn towards the gray of the same Y
in linear light, by a few thousandths, which keeps Y exactly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .photometry import lab_f, lab_f_inverse, lab_to_linear

ROWS = 257
"""Table rows, evenly spaced in L* from 0 to 100."""

COLUMNS = 513
"""Table columns, evenly spaced in `hue_position` from 0 to 4 (the last equals the first)."""

_BLACK_F = 4.0 / 29.0


def hue_position(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Where (a, b) points to, 0..4, without an arc tangent; 0 for a = b = 0.

    0 is +a, 1 is +b, 2 is -a, 3 is -b; within a quadrant it runs along the edge of the
    diamond |a| + |b| = 1.
    """
    total = np.abs(a) + np.abs(b)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(total > 0, b / np.where(total > 0, total, 1), 0)
    return np.where(a >= 0, np.where(b >= 0, part, part + 4), 2 - part)


def hue_direction(position: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The (a, b) with |a| + |b| = 1 at a `hue_position`."""
    p = np.mod(position, 4)
    b = np.where(p <= 1, p, np.where(p <= 3, 2 - p, p - 4))
    a = np.where(p <= 2, 1 - p, p - 3)
    return a, b


def fits(y: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether the colour with relative luminance y (0..1) and a*, b* lies in the gamut."""
    channels = np.stack(lab_to_linear(lab_f(y), y, a, b))
    return np.asarray((channels >= -1e-9).all(axis=0) & (channels <= 1 + 1e-9).all(axis=0))


@lru_cache(maxsize=1)
def chroma_limits() -> NDArray[np.float32]:
    """(ROWS, COLUMNS) float32: the largest |a| + |b| that fits, by L* and hue position."""
    f = np.linspace(_BLACK_F, 1.0, ROWS)[:, None]
    f = np.broadcast_to(f, (ROWS, COLUMNS)).copy()
    y = lab_f_inverse(f)
    a, b = hue_direction(np.linspace(0.0, 4.0, COLUMNS))
    low = np.zeros((ROWS, COLUMNS))
    high = np.full((ROWS, COLUMNS), 250.0)
    # The colours of one L* that fit form a star around gray, so halving finds its rim.
    for _ in range(26):
        middle = (low + high) / 2
        inside = fits(y, middle * a, middle * b)
        low = np.where(inside, middle, low)
        high = np.where(inside, high, middle)
    limits = low.astype(np.float32)
    limits[[0, -1]] = 0.0  # black and white have no colour
    limits.setflags(write=False)
    return limits


def limit_at(
    f: NDArray[Any], position: NDArray[Any], table: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The largest |a| + |b| at f(Y) and a hue position: bilinear in `chroma_limits`."""
    row = (f - np.float32(_BLACK_F)) * np.float32((ROWS - 1) / (1.0 - _BLACK_F))
    row = np.clip(row, 0, ROWS - 1.001).astype(np.float32)
    column = np.clip(position * np.float32((COLUMNS - 1) / 4.0), 0, COLUMNS - 1.001)
    i, j = row.astype(np.intp), column.astype(np.intp)
    u, v = row - i, column - j
    upper = table[i, j] * (1 - v) + table[i, j + 1] * v
    lower = table[i + 1, j] * (1 - v) + table[i + 1, j + 1] * v
    return np.asarray(upper * (1 - u) + lower * u, np.float32)


def reduce_chroma(
    f: NDArray[Any], a: NDArray[Any], b: NDArray[Any], table: NDArray[np.float32]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(a, b) with the same hue and at most the chroma that fits at f(Y), by `chroma_limits`."""
    total = np.abs(a) + np.abs(b)
    limit = limit_at(f, hue_position(a, b), table)
    scale = np.minimum(1, limit / np.maximum(total, np.float32(1e-6)))
    return a * scale, b * scale


def into_gamut(
    y: NDArray[Any], red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mix linear channels with the gray of the same Y until all lie in 0..1."""
    keep = np.ones_like(y)
    for channel in (red, green, blue):
        difference = channel - y
        with np.errstate(divide="ignore", invalid="ignore"):
            keep = np.where(channel > 1, np.minimum(keep, (1 - y) / difference), keep)
            keep = np.where(channel < 0, np.minimum(keep, -y / difference), keep)
    mixed = tuple(np.clip(y + keep * (channel - y), 0, 1) for channel in (red, green, blue))
    return mixed[0], mixed[1], mixed[2]
