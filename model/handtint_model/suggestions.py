"""Likely distinct colours at a place: what a user would most probably want to paint there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .bins import BINS
from .gamut import chroma_limits, hue_position, limit_at

APART = 8.0
"""Suggestions are at least so far from each other in ab, where the gamut allows."""

COVERED = 6.0
"""Standard deviation, in ab, of what one suggestion stands for."""

STEP = 4.0
"""Spacing of the candidate colours."""


@dataclass(frozen=True)
class Suggestion:
    """A likely colour at a place."""

    rgb: tuple[int, int, int]  # 0..255, sRGB, at the lightness of the place
    ab: tuple[float, float]
    probability: float  # of the bins that are nearest to this suggestion, 0..1


@lru_cache(maxsize=1)
def _candidates() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Candidate colours (N, 2) between the bins, and how well each covers each bin."""
    axis = np.arange(-120.0, 121.0, STEP)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    square = ((grid[:, None] - BINS[None]) ** 2).sum(axis=-1)
    near = square.min(axis=1) < 100.0
    return grid[near], np.exp(-square[near] / (2.0 * COVERED**2))


def choose_colours(
    p: NDArray[np.float64], lightness: float, count: int
) -> list[tuple[NDArray[np.float64], float]]:
    """Distinct colours that together cover a distribution, likeliest first.

    p: (313,) probabilities of the bins.  lightness: L*, 0..100; every colour is brought into
    the gamut there.  Greedy maximum coverage (Nemhauser et al. 1978): each next colour is the
    candidate that covers most of what is not yet covered.  Returns up to ``count`` pairs of
    ab (2,) and the probability of the bins that are nearest to it; fewer where the gamut at
    this lightness has no room for colours that far apart.  Deterministic.
    """
    grid, cover = _candidates()
    f = np.full(len(grid), (lightness + 16.0) / 116.0)
    limit = limit_at(f, hue_position(grid[:, 0], grid[:, 1]), chroma_limits())
    size = np.abs(grid).sum(axis=1)
    possible = grid * np.minimum(1.0, limit / np.maximum(size, 1e-6))[:, None]
    rest = p.astype(np.float64)
    allowed = np.ones(len(grid), bool)
    chosen: list[NDArray[np.float64]] = []
    while len(chosen) < count and allowed.any():
        gain = np.where(allowed, cover @ rest, -1.0)
        best = int(np.argmax(gain))
        chosen.append(possible[best])
        rest = rest * (1.0 - cover[best])
        allowed &= ((possible - possible[best]) ** 2).sum(axis=1) >= APART**2
    gaps = ((BINS[:, None] - np.array(chosen)[None]) ** 2).sum(axis=-1)
    shares = np.bincount(gaps.argmin(axis=1), p, minlength=len(chosen)) / p.sum()
    order = np.argsort(-shares, kind="stable")
    return [(chosen[i], float(shares[i])) for i in order]
