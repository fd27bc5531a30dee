"""How far the pooled hints reach into every cell of a photo: mixture, then diffusion.

The mixture compares every cell with every hint; the diffusion smooths the answer along the photo
graph.  Neither looks at the hints' colors.  So the same propagated hints serve colors,
distributions over bins and suggestions, and are kept while only vividness changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .diffusion import Diffusion, decisiveness
from .photo_graph import PhotoGraph
from .pooling import MOST_CELLS, PooledHints, merge

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PropagatedHints:
    """The trust of every cell in the hints, and how to carry values of the hints to the cells.

    N cells, counted row by row; K hints.  `spread` and `mean_at` take the values twice: those of
    the merged hints, which the mixture works on, and those of the painted ones, which hold the
    painted cells.
    """

    key: bytes  # `key_of` the pooled hints
    painted: PooledHints  # as pooled
    merged: PooledHints  # at most `MOST_CELLS` of them
    share: Floats  # (N, K) shares of the merged hints in each cell
    mixed: Doubles  # (N,) trust after the mixture
    trust: Doubles  # (N,) G, trust after the diffusion and `decisiveness`
    factor: Doubles  # (N,) `decisiveness`: what faint trust is multiplied by
    diffusion: Diffusion

    def spread(self, merged_values: NDArray[Any], painted_values: NDArray[Any]) -> Doubles:
        """(N, F) values of the cells, times their trust, from those of the hints, (K, F) each."""
        mixed = self.mixed[:, None] * (self.share @ merged_values.astype(np.float32))
        own = self.painted.mass[:, None] * painted_values
        return self.factor[:, None] * self.diffusion.spread(mixed, self.painted, own)

    def mean_at(
        self,
        cells: NDArray[np.int64],
        merged_values: NDArray[Any],
        painted_values: NDArray[Any],
    ) -> Doubles:
        """(F,) the mean of `spread` over some cells, in one solution instead of F."""
        picked = np.zeros((self.mixed.size, 1))
        picked[cells, 0] = self.factor[cells] / cells.size
        # The matrix is symmetric: its inverse may as well be applied to the question.
        weight = self.diffusion.solve(picked)[:, 0]
        mixed = (weight * self.diffusion.pull * self.mixed) @ self.share
        own = weight[self.painted.number] * self.diffusion.hold * self.painted.mass
        return np.asarray(mixed @ merged_values + own @ painted_values)


def key_of(hints: PooledHints) -> bytes:
    """Equal for equal pooled hints."""
    return b"".join(a.tobytes() for a in (hints.number, hints.mass, hints.ab))


def propagate(graph: PhotoGraph, hints: PooledHints) -> PropagatedHints:
    """Carry hints to all cells of a photo; hints: at least one hinted cell."""
    edges = graph.edges
    merged = hints
    if hints.number.size > MOST_CELLS:
        merged = merge(hints, graph.embedding, edges.shape[1])
    mixed_trust, full_trust, share = graph.mix(merged)
    trust, full = mixed_trust.astype(np.float64), full_trust.astype(np.float64)
    diffusion = Diffusion.of(edges, hints, np.minimum(full, 1.0))
    mixed = np.stack([trust, full], axis=1)
    own = np.stack([hints.mass, np.ones_like(hints.mass)], axis=1).astype(np.float64)
    spread, whole_trust = diffusion.spread(mixed, hints, own).T.clip(0.0, 1.0)
    factor = decisiveness(whole_trust)
    return PropagatedHints(
        key_of(hints), hints, merged, share, trust, factor * spread, factor, diffusion
    )
