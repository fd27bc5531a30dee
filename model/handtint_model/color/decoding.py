"""From the network's distribution to one color per cell: decide, do not average.

The mean of a distribution over colors is dull where several are likely, and tilting it towards
rare colors tints what is white.  So each cell decides: it takes the mode of its distribution,
after cells that belong together have agreed (`hints.photo_graph.EdgeWeights.smooth`), and
neutral bins count more or less, by vividness.  Every step is a map between distributions over
the bins, so what comes out is one, and its mean is the color.

The constants belong to the weights (`Decoding`, in their metadata): ``handtint evaluate
--fit-decoding`` chooses them on photos that were kept out of training (docs/evaluation.md).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .bins import BINS, COUNT

NEUTRAL_CHROMA = 8.0
"""Bins of less chroma are neutral: there is one, the gray."""

FULL_CHROMA = 25.0
"""Chroma from which a bin counts fully in the decision; a pale one by the root of its share."""

KERNEL = 12.0
"""Standard deviation, in ab, of the kernel by which bins support a color."""

STEPS = 2
"""Mean-shift steps after the best bin: more move the color by less than a unit."""


BOOST = (10.0, 20.0)
"""Chroma of a cell from which the boost begins, and from which it counts fully."""


class DecodingSetting(NamedTuple):
    """Decoding at one vividness."""

    decision: float  # 0: the mean of the distribution, 1: its mode
    neutral: float  # weight of neutral bins in the decision; more makes calmer pictures
    gain: float  # times the chroma
    boost: float = 0.0  # more of it, as a share, where the chroma is then 20 or more


@dataclass(frozen=True)
class Decoding:
    """How a network's distributions become colors; saved in the metadata of its weights.

    smoothing: s of the agreement between cells; smaller lets more cells agree.  color_smoothing:
    the same for their colors once they have decided, or None.  fade: L* where whites begin to
    lose chroma, where that ends, and the share of it that is left there.
    curve: vividness, decision, neutral, gain and boost at some values of vividness, in order;
    linear between them, the neutral weight in its logarithm.
    """

    smoothing: float = 0.015
    color_smoothing: float | None = 0.3
    fade: tuple[float, float, float] = (65.0, 97.0, 0.4)
    curve: tuple[tuple[float, float, float, float, float], ...] = ((0.0, 0.0, 1.0, 1.0, 0.0),)

    def at(self, vividness: float) -> DecodingSetting:
        """The setting of a vividness in 0..1."""
        v, decision, neutral, gain, boost = (np.array(column) for column in zip(*self.curve))
        return DecodingSetting(
            float(np.interp(vividness, v, decision)),
            float(np.exp(np.interp(vividness, v, np.log(neutral)))),
            float(np.interp(vividness, v, gain)),
            float(np.interp(vividness, v, boost)),
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as types that JSON has."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> Decoding:
        """From `to_json`'s value.  Raises ValueError, TypeError or KeyError for any other.

        Of older weights: rows of four numbers have no boost, colors without a smoothing have none.
        """
        smoothing = float(values["smoothing"])
        after = values.get("color_smoothing")
        color_smoothing = None if after is None else float(after)
        start, end, left = (float(value) for value in values["fade"])
        rows = [[float(value) for value in row] for row in values["curve"]]
        curve = tuple((*row, 0.0) if len(row) == 4 else tuple(row) for row in rows)
        table = np.array(curve)
        if (
            not 1e-6 <= smoothing <= 1e6
            or not (color_smoothing is None or 1e-6 <= color_smoothing <= 1e6)
            or not 0.0 <= start < end <= 100.0
            or not 0.0 <= left <= 1.0
            or table.ndim != 2
            or table.shape[1] != 5
            or not np.isfinite(table).all()
            or (np.diff(table[:, 0]) <= 0.0).any()
            or (table[:, 1] < 0.0).any()
            or (table[:, 1] > 1.0).any()
            or (table[:, 2:4] < 1e-3).any()
            or (table[:, 4] < 0.0).any()
            or (table[:, 2:] > 1e3).any()
        ):
            raise ValueError("decoding")
        return cls(smoothing, color_smoothing, (start, end, left), curve)  # type: ignore[arg-type]


def calibrated(logits: Tensor, weights: Tensor) -> Tensor:
    """The distribution with the tilt of rebalanced training taken out.

    logits: (..., 313, h, w); weights: (313,) rebalancing weights w.  Training by weights w makes
    p ~ w z (Zhang et al. 2016, section 2.2), so p / w, normalized, expects the true frequencies.
    """
    return torch.softmax(logits.float() - torch.log(weights)[:, None, None], dim=-3)


NO_SUPPORT = 1e-30


@lru_cache(maxsize=8)
def _tables(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Bin centers (313, 2), their say in a decision (313,) and the kernel (313, 313)."""
    centers = torch.tensor(BINS, dtype=torch.float32, device=device)
    chroma = centers.norm(dim=1)
    say = (chroma / FULL_CHROMA).clamp(max=1.0).sqrt()
    say[chroma < NEUTRAL_CHROMA] = 0.0  # set by the vividness
    kernel = torch.exp(-torch.cdist(centers, centers).square() / (2.0 * KERNEL**2))
    # With the smallest numbers that a float can hold a processor takes ten times as long.
    kernel[kernel < NO_SUPPORT] = 0.0
    return centers, say, kernel


def decide(p: Tensor, neutral: float) -> Tensor:
    """Distributions around the mode of each: their means are the decided colors.

    p: (N, 313) distributions.  Bins b support a color c by p_b v_b exp(-|c - b|^2 / (2 * 12^2)),
    v_b = min(1, chroma / 25)^0.5, or ``neutral`` for the neutral bin.  The best bin, moved by two
    steps of mean shift (Comaniciu and Meer 2002), is the decision; a step is the mean of the
    normalized support, which is what comes back, (N, 313).
    """
    centers, say, kernel = _tables(p.device)
    supported = p * torch.where(say > 0.0, say, torch.full_like(say, neutral))
    color = centers[(supported @ kernel).argmax(dim=1)]  # (N, 2)
    support = supported
    for _ in range(STEPS):
        support = supported * torch.exp(-torch.cdist(color, centers).square() / (2.0 * KERNEL**2))
        support = support / support.sum(dim=1, keepdim=True).clamp(min=1e-30)
        color = support @ centers
    return support


@lru_cache(maxsize=64)
def gained(gain: float, device: torch.device) -> Tensor:
    """(313, 313) distributions that bins become where chroma is multiplied by ``gain``.

    Row b spreads bin b over the grid points around gain * b, by bilinear weights, so that its
    mean is gain * b; what would fall outside of the bins goes to the nearest of them.
    """
    target = BINS * gain
    low = np.floor(target / 10.0) * 10.0
    share = (target - low) / 10.0
    table = np.zeros((COUNT, COUNT))
    rows = np.arange(COUNT)
    for da in (0, 1):
        for db in (0, 1):
            corner = low + 10.0 * np.array([da, db])
            weight = np.abs(1 - da - share[:, 0]) * np.abs(1 - db - share[:, 1])
            nearest = ((corner[:, None] - BINS[None]) ** 2).sum(-1).argmin(1)
            np.add.at(table, (rows, nearest), weight)
    return torch.tensor(table, dtype=torch.float32, device=device)


def faded(lightness: Tensor, decoding: Decoding) -> Tensor:
    """(N,) share of the chroma that cells of L* (N,) keep: whites and blacks have little."""
    start, end, left = decoding.fade
    white = 1.0 - (1.0 - left) * ((lightness - start) / (end - start)).clamp(0.0, 1.0)
    black = (lightness / BLACK).clamp(0.0, 1.0)
    return white * black


BLACK = 8.0
"""L* below which chroma fades to none."""


def boost_share(ab: Tensor, keep: Tensor) -> Tensor:
    """(N, 1) how much of the boost cells get, 0..1, by their chroma: what is sure may be bold.

    ab: (N, 2) colors after the gain; keep: (N, 1) what the fade leaves of them.  A pale color is
    mostly doubt, and more of it would be a tint; a strong one is mostly right, and still too pale.
    """
    start, end = BOOST
    x: Tensor = (((keep * ab).norm(dim=1, keepdim=True) - start) / (end - start)).clamp(0.0, 1.0)
    return x.square() * (3.0 - 2.0 * x)  # smoothstep


def decode(p: Tensor, lightness: Tensor, decoding: Decoding, vividness: float) -> Tensor:
    """The distributions whose means are the colors, (N, 313).

    p: (N, 313) calibrated distributions, smoothed over the photo graph; lightness: (N,) L* of the
    cells, 0..100; vividness: 0..1.
    """
    setting = decoding.at(vividness)
    chosen = p
    if setting.decision > 0.0:
        chosen = torch.lerp(p, decide(p, setting.neutral), setting.decision)
    keep = faded(lightness, decoding)[:, None]
    plain = chosen @ gained(setting.gain, p.device) if setting.gain != 1.0 else chosen
    if setting.boost > 0.0:
        bold = chosen @ gained(setting.gain * (1.0 + setting.boost), p.device)
        plain = torch.lerp(plain, bold, boost_share(plain @ _tables(p.device)[0], keep))
    chosen = plain
    gray = torch.zeros(COUNT, device=p.device)
    gray[int((BINS**2).sum(1).argmin())] = 1.0
    return keep * chosen + (1.0 - keep) * gray


def decode_mean(
    p: Tensor, bins: Tensor, lightness: Tensor, decoding: Decoding, vividness: float
) -> Tensor:
    """(N, 2) ab: the means of what `decode` gives, at half its cost.

    p: (N, K) shares of the bins numbered ``bins`` (K,), summing to 1; the others have none.
    lightness, decoding and vividness as for `decode`.
    """
    centers, say, kernel = _tables(p.device)
    setting, own = decoding.at(vividness), centers[bins]
    moved = gained(setting.gain, p.device)[bins] @ centers if setting.gain != 1.0 else own
    if setting.boost > 0.0:
        bold = gained(setting.gain * (1.0 + setting.boost), p.device)[bins] @ centers
        moved = torch.cat([moved, bold], dim=1)
    ab = p @ moved
    if setting.decision > 0.0:
        weight = torch.where(say > 0.0, say, torch.full_like(say, setting.neutral))[bins]
        supported = p * weight
        near = kernel[:, bins][(supported @ kernel[bins]).argmax(dim=1)]
        for step in range(STEPS):
            support = supported * near
            support = support / support.sum(dim=1, keepdim=True).clamp(min=1e-30)
            if step + 1 < STEPS:
                apart = torch.cdist(support @ own, own)
                near = torch.exp(-apart.square() / (2.0 * KERNEL**2))
        ab = torch.lerp(ab, support @ moved, setting.decision)
    keep = faded(lightness, decoding)[:, None]
    if setting.boost > 0.0:
        ab = torch.lerp(ab[:, :2], ab[:, 2:], boost_share(ab[:, :2], keep))
    return keep * ab
