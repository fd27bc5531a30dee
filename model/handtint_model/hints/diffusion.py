"""How hinted colour spreads from cell to cell: a screened diffusion.

The mixture (`mixture`) compares every cell with every hint, wherever it lies.  It finds the other
sleeve of the same jacket, but not that a cell is surrounded by cells that took a hint.  So its
trust and its colours are smoothed along the photo graph's edge weights w(i, j): the field x
minimises

    sum_ij w(i, j) (x_i - x_j)^2 + sum_i lambda_i (x_i - y_i)^2 + sum_k c_k (x_k - h_k)^2

where y is the mixture's answer and h what is painted.  This is solved for x = G, the trust, and
for x = G times the hinted colour (or distribution).  Every x is a mean of y and h, with the same
non-negative weights for all fields.  So p'_i = (1 - G_i) p_i + x_i stays a distribution, and
stays linear in the strength.  docs/hints.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .photo_graph import EdgeWeights
from .pooling import PooledHints

Doubles = NDArray[np.float64]


PULL = 1e-3
"""lambda where the mixture fully trusts a hint: there the neighbours decide."""

PULL_BACK = 1e-2
"""Added to lambda, times (1 - g)^2, where it does not: keeps colour from drifting far."""

STROKE_PULL = 1e-2
"""lambda where the stroke decoder answers: it knows where the object ends, so its neighbors only
bring the edges to the photo's."""

HOLD = 1e3
"""Largest c: a painted cell keeps what is painted."""

DECIDE = (0.38, 0.67)
"""Trust, with full masses: up to the first a cell takes nothing of a hint, from the second all."""


FAINT = 6.0
"""As in `full_resolution`: soft brush edges follow the stroke's interior."""


@dataclass(frozen=True, eq=False)
class Diffusion:
    """A factorised system: hints at certain cells of one photo."""

    solve: Callable[[Doubles], Doubles]  # (N, F) right-hand sides to fields
    pull: Doubles  # (N,) lambda
    hold: Doubles  # (K,) c of each hint, shared by those of one cell

    @classmethod
    def of(cls, edges: EdgeWeights, hints: PooledHints, pull: Doubles) -> Diffusion:
        """hints: as pooled; pull: (N,) lambda."""
        degree = edges.back(edges.degree)
        sharing = np.bincount(hints.number, minlength=degree.size)[hints.number]
        hold = _hold(edges.shape, degree, hints) / sharing
        diagonal = degree + pull
        np.add.at(diagonal, hints.number, hold)
        return cls(edges.factorize(diagonal), pull, hold)

    def spread(self, mixed: Doubles, hints: PooledHints, painted: Doubles) -> Doubles:
        """Fields (N, F) from the mixture's values of the cells (N, F) and the hints' own (K, F)."""
        right = self.pull[:, None] * mixed
        np.add.at(right, hints.number, self.hold[:, None] * painted)
        return np.asarray(self.solve(right))


def mixture_pull(full_trust: Doubles) -> Doubles:
    """lambda (N,) where the mixture answers; full_trust: (N,) its trust were all masses 1."""
    return np.asarray(PULL + PULL_BACK * (1.0 - full_trust) ** 2)


def stroke_pull(full_trust: Doubles) -> Doubles:
    """lambda (N,) where the stroke decoder answers."""
    return np.full_like(full_trust, STROKE_PULL)


def _hold(shape: tuple[int, int], degree: Doubles, hints: PooledHints) -> Doubles:
    """(K,) c of each hinted cell, at most `HOLD`; small at the faint rim of a stronger stroke."""
    mass = np.zeros(shape)
    np.maximum.at(mass.ravel(), hints.number, hints.mass)
    strokes, count = ndimage.label(mass > 0, np.ones((3, 3), bool))
    largest = np.zeros(count + 1)
    np.maximum.at(largest, strokes.ravel(), mass.ravel())
    share = (hints.mass / largest[strokes.ravel()[hints.number]]) ** FAINT
    # Relative to the edge weights of its neighbours, so that it works on weak edges too.
    own = degree[hints.number] * share / np.maximum(1.0 - share, 1e-9)
    return np.asarray(np.minimum(HOLD, np.where(share < 1.0, own, HOLD)))


def decisive(trust: Doubles) -> Doubles:
    """0..1: how far a cell takes hints that it trusts so far with full masses: a smoothstep.

    Half trust is the guess of least error, but to the eye it is a tint over half the picture; so
    cells take a hint or leave it.
    """
    low, high = DECIDE
    t = np.clip((trust - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def decisiveness(trust: Doubles) -> Doubles:
    """The factor that takes trust, with full masses, to `decisive` of it."""
    return np.asarray(decisive(trust) / np.maximum(trust, 1e-9))
