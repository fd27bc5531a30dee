"""From codes to light and from colours back to codes, compiled with Numba.

See `kernels_numpy`, which is the reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from .gamut import CLOSE, REFINEMENTS
from .jit import F1, R1, R2, kernel, read_only
from .photometry import DELTA, RGB_TO_XYZ, WHITE, XYZ_TO_RGB

F32 = np.float32

_DELTA, _BLACK = F32(DELTA), F32(4.0 / 29.0)
_SLOPE = F32(3.0 * DELTA * DELTA)
_RX, _RY, _RZ = (F32(v) for v in XYZ_TO_RGB[0] * (WHITE[0], 1.0, WHITE[2]))
_BX, _BY, _BZ = (F32(v) for v in XYZ_TO_RGB[2] * (WHITE[0], 1.0, WHITE[2]))
_WR, _WB = F32(RGB_TO_XYZ[1, 0]), F32(RGB_TO_XYZ[1, 2])
_1_WG = F32(1.0 / RGB_TO_XYZ[1, 1])
_0, _1, _2, _4, _HALF = F32(0), F32(1), F32(2), F32(4), F32(0.5)
_ALMOST_1, _TINY = F32(0.999), F32(1e-20)
ONE = np.uint32(1)
BLOCK = 512  # pixels whose intermediate values stay in the first-level cache
_A, _B = F32(1 / 500), F32(1 / 200)


@kernel(
    types.void(read_only(types.uint8, 1), R1, R1, F1, F1),
    types.void(read_only(types.uint16, 1), R1, R1, F1, F1),
)
def look_up(codes: Any, linear: Any, f: Any, y_out: Any, f_out: Any) -> None:
    """Y and f(Y) of code values."""
    for i in range(codes.size):
        code = codes[i]
        y_out[i] = linear[code]
        f_out[i] = f[code]


@kernel(types.void(R1, R1, F1, F1, R2))
def linear_red_blue(y: Any, f: Any, a: Any, b: Any, limits: Any) -> None:
    """Replace a*, b* by linear red and blue, inside the gamut; see `kernels_numpy`."""
    rows, columns = limits.shape[0] - 1, limits.shape[1] - 1
    per_row = F32(rows) / (_1 - _BLACK)
    per_column = F32(columns) / _4
    reds, blues, excesses = np.empty(BLOCK, F32), np.empty(BLOCK, F32), np.empty(BLOCK, F32)
    for start in range(0, y.size, BLOCK):
        stop = min(start + BLOCK, y.size)
        count = stop - start
        y_, f_, a_, b_ = y[start:stop], f[start:stop], a[start:stop], b[start:stop]
        # Short loops over few arrays, which LLVM turns into vector code.
        for i in range(count):
            fx = f_[i] + a_[i] * _A
            reds[i] = fx * fx * fx if fx > _DELTA else _SLOPE * (fx - _BLACK)
        for i in range(count):
            fz = f_[i] - b_[i] * _B
            blues[i] = fz * fz * fz if fz > _DELTA else _SLOPE * (fz - _BLACK)
        for i in range(count):
            x, z = reds[i], blues[i]
            reds[i] = _RX * x + _RY * y_[i] + _RZ * z
            blues[i] = _BX * x + _BY * y_[i] + _BZ * z
        for i in range(count):
            green = (y_[i] - _WR * reds[i] - _WB * blues[i]) * _1_WG
            least = min(reds[i], min(green, blues[i]))
            most = max(reds[i], max(green, blues[i]))
            excesses[i] = max(most - _1, -least)
        for i in range(count):
            if excesses[i] <= 0:
                continue
            luminance, fy, da, db = y_[i], f_[i], a_[i], b_[i]
            size = max(abs(da) + abs(db), F32(1e-6))
            position = db / size
            if da < 0:
                position = _2 - position
            elif db < 0:
                position += _4
            row = min(max((fy - _BLACK) * per_row, _0), F32(rows - 0.001))
            column = min(position * per_column, F32(columns - 0.001))
            r, c = np.uint32(row), np.uint32(column)
            p, q = row - F32(np.int32(r)), column - F32(np.int32(c))
            upper, lower = limits[r], limits[r + ONE]
            above = upper[c] * (_1 - q) + upper[c + ONE] * q
            below = lower[c] * (_1 - q) + lower[c + ONE] * q
            scale = min((above * (_1 - p) + below * p) / size, _ALMOST_1)
            low, high = _0, _1
            at_low, at_high = -min(luminance, _1 - luminance), excesses[i]
            close = (at_high - at_low) * CLOSE
            red, blue = _0, _0
            for attempt in range(REFINEMENTS + 1):
                fx = fy + scale * da * _A
                fz = fy - scale * db * _B
                x = fx * fx * fx if fx > _DELTA else _SLOPE * (fx - _BLACK)
                z = fz * fz * fz if fz > _DELTA else _SLOPE * (fz - _BLACK)
                red = _RX * x + _RY * luminance + _RZ * z
                blue = _BX * x + _BY * luminance + _BZ * z
                green = (luminance - _WR * red - _WB * blue) * _1_WG
                least = min(red, min(green, blue))
                most = max(red, max(green, blue))
                excess = max(most - _1, -least)
                if attempt < REFINEMENTS and abs(excess) > close:
                    if excess <= 0:
                        low, at_low, at_high = scale, excess, at_high * _HALF
                    else:
                        high, at_high, at_low = scale, excess, at_low * _HALF
                    scale = low - (high - low) * at_low / max(at_high - at_low, _TINY)
                    continue
                if excess > 0:
                    # What is still outside goes towards the gray of the same Y.
                    keep = _1
                    if most > 1:
                        keep = (_1 - luminance) / (most - luminance)
                    if least < 0:
                        keep = min(keep, luminance / (luminance - least))
                    red = luminance + keep * (red - luminance)
                    blue = luminance + keep * (blue - luminance)
                break
            reds[i] = min(max(red, _0), _1)
            blues[i] = min(max(blue, _0), _1)
        for i in range(count):
            a_[i] = min(max(reds[i], _0), _1)
        for i in range(count):
            b_[i] = min(max(blues[i], _0), _1)


@kernel(types.void(R1, F1, F1, read_only(types.uint8, 1), R1, types.Array(types.uint8, 2, "C")))
def codes_uint8(y: Any, red: Any, blue: Any, encode: Any, decode: Any, out: Any) -> None:
    """Linear red and blue, and Y, to R', G', B' codes; see `kernels_numpy`."""
    steps = F32(encode.size - 1)
    for start in range(0, y.size, BLOCK):
        stop = min(start + BLOCK, y.size)
        y_, red_, blue_, out_ = y[start:stop], red[start:stop], blue[start:stop], out[start:stop]
        # The square roots in loops of their own, which LLVM turns into vector code.
        for i in range(stop - start):
            red_[i] = math.sqrt(red_[i]) * steps + _HALF
        for i in range(stop - start):
            blue_[i] = math.sqrt(blue_[i]) * steps + _HALF
        for i in range(stop - start):
            r, b = encode[np.uint32(red_[i])], encode[np.uint32(blue_[i])]
            out_[i, 0], out_[i, 2] = r, b
            red_[i] = (y_[i] - _WR * decode[r] - _WB * decode[b]) * _1_WG
        for i in range(stop - start):
            red_[i] = math.sqrt(min(max(red_[i], _0), _1)) * steps + _HALF
        for i in range(stop - start):
            out_[i, 1] = encode[np.uint32(red_[i])]


@kernel(types.void(R1, F1, F1, R2, R1, types.Array(types.uint16, 2, "C")))
def codes_uint16(y: Any, red: Any, blue: Any, encode: Any, decode: Any, out: Any) -> None:
    """Linear red and blue, and Y, to R', G', B' codes; see `kernels_numpy`."""
    steps = F32(encode.shape[0] - 1)
    for start in range(0, y.size, BLOCK):
        stop = min(start + BLOCK, y.size)
        y_, red_, blue_, out_ = y[start:stop], red[start:stop], blue[start:stop], out[start:stop]
        for i in range(stop - start):
            red_[i] = math.sqrt(red_[i]) * steps
        for i in range(stop - start):
            blue_[i] = math.sqrt(blue_[i]) * steps
        for i in range(stop - start):
            place = red_[i]
            k = np.uint32(place)
            r = np.uint16(np.int32(encode[k, 0] + (place - F32(np.int32(k))) * encode[k, 1]))
            place = blue_[i]
            k = np.uint32(place)
            b = np.uint16(np.int32(encode[k, 0] + (place - F32(np.int32(k))) * encode[k, 1]))
            out_[i, 0], out_[i, 2] = r, b
            red_[i] = (y_[i] - _WR * decode[r] - _WB * decode[b]) * _1_WG
        for i in range(stop - start):
            red_[i] = math.sqrt(min(max(red_[i], _0), _1)) * steps
        for i in range(stop - start):
            place = red_[i]
            k = np.uint32(place)
            g = np.uint16(np.int32(encode[k, 0] + (place - F32(np.int32(k))) * encode[k, 1]))
            out_[i, 1] = g
