"""Alternatives: other colourings of a photo that each hold together.

The network gives each cell a distribution, not how the cells' colours go together.  An
alternative supposes what is most often true: that the light or the make of a picture moves
everything undecided the same way.  So all cells are tilted alike,

    p_i(b)  ->  p_i(b) exp(t . b) / sum_b p_i(b) exp(t . b)        b in ab, t one vector a picture

and then decoded as always, and neighbouring cells agree once more.  A cell that is sure stays;
where two colours are likely, the one in the direction of t is taken, by all cells that hesitate
between them.  The directions are three, 120 degrees apart, the first against the axis of the
photo's largest uncertainty.  The length of t is found on a few cells, so that a fifth of the
picture changes by `VISIBLE` or more.

Moving each cluster of the embedding as a whole was tried too: docs/hints.md.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .automatic import Agreed
from .color.bins import BINS
from .color.decoding import KERNEL, Decoding, decode_mean
from .types import ALTERNATIVES

TRIED_CELLS = 240
"""Cells, evenly spaced, on which the tilts are found."""

VISIBLE = 11.0
"""Change in ab that the most changed fifth of the picture has at least."""

CHANGED = 0.8
"""The quantile of the cells' changes that is to be `VISIBLE`."""

WEAKEST, STRONGEST = 1.0 / 60.0, 1.0 / 5.0
"""Lengths of t, in 1 / ab.  Beyond the second hardly anything is decided by the photo."""

PULL = 1e-3
"""Of the second agreement (`EdgeWeights.smooth`): decided cell by cell, bolder colors would be
patchier than the automatic ones.  Measured with bench/alternatives.py."""

WIDE_PULL = 1e-5
"""Of the agreement over whole regions.  What an alternative has beside that, its detail, is made
smaller until it is `MOST_DETAIL` of what the automatic colors have beside theirs."""

MOST_DETAIL = 0.5
"""Chosen on 60 training photos: docs/hints.md, Alternatives."""

_STEPS = 4  # halvings of the length's logarithm: it is found to about 10 %


class Variant(NamedTuple):
    """An alternative of a photo at one vividness."""

    tilt: Tensor  # (2,)
    detail: float  # share of the detail, 0..1
    ab: NDArray[np.float32]  # (N, 2) of the cells, in the end


def choose_tilts(
    agreed: Agreed, lightness: Tensor, decoding: Decoding, vividness: float
) -> list[Tensor]:
    """The t, (2,) each, of the alternatives 1 to 3, the likeliest first.

    lightness: (N,) L* of the cells, 0..100; vividness: 0..1.  Deterministic.
    """
    step = -(-len(lightness) // TRIED_CELLS)
    some = Agreed(agreed.bins, agreed.shares[step // 2 :: step])
    lightness = lightness[step // 2 :: step]

    def colors(tilt: Tensor) -> Tensor:
        return alternative_colors(some, lightness, decoding, vividness, tilt)

    centers = _centers(agreed)
    p = some.shares.float()
    usual, first = colors(torch.zeros_like(centers[0])), _first_angle(p, centers)
    found = []
    for number in range(ALTERNATIVES - 1):
        angle = first + number * 2.0 * math.pi / (ALTERNATIVES - 1)
        toward = torch.tensor([math.cos(angle), math.sin(angle)], device=p.device)
        low, high = math.log(WEAKEST), math.log(STRONGEST)
        for _ in range(_STEPS):
            middle = (low + high) / 2.0
            change = (colors(toward * math.exp(middle)) - usual).norm(dim=1)
            low, high = (low, middle) if change.quantile(CHANGED) > VISIBLE else (middle, high)
        tilt = toward * math.exp(high)
        found.append((_log_likelihood(p, colors(tilt), centers), tilt))
    return [tilt for _, tilt in sorted(found, key=lambda pair: -pair[0])]


def alternative_colors(
    agreed: Agreed, lightness: Tensor, decoding: Decoding, vividness: float, tilt: Tensor
) -> Tensor:
    """(N, 2) ab of the cells, before they agree once more.

    lightness: (N,) L*; tilt: (2,), as `choose_tilts` gives it.
    """
    p = _tilted(agreed.shares.float(), _centers(agreed), tilt)
    return decode_mean(p, agreed.bins, lightness, decoding, vividness)


def tilted(p: Tensor, tilt: Tensor) -> Tensor:
    """(N, 313) distributions, each tilted by exp(tilt . b)."""
    return _tilted(p, torch.tensor(BINS, dtype=torch.float32, device=p.device), tilt)


def _tilted(p: Tensor, centers: Tensor, tilt: Tensor) -> Tensor:
    weighted = p * torch.exp(centers @ tilt)
    return weighted / weighted.sum(dim=1, keepdim=True).clamp(min=1e-30)


def _centers(agreed: Agreed) -> Tensor:
    """(K, 2) ab of the bins that take part."""
    return torch.tensor(BINS, dtype=torch.float32, device=agreed.bins.device)[agreed.bins]


def share_of_detail(
    near: NDArray[np.float32],
    wide: NDArray[np.float32],
    automatic: NDArray[np.float32],
    automatic_wide: NDArray[np.float32],
) -> float:
    """How much of an alternative's detail may stay, 0..1, so that it is no patchwork.

    All (N, 2) ab of the cells: the alternative after the second agreement and over whole regions,
    the automatic colors as they are and over whole regions.
    """
    own = float(np.square(near - wide).sum(axis=1).mean())
    most = float(np.square(automatic - automatic_wide).sum(axis=1).mean())
    return min(1.0, MOST_DETAIL * math.sqrt(most / own)) if own > 0.0 else 1.0


def _first_angle(p: Tensor, centers: Tensor) -> float:
    """Against the axis of the largest uncertainty within the cells, seen towards yellow."""
    mean = p @ centers
    spread = torch.einsum("nk,ki,kj->ij", p, centers, centers) - mean.T @ mean
    _, axes = torch.linalg.eigh(spread.double().cpu())
    a, b = (float(value) for value in axes[:, 1])
    return math.atan2(b, a) if b < 0 else math.atan2(-b, -a)


def _log_likelihood(p: Tensor, ab: Tensor, centers: Tensor) -> float:
    """Mean over the cells of the log of the probability near their colour."""
    near = torch.exp(-torch.cdist(ab, centers).square() / (2.0 * KERNEL**2))
    return float(((p * near).sum(dim=1) + 1e-4).log().mean())
