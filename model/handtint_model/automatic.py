"""The automatic colours of a photo's cells: neighbours agree, then each cell decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .color.bins import COUNT
from .color.decoding import Decoding, calibrated, decode, decode_mean
from .device import work_alone
from .geometry import Geometry, reduce_to
from .hints.photo_graph import EdgeWeights
from .threads import in_threads, strips

LEAST_SHARE = 2e-3
"""A bin takes part where some cell gives it more than this; the others decide nothing."""

SOME_CELLS = 1024
"""Cells that are decoded at once, so that memory stays small."""


class Agreed(NamedTuple):
    """Distributions of the cells after neighbours have agreed, kept small.

    N cells, row by row, and those K of the 313 bins that any of them finds likely.
    """

    bins: Tensor  # (K,) int64
    shares: Tensor  # (N, K) float16, summing to 1

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return int(self.bins.nbytes + self.shares.nbytes)

    def dense(self, start: int = 0, stop: int | None = None) -> Tensor:
        """(N, 313) float32, or the rows from ``start`` to ``stop``."""
        shares = self.shares[start:stop].float()
        dense = torch.zeros(len(shares), COUNT, device=shares.device)
        dense[:, self.bins] = shares / shares.sum(dim=1, keepdim=True)
        return dense


def agree(logits: Tensor, weights: Tensor, edges: EdgeWeights, smoothing: float) -> Agreed:
    """The calibrated distributions after neighbouring cells have agreed.

    logits: (1, 313, h, w) of the network; weights: (313,) rebalancing weights.  smoothing:
    `EdgeWeights.smooth`'s pull.  On the device of ``logits``.
    """
    p = calibrated(logits, weights)[0].flatten(1)  # (313, N)
    likely = torch.nonzero(p.amax(dim=1) > LEAST_SHARE)[:, 0]
    smooth = edges.smooth(p[likely].T.contiguous().cpu().numpy(), smoothing)
    shares = torch.from_numpy(smooth).to(p.device).clamp_(min=0.0)
    shares /= shares.sum(dim=1, keepdim=True)
    return Agreed(likely, shares.half())


def cell_lightness(guide: NDArray[np.float32], geometry: Geometry) -> Tensor:
    """(N,) L* of the cells, row by row, 0..100; guide: (gh, gw) L*/100 of the photo."""
    return torch.from_numpy(reduce_to(guide, geometry.cells).reshape(-1) * 100.0)


def decode_cells(
    agreed: Agreed,
    guide: NDArray[np.float32],
    geometry: Geometry,
    decoding: Decoding,
    vividness: float,
    tilt: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """(1, 313, h, w): the distributions whose means are the automatic colours.

    guide: (gh, gw) L*/100 of the photo; vividness: 0..1.  tilt: from (M, 313) distributions to
    others of the same shape, before they are decoded; None for the automatic colours.
    """
    lightness = cell_lightness(guide, geometry).to(agreed.shares.device)
    decoded = torch.empty(COUNT, len(lightness), device=lightness.device)
    for start in range(0, len(lightness), SOME_CELLS):
        part = slice(start, start + SOME_CELLS)
        p = agreed.dense(start, start + SOME_CELLS)
        p = p if tilt is None else tilt(p)
        decoded[:, part] = decode(p, lightness[part], decoding, vividness).T
    return decoded.reshape(1, COUNT, *geometry.cells)


def decoded_ab(
    agreed: Agreed, lightness: Tensor, decoding: Decoding, vividness: float
) -> NDArray[np.float32]:
    """(N, 2) the automatic colours: the means of what `decode_cells` gives, without making it.

    lightness: (N,) L* of the cells, 0..100; vividness: 0..1.
    """
    ab = np.empty((len(lightness), 2), np.float32)

    @torch.inference_mode()
    def some(start: int, stop: int) -> None:
        p = agreed.shares[start:stop].float()
        p = p / p.sum(dim=1, keepdim=True)
        found = decode_mean(p, agreed.bins, lightness[start:stop], decoding, vividness)
        ab[start:stop] = found.cpu().numpy()

    def alone(start: int, stop: int) -> None:
        work_alone()
        some(start, stop)

    # Always in the same parts, and each on one thread, so that threads change no bit.
    parts = strips(len(lightness), 1, SOME_CELLS)
    if lightness.device.type == "cpu":
        in_threads(alone, parts, elsewhere=True)
    else:
        for part in parts:
            some(*part)
    return ab
