"""Where a hint would help most."""

from __future__ import annotations

import torch
from torch import Tensor

from ..network import Heads
from .mixture import hint_reach

SAMPLED_CELLS = 1024
"""Cells that stand for all of them: a matrix of all would take hundreds of megabytes."""

WIDEST_SPREAD = 40.0
"""About the largest standard deviation, in ab, of a distribution over colours."""


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
