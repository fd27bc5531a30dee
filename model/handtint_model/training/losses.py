"""Rebalanced soft cross-entropy, without hints and with them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..color.bins import decode_distribution, mean_color
from ..hints.mixture import HintCells, Mixture
from ..network import Heads

ERROR_FLOOR = 25.0
"""ab units squared: errors well below 5 units are not worth much."""


class Target(NamedTuple):
    """The soft-encoded truth of a batch: 5 bins of every cell and their weights."""

    bins: Tensor  # (B, N, 5) int64
    soft: Tensor  # (B, N, 5) float32, sums to 1


def target_log_probabilities(heads: Heads, target: Target) -> Tensor:
    """log p of the target's bins, (B, N, 5): the losses look at no others."""
    logits = heads.logits.permute(0, 2, 3, 1).flatten(1, 2)  # (B, N, 313), a view
    total = torch.logsumexp(logits.float(), dim=-1, keepdim=True)
    return logits.gather(-1, target.bins).float() - total


def soft_cross_entropy(log_p: Tensor, target: Target, weights: Tensor) -> Tensor:
    """-sum_n w_n z_n log p_n, mean over the cells of each sample, (B,).

    weights: (313,) rebalancing weights w.  The optimum is p ~ w z; decoding divides w out again.
    """
    return -(weights[target.bins] * target.soft * log_p).sum(-1).mean(-1)


def hinted_log_probabilities(
    mixed: Mixture, log_p: Tensor, cells: HintCells, target: Target
) -> Tensor:
    """log p' of the target's bins, (B, N, 5), hints mixed in (`handtint_model.hints`)."""
    hinted = (mixed.share @ cells.q).gather(-1, target.bins)
    trust = mixed.trust[..., None]
    # The floor keeps a confident wrong hint from an infinite loss.
    return torch.log((1.0 - trust) * log_p.exp() + trust * hinted + 1e-8)


def hinted_error(
    heads: Heads, mixed: Mixture, cells_ab: Tensor, truth: Tensor, weights: Tensor
) -> Tensor:
    """log of the mean squared error of the hinted ab, per sample, (B,), in nats.

    cells_ab: (B, K, 2), the hints' colours; truth: (B, N, 2); weights: (313,).  The automatic
    colour is the calibrated mean (r = 1). No gradient flows into it, so the error teaches only how
    far hints reach.

    Why not cross-entropy alone: it accepts half-hearted trust, since half the probability of the
    right bin costs only log 2. A mean that is half wrong is wrong. Why the logarithm: a decibel
    then costs the same in every photo, as in a mean PSNR.
    """
    with torch.no_grad():
        p = decode_distribution(heads.logits, weights, 1.0, 1.0)
        automatic = mean_color(p).flatten(2).transpose(1, 2)  # (B, N, 2)
    trust = mixed.trust[..., None]
    ab = (1.0 - trust) * automatic + trust * (mixed.share @ cells_ab)
    square = (ab - truth).square().sum(-1).mean(-1)
    return torch.log(square + ERROR_FLOOR)
