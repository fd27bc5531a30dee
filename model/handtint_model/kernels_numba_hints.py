"""The mixture of hints and the spreading of residuals, compiled with Numba.

See `kernels_numpy_hints`, which is the reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from .jit import F1, F2, F3, R1, R2, kernel

_0, _1, _2, _80 = np.float32(0), np.float32(1), np.float32(2), np.float32(80)
_NEGLIGIBLE = np.float32(-14)  # log of a share that no one sees


@kernel(
    types.void(
        *(R2, R2, R1, R1, R1, R1, types.float32, types.int64, types.int64, F1, F1, F2),
    )
)
def mix_hints(
    cells: Any,
    hinted: Any,
    cell_square: Any,
    hint_square: Any,
    gate: Any,
    mass: Any,
    gamma: Any,
    start: Any,
    stop: Any,
    trust: Any,
    full: Any,
    share: Any,
) -> None:
    """Trust and shares of hints at the cells start..stop; see `kernels_numpy_hints`."""
    channels, hints = hinted.shape
    # Raising a small share to gamma is most of the work, and the result nothing.
    least = math.exp(_NEGLIGIBLE / gamma)
    for i in range(start, stop):
        row = share[i]
        for k in range(hints):
            row[k] = cell_square[i] + hint_square[k]
        for c in range(channels):
            factor = -_2 * cells[i, c]
            for k in range(hints):
                row[k] += factor * hinted[c, k]
        largest, largest_full = _0, _0
        for k in range(hints):
            row[k] = _1 / (_1 + math.exp(min(max(row[k], _0) + gate[i], _80)))
            largest_full = max(largest_full, row[k])
            largest = max(largest, row[k] * mass[k])
        eighth, ninth, eighth_full, ninth_full = _0, _0, _0, _0
        inverse_full = _1 / largest_full
        inverse = _1 / largest if largest > _0 else _0
        for k in range(hints):
            t = row[k] * inverse_full
            power = t * t
            power *= power
            power *= power
            eighth_full += power
            ninth_full += power * t
            t = row[k] * mass[k] * inverse
            power = t * t
            power *= power
            power *= power
            eighth += power
            ninth += power * t
            row[k] = t
        full[i] = largest_full * ninth_full / eighth_full
        trust[i] = largest * ninth / eighth if largest > _0 else _0
        total = _0
        for k in range(hints):
            t = row[k]
            if t > least:
                t = math.exp(gamma * math.log(t))
                total += t
                row[k] = t
            else:
                row[k] = _0
        if total > _0:
            inverse = _1 / total
            for k in range(hints):
                row[k] *= inverse


@kernel(types.void(R2, R2, types.int64, F2))
def geodesic(across: Any, down: Any, rounds: Any, d: Any) -> None:
    """Lower d to the distance along cheap paths; see `kernels_numpy_hints`."""
    height, width = d.shape
    for _ in range(rounds):
        for y in range(height):
            for x in range(1, width):
                d[y, x] = min(d[y, x], d[y, x - 1] + across[y, x - 1])
            for x in range(width - 2, -1, -1):
                d[y, x] = min(d[y, x], d[y, x + 1] + across[y, x])
        for y in range(1, height):
            for x in range(width):
                d[y, x] = min(d[y, x], d[y - 1, x] + down[y - 1, x])
        for y in range(height - 2, -1, -1):
            for x in range(width):
                d[y, x] = min(d[y, x], d[y + 1, x] + down[y, x])


@kernel(types.void(R2, R2, F3))
def smooth_along(across: Any, down: Any, planes: Any) -> None:
    """One iteration of the recursive domain transform; see `kernels_numpy_hints`."""
    count, height, width = planes.shape
    for y in range(height):
        for x in range(1, width):
            for p in range(count):
                planes[p, y, x] += across[y, x - 1] * (planes[p, y, x - 1] - planes[p, y, x])
        for x in range(width - 2, -1, -1):
            for p in range(count):
                planes[p, y, x] += across[y, x] * (planes[p, y, x + 1] - planes[p, y, x])
    for p in range(count):
        for y in range(1, height):
            for x in range(width):
                planes[p, y, x] += down[y - 1, x] * (planes[p, y - 1, x] - planes[p, y, x])
        for y in range(height - 2, -1, -1):
            for x in range(width):
                planes[p, y, x] += down[y, x] * (planes[p, y + 1, x] - planes[p, y, x])
