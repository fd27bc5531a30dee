"""Every change of coordinates: photo pixels, the network's canvas, cells.

Photo: pixels as the caller passed them.  Canvas: the photo scaled so that its short side
is the render size, padded to what the network needs.  Cells: the network's answers, one
for every 4 x 4 pixels of the canvas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .network import CANVAS_MULTIPLE, STRIDE, Heads
from .network.stroke_decoder import FEATURE_STEPS, StrokeFeatures

LONGEST_WINDOW = 4
"""A window is at most this many times as long as the render size."""

MOST_WINDOWS = 4
"""Longer pictures are scaled down until so many windows cover them."""

SHORTEST_SIDE = 32
"""Shorter canvases are padded by reflection."""


@dataclass(frozen=True)
class Window:
    """A stretch of the scaled photo that the network sees at once, in canvas pixels."""

    y: int
    x: int
    height: int
    width: int


@dataclass(frozen=True)
class Geometry:
    """How one photo lies on the canvas."""

    photo: tuple[int, int]  # height, width in pixels
    scaled: tuple[int, int]  # height, width on the canvas, before padding

    @classmethod
    def fit(cls, height: int, width: int, render_size: int) -> Geometry:
        """The layout of a photo at a render size.

        The short side becomes the render size.  Beyond 4:1 the long side is at most
        4 windows' length, so a strip of 1 x 5000 stays a short side of 1.
        """
        short, long = sorted((height, width))
        window, overlap = LONGEST_WINDOW * render_size, render_size
        longest = MOST_WINDOWS * (window - overlap) + overlap
        scale = min(render_size / short, longest / long)
        return cls(
            (height, width),
            (max(1, round(height * scale)), max(1, round(width * scale))),
        )

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of cells that cover the photo."""
        return -(-self.scaled[0] // STRIDE), -(-self.scaled[1] // STRIDE)

    @property
    def cells_per_pixel(self) -> tuple[float, float]:
        """Cells per photo pixel, down and across: cell j covers [j / c, (j + 1) / c)."""
        return (
            self.scaled[0] / self.photo[0] / STRIDE,
            self.scaled[1] / self.photo[1] / STRIDE,
        )

    def windows(self, render_size: int) -> list[Window]:
        """Overlapping windows over the scaled photo, their starts multiples of 32."""
        height, width = self.scaled
        most, overlap = LONGEST_WINDOW * render_size, render_size
        if max(height, width) <= most:
            return [Window(0, 0, height, width)]
        long = max(height, width)
        count = -(-(long - overlap) // (most - overlap))
        starts = np.linspace(0, long - most, count)
        starts = np.round(starts / CANVAS_MULTIPLE).astype(int) * CANVAS_MULTIPLE
        ends = [int(min(s + most, long)) for s in starts]
        ends[-1] = long
        if width >= height:
            return [Window(0, int(s), height, e - int(s)) for s, e in zip(starts, ends)]
        return [Window(int(s), 0, e - int(s), width) for s, e in zip(starts, ends)]

    def cell_of(
        self, x: NDArray[Any], y: NDArray[Any]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Column and row of the cells that hold photo pixels (their centres)."""
        rows, columns = self.cells
        cy, cx = self.cells_per_pixel
        column = np.floor((x + 0.5) * cx).astype(np.int64).clip(0, columns - 1)
        row = np.floor((y + 0.5) * cy).astype(np.int64).clip(0, rows - 1)
        return column, row


def pad_to_canvas(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reflect (h, w) at the right and bottom to multiples of 32 (at least 32)."""
    pads = [
        (0, max(SHORTEST_SIDE, -(-n // CANVAS_MULTIPLE) * CANVAS_MULTIPLE) - n)
        for n in picture.shape
    ]
    return np.pad(picture, pads, mode="symmetric")


def reduce_to(guide: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A guide averaged, or where it is smaller interpolated, to the canvas (h, w)."""
    if guide.shape == (2 * shape[0], 2 * shape[1]):
        rows = guide[0::2] + guide[1::2]
        return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)
    picture = torch.from_numpy(np.ascontiguousarray(guide))[None, None]
    if guide.shape[0] >= shape[0] and guide.shape[1] >= shape[1]:
        return F.interpolate(picture, shape, mode="area")[0, 0].numpy()
    out = F.interpolate(picture, shape, mode="bilinear", antialias=True)
    return out[0, 0].clamp(0, 1).numpy()


def window_ramp(
    window: Window, scaled: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Blending weights ``shape`` of a window's cells: 1 inside, falling to its ends.

    Ends at the photo's border do not fall.
    """
    rows, columns = shape

    def along(start: int, length: int, cells: int, total: int) -> NDArray[np.float64]:
        center = np.arange(cells) + 0.5
        reach = max(1.0, cells / 4)
        weight = np.ones(cells)
        if start > 0:
            weight = np.minimum(weight, center / reach)
        if start + length < total:
            weight = np.minimum(weight, (cells - center) / reach)
        return weight.clip(1e-3)

    down = along(window.y, window.height, rows, scaled[0])
    across = along(window.x, window.width, columns, scaled[1])
    return (down[:, None] * across[None, :]).astype(np.float32)


def blend(parts: list[Heads], windows: list[Window], geometry: Geometry) -> Heads:
    """One set of heads from those of overlapping windows, weighted by their ramps."""
    return Heads(*_blended(parts, windows, geometry, geometry.cells, (1, 1, 1)))


def blend_strokes(
    parts: list[StrokeFeatures], windows: list[Window], geometry: Geometry
) -> StrokeFeatures:
    """The same for the stroke decoder's features, which cover the padded canvas."""
    multiple = CANVAS_MULTIPLE // STRIDE
    rows, columns = (-(-n // multiple) * multiple for n in geometry.cells)
    return StrokeFeatures(*_blended(parts, windows, geometry, (rows, columns), FEATURE_STEPS))


def _blended(
    parts: Sequence[tuple[Tensor, ...]],
    windows: list[Window],
    geometry: Geometry,
    cells: tuple[int, int],
    steps: tuple[int, ...],
) -> list[Tensor]:
    """Tensors of overlapping windows as one each; steps: cells along each cell of a tensor."""
    blended = []
    for tensors, step in zip(zip(*parts), steps):
        shape = cells[0] // step, cells[1] // step
        total = torch.zeros(1, 1, *shape, device=tensors[0].device)
        out = torch.zeros(1, tensors[0].shape[1], *shape, device=total.device)
        for tensor, window in zip(tensors, windows):
            rows, columns = tensor.shape[-2:]
            ramp = torch.from_numpy(window_ramp(window, geometry.scaled, (rows, columns)))
            ramp = ramp.to(total.device)
            y, x = window.y // STRIDE // step, window.x // STRIDE // step
            place = (..., slice(y, y + rows), slice(x, x + columns))
            total[place] += ramp
            out[place] += tensor * ramp
        blended.append(out / total)
    return blended
