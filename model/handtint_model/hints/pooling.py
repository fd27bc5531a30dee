"""Pooling: painted pixels to hinted cells.

A cell's mass is strength * sum(alpha^2) / sum(alpha) over its painted pixels: a thin stroke
counts as much as a wide one, and a faint brush stays faint.  Its colour is the alpha-weighted
mean ab.  A cell that holds clearly different colours gives several hints.  Where a brush's smooth
edge has mixed two of them, the mixtures count for none: two strokes that cross would be a dozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import Geometry
from ..kernels import kernels
from ..kernels.numpy.paint import BUCKETS
from ..threads import in_threads
from .compositing import SAMPLES, Piece, color_tables, grid_places, shared_out

MOST_CELLS = 384
"""Of more hinted cells than this, neighbours of like colour and embedding are merged."""

FAINTEST_SHARE = 1 / 32
"""Of the largest mass: fainter cells are what an eraser or a resized layer leaves, and no hints."""


@dataclass(frozen=True, eq=False)
class PooledHints:
    """The hinted cells of one photo; K of them, a cell may occur more than once."""

    number: NDArray[np.int64]  # (K,) number of the cell, row by row
    mass: NDArray[np.float32]  # (K,) 0..1
    ab: NDArray[np.float32]  # (K, 2)


def pool(pieces: Sequence[Piece], geometry: Geometry, strength: float) -> PooledHints:
    """The hinted cells of painted pieces; strength: 0..1, multiplies every alpha."""
    if strength <= 0.0 or not pieces:
        return PooledHints(
            np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 2), np.float32)
        )
    none = np.zeros(0, np.int64), np.zeros((0, 4))
    # In the order of the pieces, whichever thread is first: sums must not depend on it.
    pooled = [none] * len(pieces)

    def some(start: int, stop: int) -> None:
        for number in range(start, stop):
            pooled[number] = _pool(pieces[number], geometry)

    in_threads(some, shared_out([piece.shape for piece in pieces]))
    numbers, sums = zip(*pooled)
    # A cell may belong to two pieces.
    distinct, inverse = np.unique(np.concatenate(numbers), return_inverse=True)
    alpha, square, a, b = (np.bincount(inverse, column) for column in np.concatenate(sums).T)
    mass = square / alpha
    seen = mass >= FAINTEST_SHARE * mass.max()
    return PooledHints(
        distinct[seen] // BUCKETS**2,
        (strength * mass[seen]).astype(np.float32),
        (np.stack([a, b], axis=1) / alpha[:, None])[seen].astype(np.float32),
    )


def _pool(piece: Piece, geometry: Geometry) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Numbers (K,) of cell and colour bucket in one, and the sums (K, 4) of `pool_paint`."""
    rows, columns = grid_places(piece, geometry.cells_per_pixel, geometry.cells)
    top, left = rows[0], columns[0]
    some = piece.samples(1.0 / max(geometry.cells_per_pixel), SAMPLES)
    sums = np.zeros((rows[-1] + 1 - top, (columns[-1] + 1 - left) * BUCKETS**2, 4))
    paint = piece.rgba[some, some]
    if piece.edges is not None:
        paint = paint.copy()
        paint[piece.edges[some, some], 3] = 0
    kernels().pool_paint(paint, *color_tables(), rows[some] - top, columns[some] - left, sums)
    row, place = np.nonzero(sums[..., 0])
    number = (row + top) * geometry.cells[1] * BUCKETS**2 + left * BUCKETS**2 + place
    return number, sums[row, place]


def merge(hints: PooledHints, embedding: NDArray[np.float32], columns: int) -> PooledHints:
    """Merge neighbours of like colour and embedding until at most 384 hints remain.

    embedding: (C, N), per cell.  A merged hint stands at the member that is nearest to the
    members' mean embedding and keeps the largest mass and the mean colour.
    """
    block, color_step = 2, 6.0
    merged = hints
    while merged.number.size > MOST_CELLS and block <= 4096:
        row, column = np.divmod(merged.number, columns)
        features = embedding[:, merged.number].T
        centered = features - features.mean(axis=0)
        # Two principal directions separate objects well enough inside a small block.
        _, axes = np.linalg.eigh(centered.T @ centered)  # by rising share of the variance
        kind = np.floor(centered @ axes[:, -2:] / (0.5 * np.sqrt(embedding.shape[0]) * block**0.5))
        parts = [row // block, column // block, *np.floor(merged.ab.T / color_step), *kind.T]
        key = np.zeros(row.size, np.int64)
        for part in parts:
            number = part.astype(np.int64)
            number -= number.min()
            key = key * (number.max() + 1) + number
        _, group = np.unique(key, return_inverse=True)
        count = np.bincount(group)
        mean = np.stack([np.bincount(group, f) for f in features.T], axis=1) / count[:, None]
        gap = ((features - mean[group]) ** 2).sum(axis=1)
        order = np.lexsort((gap, group))
        first = order[np.searchsorted(group[order], np.arange(count.size))]
        mass = np.zeros(count.size, np.float32)
        np.maximum.at(mass, group, merged.mass)
        ab = np.stack([np.bincount(group, c) for c in merged.ab.T], axis=1) / count[:, None]
        merged = PooledHints(merged.number[first], mass, ab.astype(np.float32))
        block, color_step = block * 2, color_step * 1.25
    return merged
