"""How hints act on the distribution over bins: trust, mixture, p'.

A hint cell k brings a distribution q_k and a mass m_k in 0..1; every cell i believes it
by its trust t(i, k), which falls with the distance of embeddings and places.  All is done
in logarithms.  Formulas: docs/hints.md, "The mixture".
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_ZERO = -80.0
"""Stands for log 0: exp(-80) is 0 beside any trust, and 9 * -80 is still finite."""

SOFT_MAX_POWER = 8


class HintCells(NamedTuple):
    """Hinted cells of a batch of pictures; absent places have mass 0."""

    number: Tensor  # (B, K) int64, number of the cell, row by row
    mass: Tensor  # (B, K) float32, 0..1
    q: Tensor  # (B, K, 313) float32, distribution over bins


class Mixture(NamedTuple):
    """How far hints reach into each cell and which of them."""

    trust: Tensor  # (B, N) float32, g: 0 automatic, 1 hint
    share: Tensor  # (B, N, K) float32, a: sums to 1 over K


def cell_positions(height: int, width: int, device: torch.device | str) -> Tensor:
    """(height * width, 2) places of the cells' centres (y, x), relative to the long side."""
    long_side = float(max(height, width))
    y = (torch.arange(height, device=device) + 0.5) / long_side
    x = (torch.arange(width, device=device) + 0.5) / long_side
    return torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).reshape(-1, 2)


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
    channels, count = embedding.shape[1:]
    # One product of matrices for both parts: places are further channels.
    scaled = position.T[None].expand(embedding.shape[0], 2, count) * torch.exp(-log_sigma)
    features = torch.cat([embedding * (1.0 / channels) ** 0.5, scaled * 0.5**0.5], dim=1)
    cells = features.transpose(1, 2)  # (B, N, C + 2)
    hinted = cells.gather(1, index[..., None].expand(-1, -1, channels + 2))  # (B, K, C + 2)
    if only is not None:
        cells = cells[:, only]
    return torch.baddbmm(
        cells.square().sum(-1, keepdim=True) + hinted.square().sum(-1)[:, None, :],
        cells,
        hinted.transpose(1, 2),
        alpha=-2.0,
    ).clamp(min=0.0)


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
    log_mass = mass.clamp(min=1e-30).log()[:, None, :]
    log_t = torch.where(mass[:, None, :] > 0, (reach + log_mass).clamp(min=LOG_ZERO), LOG_ZERO)
    log_trust = torch.logsumexp((SOFT_MAX_POWER + 1) * log_t, -1) - torch.logsumexp(
        SOFT_MAX_POWER * log_t, -1
    )
    share = torch.softmax(torch.exp(log_gamma) * log_t, dim=-1)
    return Mixture(torch.exp(log_trust), share)


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
