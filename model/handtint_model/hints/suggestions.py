"""Likely distinct colours at a place: what a user would most probably want to paint there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from ..color.bins import BINS, decode_distribution
from ..color.gamut import chroma_limits, hue_position, limit_at
from ..color.torch_conversions import lab_to_rgb

Doubles = NDArray[np.float64]

SUGGEST_TILT = 0.0
"""r of decoding for suggestions: as trained, towards rare colours, which are worth proposing."""

APART = 8.0
"""Suggestions are at least so far from each other in ab, where the gamut allows."""

COVERED = 10.0
"""Radius, in ab, of the colours that one suggestion covers."""

NEAR_GRAY = 20.0
"""Chroma from which a colour is worth a suggestion of its own."""

GRAY_WORTH = 0.2
"""Worth of covering gray, where colours count 1: one neutral among the nine is enough."""

DOUBT_TEMPERATURE = 1.6
"""Temperature of the distribution to cover: the network is more certain than it is right."""

DOUBT = 0.4
"""Share of that distribution that comes from photographs in general, not from this one."""

FEW = 1e-4
"""Bins with a smaller share of the probability than this are ignored."""

STEP = 4.0
"""Spacing of the candidate colours."""


@dataclass(frozen=True)
class Suggestion:
    """A likely colour at a place."""

    rgb: tuple[int, int, int]  # 0..255, sRGB, at the lightness of the place
    ab: tuple[float, float]
    probability: float  # of the bins that are nearest to this suggestion, 0..1


def rgb_at(lightness: float, ab: NDArray[np.float64]) -> tuple[int, int, int]:
    """sRGB codes, 0..255, of a colour (2,) at L*."""
    lab = torch.tensor([lightness, *ab], dtype=torch.float64)[:, None, None]
    red, green, blue = (lab_to_rgb(lab).flatten().clamp(0, 1) * 255).round().int().tolist()
    return red, green, blue


@lru_cache(maxsize=1)
def _candidates() -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Candidate colours (N, 2), finer than the bins, and their cover of each bin (313, N).

    Cover: the share of the bin's square, 10 x 10, within `COVERED` of the candidate.
    """
    axis = np.arange(-120.0, 121.0, STEP)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    near = ((grid[:, None] - BINS[None]) ** 2).sum(axis=-1).min(axis=1) < 100.0
    grid = grid[near]
    inside = np.arange(-4.0, 5.0, 2.0)
    # One axis at a time: the first suggestion would otherwise keep the server for a second.
    apart = (grid[None] - BINS[:, None]).astype(np.float32)
    across = [np.square(apart[..., 0] - np.float32(da)) for da in inside]
    down = [np.square(apart[..., 1] - np.float32(db)) for db in inside]
    cover = np.zeros(apart.shape[:2], np.uint8)
    for a in across:
        for b in down:
            cover += a + b < COVERED**2
    return grid, (cover / inside.size**2).astype(np.float32)


def worth(ab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Worth (N,) of covering colours (N, 2): less, the nearer they are to gray."""
    chroma = np.hypot(*ab.T)
    return np.asarray(np.clip((chroma - 8.0) / (NEAR_GRAY - 8.0), GRAY_WORTH, 1.0))


def usual_colors(prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """(313,) colours in photographs, most of the gray left out, from the bins' frequencies."""
    usual = prior * worth(BINS)
    return np.asarray(usual / usual.sum())


def _into_gamut(ab: NDArray[np.float64], lightness: float) -> NDArray[np.float64]:
    """Colours (N, 2) with as much of their chroma as fits at L*."""
    f = np.full(len(ab), (lightness + 16.0) / 116.0)
    limit = limit_at(f, hue_position(ab[:, 0], ab[:, 1]), chroma_limits())
    size = np.abs(ab).sum(axis=1)
    return np.asarray(ab * np.minimum(1.0, limit / np.maximum(size, 1e-6))[:, None])


def as_seen(p: NDArray[np.float64], lightness: float) -> NDArray[np.float64]:
    """A distribution (313,) of painted colours as they are seen at L*.

    Colours far outside the gamut there go to the bin of what they become inside it; otherwise no
    suggestion could cover them.
    """
    fit = _into_gamut(BINS, lightness)
    far = np.flatnonzero(((fit - BINS) ** 2).sum(axis=1) > COVERED**2)
    nearest = ((fit[far, None] - BINS[None]) ** 2).sum(axis=-1).argmin(axis=1)
    seen = p.copy()
    seen[far] = 0.0
    np.add.at(seen, nearest, p[far])
    return seen


def choose_colors(
    proposed: NDArray[np.float64], p: NDArray[np.float64], lightness: float, count: int
) -> list[tuple[NDArray[np.float64], float]]:
    """Distinct colours that together cover a distribution, likeliest first.

    proposed: (313,) the distribution to cover; p: (313,) what the colours' probabilities are
    counted in.  lightness: L*, 0..100; every colour is brought into the gamut there.  Greedy
    maximum coverage (Nemhauser et al. 1978): each next colour is the candidate that covers
    most of what is not yet covered, gray counting less.  Returns up to ``count`` pairs of ab
    (2,) and the probability of the bins that are nearest to it; fewer where the gamut at this
    lightness has no room for colours that far apart.  Deterministic.
    """
    grid, cover = _candidates()
    possible = _into_gamut(grid, lightness)
    # What is brought far to fit the gamut stands for other bins than its place says.
    allowed = ((possible - grid) ** 2).sum(axis=1) < STEP**2
    known = np.flatnonzero(proposed > FEW * proposed.sum())
    cover, rest = cover[known], (proposed[known] * worth(BINS[known])).astype(np.float32)
    chosen: list[NDArray[np.float64]] = []
    while len(chosen) < count and allowed.any():
        gain = np.where(allowed, rest @ cover, -1.0)
        best = int(np.argmax(gain))
        if gain[best] <= 0.0 and chosen:
            break
        chosen.append(possible[best])
        rest = rest * (1.0 - cover[:, best])
        allowed &= ((possible - possible[best]) ** 2).sum(axis=1) >= APART**2
    gaps = ((BINS[:, None] - np.array(chosen)[None]) ** 2).sum(axis=-1)
    shares = np.bincount(gaps.argmin(axis=1), p, minlength=len(chosen)) / p.sum()
    order = np.argsort(-shares, kind="stable")
    return [(chosen[i], float(shares[i])) for i in order]


def suggested(logits: torch.Tensor, weights: torch.Tensor, temperature: float) -> Doubles:
    """(313, M) distributions of logits (313, M); weights: (313,) of rebalancing."""
    p = decode_distribution(logits[None, :, :, None], weights, SUGGEST_TILT, temperature)
    return np.asarray(p[0, :, :, 0].cpu().double().numpy())


def propose(
    doubtful: Doubles, p: Doubles, usual: Doubles, lightness: float, n: int
) -> list[Suggestion]:
    """At most n colours for a place of L* ``lightness``.

    p: (313,) the place's distribution, which the returned probabilities are shares of.  doubtful:
    the same, flattened.  usual: (313,) `usual_colors`.
    """
    # Even where something is painted, other colours are proposed beside it: nine are asked for.
    proposed = (1.0 - DOUBT) * doubtful + DOUBT * usual
    return [
        Suggestion(rgb_at(lightness, ab), (float(ab[0]), float(ab[1])), share)
        for ab, share in choose_colors(proposed, p, lightness, n)
    ]
