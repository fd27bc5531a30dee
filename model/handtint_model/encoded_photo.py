"""A photo as the network sees it, and what is kept with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .alternatives import Variant
from .automatic import Agreed
from .errors import BadOption
from .geometry import Geometry
from .hints.full_resolution import FullResolutionCorrection
from .hints.photo_graph import PhotoGraph
from .hints.propagation import PropagatedHints
from .hints.reach import StrokeReach
from .network import Heads
from .network.stroke_decoder import StrokeFeatures
from .render.upsample import ColorField
from .types import Plane, is_number

_Key = TypeVar("_Key", bound=Hashable)
_Made = TypeVar("_Made")

KEPT_AUTOMATIC = 6
"""Automatic colours, by vividness and alternative, that are kept with a photo; the longest unused
go."""

MOST_SHARES = 1 << 22
"""Propagated hints with more shares (cells times hints) than this are not kept."""


class Automatic(NamedTuple):
    """The automatic colours of a photo at one vividness, or an alternative; they never change."""

    ab: NDArray[np.float32]  # (2, h, w) per cell
    field: ColorField  # at any pixel


def _keep(kept: dict[_Key, _Made], key: _Key, made: _Made, room: int) -> _Made:
    """Keep something as the last used, and of the others the last ones; the first made stays."""
    made = kept.pop(key, made)
    kept[key] = made
    while len(kept) > room:
        del kept[next(iter(kept))]
    return made


class PhotoResults:
    """What was computed from one photo and may be asked for again; safe to use from threads.

    It never changes a result, only how soon it comes.  Nothing is computed under the lock: two
    threads that ask for the same at the same time may both compute it, and both get the first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._automatic: dict[Hashable, Automatic] = {}  # the longest unused first
        self._variants: tuple[float, list[Variant]] | None = None  # of the last vividness
        self._graph: PhotoGraph | None = None
        self._agreed: Agreed | None = None
        self._propagated: dict[bytes, PropagatedHints] = {}  # the longest unused first
        self._reach: StrokeReach | None = None
        self._corrected: dict[bytes, FullResolutionCorrection] = {}  # the longest unused first

    def automatic(self, key: Hashable, make: Callable[[], Automatic]) -> Automatic:
        """The automatic colours, or others that no paint is in, by what they depend on."""
        with self._lock:
            kept = self._automatic.get(key)
        made = make() if kept is None else kept
        with self._lock:
            return _keep(self._automatic, key, made, KEPT_AUTOMATIC)

    def variants(self, vividness: float, make: Callable[[], list[Variant]]) -> list[Variant]:
        """What makes the alternatives; those of the last vividness are kept."""
        with self._lock:
            kept = self._variants
        if kept is None or kept[0] != vividness:
            kept = (vividness, make())
            with self._lock:
                self._variants = kept
        return kept[1]

    def _once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """The attribute ``name``; the first that is made stays."""
        with self._lock:
            kept: _Made | None = getattr(self, name)
        made = make() if kept is None else kept
        with self._lock:
            first: _Made | None = getattr(self, name)
            if first is None:
                setattr(self, name, made)
                return made
            return first

    def graph(self, make: Callable[[], PhotoGraph]) -> PhotoGraph:
        """The photo graph."""
        return self._once("_graph", make)

    def reach(self, make: Callable[[], StrokeReach]) -> StrokeReach:
        """The stroke decoder on the photo, with the maps that are kept."""
        return self._once("_reach", make)

    def agreed(self, make: Callable[[], Agreed]) -> Agreed:
        """The calibrated distributions after neighbouring cells have agreed."""
        return self._once("_agreed", make)

    def propagated(
        self, key: bytes, make: Callable[[], PropagatedHints], room: int = 1
    ) -> PropagatedHints:
        """The propagated hints of `propagation.key_of`; only the last are kept.

        room: how many of them one request asks for, one and those of the fences.
        """
        with self._lock:
            kept = self._propagated.get(key)
        made = make() if kept is None else kept
        if made.weight.size * room <= MOST_SHARES:
            with self._lock:
                made = _keep(self._propagated, key, made, room)
        return made

    def corrected(
        self,
        key: Callable[[], bytes],
        keep: bool,
        make: Callable[[], FullResolutionCorrection],
        room: int = 1,
    ) -> FullResolutionCorrection:
        """The hinted colours of `full_resolution.key_of`; only the last are kept.

        keep: whether the same may be asked for again soon, as for another region.  The key is
        made only if it is needed.  room: as for `propagated`.
        """
        with self._lock:
            some = bool(self._corrected)
        if not some and not keep:
            return make()
        wanted = key()
        with self._lock:
            kept = self._corrected.get(wanted)
        made = make() if kept is None else kept
        with self._lock:
            if keep:
                return _keep(self._corrected, wanted, made, room)
            if kept is None:
                self._corrected.clear()
        return made

    @property
    def kept_automatic(self) -> int:
        """How many automatic colours are kept."""
        with self._lock:
            return len(self._automatic)

    @property
    def nbytes(self) -> int:
        """Bytes of memory of all that is kept."""
        with self._lock:
            automatic, graph, agreed, propagated, reach, corrected = (
                [*self._automatic.values()],
                self._graph,
                self._agreed,
                [*self._propagated.values()],
                self._reach,
                [*self._corrected.values()],
            )
        total = sum(int(a.ab.nbytes + a.field.points.nbytes) for a in automatic)
        total += graph.nbytes if graph is not None else 0
        total += agreed.nbytes if agreed is not None else 0
        total += reach.kept.nbytes if reach is not None else 0
        total += sum(c.nbytes for c in corrected)
        return total + sum(int(p.weight.nbytes) for p in propagated)


@dataclass(frozen=True, eq=False)
class EncodedPhoto:
    """A photo as the network sees it: an immutable handle, to be colorized often.

    luminance: the plane that was passed, (H, W), not copied.  heads: the network's answers per
    cell, on the colorizer's device.
    """

    luminance: Plane
    render_size: int
    geometry: Geometry
    guide: NDArray[np.float32]  # (gh, gw) L*/100 at `guide_shape`: up to 8 points a cell, each way
    heads: Heads  # (1, 313, h, w), (1, 32, h, w), (1, 1, h, w) float32
    weights_id: str
    strokes: StrokeFeatures | None = None  # the stroke decoder's part, of the padded canvas
    results: PhotoResults = field(default_factory=PhotoResults, repr=False)

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
        own = int(self.luminance.nbytes + self.guide.nbytes)
        own += sum(int(t.nbytes) for t in (*self.heads, *(self.strokes or ())))
        return own + self.results.nbytes


def cells_at(
    photo: EncodedPhoto, where: tuple[float, float] | NDArray[np.bool_]
) -> tuple[NDArray[np.int64], float]:
    """Numbers of the cells of a place (at most 256 of them) and its mean L*; raises BadOption."""
    height, width = photo.shape
    if not isinstance(where, np.ndarray):
        if len(where) != 2 or not all(is_number(v) for v in where):
            raise BadOption(f"a place is (x, y) in pixels, or a bool mask, not {where!r}.")
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
