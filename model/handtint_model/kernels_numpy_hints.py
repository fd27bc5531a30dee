"""The mixture of hints and the spreading of residuals in plain NumPy: reference and fallback.

Arrays are float32 and C-contiguous.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


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
    for masses, out in ((np.ones_like(mass), full), (mass, trust)):
        t = reach * masses
        largest = t.max(axis=1)
        t /= np.where(largest > 0, largest, 1.0)[:, None]
        eighth = (t**8).sum(axis=1)
        out[part] = largest * (t**9).sum(axis=1) / np.where(eighth > 0, eighth, 1.0)
    weight = np.power(t, gamma)
    total = weight.sum(axis=1, keepdims=True)
    share[part] = weight / np.where(total > 0, total, 1.0)


def geodesic(across: Floats, down: Floats, rounds: int, d: Floats) -> None:
    """Lower d (h, w) to the distance along cheap paths from where it is small, in place.

    across: (h, w - 1), down: (h - 1, w): the cost of a step.  Sweeps in the four directions,
    some rounds: exact for paths of few turns.
    """
    for _ in range(rounds):
        for x in range(1, d.shape[1]):
            np.minimum(d[:, x], d[:, x - 1] + across[:, x - 1], out=d[:, x])
        for x in range(d.shape[1] - 2, -1, -1):
            np.minimum(d[:, x], d[:, x + 1] + across[:, x], out=d[:, x])
        for y in range(1, d.shape[0]):
            np.minimum(d[y], d[y - 1] + down[y - 1], out=d[y])
        for y in range(d.shape[0] - 2, -1, -1):
            np.minimum(d[y], d[y + 1] + down[y], out=d[y])


def smooth_along(across: Floats, down: Floats, planes: Floats) -> None:
    """One iteration of the recursive domain transform on planes (n, h, w), in place.

    across: (h, w - 1), down: (h - 1, w): how much of its neighbour a point takes, 0..1.
    Gastal and Oliveira 2011, equation 21.
    """
    for x in range(1, planes.shape[2]):
        planes[:, :, x] += across[:, x - 1] * (planes[:, :, x - 1] - planes[:, :, x])
    for x in range(planes.shape[2] - 2, -1, -1):
        planes[:, :, x] += across[:, x] * (planes[:, :, x + 1] - planes[:, :, x])
    for y in range(1, planes.shape[1]):
        planes[:, y] += down[y - 1] * (planes[:, y - 1] - planes[:, y])
    for y in range(planes.shape[1] - 2, -1, -1):
        planes[:, y] += down[y] * (planes[:, y + 1] - planes[:, y])
