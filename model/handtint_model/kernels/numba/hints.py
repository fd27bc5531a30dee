"""The mixture of hints and the spreading of corrections, compiled with Numba.

See `kernels.numpy.hints`, which is the reference.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba import types

from ..jit import F1, F2, F3, R1, R2, R3, kernel, read_only

SPANS = read_only(types.int64, 2)
_0, _1, _2, _3, _80 = (np.float32(n) for n in (0, 1, 2, 3, 80))
_TINY = np.float32(1e-20)
_SMALL = np.float32(1e-4)  # its eighth power counts for nothing beside 1, but is slow to handle
_NEGLIGIBLE = np.float32(-14)  # log of a share that no one sees
_LOG2_E = np.float32(math.log2(math.e))
_E1, _E2, _E3, _E4, _E5, _E6 = (
    np.float32(math.log(2) ** n / math.factorial(n)) for n in range(1, 7)
)
_L1, _L3, _L5, _L7, _L9 = (np.float32(2 / math.log(2) / n) for n in (1, 3, 5, 7, 9))
_HALF_ROOT = np.int32(0x3F3504F3)  # the bits of sqrt(1/2)
_EXPONENT, _BIAS = np.int32(23), np.int32(127)
_OFFSET = np.float32(127.5)


@numba.njit(inline="always")
def _power_of_2(x: Any) -> Any:
    """2 ** x to 2e-7, for -126 <= x <= 127; unlike libm's, LLVM makes vector code of it.

    Taylor's series around the nearest whole number, whose power is put together from bits.
    """
    exponent = np.int32(x + _OFFSET)  # rounded down, as it is positive, and so to the nearest
    f = x - np.float32(np.int32(exponent - _BIAS))
    series = _1 + f * (_E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * (_E5 + f * _E6)))))
    return series * np.int32(exponent << _EXPONENT).view(np.float32)


@numba.njit(inline="always")
def _decay(difference: Any, step: Any) -> Any:
    """2 ** -(|difference| + step), for exponents down to -80."""
    return _power_of_2(max(-abs(difference) - step, -_80))


@numba.njit(inline="always")
def _log2(x: Any) -> Any:
    """log2 of a positive, normal x to 2e-7, by atanh's series around 1."""
    bits = np.float32(x).view(np.int32)
    exponent = np.int32((bits - _HALF_ROOT) >> _EXPONENT)
    m = np.int32(bits - (exponent << _EXPONENT)).view(np.float32)
    s = (m - _1) / (m + _1)
    q = s * s
    return np.float32(exponent) + s * (_L1 + q * (_L3 + q * (_L5 + q * (_L7 + q * _L9))))


@numba.njit(inline="always")
def _soft_maxima(row: Any, mass: Any) -> Any:
    """Soft maxima of a row's trust, with the hints' masses and with full ones.

    Leaves in the row the trust of each hint as a share of the largest.
    """
    hints = row.size
    largest, largest_full = _0, _0
    for k in range(hints):
        largest_full = max(largest_full, row[k])
        largest = max(largest, row[k] * mass[k])
    eighth, ninth, eighth_full, ninth_full = _0, _0, _0, _0
    inverse_full = _1 / largest_full
    inverse = _1 / largest if largest > _0 else _0
    for k in range(hints):
        t = row[k] * inverse_full
        t = t if t > _SMALL else _0
        power = t * t
        power *= power
        power *= power
        eighth_full += power
        ninth_full += power * t
        t = row[k] * mass[k] * inverse
        row[k] = t
        t = t if t > _SMALL else _0
        power = t * t
        power *= power
        power *= power
        eighth += power
        ninth += power * t
    trust = largest * ninth / eighth if largest > _0 else _0
    return trust, largest_full * ninth_full / eighth_full


@numba.njit(inline="always")
def _to_shares(row: Any, gamma: Any, least: Any) -> None:
    """Trust to shares, in place."""
    hints = row.size
    for k in range(hints):
        t = row[k]
        power = _power_of_2(gamma * _log2(max(t, least)))
        row[k] = power if t > least else _0
    total = _0
    for k in range(hints):
        total += row[k]
    if total > _0:
        inverse = _1 / total
        for k in range(hints):
            row[k] *= inverse


@kernel(
    types.void(
        *(R2, R2, R1, R1, R1, R1, types.float32, types.int64, types.int64, F1, F1, F2),
    ),
    any_order=True,
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
    """Trust and shares of hints at the cells start..stop; see `kernels.numpy.hints`."""
    channels, hints = hinted.shape
    least = math.exp(_NEGLIGIBLE / gamma)
    # The formulas of `kernels.numpy.hints` once more, since a compiled kernel cannot call NumPy's
    # code: as short loops over one row, which LLVM turns into vector code.  Tests compare the two.
    for i in range(start, stop):
        row = share[i]
        square, threshold = cell_square[i], gate[i]
        for k in range(hints):
            row[k] = square + hint_square[k]
        for c in range(0, channels - 3, 4):
            f0, f1 = -_2 * cells[i, c], -_2 * cells[i, c + 1]
            f2, f3 = -_2 * cells[i, c + 2], -_2 * cells[i, c + 3]
            h0, h1, h2, h3 = hinted[c], hinted[c + 1], hinted[c + 2], hinted[c + 3]
            for k in range(hints):
                row[k] += f0 * h0[k] + f1 * h1[k] + f2 * h2[k] + f3 * h3[k]
        for c in range(channels - channels % 4, channels):
            factor = -_2 * cells[i, c]
            other = hinted[c]
            for k in range(hints):
                row[k] += factor * other[k]
        for k in range(hints):
            distance = min(max(row[k], _0) + threshold, _80)
            row[k] = _1 / (_1 + _power_of_2(max(distance, -_80) * _LOG2_E))
        trust[i], full[i] = _soft_maxima(row, mass)
        _to_shares(row, gamma, least)


@kernel(types.void(R2, types.float32, types.float32, types.int64, SPANS, F2))
def geodesic(guide: Any, per_step: Any, step: Any, rounds: Any, spans: Any, d: Any) -> None:
    """Lower d to the distance along cheap paths; see `kernels.numpy.hints`."""
    for _ in range(rounds):
        for n in range(spans.shape[0]):
            y, start, stop = spans[n]
            for x in range(max(start, 1), stop):
                cost = abs(guide[y, x] - guide[y, x - 1]) * per_step + step
                d[y, x] = min(d[y, x], d[y, x - 1] + cost)
            for x in range(min(stop, guide.shape[1] - 1) - 1, start - 1, -1):
                cost = abs(guide[y, x + 1] - guide[y, x]) * per_step + step
                d[y, x] = min(d[y, x], d[y, x + 1] + cost)
        for n in range(spans.shape[0]):
            y, start, stop = spans[n]
            if y > 0:
                for x in range(start, stop):
                    cost = abs(guide[y, x] - guide[y - 1, x]) * per_step + step
                    d[y, x] = min(d[y, x], d[y - 1, x] + cost)
        for n in range(spans.shape[0] - 1, -1, -1):
            y, start, stop = spans[n]
            if y < guide.shape[0] - 1:
                for x in range(start, stop):
                    cost = abs(guide[y + 1, x] - guide[y, x]) * per_step + step
                    d[y, x] = min(d[y, x], d[y + 1, x] + cost)


@kernel(types.void(R2, types.float32, types.float32, SPANS, F3), any_order=True)
def smooth_along(guide: Any, per_step: Any, step: Any, spans: Any, planes: Any) -> None:
    """One iteration of the recursive domain transform; see `kernels.numpy.hints`."""
    height, width = guide.shape
    feedback = np.empty(width + 1, np.float32)
    first, second, third = planes[0], planes[1], planes[2]
    for n in range(spans.shape[0]):
        y, start, stop = spans[n]
        here, a, b, c = guide[y], first[y], second[y], third[y]
        for x in range(max(start, 1), min(stop + 1, width)):
            j = np.uint64(x)
            feedback[j] = _decay((here[j] - here[np.uint64(x - 1)]) * per_step, step)
        for x in range(max(start, 1), stop):
            a[x] += feedback[x] * (a[x - 1] - a[x])
            b[x] += feedback[x] * (b[x - 1] - b[x])
            c[x] += feedback[x] * (c[x - 1] - c[x])
        for x in range(min(stop, width - 1) - 1, start - 1, -1):
            a[x] += feedback[x + 1] * (a[x + 1] - a[x])
            b[x] += feedback[x + 1] * (b[x + 1] - b[x])
            c[x] += feedback[x + 1] * (c[x + 1] - c[x])
    for turn in range(2):
        for number in range(spans.shape[0]):
            n = number if turn == 0 else spans.shape[0] - 1 - number
            y, start, stop = spans[n]
            before = y - 1 if turn == 0 else y + 1
            if before < 0 or before == height:
                continue
            here, there = guide[y], guide[before]
            a, b, c = first[y], second[y], third[y]
            a0, b0, c0 = first[before], second[before], third[before]
            for x in range(start, stop):
                j = np.uint64(x)
                part = _decay((here[j] - there[j]) * per_step, step)
                a[j] += part * (a0[j] - a[j])
                b[j] += part * (b0[j] - b[j])
                c[j] += part * (c0[j] - c[j])


@kernel(types.void(R3, R2, types.float32, SPANS, F3))
def add_correction(blurred: Any, distance: Any, reach: Any, spans: Any, points: Any) -> None:
    """Add a spread correction to the colours of a grid's points; see `kernels.numpy.hints`."""
    for n in range(spans.shape[0]):
        y, start, stop = spans[n]
        for x in range(start, stop):
            if distance[y, x] < reach:
                t = _1 - distance[y, x] / reach
                part = t * t * (_3 - _2 * t) / max(blurred[2, y, x], _TINY)
                points[y, x, 1] += part * blurred[0, y, x]
                points[y, x, 2] += part * blurred[1, y, x]
