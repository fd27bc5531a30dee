"""Raw pixels of the wire: how they are described, and as arrays (docs/http-api.md, 4.2)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..http.problem import Problem
from ..model import Plane, in_threads, strips

DTYPES = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
"""Bytes of one value of each raw dtype."""

LAYOUTS = {
    "Y": "Y",
    "YA": "Y",
    "RGB": "RGB",
    "RGBA": "RGB",
    "BGR": "RGB",
    "BGRA": "RGB",
}
"""Each raw layout and the colour channels it holds."""

NUMPY_DTYPES = {"u8": "<u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}
WIRE_DTYPES = {"u1": "u8", "u2": "u16", "f2": "f16", "f4": "f32"}
"""NumPy's kind and size of a value, and the dtype's name on the wire."""

LARGEST_FLOAT = 65504.0  # the largest f16; no picture holds values near it
_VALUES_AT_ONCE = 1 << 19  # floats checked at a time
_PACKED_AT_ONCE = 1 << 18  # pixels that a thread packs at a time


@dataclass(frozen=True)
class RawFormat:
    """What the part `plane` holds.  dtype: a key of `DTYPES`.  layout: a key of `LAYOUTS`."""

    width: int
    height: int
    dtype: str
    layout: str

    @property
    def size(self) -> int:
        """Bytes."""
        return self.width * self.height * len(self.layout) * DTYPES[self.dtype]


def raw_array(data: memoryview, raw: RawFormat) -> NDArray[Any]:
    """Raw pixels as (H, W, channels): a view of the body where it is aligned, else a copy.

    f16 becomes float32.  Raises Problem (bad_plane) for NaN and infinity.
    """
    kind = np.dtype(NUMPY_DTYPES[raw.dtype])
    address = np.frombuffer(data, np.uint8).__array_interface__["data"][0] if data else 0
    if address % kind.itemsize:
        data = memoryview(bytearray(data))
    array = np.frombuffer(data, kind).reshape(raw.height, raw.width, len(raw.layout))
    if raw.dtype == "f16":
        array = array.astype(np.float32)
    elif sys.byteorder == "big":  # pragma: no cover
        array = array.astype(kind.newbyteorder("="))
    if array.dtype.kind == "f":
        _check_finite(array)
    return array


def _check_finite(array: NDArray[Any]) -> None:
    flat = array.reshape(-1)
    for i in range(0, flat.size, _VALUES_AT_ONCE):
        # NaN fails every comparison; beyond the limit the sRGB curve would overflow.
        if not (np.abs(flat[i : i + _VALUES_AT_ONCE]) <= LARGEST_FLOAT).all():
            raise Problem(
                "bad_plane",
                f"The part plane holds NaN, infinity or values beyond {LARGEST_FLOAT:g}.",
            )


def split_channels(pixels: NDArray[Any], layout: str) -> tuple[NDArray[Any], Plane | None]:
    """(colour channels in the order of their names, contiguous; alpha if there is one)."""
    alpha = None
    colors = pixels
    if layout.endswith("A"):
        alpha = np.ascontiguousarray(pixels[..., -1])
        if alpha.dtype.kind == "f":
            alpha = np.clip(alpha, 0.0, 1.0)
        colors = pixels[..., :-1]
    if layout.startswith("BGR"):
        colors = colors[..., ::-1]
    return np.ascontiguousarray(colors), alpha


def join_channels(rgb: NDArray[Any], alpha: Plane | None, layout: str) -> NDArray[Any]:
    """(h, w, len(layout)) from (h, w, 3) and (h, w) alpha, which is opaque if that is None.

    layout: "RGB", "RGBA", "BGR" or "BGRA".
    """
    if layout.startswith("BGR"):
        rgb = rgb[..., ::-1]
    if not layout.endswith("A"):
        return rgb
    height, width = rgb.shape[:2]
    out = np.empty((height, width, 4), rgb.dtype)
    opaque = 1.0 if rgb.dtype.kind == "f" else np.iinfo(rgb.dtype).max

    def pack(top: int, bottom: int) -> None:
        for channel in range(3):  # a loop of NumPy's over three values takes four times as long
            out[top:bottom, :, channel] = rgb[top:bottom, :, channel]
        out[top:bottom, :, 3] = opaque if alpha is None else alpha[top:bottom]

    in_threads(pack, strips(height, width, _PACKED_AT_ONCE))
    return out
