"""Simulated users: points, patches and strokes with the truth's colours.

All in cells of the network (stride 4).  Each sample of a batch draws its own kind:
nothing, points, patches or strokes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_CELLS = 64
"""Hinted cells a sample keeps at most."""

STROKE_TOLERANCE = 12.0
"""A stroke ends where the truth's ab is farther than this from where it began: a user
stays on one object."""


class SimulatedHints(NamedTuple):
    """Hinted cells of a batch."""

    number: NDArray[np.int64]  # (B, K)
    mass: NDArray[np.float32]  # (B, K), 0 where absent
    ab: NDArray[np.float32]  # (B, K, 2)


def _square(rng: np.random.Generator, height: int, width: int, largest: int) -> NDArray[np.int64]:
    side = int(rng.integers(1, largest + 1))
    top = int(rng.integers(0, max(1, height - side + 1)))
    left = int(rng.integers(0, max(1, width - side + 1)))
    y, x = np.mgrid[top : min(height, top + side), left : min(width, left + side)]
    return np.asarray(y.ravel() * width + x.ravel(), np.int64)


def _stroke(
    rng: np.random.Generator, ab: NDArray[np.float32], height: int, width: int
) -> NDArray[np.int64]:
    y, x = float(rng.uniform(0, height)), float(rng.uniform(0, width))
    angle = float(rng.uniform(0, 2 * np.pi))
    start = ab[int(y), int(x)]
    cells: list[int] = []
    for _ in range(int(rng.integers(2, 16))):
        row, column = int(y), int(x)
        if not (0 <= row < height and 0 <= column < width):
            break
        if np.abs(ab[row, column] - start).max() > STROKE_TOLERANCE:
            break
        cells.append(row * width + column)
        angle += float(rng.normal(0, 0.35))
        y, x = y + np.sin(angle), x + np.cos(angle)
    return np.unique(np.array(cells, np.int64))


def simulate_hints(
    rng: np.random.Generator, ab: NDArray[np.float32], share_without: float
) -> SimulatedHints:
    """Hints for a batch from its truth.

    ab: (B, h, w, 2), the truth per cell.  share_without: the share of samples without any.
    A point is a square of 1 to 3 cells, a patch of up to 6; each brings one colour, the mean
    of the truth under it.  Their number is drawn log-uniformly from 1 to 24.
    """
    batch, height, width, _ = ab.shape
    index = np.zeros((batch, MAX_CELLS), np.int64)
    mass = np.zeros((batch, MAX_CELLS), np.float32)
    colours = np.zeros((batch, MAX_CELLS, 2), np.float32)
    for b in range(batch):
        if rng.random() < share_without:
            continue
        kind = rng.choice(3, p=(0.55, 0.15, 0.3))
        flat = ab[b].reshape(-1, 2)
        used = 0
        for _ in range(int(np.exp(rng.uniform(0, np.log(25))))):
            if kind == 2:
                cells = _stroke(rng, ab[b], height, width)
            else:
                cells = _square(rng, height, width, 3 if kind == 0 else 6)
            cells = cells[: MAX_CELLS - used]
            if cells.size == 0:
                break
            place = slice(used, used + cells.size)
            index[b, place], mass[b, place] = cells, 1.0
            colours[b, place] = flat[cells].mean(axis=0)
            used += cells.size
    return SimulatedHints(index, mass, colours)


def alter_truth(
    rng: np.random.Generator, ab: NDArray[np.float32], share: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Rotate and scale the whole ab of a share of the samples.

    So that hints contradict what the network expects and it learns to obey them.
    Returns the ab, (B, h, w, 2), and which samples were altered, (B,).
    """
    altered = rng.random(len(ab)) < share
    out = ab.copy()
    for b in np.flatnonzero(altered):
        angle, scale = rng.uniform(0.3, 2 * np.pi - 0.3), rng.uniform(0.6, 1.4)
        turn = np.array(
            [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32
        )
        turned = (ab[b] @ turn) * np.float32(scale)
        # Kept within the region that the bins cover.
        out[b] = turned * min(1.0, 90.0 / float(np.abs(turned).max() + 1e-6))
    return out, altered
