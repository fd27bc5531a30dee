"""Colorizations to compare with: none at all, and Levin et al. 2004.

A. Levin, D. Lischinski, Y. Weiss, "Colorization Using Optimization", SIGGRAPH 2004. Each pixel's
colour is the weighted mean of its neighbours' colours; neighbours of similar luminance weigh more.
Painted pixels keep their paint.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

Array = NDArray[Any]

RESIDUAL = 1e-6
"""Largest error allowed in any pixel's equation, relative to the largest painted |a| or |b|."""

_OFFSETS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx)
# The paper leaves the Gaussian's width open.  As in the authors' code it is 0.6 times the
# variance of the 3x3 window, at least 2e-6, and wide enough that the most similar neighbour
# weighs 0.01 or more.
_VARIANCE_SHARE = 0.6
_LEAST_WEIGHT = 0.01
_LEAST_WIDTH = 2e-6


class LevinPropagation:
    """Spreads painted colour over one photo; the weights are computed once per photo.

    lightness: (H, W), 0..1, the guide.

    The system is solved directly, with the pixels eliminated in nested-dissection order. At 256 x
    256 this takes a quarter of a second, and the residual is near 1e-14.
    """

    def __init__(self, lightness: Array) -> None:
        if lightness.ndim != 2:
            raise ValueError(f"lightness is one plane, not {lightness.shape}")
        self.shape = lightness.shape
        self._weights = neighbor_weights(lightness)  # (8, H, W)

    def __call__(self, painted: Array, ab: Array) -> NDArray[np.float64]:
        """Spread paint: (H, W, 2) ab, equal to ``ab`` where ``painted`` (H, W) bool is true.

        Without any paint the result is neutral: ab is 0.
        """
        target = np.where(painted[..., None], ab, 0.0).astype(np.float64)
        if not painted.any():
            return target
        height, width = self.shape
        matrix = _system(self._weights, painted)
        order = dissection_order(height, width)
        # Diagonally dominant by rows: safe without pivoting, which would spoil the order.
        factors = splu(
            matrix[order][:, order].tocsc(),
            permc_spec="NATURAL",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        wanted = target.reshape(-1, 2)
        solution = np.zeros_like(wanted)
        allowed = RESIDUAL * max(float(np.abs(wanted).max()), 1e-12)
        for _ in range(4):  # once, and refined where rounding left more than allowed
            residual = wanted - matrix @ solution
            if np.abs(residual).max() <= allowed:
                break
            solution[order] += factors.solve(residual[order])
        if np.abs(wanted - matrix @ solution).max() > allowed:
            raise ArithmeticError(f"colour propagation missed its residual of {RESIDUAL}")
        return solution.reshape(height, width, 2)


def neighbor_weights(lightness: Array) -> NDArray[np.float64]:
    """Weights (8, H, W) of the eight neighbours, row by row. They sum to 1.

    Neighbours outside the picture weigh 0. Levin et al. 2004, equation 2: exp(-(Y(r) - Y(s))^2 /
    (2 sigma_r^2)), normalized.
    """
    guide = lightness.astype(np.float64)
    height, width = guide.shape
    padded = np.pad(guide, 1)
    inside = np.pad(np.ones_like(guide, bool), 1)
    windows = [np.s_[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width] for dy, dx in _OFFSETS]
    neighbor = np.stack([padded[window] for window in windows])  # (8, H, W)
    exists = np.stack([inside[window] for window in windows])

    count = exists.sum(0) + 1
    mean = (np.where(exists, neighbor, 0.0).sum(0) + guide) / count
    square = np.where(exists, (neighbor - mean) ** 2, 0.0).sum(0) + (guide - mean) ** 2
    difference = (neighbor - guide) ** 2
    nearest = np.where(exists, difference, np.inf).min(0, initial=np.inf)
    spread = _VARIANCE_SHARE * square / count
    spread = np.maximum(spread, nearest / -np.log(_LEAST_WEIGHT))
    spread = np.maximum(spread, _LEAST_WIDTH)

    weights = np.where(exists, np.exp(-difference / spread), 0.0)
    return np.asarray(weights / np.maximum(weights.sum(0), np.finfo(float).tiny))


def _system(weights: Array, painted: Array) -> csc_matrix:
    """u(r) - sum of w(r, s) u(s) = 0 at free pixels, u(r) = painted colour at painted ones."""
    height, width = painted.shape
    index = np.arange(height * width).reshape(height, width)
    rows, columns, values = [index.ravel()], [index.ravel()], [np.ones(index.size)]
    for weight, (dy, dx) in zip(weights, _OFFSETS, strict=True):
        used = (weight > 0.0) & ~painted
        rows.append(index[used])
        columns.append(index[used] + dy * width + dx)
        values.append(-weight[used])
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csc_matrix(entries, shape=(index.size, index.size))


@functools.lru_cache(maxsize=4)
def dissection_order(height: int, width: int) -> NDArray[np.intp]:
    """Elimination order of a grid's pixels (George 1973): both halves first, then their border."""
    order: list[Array] = []

    def visit(part: Array) -> None:
        if part.size == 0:
            return
        if max(part.shape) <= 3:
            order.append(part.ravel())
            return
        if part.shape[0] < part.shape[1]:
            part = part.T
        middle = part.shape[0] // 2
        visit(part[:middle])
        visit(part[middle + 1 :])
        order.append(part[middle])

    visit(np.arange(height * width).reshape(height, width))
    result = np.concatenate(order)
    result.setflags(write=False)
    return result
