"""Choose the constants of decoding for a network, on photos that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ..color.bins import BINS
from ..color.decoding import Decoding, DecodingSetting, boost_share, decide, faded
from .color_measures import COLORED, HUED, LEAST_CHROMA, NEAR, NEUTRAL, SAME_HUE, TINTED
from .protocols import Truth

Floats = NDArray[np.float32]

NEUTRALS = (0.2, 0.35, 0.6, 0.85, 1.2, 1.7)
"""Weights of the neutral bin that are tried."""

DECISIONS = (0.3, 0.45, 0.6)
"""Shares of the decision.  More finds hardly more colors, and is patchier and loses hues on photos
unlike those of the fit (Kodak)."""

BOLD = 0.3
"""The boost at the default and above.  More finds hardly more colors, and its steps show."""

COLOR_SMOOTHING = 0.3
"""Of the decided colors: half of the patchiness, for 0.3 percent fewer colors right at equal
caution (docs/why-it-works.md)."""

CALM_GAINS = tuple(0.6 + 0.05 * step for step in range(11))
GAINS = tuple(0.8 + 0.05 * step for step in range(41))

CAUTION = 15.0
"""Percent of neutrals that may be tinted at vividness 0.5, on the photos of the fit."""

BOLDNESS = 1.4
"""Mean chroma at vividness 1, of the truth's: bolder than photographs, for those who want it."""

KNOTS = 9
"""Values of vividness in the curve, evenly spaced."""


@dataclass(frozen=True)
class _Cells:
    """The M cells of all photos, with what decoding needs of each."""

    truth: Floats  # (M, 2) ab
    mean: Floats  # (M, 2) of the agreed distributions
    decided: tuple[Floats, ...]  # (M, 2) for each of NEUTRALS
    keep: Floats  # (M,) share of the chroma that is kept
    photos: tuple[int, ...]  # cells of each

    def colors(self, setting: DecodingSetting) -> Floats:
        """Colours (M, 2) ab at a setting, interpolated between the neutral weights tried."""
        place = np.interp(np.log(setting.neutral), np.log(NEUTRALS), np.arange(len(NEUTRALS)))
        low = min(int(place), len(NEUTRALS) - 2)
        share = place - low
        decided = (1.0 - share) * self.decided[low] + share * self.decided[low + 1]
        mixed = (1.0 - setting.decision) * self.mean + setting.decision * decided
        ab: Floats = np.asarray(setting.gain * self.keep[:, None] * mixed, np.float32)
        if setting.boost == 0.0:
            return ab
        boosted = boost_share(torch.from_numpy(ab), torch.ones(1, 1)).numpy()
        return np.asarray(ab * (1.0 + setting.boost * boosted), np.float32)


def fit_decoding(
    colorizer: Any,
    truths: Sequence[Truth],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Decoding:
    """The decoding that serves a colorizer best on some photos, with its smoothing and fade.

    Vividness 0 is the mean with the gain of least error; 0.5 the best setting (`_merit`) that
    tints few enough neutrals (`CAUTION`); 1 has 1.4 times the truth's mean chroma.  Between them
    all constants change together, at a pace that makes the mean chroma grow evenly.  The smoothing
    of the decided colors is left out of the measuring, which it changes by tenths of a percent.
    """
    base: Decoding = colorizer.decoding
    cells = _collect(colorizer, truths, base, progress)
    calm = _least_error(cells)
    default = _best(cells)
    bold = _boldest(cells, default)
    return replace(
        base, color_smoothing=COLOR_SMOOTHING, curve=_even_curve(cells, calm, default, bold)
    )


def _collect(
    colorizer: Any,
    truths: Sequence[Truth],
    decoding: Decoding,
    progress: Callable[[int, int], None] | None,
) -> _Cells:
    parts: list[list[Floats]] = [[] for _ in range(3 + len(NEUTRALS))]
    centers = torch.tensor(BINS, dtype=torch.float32)
    for number, truth in enumerate(truths):
        if progress is not None:
            progress(number, len(truths))
        photo = colorizer.encode(truth.luminance)
        p = colorizer.agreed(photo).cpu()
        shape = photo.geometry.cells
        picture = torch.from_numpy(truth.lab).float().permute(2, 0, 1)[None]
        lab = F.adaptive_avg_pool2d(picture, shape)[0].flatten(1).T  # (N, 3)
        found = [lab[:, 1:], p @ centers, faded(lab[:, 0], decoding)]
        found += [decide(p, neutral) @ centers for neutral in NEUTRALS]
        for part, values in zip(parts, found):
            part.append(values.numpy())
    whole = [np.concatenate(part) for part in parts]
    counts = tuple(len(values) for values in parts[0])
    return _Cells(whole[0], whole[1], tuple(whole[3:]), whole[2], counts)


def _least_error(cells: _Cells) -> DecodingSetting:
    """The mean, with the gain of least error: mean PSNR over the photos, in dB."""
    ends = np.cumsum(cells.photos)[:-1]

    def error(gain: float) -> float:
        square = np.square(cells.colors(DecodingSetting(0.0, 1.0, gain)) - cells.truth).sum(1)
        return float(np.mean([np.log(part.mean() + 1e-3) for part in np.split(square, ends)]))

    return DecodingSetting(0.0, 1.0, min(CALM_GAINS, key=error))


def _merit(cells: _Cells, ab: Floats) -> float:
    """Percent of colors right plus percent of hues right, minus 4 for every decibel of error.

    The three need balance: taking the likeliest color finds more colors, but loses hues, and costs
    error where it jumps.
    """
    chroma, own = np.hypot(*cells.truth.T), np.hypot(*ab.T)
    square = np.square(ab - cells.truth).sum(1)
    right = float((square[chroma > COLORED] < NEAR**2).mean())
    cosine = (ab * cells.truth).sum(1) / np.maximum(chroma * own, 1e-9)
    same = (cosine > np.cos(np.radians(SAME_HUE))) & (own > LEAST_CHROMA)
    error = 10.0 * np.log10(float(square.mean()))
    hue = float(same[chroma > HUED].mean())
    return float(100.0 * right + 100.0 * hue - 4.0 * error)


def _best(cells: _Cells) -> DecodingSetting:
    """The setting of most merit among those that tint few enough neutrals."""
    neutral = np.hypot(*cells.truth.T) < NEUTRAL
    best, most = DecodingSetting(DECISIONS[0], NEUTRALS[-1], GAINS[0]), -np.inf
    for decision, weight in product(DECISIONS, NEUTRALS):
        for gain in GAINS:
            setting = DecodingSetting(decision, weight, gain, BOLD)
            ab = cells.colors(setting)
            if 100.0 * (np.hypot(*ab[neutral].T) > TINTED).mean() > CAUTION:
                break  # more gain tints more
            merit = _merit(cells, ab)
            if merit > most:
                best, most = setting, merit
    return best


def _boldest(cells: _Cells, default: DecodingSetting) -> DecodingSetting:
    """The default's decision and boost, neutrals of the least weight, the gain of `BOLDNESS`."""
    setting = default._replace(neutral=NEUTRALS[0])
    wanted = BOLDNESS * float(np.hypot(*cells.truth.T).mean())

    def miss(gain: float) -> float:
        colors = cells.colors(setting._replace(gain=gain))
        return abs(float(np.hypot(*colors.T).mean()) - wanted)

    return setting._replace(gain=min((g for g in GAINS if g >= default.gain), key=miss))


def _even_curve(
    cells: _Cells, calm: DecodingSetting, default: DecodingSetting, bold: DecodingSetting
) -> tuple[tuple[float, float, float, float, float], ...]:
    """Knots from calm through the default to bold; mean chroma grows evenly between them."""
    # The calm end has no decision, so its neutral weight only tells where the way to the default
    # begins: with the largest, what is calmer than the default tints less.
    ends = [calm._replace(neutral=NEUTRALS[-1]), default, bold]
    path = [
        DecodingSetting(*(a + (b - a) * step / 8.0 for a, b in zip(first, second)))
        for first, second in pairwise(ends)
        for step in range(9)
    ]
    chroma = [float(np.hypot(*cells.colors(setting).T).mean()) for setting in path]
    curve = []
    for knot in range(KNOTS):
        v = knot / (KNOTS - 1)
        half, share = (0, v * 2.0) if v < 0.5 else (9, v * 2.0 - 1.0)
        part, seen = path[half : half + 9], chroma[half : half + 9]
        wanted = seen[0] + share * (seen[-1] - seen[0])
        at = np.interp(wanted, np.maximum.accumulate(seen), np.arange(9.0))
        at = {0.0: 0.0, 1.0: 8.0}.get(share, at)
        values = (np.interp(at, np.arange(9.0), column) for column in zip(*part))
        curve.append((v, *(round(float(value), 4) for value in values)))
    return tuple((v, d, n, g, b) for v, d, n, g, b in curve)
