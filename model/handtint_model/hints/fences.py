"""Fences: hints whose effect ends, exactly, at the edge of a mask.

Inside a fence its hints act together with the ordinary ones, outside only these.  So the photo is
coloured once without the fenced hints and once with each fence's, and the masks choose: a pixel
where the mask is 0 does not differ by a bit.

Whoever outlines an object and paints one stroke in it means all of it.  So what the fence's
strokes leave of it is theirs, too (`FenceCells.raised`), unless they reach only a little of it:
lips painted in an outlined face mean the lips.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import Geometry
from ..render.render import Colors
from ..types import Fence
from .pooling import PooledHints
from .strokes import LIKE_COLOR, StrokeGroups

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

FILLS = (0.3, 0.5)
"""Share of a fence that its strokes reach: up to the first they act as anywhere else, from the
second they fill all of it."""


@dataclass(frozen=True, eq=False)
class FenceCells:
    """A fence at the cells of one photo; N of them.

    share: (N,) 0..1, how much of each cell lies inside.  own: the hints of the fence.
    """

    share: Doubles
    own: PooledHints

    @property
    def key(self) -> bytes:
        """Equal for equal fences with equal hints."""
        digest = hashlib.blake2b(self.share.tobytes(), digest_size=16)
        for part in (self.own.number, self.own.ab):
            digest.update(part.tobytes())
        return digest.digest()

    def raised(self, maps: Floats, hints: PooledHints, groups: StrokeGroups) -> Floats:
        """The strokes' maps (N, S) with those of the fence's strokes raised.

        They are multiplied so that the largest of them fills what ordinary strokes leave, and keep
        their order: where several strokes lie in a fence, each cell goes to the one that reaches it
        best.  Cells beyond the fence are raised too, since they are not shown and would only dim
        those along its edge.
        """
        mine = self._strokes(hints, groups)
        if not mine.any():
            return maps
        largest = maps[:, mine].max(axis=1)
        free = 1.0 - (maps[:, ~mine].max(axis=1) if not mine.all() else 0.0 * largest)
        low, high = FILLS
        reached = float(self.share @ largest) / max(float(self.share @ free), 1e-6)
        t = min(1.0, max(0.0, (reached - low) / (high - low)))
        wanted = np.maximum(largest, t * t * (3.0 - 2.0 * t) * free)
        out = maps.copy()
        out[:, mine] *= (wanted / np.maximum(largest, 1e-12))[:, None]
        return out

    def _strokes(self, hints: PooledHints, groups: StrokeGroups) -> NDArray[np.bool_]:
        """(S,) strokes that hold a hint of the fence."""
        order = np.argsort(self.own.number, kind="stable")
        number, ab = self.own.number[order], self.own.ab[order]
        start, stop = (np.searchsorted(number, hints.number, side) for side in ("left", "right"))
        mine = np.zeros(groups.count, bool)
        for hint in np.flatnonzero(stop > start):
            near = ab[start[hint] : stop[hint]] - hints.ab[hint]
            if (np.linalg.norm(near, axis=1) < LIKE_COLOR).any():
                mine[groups.of_hint[hint]] = True
        return mine


def cell_shares(fence: Fence, geometry: Geometry) -> Doubles:
    """(N,) 0..1 per cell: how much of it lies inside the fence."""
    shape, size = geometry.cells, geometry.photo
    inside = np.zeros(shape)
    ends = fence.y + fence.mask.shape[0], fence.x + fence.mask.shape[1]
    first = max(0, fence.y), max(0, fence.x)
    last = min(size[0], ends[0]), min(size[1], ends[1])
    if first[0] < last[0] and first[1] < last[1]:
        row, column = (
            _cell_of_each(n, per, cells)
            for n, per, cells in zip(size, geometry.cells_per_pixel, shape)
        )
        y, x = (slice(a, b) for a, b in zip(first, last))
        (top, left), (bottom, right) = first, last
        part = fence.mask[top - fence.y : bottom - fence.y, left - fence.x : right - fence.x]
        rows, at_rows = np.unique(row[y], return_index=True)
        columns, at_columns = np.unique(column[x], return_index=True)
        sums = np.add.reduceat(part, at_rows, axis=0, dtype=np.uint32)
        sums = np.add.reduceat(sums, at_columns, axis=1, dtype=np.float64)
        inside[np.ix_(rows, columns)] = sums
        pixels = np.bincount(row, minlength=shape[0])[:, None] * np.bincount(
            column, minlength=shape[1]
        )
        inside /= 255.0 * np.maximum(pixels, 1)
    return inside.ravel()


def _cell_of_each(pixels: int, per: float, cells: int) -> NDArray[np.int64]:
    return np.minimum(((np.arange(pixels) + 0.5) * per).astype(np.int64), cells - 1)


@dataclass(frozen=True, eq=False)
class FencedColors:
    """Colours that are others inside a fence; what `render` asks for."""

    outside: Colors
    inside: Colors
    fence: Fence

    def colors(self, f: Floats, top: int, left: int) -> Floats:
        """See `render.Colors`."""
        out = self.outside.colors(f, top, left)
        fence = self.fence
        y0, x0 = max(top, fence.y), max(left, fence.x)
        y1 = min(top + f.shape[0], fence.y + fence.mask.shape[0])
        x1 = min(left + f.shape[1], fence.x + fence.mask.shape[1])
        if y0 >= y1 or x0 >= x1:
            return out
        mask = fence.mask[y0 - fence.y : y1 - fence.y, x0 - fence.x : x1 - fence.x]
        if not mask.any():
            return out
        part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        within = self.inside.colors(np.ascontiguousarray(f[part]), y0, x0)
        soft = (mask > 0) & (mask < 255)
        share = mask[soft] * np.float32(1 / 255)
        for plane, new in zip(out, within):
            target = plane[part]
            np.copyto(target, new, where=mask == 255)
            if share.size:
                target[soft] += share * (new[soft] - target[soft])
        return out


def weights(shares: list[Doubles]) -> list[Doubles | float]:
    """How much of each cell the colours without fences have, and those of each fence, in order.

    shares: (N,) of the fences, later ones on top.  The weights sum to 1 at every cell.
    """
    left: Doubles | float = 1.0
    found: list[Doubles | float] = []
    for share in reversed(shares):
        found.append(left * share)
        left = left * (1.0 - share)
    return [left, *reversed(found)]
