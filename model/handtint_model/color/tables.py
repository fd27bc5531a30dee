"""Tables by code value: what a code of an integer plane means in light, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conversions import lab_f, srgb_decode, srgb_encode

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class CodeTables:
    """What a code value of an integer plane means, and back; all float32."""

    top: int  # the largest code
    linear: Float32  # (top + 1,) Y of each code, 0..1
    f: Float32  # (top + 1,) f(Y) of each code: L* is 116 f - 16
    encode: NDArray[Any]  # the way back, at evenly spaced square roots of linear light:


@lru_cache(maxsize=2)
def code_tables(bits: int) -> CodeTables:
    """The tables of 8-bit or 16-bit planes."""
    top = 2**bits - 1
    linear = srgb_decode(np.arange(top + 1) / top)
    steps = 8192 if bits == 8 else 4096
    root = np.arange(steps + 1) / steps
    code = srgb_encode(root * root) * top
    if bits == 8:
        encode = np.rint(code).astype(np.uint8)
    else:
        encode = np.stack((code + 0.5, np.diff(code, append=top)), axis=1).astype(np.float32)
    arrays = (linear.astype(np.float32), lab_f(linear).astype(np.float32), encode)
    for array in arrays:
        array.setflags(write=False)
    return CodeTables(top, *arrays)
