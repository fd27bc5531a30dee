"""Rebalancing by bin and lightness: what is rare depends on how light a place is.

Yellow is rare, but not rare among light places, and a dark place is hardly ever yellow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..color.bins import COUNT, SoftEncoding, rebalancing_weights, smoothed_prior
from ..network import STRIDE, Heads
from .losses import Target
from .samples import prepare

BANDS = 5
"""Of 20 L* each."""


def band_of(lightness: Tensor) -> Tensor:
    """(B, 1, S, S) of L*/100 to the band's number of every cell, (B, N) int64."""
    cells = F.avg_pool2d(lightness, STRIDE)
    return (cells.flatten(1) * BANDS).long().clamp(0, BANDS - 1)


def count_by_band(batches: Iterator[tuple[Tensor, int]], crops: int) -> NDArray[np.float64]:
    """Counts (BANDS, 313) of the nearest bins over about ``crops`` training crops."""
    encoding = SoftEncoding()
    counts = np.zeros((BANDS, COUNT))
    seen = 0
    while seen < crops:
        batch, _ = next(batches)
        sample = prepare(batch.cpu())
        bins = encoding.sparse(sample.ab.flatten(1, 2))[0][..., 0]
        np.add.at(counts, (band_of(sample.lightness).numpy(), bins.numpy()), 1.0)
        seen += len(batch)
    return counts


class BandedLoss:
    """Soft cross-entropy with weights by bin and lightness band.

    The logits stay those of the weights w, which decoding takes out: the loss sees them with
    log(w_L / w) added, so that their optimum is the same and only the effort moves (logit
    adjustment: Menon et al., "Long-tail learning via logit adjustment", 2021).
    """

    def __init__(self, counts: NDArray[np.float64], weights: Tensor) -> None:
        whole = counts.sum(0)
        # A band that hardly occurs borrows from the whole.
        mixed = counts + 0.02 * counts.sum() / BANDS * whole / whole.sum()
        banded = np.stack([rebalancing_weights(smoothed_prior(c)) for c in mixed])
        self.weights = torch.tensor(banded, dtype=torch.float32, device=weights.device)
        self._shift = torch.log(self.weights / weights)

    def __call__(self, heads: Heads, target: Target, lightness: Tensor) -> Tensor:
        """Mean over the cells of each sample, (B,); lightness: (B, 1, S, S) of L*/100."""
        band = band_of(lightness)
        logits = heads.logits.permute(0, 2, 3, 1).flatten(1, 2).float() + self._shift[band]
        log_p = torch.log_softmax(logits, -1).gather(-1, target.bins)
        weights = self.weights[band].gather(-1, target.bins)
        return -(weights * target.soft * log_p).sum(-1).mean(-1)
