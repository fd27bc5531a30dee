"""The mixture of hints and the spreading of corrections in plain NumPy: reference and fallback.

Arrays are float32 and C-contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def mix_hints(
    cells: Floats,
    hinted: Floats,
    cell_square: Floats,
    hint_square: Floats,
    gate: Floats,
    mass: Floats,
    gamma: float,
    start: int,
    stop: int,
    trust: Floats,
    full: Floats,
    share: Floats,
) -> None:
    """The mixture of docs/hints.md for the cells start..stop.

    cells: (N, C), hinted: (C, K): features whose squared distance is d; cell_square: (N,) and
    hint_square: (K,), their squared lengths.  gate: (N,); mass: (K,), 0..1.  Written: trust
    (N,), full (N,), the trust were all masses 1, and share (N, K), which sums to 1 over K, or
    is 0 where no hint reaches at all.
    """
    part = slice(start, stop)
    square = cell_square[part, None] + hint_square - 2.0 * (cells[part] @ hinted)
    reach = 1.0 / (1.0 + np.exp(np.minimum(np.maximum(square, 0.0) + gate[part, None], 80.0)))
    full[part], _ = soft_maximum(reach, gamma)
    trust[part], share[part] = soft_maximum(reach * mass, gamma)


def soft_maximum(t: NDArray[np.floating[Any]], gamma: float) -> tuple[Floats, Floats]:
    """sum t^9 / sum t^8 (N,) over the hints (N, K), and their shares t^gamma / sum t^gamma.

    All in units of the largest t, so that no power becomes 0.  Where all t are 0, so are both.
    """
    largest = t.max(axis=1)
    relative = np.asarray(t / np.where(largest > 0, largest, 1.0)[:, None], np.float32)
    power, weight = relative**8, relative**gamma
    sums = [x.sum(axis=1) for x in (power, weight)]
    eighth, total = (np.where(x > 0, x, 1.0) for x in sums)
    trust = largest * (power * relative).sum(axis=1) / eighth
    return trust.astype(np.float32), (weight / total[:, None]).astype(np.float32)


def inside(spans: Integers, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The points of a grid that lie in spans (n, 3): row, first column, end; by rising row."""
    marked = np.zeros(shape, bool)
    for row, start, stop in spans:
        marked[row, start:stop] = True
    return marked


def geodesic(
    guide: Floats, per_step: float, step: float, rounds: int, spans: Integers, d: Floats
) -> None:
    """Lower d (h, w) to the distance along cheap paths from where it is small, in place.

    A step costs |difference of the guide (h, w)| * per_step + step.  Sweeps in the four
    directions, some rounds: exact for paths of few turns.  Points outside `spans` (see
    `inside`) are left as they are.
    """
    free = inside(spans, d.shape)
    across, down = (
        np.abs(np.diff(guide, axis=axis)) * np.float32(per_step) + np.float32(step)
        for axis in (1, 0)
    )
    for _ in range(rounds):
        for x in range(1, d.shape[1]):
            np.minimum(d[:, x], d[:, x - 1] + across[:, x - 1], out=d[:, x], where=free[:, x])
        for x in range(d.shape[1] - 2, -1, -1):
            np.minimum(d[:, x], d[:, x + 1] + across[:, x], out=d[:, x], where=free[:, x])
        for y in range(1, d.shape[0]):
            np.minimum(d[y], d[y - 1] + down[y - 1], out=d[y], where=free[y])
        for y in range(d.shape[0] - 2, -1, -1):
            np.minimum(d[y], d[y + 1] + down[y], out=d[y], where=free[y])


def smooth_along(
    guide: Floats, per_step: float, step: float, spans: Integers, planes: Floats
) -> None:
    """One iteration of the recursive domain transform on planes (3, h, w), in place.

    A point takes 2 ** -(|difference of the guide (h, w)| * per_step + step) of its neighbour:
    Gastal and Oliveira 2011, equation 21.  Points outside `spans` (see `inside`) are left as
    they are.
    """
    free = inside(spans, guide.shape)
    across, down = (
        np.exp2(-np.abs(np.diff(guide, axis=axis)) * np.float32(per_step) - np.float32(step))
        for axis in (1, 0)
    )
    for x in range(1, planes.shape[2]):
        part = across[:, x - 1] * free[:, x]
        planes[:, :, x] += part * (planes[:, :, x - 1] - planes[:, :, x])
    for x in range(planes.shape[2] - 2, -1, -1):
        part = across[:, x] * free[:, x]
        planes[:, :, x] += part * (planes[:, :, x + 1] - planes[:, :, x])
    for y in range(1, planes.shape[1]):
        planes[:, y] += down[y - 1] * free[y] * (planes[:, y - 1] - planes[:, y])
    for y in range(planes.shape[1] - 2, -1, -1):
        planes[:, y] += down[y] * free[y] * (planes[:, y + 1] - planes[:, y])


def add_correction(
    blurred: Floats, distance: Floats, reach: float, spans: Integers, points: Floats
) -> None:
    """Add a spread correction to the colours of a grid's points, in place.

    blurred: (3, h, w), sums of the correction and their weight.  distance: (h, w); at `reach`
    nothing is added any more.  points: (h, w, 3), the colours in the last two.
    """
    near = inside(spans, distance.shape) & (distance < reach)
    t = 1 - distance[near] / np.float32(reach)
    part = t * t * (3 - 2 * t) / np.maximum(blurred[2][near], np.float32(1e-20))
    points[near, 1] += part * blurred[0][near]
    points[near, 2] += part * blurred[1][near]
