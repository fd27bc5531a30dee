"""Low-resolution colour and full-resolution luminance to RGB, in strips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from .errors import BadImage
from .photometry import check_plane, luminance_and_f
from .render_numpy import colour_rows
from .types import Progress

Region = tuple[int, int, int, int]
Tile = tuple[int, int, NDArray[np.float32]]

_STRIP_PIXELS = 1 << 18


def reduce_lightness(
    luminance: NDArray[Any], height: int, width: int, alpha: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """L* of a plane at another, usually smaller, size: the average over each new pixel.

    luminance: (H, W) uint8, uint16 or float32.  alpha: (H, W), the weight of each pixel in
    the average, or None; where nothing is opaque, the nearest value that has weight is
    taken.  Along an axis that grows, interpolation takes the place of the average.
    Returns (height, width) float32, L*/100.  Raises BadImage.
    """
    check_plane(luminance)
    if alpha is not None and alpha.shape != luminance.shape:
        raise BadImage(f"alpha must have the plane's shape {luminance.shape}, not {alpha.shape}.")
    rows_to = _axis_weights(luminance.shape[0], height)
    columns_to = _axis_weights(luminance.shape[1], width)
    total = np.zeros((height, width))
    weight = np.zeros((height, width))
    for top, bottom in _strips(luminance.shape[0], luminance.shape[1]):
        _, f = luminance_and_f(luminance[top:bottom])
        values = (116.0 * f - 16.0) / 100.0
        opaque = np.ones_like(values)
        if alpha is not None:
            opaque = alpha[top:bottom].astype(np.float32)
            values = values * opaque
        total += rows_to[:, top:bottom] @ (columns_to @ values.T).T
        weight += rows_to[:, top:bottom] @ (columns_to @ opaque.T).T
    empty = weight <= 0
    result = total / np.where(empty, 1, weight)
    if empty.all():
        result[:] = 0.5
    elif empty.any():
        nearest = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
        result = result[tuple(nearest)]
    return np.clip(result, 0.0, 1.0).astype(np.float32)


def upsample_ab(
    luminance: NDArray[Any],
    ab: NDArray[np.float32],
    cells_per_pixel: tuple[float, float],
    region: Region | None = None,
) -> NDArray[np.float32]:
    """Colour per cell to colour per pixel, with edges where the lightness has them.

    luminance: (H, W) uint8, uint16 or float32.  ab: (2, hc, wc) a*, b* per cell; together
    the cells cover the photo.  cells_per_pixel: (cy, cx); cell j covers the columns
    [j / cx, (j + 1) / cx).  region: (x, y, w, h), answer only that.
    Returns (2, h, w) float32.
    """
    x, y, w, h = _checked_region(luminance, region)
    _check_ab(ab)
    return _upsample(ab, cells_per_pixel, y, y + h, x, x + w)


def render(
    luminance: NDArray[Any],
    ab: NDArray[np.float32],
    cells_per_pixel: tuple[float, float],
    *,
    residual: Sequence[Tile] | None = None,
    region: Region | None = None,
    out: NDArray[Any] | None = None,
    progress: Progress | None = None,
) -> NDArray[Any]:
    """The colour picture: the luminance plane with the cells' colours.

    Y' of the result is that of the plane: exact to rounding for uint8 and uint16, to 1e-5
    for float32.  Colours outside sRGB lose chroma at constant L* and hue.

    luminance, ab, cells_per_pixel, region: as for `upsample_ab`.  residual: tiles
    (x, y, (2, h, w)) in pixels of the photo that do not overlap, added to the upsampled
    a*, b*.  out: (h, w, 3) of luminance's dtype, filled and returned if given.
    Raises BadImage, also for NaN and infinity.
    """
    x, y, w, h = _checked_region(luminance, region)
    _check_ab(ab)
    if out is None:
        out = np.empty((h, w, 3), luminance.dtype)
    elif out.shape != (h, w, 3) or out.dtype != luminance.dtype:
        raise BadImage(f"out must be {(h, w, 3)} {luminance.dtype}, not {out.shape} {out.dtype}.")
    for top, bottom in _strips(h, w):
        colour = _upsample(ab, cells_per_pixel, y + top, y + bottom, x, x + w)
        for tile in residual or ():
            _add_tile(colour, x, y + top, tile)
        plane = luminance[y + top : y + bottom, x : x + w]
        colour_rows(plane, colour[0], colour[1], out[top:bottom])
        if progress is not None:
            progress("render", bottom / h)
    return out


def _checked_region(luminance: NDArray[Any], region: Region | None) -> Region:
    check_plane(luminance)
    height, width = luminance.shape
    if region is None:
        return 0, 0, width, height
    x, y, w, h = (int(v) for v in region)
    if w < 1 or h < 1 or x < 0 or y < 0 or x + w > width or y + h > height:
        raise BadImage(
            f"the region {x}, {y}, {w}, {h} (x, y, width, height) does not lie inside "
            f"the photo of {width} x {height} pixels."
        )
    return x, y, w, h


def _check_ab(ab: NDArray[np.float32]) -> None:
    if ab.ndim != 3 or ab.shape[0] != 2 or ab.size == 0:
        raise BadImage(f"ab must be a (2, h, w) array with cells, not one of shape {ab.shape}.")


def _strips(height: int, width: int) -> list[tuple[int, int]]:
    rows = max(1, _STRIP_PIXELS // width)
    return [(top, min(top + rows, height)) for top in range(0, height, rows)]


def _axis_weights(length: int, target: int) -> sparse.csr_array:
    """(target, length): the share of each old pixel in each new one along one axis."""
    if target >= length:
        position = np.clip((np.arange(target) + 0.5) * length / target - 0.5, 0, length - 1)
        first = np.minimum(position.astype(np.intp), max(length - 2, 0))
        second = np.minimum(first + 1, length - 1)
        part = position - first
        rows = np.repeat(np.arange(target), 2)
        columns = np.stack((first, second), axis=1).ravel()
        data = np.stack((1 - part, part), axis=1).ravel()
        return sparse.csr_array((data, (rows, columns)), shape=(target, length), dtype=np.float32)
    edges = np.arange(target + 1) * (length / target)
    start = np.floor(edges[:-1]).astype(np.intp)
    stop = np.minimum(np.ceil(edges[1:] - 1e-9).astype(np.intp), length)
    counts = stop - start
    rows = np.repeat(np.arange(target), counts)
    columns = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - start, counts)
    data = np.minimum(columns + 1, edges[rows + 1]) - np.maximum(columns, edges[rows])
    return sparse.csr_array((data, (rows, columns)), shape=(target, length), dtype=np.float32)


def _upsample(
    ab: NDArray[np.float32],
    cells_per_pixel: tuple[float, float],
    top: int,
    bottom: int,
    left: int,
    right: int,
) -> NDArray[np.float32]:
    cy, cx = cells_per_pixel
    i0, i1, u = _taps(top, bottom, cy, ab.shape[1])
    j0, j1, v = _taps(left, right, cx, ab.shape[2])
    u = u[:, None]
    narrow = ab[:, i0] * (1 - u) + ab[:, i1] * u
    return np.asarray(narrow[:, :, j0] * (1 - v) + narrow[:, :, j1] * v, np.float32)


def _taps(
    start: int, stop: int, per_pixel: float, cells: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    position = np.clip((np.arange(start, stop) + 0.5) * per_pixel - 0.5, 0, cells - 1)
    first = np.floor(position).astype(np.intp)
    return first, np.minimum(first + 1, cells - 1), (position - first).astype(np.float32)


def _add_tile(colour: NDArray[np.float32], x: int, y: int, tile: Tile) -> None:
    """Add the part of a tile that falls on colour, whose top left pixel is photo's (x, y)."""
    tile_x, tile_y, delta = tile
    left, top = max(x, tile_x), max(y, tile_y)
    right = min(x + colour.shape[2], tile_x + delta.shape[2])
    bottom = min(y + colour.shape[1], tile_y + delta.shape[1])
    if left < right and top < bottom:
        colour[:, top - y : bottom - y, left - x : right - x] += delta[
            :, top - tile_y : bottom - tile_y, left - tile_x : right - tile_x
        ]
