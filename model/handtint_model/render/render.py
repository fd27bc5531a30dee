"""Low-resolution colour and full-resolution luminance to RGB, in strips.

The photographer's pixels keep their luminance exactly; colours that sRGB does not hold lose
chroma (`gamut`); colour ends where lightness has an edge (`upsample`).
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..color.constants import LUMINANCE_WEIGHTS
from ..color.conversions import srgb_encode
from ..color.gamut import chroma_limits
from ..color.tables import code_tables
from ..errors import BadImage, BadOption
from ..kernels import kernels
from ..luminance import check_plane, luminance_and_f
from ..threads import in_threads, strips
from ..types import Progress, is_number
from .upsample import ColorField

Float32 = NDArray[np.float32]
Region: TypeAlias = tuple[int, int, int, int]
"""x, y, width, height in pixels of the photo."""


class Colors(Protocol):
    """Gives the colour of every pixel of a photo; called from several threads."""

    def colors(self, f: Float32, top: int, left: int) -> Float32:
        """(2, h, w) a*, b* of a rectangle's pixels, which the caller may change.

        f: (h, w) their f(Y).  top, left: the photo's row and column of f[0, 0].
        """


_STRIP_PIXELS = 1 << 19
"""Most pixels that a thread takes at a time; between them a caller can cancel."""

_LEAST_STRIPS = 16

_CACHED_PIXELS = 1 << 16
"""Pixels that are worked on at once: they fit into the second-level cache.  With fewer, threads
would wait for each other at the GIL, between two kernels."""

_WR, _WG, _WB = (np.float32(w) for w in LUMINANCE_WEIGHTS)


def upsample_ab(
    luminance: NDArray[Any],
    ab: Float32 | ColorField,
    cells_per_pixel: tuple[float, float],
    region: Region | None = None,
    guide: Float32 | None = None,
) -> Float32:
    """Colour per cell to colour per pixel, with edges where the lightness has them.

    luminance: (H, W) uint8, uint16 or float32.  ab: (2, hc, wc) a*, b* per cell; together
    the cells cover the photo; or a `ColorField` of the photo, for more than one region.
    cells_per_pixel: (cy, cx); cell j covers the columns [j / cx, (j + 1) / cx).  region:
    (x, y, w, h), answer only that, with the values of the whole.  guide: see
    `ColorField.fit`.  Returns (2, h, w) float32.  Raises BadImage, BadOption for the region.
    """
    region = _checked_region(luminance, region)
    if not isinstance(ab, ColorField):
        ab = ColorField.fit(luminance, ab, cells_per_pixel, guide)
    return ab.upsample(luminance, region)


def render(
    luminance: NDArray[Any],
    ab: Float32 | Colors,
    cells_per_pixel: tuple[float, float],
    *,
    region: Region | None = None,
    out: NDArray[Any] | None = None,
    progress: Progress | None = None,
    guide: Float32 | None = None,
) -> NDArray[Any]:
    """The colour picture: the luminance plane with the cells' colours.

    Y' of the result is that of the plane: exact to rounding for uint8 and uint16, to 1e-5
    for float32.  Colours outside sRGB lose chroma at constant L* and hue.

    luminance, cells_per_pixel, region, guide: as for `upsample_ab`.  ab: as there, or what
    knows the colours of the photo's pixels.  out: (h, w, 3) of luminance's dtype, filled and
    returned if given.
    Raises BadOption for the region, and BadImage, also for NaN and infinity, before anything is
    written for uint8 and uint16.
    """
    x, y, w, h = _checked_region(luminance, region)
    known: Colors
    if isinstance(ab, np.ndarray):
        known = ColorField.fit(luminance, ab, cells_per_pixel, guide)
    else:
        known = ab
    if out is None:
        out = np.empty((h, w, 3), luminance.dtype)
    elif out.shape != (h, w, 3) or out.dtype != luminance.dtype:
        raise BadImage(f"out must be {(h, w, 3)} {luminance.dtype}, not {out.shape} {out.dtype}.")
    target = out

    def work(first: int, end: int) -> None:
        for start, stop in strips(end - first, w, _CACHED_PIXELS):
            top, bottom = first + start, first + stop
            plane = luminance[y + top : y + bottom, x : x + w]
            luma, f = luminance_and_f(plane)
            color = known.colors(f, y + top, x)
            _color_rows(plane, luma, f, color, target[top:bottom])

    def report(fraction: float) -> None:
        if progress is not None:
            progress("render", fraction)

    in_threads(work, strips(h, w, min(_STRIP_PIXELS, -(-h * w // _LEAST_STRIPS))), report)
    return out


def _color_rows(
    plane: NDArray[Any], y: Float32, f: Float32, ab: Float32, out: NDArray[Any]
) -> None:
    """Write R', G', B' of rows of a plane; ab is used up."""
    red, blue = ab[0].reshape(-1), ab[1].reshape(-1)
    kernels().linear_red_blue(y.reshape(-1), f.reshape(-1), red, blue, chroma_limits())
    if plane.dtype == np.float32:
        red, blue = ab
        out[..., 0] = srgb_encode(red)
        out[..., 1] = srgb_encode(np.clip((y - _WR * red - _WB * blue) / _WG, 0, 1))
        out[..., 2] = srgb_encode(blue)
        # Above white and below black only gray fits: it takes the value of the plane.
        beyond = (plane <= 0) | (plane >= 1)
        out[beyond] = plane[beyond][:, None]
        return
    tables = code_tables(8 * plane.dtype.itemsize)
    codes = out if out.flags.c_contiguous else np.empty(out.shape, out.dtype)
    kernel = kernels().codes_uint8 if tables.top == 255 else kernels().codes_uint16
    kernel(y.reshape(-1), red, blue, tables.encode, tables.linear, codes.reshape(-1, 3))
    if codes is not out:
        out[...] = codes


def _checked_region(luminance: NDArray[Any], region: Region | None) -> Region:
    check_plane(luminance)
    height, width = luminance.shape
    if region is None:
        return 0, 0, width, height
    if len(region) != 4 or not all(is_number(v) and int(v) == v for v in region):
        raise BadOption(f"a region is (x, y, width, height) in whole pixels, not {region!r}.")
    x, y, w, h = (int(v) for v in region)
    if w < 1 or h < 1 or x < 0 or y < 0 or x + w > width or y + h > height:
        raise BadOption(
            f"the region {x}, {y}, {w}, {h} (x, y, width, height) does not lie inside "
            f"the photo of {width} x {height} pixels."
        )
    return x, y, w, h
