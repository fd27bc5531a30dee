"""Solving a banded system for many fields in plain NumPy: reference and fallback."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def solve_band(
    rows: Floats, columns: Floats, inverse: Floats, start: int, stop: int, fields: Floats
) -> None:
    """Solve L L^T x = y in place for the fields start..stop; L is (N, N), of bandwidth B + 1.

    rows: (N, B), L[i, i - B] ... L[i, i - 1]; columns: (N, B), L[i + 1, i] ... L[i + B, i]; both 0
    outside of the matrix.  inverse: (N,), 1 / L[i, i].  fields: (F, B + N + B), y before and x
    after, with B zeros on either side.
    """
    count, reach = rows.shape
    x = fields[start:stop]
    for i in range(count):
        x[:, reach + i] = (x[:, reach + i] - x[:, i : i + reach] @ rows[i]) * inverse[i]
    for i in range(count - 1, -1, -1):
        after = x[:, reach + i + 1 : 2 * reach + i + 1] @ columns[i]
        x[:, reach + i] = (x[:, reach + i] - after) * inverse[i]
