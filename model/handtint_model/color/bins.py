"""The 313 colour bins: grid, soft encoding, prior, rebalancing and decoding.

A colour is (a, b) of CIE L*a*b*, D65.  Sources: Zhang, Isola, Efros, "Colorful Image
Colorization", ECCV 2016, sections 2.2 and 2.3 (ab grid of spacing 10, soft encoding
with 5 neighbours and sigma 5, class rebalancing with lambda 1/2, annealed mean).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .torch_conversions import rgb_to_lab

SPACING = 10.0
COUNT = 313
NEIGHBORS = 5
SIGMA = 5.0


def gamut_surface(steps: int = 64) -> NDArray[np.float64]:
    """(N, 3) Lab of points that cover the six faces of the sRGB cube densely."""
    ramp = np.linspace(0.0, 1.0, steps)
    u, v = (m.ravel() for m in np.meshgrid(ramp, ramp))
    faces = []
    for axis in range(3):
        for value in (0.0, 1.0):
            face = np.empty((u.size, 3))
            face[:, axis] = value
            face[:, (axis + 1) % 3] = u
            face[:, (axis + 2) % 3] = v
            faces.append(face)
    rgb = torch.from_numpy(np.concatenate(faces).T[:, :, None])
    return rgb_to_lab(rgb)[..., 0].T.numpy()


def _inside_gamut_projection(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which ab points some in-gamut colour has (over all L*)."""
    # A colour is in gamut when its RGB lies in 0..1 for one L*; L* in steps of 1/4 is
    # fine enough, as the gamut's slices change slowly.
    from .torch_conversions import lab_to_rgb

    lightness = np.arange(0.25, 100.0, 0.25)
    lab = np.empty((3, len(points), len(lightness)))
    lab[0] = lightness
    lab[1:] = points.T[:, :, None]
    rgb = lab_to_rgb(torch.from_numpy(lab)).numpy()
    inside = np.logical_and(rgb >= 0.0, rgb <= 1.0).all(axis=0)
    return np.asarray(np.any(inside, axis=1))


def _distance(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each point (N, 2) to the nearest of the others (M, 2)."""
    return np.array([np.sqrt(((others - point) ** 2).sum(axis=1).min()) for point in points])


@lru_cache(maxsize=1)
def bin_centers() -> NDArray[np.float64]:
    """(313, 2) ab of the bins: the grid points that lie nearest to the sRGB gamut.

    Distance is measured in the ab plane to the gamut's projection; points inside it have
    distance 0.  Sorted by a, then b.  Read-only.
    """
    axis = np.arange(-12, 13) * SPACING
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    outside = ~_inside_gamut_projection(grid)
    distance = np.zeros(len(grid))
    distance[outside] = _distance(grid[outside], gamut_surface(24)[:, 1:])
    # Finely only where the last bins are decided.
    near = outside & (distance < 2 * SPACING)
    distance[near] = _distance(grid[near], gamut_surface(160)[:, 1:])
    chosen = np.sort(np.argsort(distance, kind="stable")[:COUNT])
    centers = grid[chosen]
    centers.setflags(write=False)
    return centers


BINS: NDArray[np.float64] = bin_centers()
"""(313, 2) ab of the bin centres, sorted by a, then b."""


class SoftEncoding:
    """Soft encoding of ab colours over the bins (Zhang et al. 2016, section 2.2).

    The 5 nearest bins get weights exp(-d^2 / (2 * 5^2)), normalised to sum 1.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.centers = torch.tensor(BINS, dtype=torch.float32, device=device)
        self._table = torch.as_tensor(_candidates(), device=device)

    def sparse(self, ab: Tensor) -> tuple[Tensor, Tensor]:
        """ab (..., 2) float32 to bin numbers and weights, each (..., 5)."""
        cell = torch.floor((ab + _REACH) / _CELL).long().clamp(0, _CELLS - 1)
        candidates = self._table[cell[..., 0] * _CELLS + cell[..., 1]]  # (..., C)
        gap = self.centers[candidates] - ab.unsqueeze(-2)
        square = gap.square().sum(dim=-1)
        near, order = square.topk(NEIGHBORS, dim=-1, largest=False)
        # Relative to the nearest, so that colours far outside do not underflow.
        weights = torch.exp(-(near - near[..., :1]) / (2.0 * SIGMA**2))
        weights = weights / weights.sum(dim=-1, keepdim=True)
        return candidates.gather(-1, order), weights

    def dense(self, ab: Tensor) -> Tensor:
        """ab (..., 2) float32 to distributions (..., 313)."""
        numbers, weights = self.sparse(ab)
        out = torch.zeros(*ab.shape[:-1], COUNT, dtype=weights.dtype, device=ab.device)
        return out.scatter_(-1, numbers, weights)


_CELL = 2.5
_REACH = 130.0
_CELLS = int(2 * _REACH / _CELL)


@lru_cache(maxsize=1)
def _candidates() -> NDArray[np.int64]:
    """For every square of a fine ab grid the bins that can be among the 5 nearest.

    A bin is a candidate of a square when its distance to the square is at most the 5th
    smallest of the bins' farthest distances: no other bin can be among the 5 nearest of
    any colour in the square.  The longest row decides the width; shorter rows go on with the
    next nearest bins, which does no harm.
    """
    low = -_REACH + np.arange(_CELLS) * _CELL
    a, b = np.meshgrid(low, low, indexing="ij")
    corner = np.stack([a.ravel(), b.ravel()], axis=-1)[:, None, :]
    middle = corner + _CELL / 2
    offset = np.abs(BINS[None] - middle)
    nearest = np.sqrt((np.maximum(offset - _CELL / 2, 0.0) ** 2).sum(-1))
    farthest = np.sqrt(((offset + _CELL / 2) ** 2).sum(-1))
    bound = np.sort(farthest, axis=1)[:, NEIGHBORS - 1 : NEIGHBORS]
    width = int((nearest <= bound).sum(axis=1).max())
    return np.argsort(nearest, axis=1, kind="stable")[:, :width].astype(np.int64)


def smoothed_prior(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Frequencies of the bins from counts (313,), smoothed by a Gaussian (sigma 5) in ab."""
    counts = np.asarray(counts, np.float64)
    square = ((BINS[:, None, :] - BINS[None, :, :]) ** 2).sum(axis=-1)
    kernel = np.exp(-square / (2.0 * SIGMA**2))
    # Each bin spreads its whole count over the bins that exist.
    kernel /= kernel.sum(axis=0, keepdims=True)
    prior = kernel @ (counts / counts.sum())
    return np.asarray(prior / prior.sum())


def rebalancing_weights(prior: NDArray[np.float64], mix: float = 0.5) -> NDArray[np.float64]:
    """(313,) weights w ~ 1 / ((1 - mix) prior + mix / 313), expectation 1 under the prior.

    Zhang et al. 2016, equation 4, with lambda = ``mix``.
    """
    weights = 1.0 / ((1.0 - mix) * prior + mix / COUNT)
    return np.asarray(weights / (weights * prior).sum())


def decode_distribution(logits: Tensor, weights: Tensor, r: float, temperature: float) -> Tensor:
    """The distribution p_v whose mean is the colour.

    logits: (..., 313, h, w); weights: (313,) rebalancing weights w.  Rebalanced training
    tilts p by w; p * w^-r takes the tilt out again (r = 1: calibrated, r = 0: as trained),
    then softmax(log(.) / T) anneals (Zhang et al. 2016, equation 5).
    """
    log_p = torch.log_softmax(logits.float(), dim=-3)
    log_p = log_p - r * torch.log(weights)[:, None, None]
    return torch.softmax(log_p / temperature, dim=-3)


def mean_color(p: Tensor) -> Tensor:
    """Distribution (..., 313, h, w) to its mean ab (..., 2, h, w)."""
    centers = torch.tensor(BINS, dtype=p.dtype, device=p.device)
    return torch.einsum("...khw,kc->...chw", p, centers)
