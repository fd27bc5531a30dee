"""A photo as the network sees it, and what is kept with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import BadOption
from .geometry import Geometry
from .hints.photo_graph import Affinity
from .hints.propagation import Belief
from .network import Heads
from .render.upsample import ColourField
from .types import Plane


class Automatic(NamedTuple):
    """The automatic colours of a photo at one vividness; they never change."""

    ab: NDArray[np.float32]  # (2, h, w) per cell
    field: ColourField  # at any pixel


@dataclass(frozen=True, eq=False)
class EncodedPhoto:
    """A photo as the network sees it: an immutable handle, to be colorized often.

    luminance: the plane that was passed, (H, W), not copied.  The other fields are the
    heads' answers per cell, on the colorizer's device.
    """

    luminance: Plane
    render_size: int
    geometry: Geometry
    guide: NDArray[
        np.float32
    ]  # (gh, gw) L*/100 at `guide_shape`: up to 8 points per cell, each way
    heads: Heads  # (1, 313, h, w), (1, 32, h, w), (1, 1, h, w) float32
    weights_id: str
    _automatic: dict[float, Automatic] = field(default_factory=dict, repr=False)
    _affinity: list[Affinity] = field(default_factory=list, repr=False)
    _beliefs: list[Belief] = field(default_factory=list, repr=False)  # the last one

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.luminance.shape[0], self.luminance.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The plane's type, which results have too."""
        return self.luminance.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the handle keeps alive."""
        return (
            int(self.luminance.nbytes + self.guide.nbytes)
            + sum(t.nbytes for t in self.heads)
            + sum(int(a.ab.nbytes + a.field.points.nbytes) for a in [*self._automatic.values()])
            + sum(a.nbytes for a in [*self._affinity])
            + sum(b.share.nbytes for b in [*self._beliefs])
        )


def cells_at(
    photo: EncodedPhoto, where: tuple[float, float] | NDArray[np.bool_]
) -> tuple[NDArray[np.int64], float]:
    """Numbers of the cells of a place (at most 256 of them) and its mean L*."""
    height, width = photo.shape
    if isinstance(where, tuple):
        if not (0 <= where[0] <= width - 0.5 and 0 <= where[1] <= height - 0.5):
            raise BadOption(
                f"the place ({where[0]:g}, {where[1]:g}) lies outside the photo of "
                f"{width} x {height} pixels."
            )
        x, y = (np.array([np.floor(v + 0.5)]) for v in where)
    else:
        if where.shape != photo.shape or where.dtype != np.bool_:
            raise BadOption(f"a mask is bool and has the photo's shape {photo.shape}.")
        y, x = (v.astype(np.float64) for v in np.nonzero(where))
        if x.size == 0:
            raise BadOption("the mask marks no pixel.")
    column, row = photo.geometry.cell_of(x, y)
    cells = np.unique(row * photo.geometry.cells[1] + column)
    cells = cells[:: -(-cells.size // 256)]
    gh, gw = photo.guide.shape
    gy = ((y + 0.5) * gh / height).astype(np.intp).clip(0, gh - 1)
    gx = ((x + 0.5) * gw / width).astype(np.intp).clip(0, gw - 1)
    return cells, float(photo.guide[gy, gx].mean()) * 100.0
