"""Solving a banded system for many fields, compiled with Numba.

See `kernels.numpy.band`, which is the reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from ..jit import F2, R1, R2, kernel


@kernel(types.void(R2, R2, R1, types.int64, types.int64, F2), any_order=True)
def solve_band(rows: Any, columns: Any, inverse: Any, start: Any, stop: Any, fields: Any) -> None:
    """`kernels.numpy.band.solve_band`."""
    count, reach = rows.shape
    for number in range(start, stop):
        x = fields[number]
        for i in range(count):
            before = np.float32(0)
            for k in range(reach):
                before += rows[i, k] * x[i + k]
            x[reach + i] = (x[reach + i] - before) * inverse[i]
        for i in range(count - 1, -1, -1):
            after = np.float32(0)
            for k in range(reach):
                after += columns[i, k] * x[reach + i + 1 + k]
            x[reach + i] = (x[reach + i] - after) * inverse[i]
