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

from .constants import LAB_BLACK
from .conversions import lab_f, lab_f_inverse, lab_to_linear

ROWS = 257
"""Table rows, evenly spaced in L* from 0 to 100."""

COLUMNS = 513
"""Table columns, evenly spaced in `hue_position` from 0 to 4 (the last equals the first)."""

REFINEMENTS = 3
"""Steps from the table's limit, which cannot follow the ridge at yellow, to the exact one."""

CLOSE = np.float32(1e-3)
"""A limit is exact enough when its excess is this small a part of the first one's."""


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
    f = np.linspace(LAB_BLACK, 1.0, ROWS)[:, None]
    f = np.broadcast_to(f, (ROWS, COLUMNS)).copy()
    y = lab_f_inverse(f)
    a, b = hue_direction(np.linspace(0.0, 4.0, COLUMNS))
    low = np.zeros((ROWS, COLUMNS))
    high = np.full((ROWS, COLUMNS), 250.0)
    # The colours of one L* that fit form a star around gray, so halving finds its rim.
    for _ in range(18):
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
    row = (f - np.float32(LAB_BLACK)) * np.float32((ROWS - 1) / (1.0 - LAB_BLACK))
    row = np.clip(row, 0, ROWS - 1.001).astype(np.float32)
    column = np.clip(position * np.float32((COLUMNS - 1) / 4.0), 0, COLUMNS - 1.001)
    i, j = row.astype(np.intp), column.astype(np.intp)
    u, v = row - i, column - j
    upper = table[i, j] * (1 - v) + table[i, j + 1] * v
    lower = table[i + 1, j] * (1 - v) + table[i + 1, j + 1] * v
    return np.asarray(upper * (1 - u) + lower * u, np.float32)


def fit_chroma(
    y: NDArray[Any],
    f: NDArray[Any],
    a: NDArray[Any],
    b: NDArray[Any],
    table: NDArray[np.float32],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Linear R, G, B of colours outside the gamut, reduced to the largest chroma that fits.

    y, f: Y and f(Y).  a, b: outside the gamut.  The table's limit is improved by
    `REFINEMENTS` steps of regula falsi (Illinois); what is still outside is mixed with gray.
    """
    size = np.abs(a) + np.abs(b)
    low, high = np.zeros_like(y), np.ones_like(y)
    at_low, at_high = -np.minimum(y, 1 - y), _excess(*lab_to_linear(f, y, a, b))
    scale = np.minimum(limit_at(f, hue_position(a, b), table) / size, np.float32(0.999))
    close = (at_high - at_low) * CLOSE
    for _ in range(REFINEMENTS):
        excess = _excess(*lab_to_linear(f, y, a * scale, b * scale))
        done = np.abs(excess) <= close
        inside = excess <= 0
        low, high = np.where(inside, scale, low), np.where(inside, high, scale)
        # Illinois: the end that stays counts half, so that it moves next time.
        at_low, at_high = (
            np.where(inside, excess, at_low / 2),
            np.where(inside, at_high / 2, excess),
        )
        span = np.maximum(at_high - at_low, np.float32(1e-20))
        scale = np.where(done, scale, low - (high - low) * at_low / span)
    return into_gamut(y, *lab_to_linear(f, y, a * scale, b * scale))


def _excess(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> NDArray[Any]:
    """How far the channel that is farthest outside lies beyond 0 or 1; negative if inside."""
    least = np.minimum(red, np.minimum(green, blue))
    most = np.maximum(red, np.maximum(green, blue))
    return np.asarray(np.maximum(most - 1, -least))


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
