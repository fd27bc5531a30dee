"""Rebalanced soft cross-entropy, without hints and with them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..hints import HintCells, mixture
from ..network import Heads


class Target(NamedTuple):
    """The soft-encoded truth of a batch: 5 bins of every cell and their weights."""

    bins: Tensor  # (B, N, 5) int64
    soft: Tensor  # (B, N, 5) float32, sums to 1


def target_log_probabilities(heads: Heads, target: Target) -> Tensor:
    """log p of the target's bins, (B, N, 5): the only ones that the losses look at."""
    logits = heads.logits.permute(0, 2, 3, 1).flatten(1, 2)  # (B, N, 313), a view
    total = torch.logsumexp(logits.float(), dim=-1, keepdim=True)
    return logits.gather(-1, target.bins).float() - total


def soft_cross_entropy(log_p: Tensor, target: Target, weights: Tensor) -> Tensor:
    """-sum_n w_n z_n log p_n, mean over the cells of each sample, (B,).

    weights: (313,) rebalancing weights w.  The optimum is p ~ w z, which is what decoding
    divides out again.
    """
    return -(weights[target.bins] * target.soft * log_p).sum(-1).mean(-1)


def hinted_log_probabilities(
    heads: Heads,
    log_p: Tensor,
    cells: HintCells,
    target: Target,
    log_sigma: Tensor,
    log_gamma: Tensor,
) -> Tensor:
    """log p' of the target's bins, (B, N, 5), hints mixed in (`handtint_model.hints`)."""
    mixed = mixture(heads.embedding, heads.gate, cells, log_sigma, log_gamma)
    hinted = (mixed.share @ cells.q).gather(-1, target.bins)
    trust = mixed.trust[..., None]
    # The floor keeps a confident wrong hint from an infinite loss.
    return torch.log((1.0 - trust) * log_p.exp() + trust * hinted + 1e-8)
