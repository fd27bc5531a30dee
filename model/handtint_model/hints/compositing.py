"""Compositing: painted patches laid over each other and cut into pieces that do not overlap.

Pieces are small, so that several threads share the work and unpainted parts cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..color.conversions import lab_f
from ..color.tables import code_tables
from ..geometry import Geometry
from ..kernels import kernels
from ..threads import in_threads
from ..types import HintPatch, Hints

CELLS = 16
"""A piece spans at most about this many cells each way."""

SAMPLES = 16
"""A fully painted cell is subsampled to about 16 x 16 pixels; a colour that covers under 1 % of it
may be missed."""

LEAST_PIXELS = 1 << 15
"""Pixels of pieces that are worth a thread's while."""

CURVE_STEPS = 1 << 14
"""Steps of the table of Lab's curve; between them it is off by 3e-7, in ab by 2e-4."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A rectangle inside the photo, cut to its painted part."""

    rgba: NDArray[np.uint8]  # (h, w, 4)
    x: int
    y: int
    opaque: bool  # no painted pixel is translucent
    full: bool  # every pixel is painted
    edges: NDArray[np.bool_] | None = None  # (h, w) `smooth_edges`; None: there are none

    def samples(self, size: float, wanted: int) -> slice:
        """A subsample of its rows, and of its columns, that is enough for an average.

        size: pixels of the photo across the area that is averaged; wanted: samples across it.
        A piece with unpainted pixels is taken whole, so that no thin stroke is missed.  The
        step is odd: an even one would see only one colour of a dither or a hatch.
        """
        step = int(size / wanted) if self.full else 1
        step = min(step + (step + 1) % 2, *self.shape) if step > 1 else 1
        return slice(step // 2, None, step) if step > 1 else slice(None)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.rgba.shape[0], self.rgba.shape[1]


@lru_cache(maxsize=1)
def color_tables() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Linear light of each code (256,), and a table of Lab's curve, for the kernels of paint."""
    place = np.minimum(np.arange(CURVE_STEPS + 2) / CURVE_STEPS, 1.0)
    curve = np.asarray(lab_f(place), np.float32)
    curve.setflags(write=False)
    return code_tables(8).linear, curve


def flatten(hints: Hints | None, geometry: Geometry) -> list[Piece]:
    """The painted pieces inside the photo; where patches overlap, later ones are on top."""
    cuts = [_cut(p, *geometry.photo) for p in hints.patches] if hints is not None else []
    patches = _laid([cut for cut in cuts if cut is not None])
    return _pieces(patches, geometry.cells_per_pixel)


def _pieces(patches: list[HintPatch], cells_per_pixel: tuple[float, float]) -> list[Piece]:
    block = max(64, int(CELLS / min(cells_per_pixel)))
    boxes: list[tuple[HintPatch, int, int]] = []
    for patch in patches:
        height, width = patch.rgba.shape[:2]
        # Cut at multiples of the block, so that a moved crop of a layer gives the same pieces.
        tops = [0, *range(block - patch.y % block, height, block)]
        lefts = [0, *range(block - patch.x % block, width, block)]
        boxes += [(patch, top, left) for top in tops for left in lefts]
    pieces: list[Piece | None] = [None] * len(boxes)

    def look(start: int, stop: int) -> None:
        bounds = np.empty(6, np.int64)
        for number in range(start, stop):
            patch, top, left = boxes[number]
            bottom = top + block - (patch.y + top) % block
            right = left + block - (patch.x + left) % block
            part = patch.rgba[top:bottom, left:right]
            kernels().paint_bounds(part, bounds)
            y0, y1, x0, x1, faint, count = (int(v) for v in bounds)
            if y1 > 0:
                cut = part[y0:y1, x0:x1]
                full = count == (y1 - y0) * (x1 - x0)
                x, y = patch.x + left + x0, patch.y + top + y0
                piece = Piece(cut, x, y, faint == 255, full)
                # Of a subsample nobody asks for the edges.
                if piece.samples(1.0 / max(cells_per_pixel), SAMPLES) == slice(None):
                    edges = smooth_edges(patch.rgba, (top + y0, top + y1), (left + x0, left + x1))
                    piece = replace(piece, edges=edges)
                pieces[number] = piece

    in_threads(
        look,
        shared_out(
            [(min(block, p.rgba.shape[0]), min(block, p.rgba.shape[1])) for p, _, _ in boxes]
        ),
    )
    return [piece for piece in pieces if piece is not None]


def smooth_edges(
    rgba: NDArray[np.uint8], rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """Where a brush's smooth edge has mixed two paints.  None if it has nowhere.

    Nobody has painted these colours.  They are pixels whose code lies between the codes on both
    sides, across or down; and translucent ones at the rim whose code is another one than farther
    inside, as where a stroke was painted over in a new colour and its old one looks out.
    rows, columns: (first, end) of the part of a patch to look at; its surroundings count.  Where
    all paint of that part would be mixtures, as in a strip of four pixels, none is: nothing that
    is painted may be left without effect.
    """
    found = np.zeros((rows[1] - rows[0], columns[1] - columns[0]), np.bool_)
    kernels().mixed_paint(rgba, rows[0], columns[0], found)
    painted = rgba[rows[0] : rows[1], columns[0] : columns[1], 3] > 0
    return found if found.any() and (painted & ~found).any() else None


def shared_out(shapes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(start, stop) of pieces of these heights and widths that a thread takes at a time.

    With single points by themselves, threads would only wait for each other at the GIL.
    """
    parts, start, pixels = [], 0, 0
    for stop, (height, width) in enumerate(shapes, 1):
        pixels += height * width
        if pixels >= LEAST_PIXELS or stop == len(shapes):
            parts.append((start, stop))
            start, pixels = stop, 0
    return parts


def _cut(patch: HintPatch, height: int, width: int) -> HintPatch | None:
    h, w = patch.rgba.shape[:2]
    left, top = max(0, -patch.x), max(0, -patch.y)
    right, bottom = min(w, width - patch.x), min(h, height - patch.y)
    if left >= right or top >= bottom:
        return None
    return HintPatch(patch.rgba[top:bottom, left:right], patch.x + left, patch.y + top)


def _laid(cuts: list[HintPatch]) -> list[HintPatch]:
    """Patches that do not overlap, from ones that may; later ones are laid over earlier ones.

    First only boxes are merged, until none overlap, and then each group is painted once: were each
    patch laid over all below it at once, a growing picture would be copied for every point.
    """
    boxes = np.zeros((len(cuts), 4), np.int64)  # left, top, right, bottom of each group
    groups: list[list[int]] = []  # the numbers of its cuts
    for number, cut in enumerate(cuts):
        box, members = np.array(_box(cut)), [number]
        # All are compared at once: of a thousand points each may overlap any other.
        below = _overlapping(boxes[: len(groups)], box)
        while below.size:
            merged = boxes[below]
            box[:2] = np.minimum(box[:2], merged[:, :2].min(axis=0))
            box[2:] = np.maximum(box[2:], merged[:, 2:].max(axis=0))
            for group in below[::-1]:
                # The last group moves into the gap.  The longer list is kept: cuts that go into
                # one group one after the other would else be copied each time.
                shorter, members = sorted((groups[group], members), key=len)
                members += shorter
                boxes[group] = boxes[len(groups) - 1]
                groups[group] = groups[-1]
                groups.pop()
            below = _overlapping(boxes[: len(groups)], box)
        boxes[len(groups)] = box
        groups.append(members)
    inside = sorted((sorted(group) for group in groups), key=lambda group: group[-1])
    return [
        cuts[group[0]] if len(group) == 1 else _composite([cuts[i] for i in group])
        for group in inside
    ]


def _box(patch: HintPatch) -> tuple[int, int, int, int]:
    height, width = patch.rgba.shape[:2]
    return patch.x, patch.y, patch.x + width, patch.y + height


def _overlapping(boxes: NDArray[np.int64], box: NDArray[np.int64]) -> NDArray[np.intp]:
    """Numbers of the boxes (n, 4) that share a pixel with a box."""
    left, top, right, bottom = boxes.T
    return np.flatnonzero((left < box[2]) & (box[0] < right) & (top < box[3]) & (box[1] < bottom))


def _composite(patches: list[HintPatch]) -> HintPatch:
    """Paint patches over each other, straight alpha (Porter and Duff 1984, "over")."""
    x0, y0 = min(p.x for p in patches), min(p.y for p in patches)
    x1 = max(p.x + p.rgba.shape[1] for p in patches)
    y1 = max(p.y + p.rgba.shape[0] for p in patches)
    out = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
    for patch in patches:
        h, w = patch.rgba.shape[:2]
        place = out[patch.y - y0 : patch.y - y0 + h, patch.x - x0 : patch.x - x0 + w]
        top = patch.rgba[..., 3:].astype(np.float32) / 255.0
        under = place[..., 3:].astype(np.float32) / 255.0 * (1.0 - top)
        alpha = top + under
        # A fully opaque or an only pixel keeps its colour code exactly.
        share = np.divide(top, alpha, out=np.zeros_like(alpha), where=alpha > 0)
        color = patch.rgba[..., :3] * share + place[..., :3] * (1.0 - share)
        place[..., :3] = np.rint(color)
        place[..., 3:] = np.rint(alpha * 255.0)
    return HintPatch(out, x0, y0)


def grid_places(
    piece: Piece, scale: tuple[float, float], shape: tuple[int, ...]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The grid's row of each row of a piece, and the grid's column of each column.

    scale: rows and columns of the grid per pixel of the photo.  shape: of the grid.
    """
    height, width = piece.shape
    y = (np.arange(piece.y, piece.y + height) + 0.5) * scale[0]
    x = (np.arange(piece.x, piece.x + width) + 0.5) * scale[1]
    return (
        np.minimum(y.astype(np.int64), shape[0] - 1),
        np.minimum(x.astype(np.int64), shape[1] - 1),
    )
