"""Full-resolution correction: painted pixels get the painted colour, neighbours follow.

Pooled and propagated hints work on cells.  What a painted pixel then still lacks is its
correction: target minus upsampled colour, with target = (1 - m) automatic + m painted and
m = alpha * strength.  The correction is spread along similar lightness on the guide's grid
(about eight points per cell) and added to the colours there.  Painted pixels themselves are set
to their target.

Spreading is a normalised convolution (Knutsson and Westin, CVPR 1993) with the recursive
domain transform (Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video
Processing", SIGGRAPH 2011) as its kernel; it fades with the geodesic distance from the
paint, so that a thin stroke reaches as far as a wide one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..kernels import kernels
from ..luminance import luminance_and_f
from ..render.upsample import ColorField
from ..threads import in_threads, strips
from .compositing import Piece, color_tables, grid_places, shared_out

Floats = NDArray[np.float32]

REACH = 2.5  # cells: farther than this (geodesic) from the paint nothing is corrected
RANGE = 8.0  # L*: a step of so much counts as much as a cell of distance
SMOOTH = 1.0  # cells: scale of the normalised convolution
FAR = np.float32(1e6)
RIM = 0.25  # less weight than this is a stroke's rim, whose correction is not spread
FAINT = 6.0  # painted pixels are blended to their target by (mass / stroke's largest) ** FAINT

SAMPLES = 3  # pixels across a point of the grid that a fully painted piece is subsampled to
STRIP = 1 << 16  # pixels that are worked on together, so that memory stays small
BAND = 64  # rows of the photo: pieces are indexed by such bands
NONE = np.zeros((2, 0, 0), np.float32)


class _Place(NamedTuple):
    """A piece, and where its rows and columns lie on the grid."""

    piece: Piece
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


class FullResolutionCorrection:
    """Hinted colours, corrected at full resolution; `colors` is what `render` asks for."""

    def __init__(
        self,
        luminance: NDArray[Any],
        guide: Floats,
        cell_rows: int,
        automatic: ColorField,
        hinted: ColorField,
        pieces: Sequence[Piece],
        strength: float,
    ) -> None:
        """Gather the corrections of painted pixels and spread them.

        luminance: (H, W) plane.  guide: (gh, gw), L*/100 of the photo.  cell_rows: rows of
        cells that cover it.  automatic, hinted: its colours without and with hints.  pieces:
        painted, inside the photo, not overlapping.
        """
        height, width = luminance.shape
        self.luminance, self.automatic = luminance, automatic
        self.strength = np.float32(strength)
        self.scale = guide.shape[0] / height, guide.shape[1] / width
        self.pieces = [
            _Place(piece, *grid_places(piece, self.scale, guide.shape)) for piece in pieces
        ]
        self.bands: dict[int, list[_Place]] = {}
        for place in self.pieces:
            last = place.piece.y + place.piece.shape[0] - 1
            for band in range(place.piece.y // BAND, last // BAND + 1):
                self.bands.setdefault(band, []).append(place)
        points_per_cell = guide.shape[0] / cell_rows
        box = self._box(guide.shape, points_per_cell)
        sums = self._gather(hinted, box)
        self.stroke_mass = np.zeros(guide.shape, np.float32)

        def add(points: Floats) -> None:
            part = np.ascontiguousarray(points[box])
            near = np.ascontiguousarray(guide[box])
            self.stroke_mass[box] = _spread(sums, near, points_per_cell, part)
            points[box] = part

        # Between the grid's points the correction is interpolated like the hinted colours.
        self.field = hinted.changed(add)

    @property
    def nbytes(self) -> int:
        """Bytes of memory of what it holds besides the photo and its automatic colours."""
        paint = sum(place.piece.rgba.nbytes for place in self.pieces)
        return int(self.field.points.nbytes + self.stroke_mass.nbytes + paint)

    def _own(self, piece: Piece) -> bool:
        """Whether the automatic colours show through its paint."""
        return bool(self.strength < 1.0) or not piece.opaque

    def _box(self, shape: tuple[int, ...], points_per_cell: float) -> tuple[slice, slice]:
        """The rows and columns of the grid that hold all paint and all that it corrects."""
        size = max(1, round(points_per_cell))
        # One block more than `_near`, so that what is corrected ends inside; whole blocks, so
        # that it is the same as without the box.
        margin = _blocks_reached(points_per_cell) + 1
        found = []
        along = ([p.rows for p in self.pieces], [p.columns for p in self.pieces])
        for numbers, length in zip(along, shape):
            first = min((int(n[0]) for n in numbers), default=0)
            last = max((int(n[-1]) for n in numbers), default=0)
            start, stop = (first // size - margin) * size, (last // size + margin + 1) * size
            found.append(slice(max(0, start), min(length, stop)))
        rows, columns = found
        return rows, columns

    def _gather(self, hinted: ColorField, box: tuple[slice, slice]) -> NDArray[np.float64]:
        """The sums of `gather_paint` over all pieces, (h, w, 4) for the box of the grid."""
        height, width = (part.stop - part.start for part in box)
        sums = np.zeros((height, width, 4))
        parts = [np.zeros((0, 0, 4))] * len(self.pieces)

        def gather(start: int, stop: int) -> None:
            for number in range(start, stop):
                parts[number] = self._gathered(self.pieces[number], hinted)

        in_threads(gather, shared_out([place.piece.shape for place in self.pieces]))
        for (_, rows, columns), part in zip(self.pieces, parts):
            y, x = rows[0] - box[0].start, columns[0] - box[1].start
            sums[y : y + part.shape[0], x : x + part.shape[1]] += part
        return sums

    def _gathered(self, place: _Place, hinted: ColorField) -> NDArray[np.float64]:
        """The sums of one piece, over the part of the grid that it spans."""
        piece, of_row, of_column = place
        top, left = of_row[0], of_column[0]
        sums = np.zeros((of_row[-1] + 1 - top, of_column[-1] + 1 - left, 4))
        some = piece.samples(1.0 / max(self.scale), SAMPLES)
        y, x = (np.arange(n)[some] for n in piece.shape)
        paint = piece.rgba[some, some]
        height, width = piece.shape
        plane = self.luminance[piece.y : piece.y + height, piece.x : piece.x + width][some, some]
        bounds = np.empty(6, np.int64)
        # In strips, and only where these are painted: a slanting stroke fills little of its box.
        for start, stop in strips(y.size, x.size, STRIP):
            kernels().paint_bounds(paint[start:stop], bounds)
            first, end, x0, x1 = (int(v) for v in bounds[:4])
            if end == 0:
                continue
            rows, columns = slice(start + first, start + end), slice(x0, x1)
            _, f = luminance_and_f(np.ascontiguousarray(plane[rows, columns]))
            at = piece.y + y[rows], piece.x + x[columns]
            before = hinted.colors_at(f, *at)
            own = self.automatic.colors_at(f, *at) if self._own(piece) else NONE
            kernels().gather_paint(
                paint[rows, columns], *color_tables(), own, before, self.strength,
                of_row[y[rows]] - top, of_column[x[columns]] - left, sums,
            )  # fmt: skip
        return sums

    def colors(self, f: Floats, top: int, left: int) -> Floats:
        """(2, h, w) a*, b* of a rectangle of the photo, painted pixels with their target.

        f: (h, w) the rectangle's f(Y).  top, left: the photo's row and column of its first
        pixel.
        """
        height, width = f.shape
        bands = range(top // BAND, (top + height - 1) // BAND + 1)
        near = {id(place): place for band in bands for place in self.bands.get(band, ())}
        inside = []
        hidden = 0  # pixels under opaque paint
        for place in near.values():
            piece = place.piece
            y0, x0 = max(top, piece.y), max(left, piece.x)
            y1 = min(top + height, piece.y + piece.shape[0])
            x1 = min(left + width, piece.x + piece.shape[1])
            if y0 < y1 and x0 < x1:
                inside.append((place, y0, y1, x0, x1))
                if piece.full and not self._own(piece):
                    hidden += (y1 - y0) * (x1 - x0)
        if hidden == f.size:
            color = np.zeros((2, height, width), np.float32)  # the NumPy kernel adds to it
        else:
            color = self.field.colors(f, top, left)
        for (piece, of_row, of_column), y0, y1, x0, x1 in inside:
            rows, columns = slice(y0 - piece.y, y1 - piece.y), slice(x0 - piece.x, x1 - piece.x)
            own = NONE
            if self._own(piece):
                under = f[y0 - top : y1 - top, x0 - left : x1 - left]
                own = self.automatic.colors(np.ascontiguousarray(under), y0, x0)
            kernels().touch_paint(
                piece.rgba[rows, columns], *color_tables(), own, self.strength,
                self.stroke_mass, of_row[rows], of_column[columns], np.float32(FAINT),
                y0 - top, x0 - left, color,
            )  # fmt: skip
        return color


def key_of(pieces: Sequence[Piece], rest: object) -> bytes:
    """Equal for equal painted pieces and all else that their colours depend on, by its repr."""
    digest = hashlib.blake2b(repr(rest).encode(), digest_size=16)
    for piece in pieces:
        digest.update(f" {piece.x} {piece.y} {piece.shape}".encode())
        digest.update(np.ascontiguousarray(piece.rgba).data)
    return digest.digest()


def _spread(
    sums: NDArray[np.float64], guide: Floats, points_per_cell: float, points: Floats
) -> Floats:
    """Spread the corrections and add them to the colours of the grid's points.

    All for a box of the grid.  sums: of `gather_paint`.  points: (gh, gw, 3) of a `ColorField`,
    changed.  Returns each point's largest mass in its stroke (gh, gw).
    """
    painted = sums[..., 1] > 0
    # A photo that is painted all over needs neither indices nor distances.
    all_over = bool(painted.all())
    place: Any = slice(None) if all_over else np.nonzero(painted)
    square, mass, *correction = np.moveaxis(sums[place], -1, 0).astype(np.float32, order="C")
    strong = square / mass
    largest, of_stroke = np.zeros(guide.shape, np.float32), _stroke_mass(painted, place, strong)
    largest[place] = of_stroke
    weight = (strong / of_stroke) ** FAINT
    # Else the rim alone would decide where only it, and not the stroke's interior, is in reach.
    weight[weight < RIM] = 0
    spans = _near(painted, points_per_cell)
    step = np.float32(1.0 / points_per_cell)
    distance = np.full(guide.shape, FAR)
    distance[place] = np.where(weight > 0, (1 - weight) * step, FAR)
    blurred = np.zeros((3, *guide.shape), np.float32)
    share = weight / mass
    for plane, values in zip(blurred, (share * correction[0], share * correction[1], weight)):
        plane[place] = values

    def walk() -> None:
        if not (all_over and (weight == 1).all()):
            kernels().geodesic(guide, np.float32(100.0 / RANGE), step, 3, spans, distance)

    both = (walk, lambda: _domain_transform(blurred, guide, step, spans))
    in_threads(lambda number, _: both[number](), [(0, 1), (1, 2)])
    kernels().add_correction(blurred, distance, np.float32(REACH), spans, points)
    return largest


def _near(painted: NDArray[np.bool_], points_per_cell: float) -> NDArray[np.int64]:
    """Where corrections go: spans (n, 3) of row, first column, end, for the kernels.

    Nothing farther than `REACH` from paint is corrected.  The spans go a little farther, so that
    strokes on both sides count where two of them meet.
    """
    size = max(1, round(points_per_cell))
    height, width = painted.shape
    blocks = np.zeros((-(-height // size) * size, -(-width // size) * size), bool)
    blocks[:height, :width] = painted
    coarse = blocks.reshape(blocks.shape[0] // size, size, -1, size).any(axis=(1, 3))
    near = ndimage.maximum_filter(coarse, 2 * _blocks_reached(points_per_cell) + 1)
    ends = np.diff(np.pad(near, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(ends == 1)
    stops = np.nonzero(ends == -1)[1]
    row = (rows[:, None] * size + np.arange(size)).ravel()
    ends_at = np.minimum(stops * size, width)
    lines = np.stack((row, np.repeat(starts * size, size), np.repeat(ends_at, size)), axis=1)
    order = np.argsort(row, kind="stable")[: np.count_nonzero(row < height)]
    return np.ascontiguousarray(lines[order], np.int64)


def _blocks_reached(points_per_cell: float) -> int:
    """Blocks of a cell's points, in each direction, that `REACH` spans."""
    return int(np.ceil(REACH * points_per_cell / max(1, round(points_per_cell))))


def _stroke_mass(painted: NDArray[np.bool_], place: Any, strong: Floats) -> Floats:
    """The largest mass of the stroke that each painted point belongs to, like ``strong``."""
    if strong.ndim == 2:  # one stroke: all of the picture
        return np.full_like(strong, strong.max())
    strokes, count = ndimage.label(painted, np.ones((3, 3), bool))
    own = strokes[place]
    largest = np.zeros(count + 1, np.float32)
    np.maximum.at(largest, own, strong)
    return np.asarray(largest[own])


def _domain_transform(
    planes: Floats, guide: Floats, step: np.float32, spans: NDArray[np.int64]
) -> None:
    """Recursive domain transform filter of (3, h, w) planes in place, two iterations."""
    iterations = 2
    for i in range(iterations):
        sigma = SMOOTH * np.sqrt(3.0) * 2.0 ** (iterations - i - 1) / np.sqrt(4.0**iterations - 1.0)
        halvings = np.sqrt(2.0) / sigma * np.log2(np.e)  # by one unit of distance
        kernels().smooth_along(
            guide, np.float32(halvings * 100.0 / RANGE), np.float32(halvings * step), spans, planes
        )
