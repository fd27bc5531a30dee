"""How hinted colour spreads from cell to cell: a screened diffusion.

The mixture (`mixture`) compares every cell with every hint, wherever it lies; it finds the
other sleeve of the same jacket, but it does not know that a cell is surrounded by cells
that took a hint.  So its trust g and its colours are smoothed along the picture: with
weights w(i, j) between neighbouring cells that fall with the difference of their lightness
and embeddings (after Levin et al., "Colorization using Optimization", SIGGRAPH 2004,
equation 1), the field x minimises

    sum_ij w(i, j) (x_i - x_j)^2 + sum_i lambda_i (x_i - y_i)^2 + sum_k c_k (x_k - h_k)^2

for x = G, the trust, and x = G times the hinted distribution alike; y is what the mixture
says, h what is painted.  Each x is a mean of y and h with weights that are not negative and
the same for all fields, so p'_i = (1 - G_i) p_i + x_i stays a distribution, and stays
linear in the strength.  docs/hints.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .photo_graph import Couplings
from .pooling import Evidence

Doubles = NDArray[np.float64]


PULL = 1e-3
"""lambda where the mixture trusts a hint: the mixture's own say is small there."""

PULL_BACK = 1e-2
"""More lambda where it trusts none, times (1 - g)^2: keeps colour from drifting far."""

HOLD = 1e3
"""Largest c: a painted cell has what is painted."""

DECIDE = (0.3, 0.75)
"""Trust, with full masses, at which a cell takes nothing of a hint and all of it."""


FAINT = 6.0
"""As in `full_resolution`: a faint rim follows its stroke."""


@dataclass(frozen=True, eq=False)
class Diffusion:
    """A factorised system: hints at certain cells of one photo."""

    solve: Callable[[Doubles], Doubles]  # (N, F) right-hand sides to fields
    pull: Doubles  # (N,) lambda
    hold: Doubles  # (K,) c of each hint, shared by those of one cell

    @classmethod
    def of(cls, couplings: Couplings, found: Evidence, full_trust: Doubles) -> Diffusion:
        """found: hinted cells; full_trust: (N,) the mixture's trust were all masses 1."""
        degree = couplings.back(couplings.degree)
        pull = PULL + PULL_BACK * (1.0 - full_trust) ** 2
        sharing = np.bincount(found.number, minlength=degree.size)[found.number]
        hold = _hold(couplings.shape, degree, found) / sharing
        diagonal = degree + pull
        np.add.at(diagonal, found.number, hold)
        return cls(couplings.factorise(diagonal), pull, hold)

    def spread(self, mixed: Doubles, found: Evidence, painted: Doubles) -> Doubles:
        """Fields (N, F) from what the mixture says (N, F) and the hints say (K, F)."""
        right = self.pull[:, None] * mixed
        np.add.at(right, found.number, self.hold[:, None] * painted)
        return np.asarray(self.solve(right))


def _hold(shape: tuple[int, int], degree: Doubles, found: Evidence) -> Doubles:
    """(K,) c of each hinted cell, up to `HOLD`: little where its stroke is much stronger."""
    mass = np.zeros(shape)
    np.maximum.at(mass.ravel(), found.number, found.mass)
    strokes, count = ndimage.label(mass > 0, np.ones((3, 3), bool))
    largest = np.zeros(count + 1)
    np.maximum.at(largest, strokes.ravel(), mass.ravel())
    share = (found.mass / largest[strokes.ravel()[found.number]]) ** FAINT
    # In units of what its neighbours have to say: a rim cell with few like it is no exception.
    own = degree[found.number] * share / np.maximum(1.0 - share, 1e-9)
    return np.asarray(np.minimum(HOLD, np.where(share < 1.0, own, HOLD)))


def decisiveness(trust: Doubles) -> Doubles:
    """Factor (N,) on fields whose trust, with full masses, is ``trust`` (N,) in 0..1.

    trust times the factor is a smoothstep: a hint that a cell half believes is the best
    guess of least error but a tint over half the picture to the eye.
    """
    low, high = DECIDE
    t = np.clip((trust - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t) / np.maximum(trust, 1e-9))
