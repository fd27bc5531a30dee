"""How well one stroke fills its object: objects that people outlined, one line in each.

A pixel counts as filled when it went at least half of the way from the color that it has without
hints to the one that it has where everything is painted: dark and bright pixels cannot take every
color.  The outline itself, the strokes and pixels that could hardly move do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from ..errors import BadImage
from ..types import Hints
from .lab import lab_to_rgb

Array = NDArray[Any]
Bools = NDArray[np.bool_]

SEED = 4
OBJECTS = 3
"""Strokes per photo at most, each in an object of its own."""

SHARES = (0.02, 0.40)
"""Of the picture: smaller and larger objects are left out."""

LEAST_DEPTH = 8.0
"""Pixels from the object's thickest place to its edge; thinner objects are left out."""

CHROMA, LEAST_GAP = 40.0, 30.0
"""Of the painted color, in Lab: its chroma, and its least distance from the automatic ab."""

OUTLINE = 3
"""Pixels on both sides of an object's edge that do not count."""

LEAST_WAY = 5.0
"""ab units: pixels that could move by less do not count."""

GOOD = 0.7
"""IoU from which a stroke counts as good."""


@dataclass(frozen=True, eq=False)
class ObjectStroke:
    """One object of one photo, and the line that a user would draw in it."""

    path: Path
    luminance: NDArray[np.uint8]  # (H, W) Y'
    object: Bools  # (H, W)
    ends: tuple[tuple[int, int], tuple[int, int]]  # (x, y) of the line's ends
    width: int  # of the line, in pixels
    hue: float  # radians, where to look for a color first


@dataclass(frozen=True)
class Filled:
    """What one stroke filled."""

    iou: float  # of the filled pixels and the object
    coverage: float  # share of the object that is filled
    leak: float  # filled pixels outside the object, relative to the object


def object_strokes(folder: Path, limit: int | None = None) -> Iterator[ObjectStroke]:
    """The strokes of a folder's photos ``NAME.webp`` with label maps ``NAME.png``, in order.

    The same every time, and the same as those of the script beside the measuring masks.  Raises
    BadImage where the folder holds no such photos.
    """
    paths = sorted(folder.glob("*.webp"))[:limit]
    if not paths:
        raise BadImage(f"{folder} holds no photos NAME.webp with label maps NAME.png.")
    for path in paths:
        rng = np.random.default_rng(SEED)
        with Image.open(path) as image, Image.open(path.with_suffix(".png")) as labels:
            gray, numbers = np.asarray(image.convert("RGB").convert("L")), np.asarray(labels)
        fitting = [found for k in np.unique(numbers) if (found := _thick(numbers == k))]
        for i in rng.permutation(len(fitting))[:OBJECTS]:
            mask, part, depth = fitting[i]
            ends, width = _line(part, depth)
            yield ObjectStroke(path, gray, mask, ends, width, float(rng.uniform(0, 2 * np.pi)))


def _thick(mask: Bools) -> tuple[Bools, Bools, Array] | None:
    """An object, its largest connected part and each pixel's distance from that part's edge."""
    if not SHARES[0] <= mask.mean() <= SHARES[1]:
        return None
    part = largest_part(mask)
    depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    return (mask, part, depth) if depth.max() >= LEAST_DEPTH else None


def largest_part(mask: Bools) -> Bools:
    """The largest connected part of a mask (H, W); empty where the mask is."""
    parts, count = ndimage.label(mask)
    if not count:
        return mask
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))


def _line(part: Bools, depth: Array) -> tuple[tuple[tuple[int, int], tuple[int, int]], int]:
    """A line through the thickest place, along the longer axis, inside; ends (x, y) and width."""
    y, x = np.unravel_index(int(np.argmax(depth)), depth.shape)
    thick = float(depth[y, x])
    width = max(3, round(0.3 * thick))
    points = np.argwhere(part) - (y, x)
    some = points[:: max(1, len(points) // 2000)].astype(np.float64)
    axis = np.linalg.svd(some, full_matrices=False)[2][0]

    def end(way: Array) -> tuple[int, int]:
        gone = 0
        while gone < 1.5 * thick:
            at = np.round((y, x) + (gone + 1) * way).astype(int)
            if (at < 0).any() or (at >= depth.shape).any() or depth[tuple(at)] < width:
                break
            gone += 1
        row, column = np.round((y, x) + gone * way).astype(int)
        return int(column), int(row)

    return (end(axis), end(-axis)), width


def draw(shape: tuple[int, ...], ends: Sequence[tuple[int, int]], width: int) -> Bools:
    """(H, W) the pixels of a line."""
    pen = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(pen).line([tuple(e) for e in ends], fill=1, width=width)
    return np.asarray(pen).copy()


def stroke_color(stroke: ObjectStroke, automatic: Array) -> tuple[int, int, int]:
    """sRGB codes of a color that is far from the automatic ab (H, W, 2) of the object."""
    light = float(np.clip(stroke.luminance[stroke.object].mean() / 2.55, 25, 85))
    base = automatic[stroke.object].mean(0)
    lab = np.zeros(3)
    for turn in range(12):
        hue = stroke.hue + turn * 0.55
        lab = np.array([light, CHROMA * np.cos(hue), CHROMA * np.sin(hue)])
        if np.linalg.norm(lab[1:] - base) >= LEAST_GAP:
            break
    red, green, blue = np.round(lab_to_rgb(lab[None, None])[0, 0] * 255).astype(int)
    return int(red), int(green), int(blue)


def hints_of(painted: Sequence[tuple[Bools, tuple[int, int, int]]]) -> Hints:
    """Opaque hints from pixels (H, W) and their color, later ones on top."""
    rgba = np.zeros((*painted[0][0].shape, 4), np.uint8)
    for pixels, color in painted:
        rgba[pixels] = (*color, 255)
    return Hints.from_rgba(rgba)


def where_filled(before: Array, after: Array, end: Array) -> tuple[Bools, Bools]:
    """Pixels (H, W) that went half of the way, and those that could move at all.

    before, after, end: (H, W, 2) ab without hints, with them, and where everything is painted.
    """
    way = end - before
    far = np.square(way).sum(-1)
    gone = ((after - before) * way).sum(-1) / np.maximum(far, 1.0)
    return gone >= 0.5, far >= LEAST_WAY**2


def score(stroke: ObjectStroke, filled: Bools, counted: Bools, painted: Bools) -> Filled:
    """What a stroke filled; counted: pixels that could move; painted: those of any stroke."""
    grown = ndimage.binary_dilation(stroke.object, iterations=OUTLINE)
    shrunk = ndimage.binary_erosion(stroke.object, iterations=OUTLINE)
    use = counted & ~painted & ~(grown & ~shrunk)
    got, wanted = filled & use, stroke.object & use
    size = max(1, int(wanted.sum()))
    union = max(1, int((got | wanted).sum()))
    both = int((got & wanted).sum())
    return Filled(both / union, both / size, int((got & ~wanted).sum()) / size)


def correction(stroke: ObjectStroke, filled: Bools, painted: Bools) -> Bools | None:
    """The second stroke of a user: through the largest region that was filled and should not be.

    Returns its pixels (H, W); None where nothing worth a stroke went wrong.
    """
    wrong = filled & ~stroke.object & ~painted
    wrong &= ~ndimage.binary_dilation(stroke.object, iterations=OUTLINE)
    part = largest_part(wrong)
    if part.mean() < 0.002:
        return None
    depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    ends, width = _line(part, depth)
    line = draw(part.shape, ends, width) & part
    return line if line.any() else None


def summary(results: Sequence[Filled]) -> dict[str, float]:
    """Median IoU, mean coverage, median leak, and the share of good strokes."""
    iou, coverage, leak = np.array([(r.iou, r.coverage, r.leak) for r in results]).T
    return {
        "iou": float(np.median(iou)),
        "coverage": float(coverage.mean()),
        "leak": float(np.median(leak)),
        "good": float((iou >= GOOD).mean()),
    }
