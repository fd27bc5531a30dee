"""The mixture: which hints reach which cell, by embedding and place; on torch, with gradients.

A hinted cell k has a distribution q_k over the bins and a mass m_k in 0..1.  Cell i trusts it by
t(i, k), which falls with the distance of their embeddings and places.  Computed in logarithms.
Formulas: docs/hints.md, "The mixture".  `photo_graph` does the same in NumPy for colorizing.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_ZERO = -80.0
"""Stands for log 0: exp(-80) is 0 beside any trust, and 9 * -80 is still finite."""


class HintCells(NamedTuple):
    """Hinted cells of a batch of pictures; absent places have mass 0."""

    number: Tensor  # (B, K) int64, number of the cell, row by row
    mass: Tensor  # (B, K) float32, 0..1
    q: Tensor  # (B, K, 313) float32, distribution over bins


class Mixture(NamedTuple):
    """How much each cell trusts the hints, and which of them how much."""

    trust: Tensor  # (B, N) float32, g: 0 automatic, 1 hint
    share: Tensor  # (B, N, K) float32, a: sums to 1 over K


def cell_positions(height: int, width: int, device: torch.device | str) -> Tensor:
    """(height * width, 2) places of the cells' centres (y, x), relative to the long side."""
    long_side = float(max(height, width))
    y = (torch.arange(height, device=device) + 0.5) / long_side
    x = (torch.arange(width, device=device) + 0.5) / long_side
    return torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).reshape(-1, 2)


def _features(embedding: Tensor, position: Tensor, log_sigma: Tensor) -> Tensor:
    """(B, C + 2, N): the features whose squared distance d is, places as further channels."""
    channels, count = embedding.shape[1:]
    scaled = position.T[None].expand(embedding.shape[0], 2, count) * torch.exp(-log_sigma)
    return torch.cat([embedding * (1.0 / channels) ** 0.5, scaled * 0.5**0.5], dim=1)


def position_features(embedding: Tensor, log_sigma: Tensor) -> Tensor:
    """(B, C, h, w) to (B, C + 2, N) features whose squared distance is d(i, k) of `distance`."""
    height, width = embedding.shape[-2:]
    position = cell_positions(height, width, embedding.device)
    return _features(embedding.float().flatten(2), position, log_sigma)


def distance(
    embedding: Tensor,
    position: Tensor,
    index: Tensor,
    log_sigma: Tensor,
    only: Tensor | None = None,
) -> Tensor:
    """d(i, k) = |e_i - e_k|^2 / 32 + |u_i - u_k|^2 / (2 sigma^2).

    embedding: (B, C, N); position: (N, 2); index: (B, K); only: (M,) the cells i that are
    asked for, None for all N.  Returns (B, M, K), at least 0.
    """
    # One product of matrices for all of it: |a - b|^2 = |a|^2 - 2 ab + |b|^2.
    features = _features(embedding, position, log_sigma)
    square = features.square().sum(1, keepdim=True)
    one = torch.ones_like(square)
    hinted = torch.cat([features, one, square], dim=1)
    hinted = hinted.gather(2, index[:, None].expand(-1, hinted.shape[1], -1))  # (B, C + 4, K)
    cells = torch.cat([features * -2.0, square, one], dim=1).transpose(1, 2)  # (B, N, C + 4)
    if only is not None:
        cells = cells[:, only]
    return torch.bmm(cells, hinted).clamp(min=0.0)


def mixture(
    embedding: Tensor,
    gate: Tensor,
    cells: HintCells,
    log_sigma: Tensor,
    log_gamma: Tensor,
    only: Tensor | None = None,
) -> Mixture:
    """Trust and shares of the hints at every cell.

    embedding: (B, 32, h, w); gate: (B, 1, h, w); only: (M,) numbers of the cells that are
    asked for, None for all.  With t(i, k) = m_k sigmoid(-d - gate_i),
    trust is sum t^9 / sum t^8, a soft maximum that never exceeds the largest t and is linear
    in the masses; shares are proportional to t^gamma.
    """
    reach = log_reach(embedding, gate, cells.number, log_sigma, only)
    return mix_reaches(reach, cells.mass, log_gamma)


def mix_reaches(reach: Tensor, mass: Tensor, log_gamma: Tensor) -> Mixture:
    """The mixture of hints of masses (B, K) that reach (B, M, K) far: see `log_reach`."""
    return mix_trusts(_log_trusts(reach, mass), log_gamma)


def mix_trusts(log_t: Tensor, log_gamma: Tensor) -> Mixture:
    """The mixture of hints that are trusted by log t(i, k), in the last dimension.

    `kernels.numpy.hints.soft_maximum` is the same without gradients, on plain t.
    """
    return Mixture(_soft_maximum(log_t), torch.softmax(torch.exp(log_gamma) * log_t, dim=-1))


def _log_trusts(reach: Tensor, mass: Tensor) -> Tensor:
    log_mass = mass.clamp(min=1e-30).log()[:, None, :]
    log_t = (reach + log_mass).clamp(min=LOG_ZERO)
    absent = mass <= 0
    # Asking a GPU whether there are any would wait for it.
    some = log_t.is_cuda or bool(absent.any())
    return log_t.masked_fill(absent[:, None, :], LOG_ZERO) if some else log_t


def _soft_maximum(log_t: Tensor) -> Tensor:
    """sum t^9 / sum t^8 over the last dimension, all in units of the largest t."""
    largest = log_t.amax(-1, keepdim=True)
    t = torch.exp(log_t - largest)
    power = t.square().square().square()
    return torch.exp(largest[..., 0]) * (power * t).sum(-1) / power.sum(-1)


def log_reach(
    embedding: Tensor,
    gate: Tensor,
    number: Tensor,
    log_sigma: Tensor,
    only: Tensor | None = None,
) -> Tensor:
    """log sigmoid(-d - gate), (B, M, K): the trust that full hints at cells ``number`` have."""
    height, width = embedding.shape[-2:]
    position = cell_positions(height, width, embedding.device)
    d = distance(embedding.float().flatten(2), position, number, log_sigma, only)
    closed = gate.float().flatten(2).transpose(1, 2)  # (B, N, 1)
    return F.logsigmoid(-d - (closed if only is None else closed[:, only]))


def hint_reach(
    embedding: Tensor, gate: Tensor, hinted: Tensor, log_sigma: Tensor, only: Tensor
) -> Tensor:
    """The trust (1, M, K) that cells ``only`` (M,) would have in full hints at ``hinted`` (K,)."""
    return torch.exp(log_reach(embedding, gate, hinted[None], log_sigma, only))


def mix(p: Tensor, cells: HintCells, mixed: Mixture) -> Tensor:
    """p'_i = (1 - g_i) p_i + g_i sum_k a(i, k) q_k.

    p: (B, 313, h, w), the automatic distribution.  Returns the same shape, summing to 1.
    """
    hinted = (mixed.share @ cells.q).transpose(1, 2).reshape(p.shape)  # (B, 313, h, w)
    trust = mixed.trust.reshape(p.shape[0], 1, *p.shape[2:])
    return (1.0 - trust) * p + trust * hinted
