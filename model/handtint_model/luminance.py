"""Luminance planes: what is accepted as one, made of a colour picture, and its light.

A plane is Y', the relative luminance of linear sRGB in the sRGB curve.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .color.conversions import lab_f, srgb_decode
from .color.tables import code_tables
from .color.torch_conversions import linear_to_srgb, srgb_to_linear
from .errors import BadImage
from .kernels import kernels
from .types import Plane

Float32 = NDArray[np.float32]

LUMINANCE_WEIGHTS = (0.2126, 0.7152, 0.0722)
"""Weights of linear R, G, B in the relative luminance Y of a plane."""


def luminance_of(rgb: NDArray[Any]) -> NDArray[Any]:
    """Y' of a colour picture: relative luminance of the linear values in the sRGB curve.

    rgb: (H, W, 3) uint8, uint16 or float32 (0..1), sRGB.  Returns (H, W) of the same type.
    A gray pixel keeps its value exactly.  Works in strips, so that memory stays flat.
    """
    height = rgb.shape[0]
    if rgb.dtype == np.float32:
        top: float = 1.0
    else:
        top = float(np.iinfo(rgb.dtype).max)
        table = (
            srgb_to_linear(torch.linspace(0, 1, int(top) + 1, dtype=torch.float64))
            .numpy()
            .astype(np.float32)
        )
    out = np.empty(rgb.shape[:2], rgb.dtype)
    weights = np.array(LUMINANCE_WEIGHTS, np.float32)
    rows = max(1, (1 << 20) // max(1, rgb.shape[1]))
    for start in range(0, height, rows):
        strip = rgb[start : start + rows]
        if rgb.dtype == np.float32:
            linear = srgb_to_linear(torch.from_numpy(np.ascontiguousarray(strip))).numpy()
        else:
            linear = table[strip]
        y = torch.from_numpy(linear @ weights)
        if rgb.dtype == np.float32:
            out[start : start + rows] = linear_to_srgb(y).numpy()
        else:
            out[start : start + rows] = np.rint(linear_to_srgb(y).numpy() * top)
        gray = (strip[..., 0] == strip[..., 1]) & (strip[..., 1] == strip[..., 2])
        np.copyto(out[start : start + rows], strip[..., 1], where=gray)
    return out


def check_luminance(luminance: Any) -> Plane:
    """The plane if it can be colorized, else BadImage with what is wrong."""
    array = np.asarray(luminance)
    if array.ndim != 2 or 0 in array.shape:
        raise BadImage(
            f"a luminance plane has two sides of at least 1 pixel, not the shape {array.shape}; "
            "luminance_of() makes one of a colour picture."
        )
    if array.dtype not in (np.uint8, np.uint16, np.float32):
        raise BadImage(f"a luminance plane is uint8, uint16 or float32, not {array.dtype}.")
    if array.dtype == np.float32 and not np.isfinite(array).all():
        raise BadImage("a luminance plane must not hold NaN or infinity.")
    return array


SUPPORTED = (np.uint8, np.uint16, np.float32)


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
