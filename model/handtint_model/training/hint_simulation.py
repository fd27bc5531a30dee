"""Simulated users: points, patches and strokes with the truth's colours.

All in cells of the network (stride 4).  Each sample of a batch draws its own kind:
nothing, points, patches or strokes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MAX_CELLS = 128
"""Hinted cells a sample keeps at most."""

STROKE_TOLERANCE = 12.0
"""A stroke ends where the truth's ab is farther than this from where it began: a user
stays on one object."""


class SimulatedHints(NamedTuple):
    """Hinted cells of a batch."""

    number: NDArray[np.int64]  # (B, K)
    mass: NDArray[np.float32]  # (B, K), 0 where absent
    ab: NDArray[np.float32]  # (B, K, 2)


REGION_TOLERANCE = 14.0
"""An object of the truth, for altering it: connected cells whose ab is no farther than this
from where it was picked."""


def _start(
    rng: np.random.Generator, height: int, width: int, inside: NDArray[np.bool_] | None
) -> tuple[int, int]:
    """A random cell (row, column), of the region if there is one."""
    if inside is None:
        return int(rng.integers(0, height)), int(rng.integers(0, width))
    row, column = np.divmod(rng.choice(np.flatnonzero(inside)), width)
    return int(row), int(column)


def _square(
    start: tuple[int, int], shape: tuple[int, int], side: int, inside: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """The cells of a square around a start, those of the region if there is one."""
    (row, column), (height, width) = start, shape
    top = int(np.clip(row - side // 2, 0, max(0, height - side)))
    left = int(np.clip(column - side // 2, 0, max(0, width - side)))
    y, x = np.mgrid[top : min(height, top + side), left : min(width, left + side)]
    cells = np.asarray(y.ravel() * width + x.ravel(), np.int64)
    return cells if inside is None else cells[inside.ravel()[cells]]


def _stroke(
    rng: np.random.Generator, ab: NDArray[np.float32], place: tuple[int, int]
) -> NDArray[np.int64]:
    """The cells along a wavering line that stays on one object."""
    height, width, _ = ab.shape
    y, x = place[0] + float(rng.random()), place[1] + float(rng.random())
    angle = float(rng.uniform(0, 2 * np.pi))
    start = ab[place]
    cells: list[int] = []
    for _ in range(int(rng.integers(2, 16))):
        row, column = int(np.floor(y)), int(np.floor(x))
        if not (0 <= row < height and 0 <= column < width):
            break
        if np.abs(ab[row, column] - start).max() > STROKE_TOLERANCE:
            break
        cells.append(row * width + column)
        angle += float(rng.normal(0, 0.35))
        y, x = y + np.sin(angle), x + np.cos(angle)
    return np.unique(np.array(cells, np.int64))


def simulate_hints(
    rng: np.random.Generator,
    ab: NDArray[np.float32],
    share_without: float,
    regions: Sequence[NDArray[np.bool_] | None] | None = None,
) -> SimulatedHints:
    """Hints for a batch from its truth.

    ab: (B, h, w, 2), the truth per cell.  share_without: the share of samples without any.
    regions: per sample the (h, w) mask of an object that was altered, or None; such a sample
    always has hints, the first one to three of them on that object, half of the time the
    only ones.  A point is a square of 1 to 3 cells, a patch of up to 6; each brings one
    colour, the mean of the truth under it.  Their number is log-uniform in 1..48.
    """
    batch, height, width, _ = ab.shape
    number = np.zeros((batch, MAX_CELLS), np.int64)
    mass = np.zeros((batch, MAX_CELLS), np.float32)
    colours = np.zeros((batch, MAX_CELLS, 2), np.float32)
    for b in range(batch):
        region = None if regions is None else regions[b]
        if region is None and rng.random() < share_without:
            continue
        kind = rng.choice(3, p=(0.55, 0.15, 0.3))
        count = int(np.exp(rng.uniform(0, np.log(49))))
        on_region = 0
        if region is not None:
            on_region = int(rng.integers(1, 4))
            count = on_region if rng.random() < 0.5 else max(count, on_region)
        flat = ab[b].reshape(-1, 2)
        used = 0
        for k in range(count):
            inside = region if k < on_region else None
            start = _start(rng, height, width, inside)
            if kind == 2:
                cells = _stroke(rng, ab[b], start)
            else:
                side = int(rng.integers(1, 4 if kind == 0 else 7))
                cells = _square(start, (height, width), side, inside)
            cells = cells[: MAX_CELLS - used]
            if cells.size == 0:
                break
            place = slice(used, used + cells.size)
            number[b, place], mass[b, place] = cells, 1.0
            colours[b, place] = flat[cells].mean(axis=0)
            used += cells.size
    return SimulatedHints(number, mass, colours)


class AlteredTruth(NamedTuple):
    """A batch whose colours partly contradict what a network can know."""

    ab: NDArray[np.float32]  # (B, h, w, 2)
    altered: NDArray[np.bool_]  # (B,)
    regions: list[NDArray[np.bool_] | None]  # (h, w) of the altered object, None: all or nothing


def alter_truth(
    rng: np.random.Generator,
    ab: NDArray[np.float32],
    share_whole: float,
    share_object: float = 0.0,
) -> AlteredTruth:
    """Give a share of the samples other colours than the network expects.

    So that it learns to obey hints.  Of ``share_whole`` the whole ab is rotated and scaled.
    That alone teaches hints to reach too far: where everything is wrong, any hint is better
    than none.  Of ``share_object`` a single object of the truth is shifted in ab and all
    around it stays, which teaches where to stop.
    """
    kind = rng.random(len(ab))
    whole, single = kind < share_whole, (kind >= share_whole) & (kind < share_whole + share_object)
    out = ab.copy()
    regions: list[NDArray[np.bool_] | None] = [None] * len(ab)
    for b in np.flatnonzero(whole):
        angle, scale = rng.uniform(0.3, 2 * np.pi - 0.3), rng.uniform(0.6, 1.4)
        turn = np.array(
            [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32
        )
        turned = (ab[b] @ turn) * np.float32(scale)
        # Kept within the region that the bins cover.
        out[b] = turned * min(1.0, 90.0 / float(np.abs(turned).max() + 1e-6))
    for b in np.flatnonzero(single):
        region = pick_object(rng, ab[b])
        if region is None:
            single[b] = False
            continue
        angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(20.0, 60.0)
        shift = size * np.array([np.cos(angle), np.sin(angle)], np.float32)
        out[b][region] = np.clip(ab[b][region] + shift, -95.0, 95.0)
        regions[b] = region
    return AlteredTruth(out, whole | single, regions)


def pick_object(rng: np.random.Generator, ab: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """A connected region (h, w) of like ab in a truth (h, w, 2); None if none is found.

    Between 2 and 60 % of the picture, so that there is something inside and outside.
    """
    height, width, _ = ab.shape
    for _ in range(8):
        row, column = int(rng.integers(0, height)), int(rng.integers(0, width))
        like = np.linalg.norm(ab - ab[row, column], axis=-1) < REGION_TOLERANCE
        parts, _ = ndimage.label(like)
        region = parts == parts[row, column]
        if 0.02 <= region.mean() <= 0.6:
            return np.asarray(region)
    return None
