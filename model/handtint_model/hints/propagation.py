"""How far the pooled hints reach into every cell of a photo: reach, then diffusion.

Hints are grouped to strokes, and the stroke decoder says how far each one goes (`reach`).  Of very
many strokes, points mostly, the mixture compares every cell with every hint instead.  The diffusion
smooths the answer along the photo graph.  The hints' colors matter only for which of them are of
one stroke.  So the same propagated hints serve colors, distributions over bins and suggestions, and
are kept while only vividness changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..kernels.numpy.hints import soft_maximum
from .diffusion import Diffusion, decisive, mixture_pull, stroke_pull
from .fences import FenceCells
from .photo_graph import PhotoGraph
from .pooling import MOST_CELLS, PooledHints, merge
from .reach import StrokeReach
from .strokes import StrokeGroups, colors_of, group

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

MOST_STROKES = (40, 64)
"""Up to the first number the stroke decoder speaks alone, from the second on the mixture."""

ALIKE = 0.95
"""Strokes whose largest masses differ by no more than this factor count as equally strong."""

FAINTEST = 0.02
"""Trust that can hardly be seen."""

LONE_SHARE = 0.001
"""Of the picture: smaller patches far from any paint take nothing."""

LONE_DISTANCE = 10
"""Cells from the nearest painted one to such a patch."""


@dataclass(frozen=True, eq=False)
class PropagatedHints:
    """The trust of every cell in the hints, and how to carry values of the hints to the cells.

    N cells, counted row by row; K sources: strokes, or merged hints.  `spread` and `mean_at` take
    the values twice: those of the sources, and those of the painted hints, which hold the painted
    cells.
    """

    key: bytes  # `key_of` the hints
    painted: PooledHints  # as pooled
    sources: PooledHints  # the strokes, and of very many of them the merged hints; `number` unused
    weight: Floats  # (N, K) of the sources in each cell; they sum to the trust before the diffusion
    trust: Doubles  # (N,) G, trust after the diffusion and `decisiveness`
    factor: Doubles  # (N,) `decisiveness`: what faint trust is multiplied by
    diffusion: Diffusion

    def spread(self, source_values: NDArray[Any], painted_values: NDArray[Any]) -> Doubles:
        """(N, F) values of the cells, times their trust, from those of the hints, (K, F) each."""
        mixed = (self.weight @ source_values.astype(np.float32)).astype(np.float64)
        own = self.painted.mass[:, None] * painted_values
        return self.factor[:, None] * self.diffusion.spread(mixed, self.painted, own)

    def mean_at(
        self,
        cells: NDArray[np.int64],
        source_values: NDArray[Any],
        painted_values: NDArray[Any],
        share: Doubles | float = 1.0,
    ) -> Doubles:
        """(F,) the mean of `spread` over some cells, in one solution instead of F.

        share: (M,) factors of the cells.
        """
        picked = np.zeros((self.trust.size, 1))
        picked[cells, 0] = self.factor[cells] * share / cells.size
        # The matrix is symmetric: its inverse may as well be applied to the question.
        weight = self.diffusion.solve(picked)[:, 0]
        mixed = (weight * self.diffusion.pull) @ self.weight
        own = weight[self.painted.number] * self.diffusion.hold * self.painted.mass
        return np.asarray(mixed @ source_values + own @ painted_values)


def key_of(hints: PooledHints, fence: FenceCells | None = None) -> bytes:
    """Equal for equal pooled hints in equal fences."""
    key = b"".join(a.tobytes() for a in (hints.number, hints.mass, hints.ab))
    return key if fence is None else key + fence.key


@dataclass(frozen=True, eq=False)
class _Answer:
    """Who reaches which cell, before the diffusion."""

    sources: PooledHints
    weight: Floats  # (N, K)
    full_trust: Doubles  # (N,) trust were all masses 1
    pull: Doubles  # (N,)
    by_color: _ByColor | None = None  # None: no color is much fainter than another


@dataclass(frozen=True, eq=False)
class _ByColor:
    """The stroke decoder's trust, were all masses 1, by strokes of like color; C colors."""

    of_source: NDArray[np.int64]  # (K,) the color of each stroke; the mixture's hints are not in it
    of_hint: NDArray[np.int64]  # (K',) the color of each painted hint
    mass: Doubles  # (C,) the largest of each color's strokes
    trust: Doubles  # (N, C)


def propagate(
    graph: PhotoGraph,
    hints: PooledHints,
    reach: StrokeReach | None = None,
    fence: FenceCells | None = None,
) -> PropagatedHints:
    """Carry hints to all cells of a photo; hints: at least one hinted cell.

    reach: the stroke decoder on the photo; without one the mixture answers alone.  fence: the
    answer is for its inside, and some of the hints are its own.
    """
    answer = _answer(graph, hints, reach, fence)
    diffusion = Diffusion.of(graph.edges, hints, answer.pull)
    decided: Doubles | None = None
    if answer.by_color is not None:
        decided, answer = _apart(answer, answer.by_color, diffusion, hints)
    full = np.minimum(answer.full_trust, 1.0)
    mixed = np.stack([answer.weight.sum(axis=1, dtype=np.float64), full], axis=1)
    own = np.stack([hints.mass, np.ones_like(hints.mass)], axis=1).astype(np.float64)
    spread, whole_trust = diffusion.spread(mixed, hints, own).T.clip(0.0, 1.0)
    if decided is None:
        decided = decisive(whole_trust)
    factor = decided / np.maximum(whole_trust, 1e-9)
    factor[lone_patches(factor * whole_trust, hints.number, graph.edges.shape)] = 0.0
    return PropagatedHints(
        key_of(hints, fence),
        hints,
        answer.sources,
        answer.weight,
        factor * spread,
        factor,
        diffusion,
    )


def _apart(
    answer: _Answer, colors: _ByColor, diffusion: Diffusion, hints: PooledHints
) -> tuple[Doubles, _Answer]:
    """How far each cell takes hints at all, (N,) 0..1, and the answer without what may not enter.

    A color enters a cell by its own trust there and that of others, but a fainter color helps a
    strong one in by no more than it shows itself.  Else the rest of an erased stroke, hardly to be
    seen, would open all the cells that it reaches to the strong one.
    """
    whole = np.minimum(answer.full_trust, 1.0)[:, None]
    own = np.eye(colors.mass.size)[colors.of_hint]
    own = np.concatenate([own, np.ones((len(own), 1))], axis=1)
    fields = diffusion.spread(np.concatenate([colors.trust, whole], axis=1), hints, own)
    trust, whole = fields[:, :-1].clip(0.0, 1.0), fields[:, -1:].clip(0.0, 1.0)
    # What the mixture adds, between the two numbers of strokes, is open to all.
    rest = np.maximum(whole - trust.sum(axis=1, keepdims=True), 0.0)
    beside = np.minimum(colors.mass[:, None] / colors.mass[None], 1.0)
    enters = decisive(np.minimum(trust @ beside + rest, 1.0))
    decided = np.where(trust > 0, enters, 0.0).max(axis=1)
    share = enters / np.maximum(decided, 1e-9)[:, None]
    kept = np.ones_like(answer.weight)
    kept[:, : colors.of_source.size] = share[:, colors.of_source]
    lost = (colors.trust * (1.0 - share)).sum(axis=1)
    kept_answer = replace(answer, weight=answer.weight * kept, full_trust=answer.full_trust - lost)
    return decided, kept_answer


def lone_patches(
    trust: Doubles, painted: NDArray[np.int64], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """(N,) cells of small patches far from any paint, which take nothing.

    trust: (N,) with full masses; painted: numbers of the hinted cells.  A single cell at the
    picture's edge that resembles the stroke's object would be a dot of its color.
    """
    grid = trust.reshape(shape) > FAINTEST
    patches, count = ndimage.label(grid, np.ones((3, 3), bool))
    if not count:
        return np.zeros(trust.size, bool)
    free = np.ones(shape, bool)
    free.ravel()[painted] = False
    away = ndimage.distance_transform_cdt(free, "chessboard") if free.any() else free
    number = np.arange(1, count + 1)
    nearest = ndimage.minimum(away, patches, number)
    # Sized by what is clearly tinted: the faint surroundings of a dot are as large as the dot is.
    size = ndimage.sum(trust.reshape(shape) > 0.5, patches, number)
    small = (size < LONE_SHARE * trust.size) & (nearest > LONE_DISTANCE)
    return np.asarray(np.concatenate([[False], small])[patches].ravel())


def _answer(
    graph: PhotoGraph, hints: PooledHints, reach: StrokeReach | None, fence: FenceCells | None
) -> _Answer:
    if reach is None:
        return _mixed(graph, hints)
    groups = group(hints, graph.edges.shape[1])
    few, many = MOST_STROKES
    share = min(1.0, max(0.0, (groups.count - few) / (many - few)))
    if share >= 1.0:
        return _mixed(graph, hints)
    answer = _decoded(hints, groups, reach, fence)
    if share <= 0.0:
        return answer
    # Between the two numbers one fades into the other, so that no single stroke changes all.
    other = _mixed(graph, hints)
    pair = answer.sources, other.sources
    joined = (np.concatenate(columns) for columns in zip(*((p.number, p.mass, p.ab) for p in pair)))
    weight = np.concatenate([(1.0 - share) * answer.weight, share * other.weight], axis=1)
    by_color = answer.by_color
    return _Answer(
        PooledHints(*joined),
        weight.astype(np.float32),
        (1.0 - share) * answer.full_trust + share * other.full_trust,
        (1.0 - share) * answer.pull + share * other.pull,
        None if by_color is None else replace(by_color, trust=(1.0 - share) * by_color.trust),
    )


def _decoded(
    hints: PooledHints, groups: StrokeGroups, reach: StrokeReach, fence: FenceCells | None
) -> _Answer:
    """The stroke decoder's answer: a soft maximum of the trusts, as in the mixture."""
    maps = reach.maps(hints, groups).T  # (N, S)
    if fence is not None:
        maps = fence.raised(maps, hints, groups)
    full, full_share = soft_maximum(maps, reach.gamma)
    trust, share = soft_maximum(maps * groups.mass, reach.gamma)
    number = np.zeros(groups.count, np.int64)
    return _Answer(
        PooledHints(number, groups.mass, groups.ab),
        (trust[:, None] * share).astype(np.float32),
        full.astype(np.float64),
        stroke_pull(full.astype(np.float64)),
        _by_color(groups, full[:, None] * full_share),
    )


def _by_color(groups: StrokeGroups, trust: Floats) -> _ByColor | None:
    """trust: (N, S), were all masses 1.  None where no color is much fainter than another."""
    if groups.mass.min() >= ALIKE * groups.mass.max():
        return None
    color = colors_of(groups.ab)
    count = int(color.max()) + 1
    mass = np.zeros(count)
    np.maximum.at(mass, color, groups.mass)
    together = np.stack([trust[:, color == c].sum(axis=1) for c in range(count)], axis=1)
    return _ByColor(color, color[groups.of_hint], mass, together.astype(np.float64))


def _mixed(graph: PhotoGraph, hints: PooledHints) -> _Answer:
    """The mixture's answer."""
    merged = hints
    if hints.number.size > MOST_CELLS:
        merged = merge(hints, graph.embedding, graph.edges.shape[1])
    trust, full, share = graph.mix(merged)
    full_trust = full.astype(np.float64)
    share *= trust[:, None]
    return _Answer(merged, share, full_trust, mixture_pull(np.minimum(full_trust, 1.0)))
