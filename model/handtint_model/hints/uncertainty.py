"""Where a hint would help most."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..color.bins import BINS
from ..network import Heads
from .mixture import hint_reach
from .reach import StrokeReach

SAMPLED_CELLS = 1024
"""Cells that stand for all of them: a matrix of all would take hundreds of megabytes."""

WIDEST_SPREAD = 40.0
"""About the largest standard deviation, in ab, of a distribution over colours."""


def color_spread(p: Tensor) -> Tensor:
    """(N,) standard deviations in ab of distributions (313, N)."""
    centers = torch.tensor(BINS, dtype=torch.float32, device=p.device)
    mean = centers.T @ p
    square = centers.square().sum(1) @ p
    return (square - mean.square().sum(0)).clamp(min=0).sqrt()


def help_of_hints(heads: Heads, spread: Tensor, log_sigma: Tensor) -> Tensor:
    """(N,) 0..1: how much uncertainty a hint at each cell would settle.

    spread: (N,) the standard deviation in ab of each cell that nothing has settled yet.  The help
    is the mean of the spread over all cells, weighted by their trust in the hint, in units of
    `WIDEST_SPREAD`.
    """
    step = -(-spread.numel() // SAMPLED_CELLS)
    sampled = torch.arange(step // 2, spread.numel(), step, device=spread.device)
    gain = torch.zeros_like(spread)
    for start in range(0, spread.numel(), 4096):
        asked = torch.arange(start, min(start + 4096, spread.numel()), device=sampled.device)
        trust = hint_reach(heads.embedding, heads.gate, asked, log_sigma, sampled)
        gain[asked] = (trust[0] * spread[sampled, None]).mean(dim=0)
    return (gain / WIDEST_SPREAD).clamp(0.0, 1.0)


TRIED_STROKES = 24
"""Dabs whose reach is looked at: about as many objects as a photo has."""

FILLED = 0.5
"""Cells that a tried dab reaches this far need none of their own."""


def help_of_strokes(
    reach: StrokeReach, spread: NDArray[np.float32], roughly: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(N,) 0..1: how much uncertainty a stroke at each cell would settle, by the stroke decoder.

    spread: as for `help_of_hints`; roughly: (N,) its answer.  A dab is tried where the rough help
    is largest, then where it is largest among the cells that no tried dab fills, and so on.  What a
    dab fills is one object: a stroke anywhere in it helps as much as the dab.
    """
    columns = reach.shape[1]
    left, helped = roughly.copy(), np.zeros_like(roughly)
    ratios = []
    nobody = np.zeros(reach.shape, np.float32)
    for _ in range(TRIED_STROKES):
        cell = int(left.argmax())
        if left[cell] <= 0:
            break
        row, column = divmod(cell, columns)
        dab = nobody.copy()
        dab[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = 1.0
        filled = reach.map_of(dab, nobody)
        filled = np.maximum(filled, dab.ravel())
        gain = float((filled * spread).mean()) / WIDEST_SPREAD
        ratios.append(gain / float(roughly[cell]))
        np.maximum(helped, filled * np.float32(gain), out=helped)
        left[filled >= FILLED] = 0.0
    rest = np.float32(np.median(ratios)) if ratios else np.float32(1.0)
    return np.asarray(np.where(left > 0, rest * left, helped).clip(0.0, 1.0), np.float32)
