"""Hints at full resolution: painted pixels get the painted colour, neighbours follow.

The mixture (`hints`) works on cells.  What a painted pixel still lacks is its residual:
target minus upsampled colour, with target = (1 - m) automatic + m painted and
m = alpha * strength.  The residual is spread along similar lightness on the guide's grid
(about eight points per cell) and added at full resolution; a painted pixel itself gets
all of its own.

Spreading is a normalised convolution (Knutsson and Westin, CVPR 1993) with the recursive
domain transform (Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video
Processing", SIGGRAPH 2011) as its kernel; it fades with the geodesic distance from the
paint, so that a thin stroke reaches as far as a wide one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .evidence import patch_ab
from .render import ColourField
from .types import HintPatch

Region = tuple[int, int, int, int]
Tile = tuple[int, int, NDArray[np.float32]]
Floats = NDArray[np.float32]

REACH = 2.5  # cells: farther than this (geodesic) from the paint the residual is gone
RANGE = 8.0  # L*: a step of so much counts as much as a cell of distance
SMOOTH = 1.0  # cells: scale of the normalised convolution
FAR = np.float32(1e6)
RIM = 0.25  # less trust than this is a rim, which brings no residual of its own to others
FAINT = 6.0  # a pixel of half its stroke's largest mass has its own way 0.5 ** FAINT as much


def residual_tiles(
    luminance: NDArray[Any],
    guide: Floats,
    cell_rows: int,
    automatic: ColourField,
    hinted: ColourField,
    patches: Sequence[HintPatch],
    strength: float,
    region: Region | None = None,
) -> list[Tile]:
    """Tiles (x, y, (2, h, w)) to add to the upsampled ab; they do not overlap.

    luminance: (H, W) plane.  guide: (gh, gw), L*/100 of the photo.  cell_rows: rows of cells
    that cover it.  automatic, hinted: its colours without and with hints.  patches: painted
    pixels, inside the photo, not overlapping.  region: tiles are cut to it.
    """
    height, width = luminance.shape
    gh, gw = guide.shape
    scale = (gh / height, gw / width)
    x0, y0, w, h = region or (0, 0, width, height)
    cell = height / cell_rows  # in pixels
    block = max(256, int(16 * cell))
    margin = int(np.ceil((REACH + 1) * cell))

    points = gh / cell_rows  # of the grid, per cell
    seeds = _Seeds(guide.shape, scale, points)
    painted: dict[tuple[int, int], list[HintPatch]] = {}
    near: set[tuple[int, int]] = set()
    for patch in patches:
        ph, pw = patch.rgba.shape[:2]
        # The hinted and the automatic colour under the paint; needed for partial masses.
        rows = max(1, (1 << 20) // pw)
        for top in range(0, ph, rows):
            part = HintPatch(patch.rgba[top : top + rows], patch.x, patch.y + top)
            box = (part.x, part.y, pw, part.rgba.shape[0])
            seeds.add(part, strength, _colours(luminance, automatic, hinted, box))
        for by in range((patch.y - margin) // block, (patch.y + ph + margin) // block + 1):
            for bx in range((patch.x - margin) // block, (patch.x + pw + margin) // block + 1):
                near.add((by, bx))
        for by in range(patch.y // block, (patch.y + ph - 1) // block + 1):
            for bx in range(patch.x // block, (patch.x + pw - 1) // block + 1):
                painted.setdefault((by, bx), []).append(patch)
    spread, stroke_mass = seeds.spread(guide)

    tiles: list[Tile] = []
    for by, bx in sorted(near):
        left, top = max(x0, bx * block), max(y0, by * block)
        right = min(x0 + w, (bx + 1) * block, width)
        bottom = min(y0 + h, (by + 1) * block, height)
        if left >= right or top >= bottom:
            continue
        delta = _enlarge(spread, scale, top, bottom, left, right)
        for patch in painted.get((by, bx), []):
            colours = partial(_colours, luminance, automatic, hinted)
            _own_colour(delta, top, left, patch, strength, colours, stroke_mass, scale)
        if delta.any():
            tiles.append((left, top, delta))
    return tiles


def _colours(
    luminance: NDArray[Any], automatic: ColourField, hinted: ColourField, box: Region
) -> tuple[Floats, Floats]:
    """The automatic and the hinted colours of a rectangle, each (2, h, w)."""
    return automatic.upsample(luminance, box), hinted.upsample(luminance, box)


def _residual(
    rgba: NDArray[np.uint8], strength: float, colours: tuple[Floats, Floats]
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]:
    """Places (y, x) of painted pixels, their residual (N, 2) and mass (N,)."""
    y, x = np.nonzero(rgba[..., 3])
    pixels = rgba[y, x]
    mass = pixels[:, 3].astype(np.float32) * np.float32(strength / 255.0)
    automatic, hinted = (c[:, y, x].T for c in colours)
    target = automatic + mass[:, None] * (patch_ab(pixels) - automatic)
    return y, x, target - hinted, mass


class _Seeds:
    """Residuals of the painted pixels, gathered on the grid."""

    def __init__(
        self, shape: tuple[int, int], scale: tuple[float, float], points_per_cell: float
    ) -> None:
        self.shape, self.scale, self.points = shape, scale, points_per_cell
        self.sums = np.zeros((4, shape[0] * shape[1]))  # mass^2, mass, mass * residual

    def add(self, patch: HintPatch, strength: float, colours: tuple[Floats, Floats]) -> None:
        y, x, residual, mass = _residual(patch.rgba, strength, colours)
        if y.size == 0:
            return
        gy = ((y + patch.y + 0.5) * self.scale[0]).astype(np.intp).clip(0, self.shape[0] - 1)
        gx = ((x + patch.x + 0.5) * self.scale[1]).astype(np.intp).clip(0, self.shape[1] - 1)
        place = gy * self.shape[1] + gx
        low = int(place.min())
        place -= low
        for row, values in zip(
            self.sums, (mass**2, mass, mass * residual[:, 0], mass * residual[:, 1])
        ):
            sums = np.bincount(place, values)
            row[low : low + sums.size] += sums

    def spread(self, guide: Floats) -> tuple[Floats, Floats]:
        """The spread residual (2, gh, gw) and each point's largest mass in its stroke (gh, gw)."""
        square, mass, *residual = self.sums.reshape(4, *self.shape).astype(np.float32)
        strong = np.where(mass > 0, square / np.where(mass > 0, mass, 1), 0).astype(np.float32)
        largest = _stroke_mass(strong)
        weight = (strong / np.where(largest > 0, largest, 1)) ** FAINT
        # The rim would have its say where the stroke itself is too far to be heard.
        weight[weight < RIM] = 0
        painted = weight > 0
        value = np.stack(residual) / np.where(mass > 0, mass, 1)
        out = np.zeros((2, *self.shape), np.float32)
        if not painted.any():
            return out, largest
        reach = int(np.ceil((REACH + 1) * self.points))
        rows, columns = np.nonzero(painted.any(axis=1))[0], np.nonzero(painted.any(axis=0))[0]
        box = (
            slice(max(0, int(rows[0]) - reach), int(rows[-1]) + reach + 1),
            slice(max(0, int(columns[0]) - reach), int(columns[-1]) + reach + 1),
        )
        across = np.abs(np.diff(guide[box], axis=1)) * np.float32(100.0 / RANGE)
        down = np.abs(np.diff(guide[box], axis=0)) * np.float32(100.0 / RANGE)
        step = np.float32(1.0 / self.points)
        distance = _geodesic(
            np.where(painted, (1.0 - weight) * step, FAR)[box], across + step, down + step
        )
        planes = np.stack([weight[box] * value[0][box], weight[box] * value[1][box], weight[box]])
        blurred = _domain_transform(planes, across + step, down + step)
        mean = blurred[:2] / np.maximum(blurred[2], np.float32(1e-20))
        t = np.clip(1.0 - distance / np.float32(REACH), 0.0, 1.0)
        out[(slice(None), *box)] = mean * (t * t * (3.0 - 2.0 * t))
        return out, largest


def _stroke_mass(strong: Floats) -> Floats:
    """The largest mass of the stroke that each grid point belongs to, 0 where there is none."""
    strokes, count = ndimage.label(strong > 0, np.ones((3, 3), bool))
    largest = np.zeros(count + 1, np.float32)
    np.maximum.at(largest, strokes.ravel(), strong.ravel())
    return np.asarray(largest[strokes])


def _geodesic(start: Floats, across: Floats, down: Floats) -> Floats:
    """Distance in cells from the paint, along paths of little lightness change.

    across: (h, w - 1), down: (h - 1, w): the cost of a step.  Sweeps in the four directions,
    three times: exact for paths of few turns, which is all that fading needs.
    """
    d = start.astype(np.float32)
    for _ in range(3):
        for x in range(1, d.shape[1]):
            np.minimum(d[:, x], d[:, x - 1] + across[:, x - 1], out=d[:, x])
        for x in range(d.shape[1] - 2, -1, -1):
            np.minimum(d[:, x], d[:, x + 1] + across[:, x], out=d[:, x])
        for y in range(1, d.shape[0]):
            np.minimum(d[y], d[y - 1] + down[y - 1], out=d[y])
        for y in range(d.shape[0] - 2, -1, -1):
            np.minimum(d[y], d[y + 1] + down[y], out=d[y])
    return d


def _domain_transform(planes: Floats, across: Floats, down: Floats) -> Floats:
    """Recursive domain transform filter of (n, h, w) planes, two iterations."""
    out = planes.astype(np.float32)
    iterations = 2
    for i in range(iterations):
        sigma = SMOOTH * np.sqrt(3.0) * 2.0 ** (iterations - i - 1) / np.sqrt(4.0**iterations - 1.0)
        feedback = np.float32(-np.sqrt(2.0) / sigma)
        wx = np.exp(feedback * across)
        wy = np.exp(feedback * down)
        for x in range(1, out.shape[2]):
            out[:, :, x] += wx[:, x - 1] * (out[:, :, x - 1] - out[:, :, x])
        for x in range(out.shape[2] - 2, -1, -1):
            out[:, :, x] += wx[:, x] * (out[:, :, x + 1] - out[:, :, x])
        for y in range(1, out.shape[1]):
            out[:, y] += wy[y - 1] * (out[:, y - 1] - out[:, y])
        for y in range(out.shape[1] - 2, -1, -1):
            out[:, y] += wy[y] * (out[:, y + 1] - out[:, y])
    return out


def _axis(scale: float, start: int, stop: int, points: int) -> tuple[NDArray[Any], Floats]:
    """Grid point before each pixel of a stretch, and the share of the next one."""
    place = np.clip((np.arange(start, stop) + 0.5) * scale - 0.5, 0, points - 1)
    first = np.minimum(place.astype(np.intp), max(points - 2, 0))
    return first, (place - first).astype(np.float32)


def _enlarge(
    grid: Floats, scale: tuple[float, float], top: int, bottom: int, left: int, right: int
) -> Floats:
    """Bilinear (n, bottom - top, right - left) of a grid (n, gh, gw)."""
    gh, gw = grid.shape[1:]
    y, fy = _axis(scale[0], top, bottom, gh)
    x, fx = _axis(scale[1], left, right, gw)
    y1, x1 = np.minimum(y + 1, gh - 1), np.minimum(x + 1, gw - 1)
    y_low, y_high = int(y[0]), int(y1[-1]) + 1
    rows = grid[:, y_low:y_high]
    wide = rows[:, :, x] * (1 - fx) + rows[:, :, x1] * fx
    return np.ascontiguousarray(
        wide[:, y - y_low] * (1 - fy)[:, None] + wide[:, y1 - y_low] * fy[:, None], np.float32
    )


def _own_colour(
    delta: Floats,
    top: int,
    left: int,
    patch: HintPatch,
    strength: float,
    colours: Callable[[Region], tuple[Floats, Floats]],
    largest: Floats,
    scale: tuple[float, float],
) -> None:
    """Give the painted pixels of a tile their own residual, in place.

    A faint rim of a stroke follows the stroke, not its own small mass: otherwise every soft
    brush would leave a ring of the automatic colour.
    """
    h, w = delta.shape[1:]
    y0, x0 = max(top, patch.y), max(left, patch.x)
    y1 = min(top + h, patch.y + patch.rgba.shape[0])
    x1 = min(left + w, patch.x + patch.rgba.shape[1])
    if y0 >= y1 or x0 >= x1:  # a region may cut the tile so that the patch lies beside it
        return
    rgba = patch.rgba[y0 - patch.y : y1 - patch.y, x0 - patch.x : x1 - patch.x]
    if not rgba[..., 3].any():
        return
    box = (x0, y0, x1 - x0, y1 - y0)
    y, x, residual, mass = _residual(rgba, strength, colours(box))
    gy = ((y + y0 + 0.5) * scale[0]).astype(np.intp).clip(0, largest.shape[0] - 1)
    gx = ((x + x0 + 0.5) * scale[1]).astype(np.intp).clip(0, largest.shape[1] - 1)
    trust = np.minimum(mass / np.maximum(largest[gy, gx], np.float32(1e-6)), 1.0) ** FAINT
    place = (slice(None), y + (y0 - top), x + (x0 - left))
    delta[place] += trust * (residual.T - delta[place])
