"""Strokes: hinted cells that touch and have like colors, and which strokes are rivals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from ..network.stroke_decoder import SAMPLED
from .pooling import PooledHints

LIKE_COLOR = 8.0
"""ab units: neighboring cells that differ by less are of one stroke, strokes whose means differ by
less are no rivals."""

_NEIGHBORS = ((0, 0), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True, eq=False)
class StrokeGroups:
    """The strokes of one photo's pooled hints; S of them."""

    of_hint: NDArray[np.int64]  # (K,) the stroke of each hint
    count: int
    mass: NDArray[np.float32]  # (S,) largest mass of a stroke's cells
    ab: NDArray[np.float32]  # (S, 2) mean color, weighted by mass


def group(hints: PooledHints, columns: int) -> StrokeGroups:
    """Group pooled hints to strokes; columns: cells in a row of the photo."""
    count = hints.number.size
    row, column = np.divmod(hints.number, columns)
    order = np.argsort(hints.number, kind="stable")
    number = hints.number[order]
    pairs = []
    for dy, dx in _NEIGHBORS:
        inside = (column + dx >= 0) & (column + dx < columns)
        one = np.flatnonzero(inside)
        wanted = (row[one] + dy) * columns + column[one] + dx
        # A cell may hold several hints: the ranges of those at the neighboring cell.
        start, stop = (np.searchsorted(number, wanted, side) for side in ("left", "right"))
        length = stop - start
        first = np.repeat(one, length)
        skip = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        second = order[np.repeat(start, length) + skip]
        pairs.append(np.stack([first, second]))
    first, second = np.concatenate(pairs, axis=1)
    like = np.linalg.norm(hints.ab[first] - hints.ab[second], axis=1) < LIKE_COLOR
    edges = sparse.coo_array(
        (np.ones(int(like.sum()), np.int8), (first[like], second[like])), (count, count)
    )
    strokes, of_hint = csgraph.connected_components(edges, directed=False)
    mass = np.zeros(strokes, np.float32)
    np.maximum.at(mass, of_hint, hints.mass)
    weight = np.bincount(of_hint, hints.mass, strokes)
    ab = np.stack([np.bincount(of_hint, hints.mass * c, strokes) / weight for c in hints.ab.T], 1)
    return StrokeGroups(of_hint.astype(np.int64), int(strokes), mass, ab.astype(np.float32))


def colors_of(ab: NDArray[np.float32]) -> NDArray[np.int64]:
    """(S,) numbers from 0 on of strokes' colors (S, 2): equal for those that are no rivals."""
    like = np.linalg.norm(ab[:, None] - ab[None], axis=-1) <= LIKE_COLOR
    _, color = csgraph.connected_components(sparse.coo_array(like), directed=False)
    return np.asarray(color, np.int64)


def rivals_of(cells: NDArray[np.bool_], ab: NDArray[np.float32]) -> NDArray[np.bool_]:
    """For strokes' cells (S, h, w) and colors (S, 2): the cells (S, h, w) of each one's rivals."""
    apart = np.linalg.norm(ab[:, None] - ab[None], axis=-1) > LIKE_COLOR
    flat = cells.reshape(len(cells), -1).astype(np.float32)
    rivals = (apart.astype(np.float32) @ flat > 0).reshape(cells.shape)
    return np.asarray(rivals & ~cells)


def nearest(cells: NDArray[np.bool_], strokes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(S,) numbers of strokes' cells (S, h, w), those nearest to other cells (h, w) first."""
    away = ndimage.distance_transform_edt(~cells)
    return np.argsort([away[stroke].min() for stroke in strokes], kind="stable")


def sample_cells(painted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Numbers (`SAMPLED`,) of painted cells, spread over all of them."""
    numbers = np.flatnonzero(painted)
    return numbers[np.linspace(0, numbers.size - 1, SAMPLED).round().astype(np.int64)]
