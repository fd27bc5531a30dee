"""Luminance planes: what is accepted as one, made of a colour picture, and its light.

A plane is Y', the relative luminance of linear sRGB in the sRGB curve.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .color.constants import LUMINANCE_WEIGHTS
from .color.conversions import lab_f, srgb_decode, srgb_encode
from .color.tables import code_tables
from .errors import BadImage
from .kernels import kernels
from .threads import in_threads, strips
from .types import Plane

Float32 = NDArray[np.float32]

SUPPORTED = (np.uint8, np.uint16, np.float32)

DOUBTFUL_SHARE = 0.5
"""Share of float values above 1 from which they are taken for codes that were not scaled."""

STRIP_PIXELS = 1 << 18
"""Pixels that a thread turns into luminance at a time."""


class NearestCode:
    """Relative luminance Y to codes of the sRGB curve, correctly rounded.

    A table over the square root finds the code to within one; comparing with the exact
    borders between codes settles it.  Several times as fast as the power for each pixel.
    """

    SIZE = 1 << 18

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.table: NDArray[Any] | None = None
        if dtype.kind == "u":
            top = int(np.iinfo(dtype).max)
            light = (np.arange(self.SIZE) / (self.SIZE - 1)) ** 2
            self.table = np.rint(srgb_encode(light) * top).astype(np.int32)
            # borders[k]: the least luminance that rounds to code k
            self.borders = srgb_decode((np.arange(top + 2) - 0.5) / top)
            self.borders[0], self.borders[-1] = -np.inf, np.inf

    def __call__(self, luminance: NDArray[np.float64]) -> NDArray[Any]:
        """float64 Y to codes; only float keeps what lies beyond 0..1."""
        if self.table is None:
            return np.asarray(srgb_encode(luminance), self.dtype)
        index = np.sqrt(np.clip(luminance, 0.0, 1.0)) * (self.SIZE - 1)
        code = np.take(self.table, index.astype(np.int32))
        code += luminance >= np.take(self.borders, code + 1)
        code -= luminance < np.take(self.borders, code)
        return code.astype(self.dtype)


@cache
def nearest_code(dtype: np.dtype[Any]) -> NearestCode:
    """The `NearestCode` of uint8, uint16 or float32."""
    return NearestCode(dtype)


@cache
def _weighted_light(dtype: np.dtype[Any]) -> list[NDArray[np.float64]]:
    """What each code of R, G and B adds to Y."""
    top = np.iinfo(dtype).max
    light = srgb_decode(np.arange(top + 1) / top)
    return [light * weight for weight in LUMINANCE_WEIGHTS]


def srgb_luminance(rgb: NDArray[Any]) -> Plane:
    """The one definition of Y': (h, w, 3) sRGB codes to (h, w) codes of the same dtype.

    Y is the weighted sum of the channels' linear light, in float64, and Y' the nearest code of
    the sRGB curve.  A gray pixel keeps its code.  Nothing is checked; see `luminance_of`.
    """
    if rgb.dtype.kind == "u":
        tables = _weighted_light(rgb.dtype)
        parts = [np.take(table, rgb[..., i]) for i, table in enumerate(tables)]
    else:
        light = srgb_decode(rgb.astype(np.float64))
        parts = [light[..., i] * weight for i, weight in enumerate(LUMINANCE_WEIGHTS)]
    out = nearest_code(rgb.dtype)(parts[0] + parts[1] + parts[2])
    gray = (rgb[..., 0] == rgb[..., 1]) & (rgb[..., 1] == rgb[..., 2])
    np.copyto(out, rgb[..., 1], where=gray)
    return out


def luminance_of(rgb: NDArray[Any]) -> Plane:
    """Y' of a colour picture: the relative luminance of its linear values, in the sRGB curve.

    rgb: (H, W, 3) uint8, uint16 or float32 (0..1), sRGB.  Returns (H, W) of the same type,
    correctly rounded; a gray pixel keeps its value exactly.  Works in strips on several
    threads, so that memory stays flat.  Raises BadImage for another shape or type, for NaN and
    infinity, and for float values that are mostly above 1.
    """
    rgb = _native(rgb)
    _check_picture(rgb)
    out = np.empty(rgb.shape[:2], rgb.dtype)

    def some(start: int, stop: int) -> None:
        out[start:stop] = srgb_luminance(rgb[start:stop])

    in_threads(some, strips(rgb.shape[0], rgb.shape[1], STRIP_PIXELS))
    return out


def _native(array: Any) -> NDArray[Any]:
    """The array in this machine's byte order; FITS and some TIFF readers give the other one."""
    given: NDArray[Any] = np.asarray(array)
    return given if given.dtype.isnative else given.astype(given.dtype.newbyteorder("="))


def _check_picture(rgb: NDArray[Any]) -> None:
    if rgb.ndim == 2:
        raise BadImage("this is one plane already; luminance_of() makes one of (H, W, 3) R'G'B'.")
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        alpha = " (leave alpha out: rgba[..., :3])" if rgb.shape[2:] == (4,) else ""
        raise BadImage(f"a colour picture is (H, W, 3), not {rgb.shape}{alpha}.")
    _check_values(rgb, "a colour picture")


def _check_values(array: NDArray[Any], name: str) -> None:
    """Raise BadImage for another type, for no pixels, and for values that cannot be meant."""
    if array.dtype.type not in SUPPORTED:
        hint = "; astype(np.float32) makes one of it" if array.dtype == np.float64 else ""
        raise BadImage(f"{name} is uint8, uint16 or float32, not {array.dtype}{hint}.")
    if array.size == 0:
        raise BadImage(f"{name} has at least one pixel, not the shape {array.shape}.")
    if array.dtype != np.float32:
        return
    if not np.isfinite(array).all():
        raise BadImage(f"{name} must not hold NaN or infinity.")
    if np.count_nonzero(array > 1.0) > DOUBTFUL_SHARE * array.size:
        raise BadImage(
            f"most float values of {name} are above 1; scale them so that black is 0 "
            "and white is 1."
        )


def check_luminance(luminance: Any) -> Plane:
    """The plane if it can be colorized, in native byte order; else BadImage with what is wrong."""
    array = _native(luminance)
    if array.ndim != 2:
        raise BadImage(
            f"a luminance plane has two sides, not the shape {array.shape}; "
            "luminance_of() makes one of a colour picture."
        )
    _check_values(array, "a luminance plane")
    return array


def check_plane(luminance: NDArray[Any], name: str = "the luminance plane") -> None:
    """Raise BadImage unless luminance is a plane that Handtint can work with."""
    if luminance.ndim != 2:
        raise BadImage(f"{name} must be a (H, W) array, not one of shape {luminance.shape}.")
    if luminance.dtype.type not in SUPPORTED or not luminance.dtype.isnative:
        raise BadImage(f"{name} must be uint8, uint16 or float32, not {luminance.dtype}.")
    if luminance.size == 0:
        raise BadImage(f"{name} has no pixels: its shape is {luminance.shape}.")


def luminance_and_f(luminance: NDArray[Any]) -> tuple[Float32, Float32]:
    """Y (0..1) and f(Y) of a plane, float32; float planes are clipped to 0..1 first.

    Raises BadImage for NaN and infinity.
    """
    y, f = np.empty(luminance.shape, np.float32), np.empty(luminance.shape, np.float32)
    if luminance.dtype != np.float32:
        tables = code_tables(8 * luminance.dtype.itemsize)
        codes = np.ascontiguousarray(luminance).reshape(-1)
        kernels().look_up(codes, tables.linear, tables.f, y.reshape(-1), f.reshape(-1))
        return y, f
    if not np.isfinite(luminance).all():
        raise BadImage("the luminance plane holds NaN or infinity; only finite values work.")
    y[...] = srgb_decode(np.clip(luminance, 0.0, 1.0))
    f[...] = lab_f(y)
    return y, f
