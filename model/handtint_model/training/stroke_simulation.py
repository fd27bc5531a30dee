"""Simulated strokes: lines inside outlined objects, and points with the truth's colors.

All in cells of the network (stride 4), with NumPy, one picture at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from ..hints.strokes import sample_cells
from ..network.stroke_decoder import Strokes
from .masks import NOBODY, ONE_KIND, MaskedCrop

Bools = NDArray[np.bool_]

LIKE, UNLIKE = 16.0, 26.0
"""ab units from the stroke's mean: nearer cells of a mask of several kinds are the stroke's
object, those between count for neither."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A stroke on one picture, and what it should fill."""

    painted: Bools  # (h, w)
    rivals: Bools  # (h, w)
    wanted: Bools  # (h, w)
    counts: Bools  # (h, w), cells that are looked at


def draw_line(rng: np.random.Generator, mask: Bools) -> Bools | None:
    """The cells of a stroke inside a mask (h, w); None where it has no room.

    Half of the time through the thickest place, mostly along the object's longer axis, as wide
    as 0.15 to 0.5 of the way to the object's edge.
    """
    parts, count = ndimage.label(mask)
    if count == 0:
        return None
    sizes = np.bincount(parts.ravel())[1:].astype(np.float64) ** 1.5
    part = parts == 1 + int(rng.choice(count, p=sizes / sizes.sum()))
    inside = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    if inside.max() < 1.5:
        return None
    if rng.random() < 0.5:
        middle = int(np.argmax(inside + 0.3 * rng.random(inside.shape)))
    else:
        room = np.where(inside > 1, inside, 0.0).ravel() ** 2
        middle = int(rng.choice(room.size, p=room / room.sum()))
    y, x = divmod(middle, mask.shape[1])
    depth = float(inside[y, x])
    if rng.random() < 0.4:
        angle = rng.uniform(0, np.pi)
        way = np.array([np.sin(angle), np.cos(angle)])
    else:
        points = np.argwhere(part) - (y, x)
        way = np.linalg.svd(points.astype(np.float64), full_matrices=False)[2][0]
    radius = max(0.7, depth * rng.uniform(0.15, 0.5)) / 2
    ends = [_end((y, x), s * way, rng.uniform(0, 1.8) * depth, inside, radius) for s in (1, -1)]
    line = _near_segment(mask.shape, *ends) < radius + 0.5
    line &= part
    return line if line.any() else None


def _end(
    start: tuple[int, int], way: NDArray[np.float64], length: float,
    inside: NDArray[np.float64], radius: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Where a stroke ends that stays inside."""
    gone = 0.0
    while gone < length:
        at = np.round(start + (gone + 0.5) * way).astype(int)
        if (at < 0).any() or (at >= inside.shape).any() or inside[tuple(at)] < max(1.0, radius):
            break
        gone += 0.5
    return np.asarray(start + gone * way)


def _near_segment(
    shape: tuple[int, ...], a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(h, w) distance of every cell from the line between two places."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    way = b - a
    along = ((y - a[0]) * way[0] + (x - a[1]) * way[1]) / max(1e-6, float((way**2).sum()))
    along = np.clip(along, 0, 1)
    return np.asarray(np.hypot(y - a[0] - along * way[0], x - a[1] - along * way[1]))


def draw_lessons(
    rng: np.random.Generator, crop: MaskedCrop, ab: NDArray[np.float32], most: int
) -> list[Lesson]:
    """Strokes in up to ``most`` objects of a crop; ab: (h, w, 2) its colors.

    In a third of the cases other objects are painted too.
    """
    lessons: list[Lesson] = []
    objects = crop.objects()
    for number in rng.permutation(np.resize(objects, max(most, len(objects))))[:most]:
        mask = crop.labels == number
        painted = draw_line(rng, mask)
        if painted is None:
            continue
        wanted, counts = mask, crop.labels != NOBODY
        if crop.source not in ONE_KIND:
            gap = np.hypot(*np.moveaxis(ab - ab[painted].mean(0), -1, 0))
            wanted = mask & (gap < LIKE)
            counts = counts & ~(mask & (gap >= LIKE) & (gap < UNLIKE))
            if wanted.sum() < 8:
                continue
        rivals = np.zeros_like(mask)
        if rng.random() < 0.35:
            rivals = _rivals(rng, crop, int(number))
        lessons.append(Lesson(painted, rivals, wanted, counts))
    return lessons


def _rivals(rng: np.random.Generator, crop: MaskedCrop, number: int) -> Bools:
    others = [
        int(n) for n in np.unique(crop.labels)
        if n not in (number, NOBODY) and (crop.labels == n).sum() > 12
    ]  # fmt: skip
    rivals = np.zeros(crop.labels.shape, bool)
    for other in rng.permutation(others)[: rng.integers(1, 4)]:
        line = draw_line(rng, crop.labels == other)
        if line is not None:
            rivals |= line
    return rivals


def draw_points(
    rng: np.random.Generator, ab: NDArray[np.float32], most: int, region: Bools | None = None
) -> tuple[Bools, NDArray[np.float32]]:
    """Up to ``most`` points with the colors under them: (K, h, w) cells and (K, 2) ab.

    Their number is log-uniform.  region: where the first one lies; half of the time all do.
    """
    height, width = ab.shape[:2]
    count = int(np.exp(rng.uniform(0, np.log(most + 1))))
    inside = np.argwhere(region) if region is not None and region.any() else None
    bound = 0 if inside is None else count if rng.random() < 0.5 else 1
    cells = np.zeros((count, height, width), bool)
    for number in range(count):
        side = int(rng.choice([1, 1, 1, 2, 3]))
        y, x = int(rng.integers(height)), int(rng.integers(width))
        if inside is not None and number < bound:
            y, x = inside[rng.integers(len(inside))]
        y, x = min(y, height - side), min(x, width - side)
        cells[number, y : y + side, x : x + side] = True
        if number < bound and region is not None:
            cells[number] &= region | (cells[number].sum() == 0)
    colors = np.stack([ab[c].mean(0) for c in cells])
    return cells, colors.astype(np.float32)


def as_strokes(photo: list[int], painted: list[Bools], rivals: list[Bools]) -> Strokes:
    """Strokes of a batch as tensors; photo: the place of each one's picture in the batch."""

    def maps(values: list[Bools]) -> Tensor:
        return torch.from_numpy(np.stack(values)[:, None].astype(np.float32))

    cells = np.stack([sample_cells(p) for p in painted])
    return Strokes(torch.tensor(photo), maps(painted), maps(rivals), torch.from_numpy(cells))
