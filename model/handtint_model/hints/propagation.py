"""What all cells of a photo make of some hints: mixture, then diffusion.

The mixture (`mixture`) says how far each cell believes which hint, the diffusion smooths
that along the picture; both do without the colours, so one belief serves colours,
distributions and suggestions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .diffusion import Diffusion, decisiveness
from .photo_graph import Affinity
from .pooling import MOST_CELLS, Evidence, merge

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Belief:
    """What all cells of a photo make of some hints, whatever their colours mean."""

    key: bytes  # of the hinted cells
    found: Evidence  # as painted
    merged: Evidence  # as the mixture saw them
    share: Floats  # (N, K) of the merged hints
    mixed: Doubles  # (N,) the mixture's trust
    trust: Doubles  # (N,) G, after diffusion
    factor: Doubles  # (N,) faint trust is worth less than it says
    diffusion: Diffusion

    def spread(self, told: NDArray[Any], painted: NDArray[Any]) -> Doubles:
        """(N, F) fields, times trust, from those of the merged and of the painted hints."""
        mixed = self.mixed[:, None] * (self.share @ told.astype(np.float32))
        own = self.found.mass[:, None] * painted
        return self.factor[:, None] * self.diffusion.spread(mixed, self.found, own)

    def mean_at(
        self, cells: NDArray[np.int64], told: NDArray[Any], painted: NDArray[Any]
    ) -> Doubles:
        """(F,) the mean of `spread` over some cells, in one solution instead of F."""
        picked = np.zeros((self.mixed.size, 1))
        picked[cells, 0] = self.factor[cells] / cells.size
        # The matrix is symmetric: its inverse may as well be applied to the question.
        weight = self.diffusion.solve(picked)[:, 0]
        mixed = (weight * self.diffusion.pull * self.mixed) @ self.share
        own = weight[self.found.number] * self.diffusion.hold * self.found.mass
        return np.asarray(mixed @ told + own @ painted)


def key_of(found: Evidence) -> bytes:
    """What tells hinted cells apart."""
    return b"".join(a.tobytes() for a in (found.number, found.mass, found.ab))


def believe(affinity: Affinity, found: Evidence) -> Belief:
    """How far which hints reach into which cell of a photo; found: at least one hinted cell."""
    couplings = affinity.couplings
    merged = found
    if found.number.size > MOST_CELLS:
        merged = merge(found, affinity.embedding, couplings.shape[1])
    mixed_trust, full_trust, share = affinity.mix(merged)
    trust, full = mixed_trust.astype(np.float64), full_trust.astype(np.float64)
    diffusion = Diffusion.of(couplings, found, np.minimum(full, 1.0))
    own = np.stack([found.mass, np.ones_like(found.mass)], axis=1).astype(np.float64)
    said = np.stack([trust, full], axis=1)
    spread, whole_trust = diffusion.spread(said, found, own).T.clip(0.0, 1.0)
    factor = decisiveness(whole_trust)
    return Belief(key_of(found), found, merged, share, trust, factor * spread, factor, diffusion)
