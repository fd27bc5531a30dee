"""How far each stroke goes: the stroke decoder's maps, computed once and kept.

A stroke's map is first computed as if it were alone.  Strokes of other colors that it would run
over are its rivals; if it has any, its map is computed again with them.  So a new stroke costs its
own maps and those of the strokes that would run over it, however many there are.  Where strokes are
so many that it touches as many rivals as a map sees, these are its rivals.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from ..device import work_alone
from ..network.stroke_decoder import StrokeDecoder, StrokeFeatures, Strokes
from ..threads import in_threads, strips
from .pooling import PooledHints
from .strokes import StrokeGroups, nearest, rivals_of, sample_cells

Floats = NDArray[np.float32]

RUNS_OVER = 0.5
"""A stroke whose reach exceeds this at a cell of another one would run over it."""

MOST_RIVALS = 3
"""Rivals that a stroke's map sees: the nearest.  So a new stroke changes few maps of others."""

KEPT_MAPS = 256
"""Maps kept with a photo; the longest unused goes."""


class ReachMaps:
    """Maps that were computed from one photo; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._maps: OrderedDict[bytes, Floats] = OrderedDict()

    def get(self, key: bytes) -> Floats | None:
        """A kept map (N,)."""
        with self._lock:
            if key in self._maps:
                self._maps.move_to_end(key)
            return self._maps.get(key)

    def keep(self, key: bytes, reach: Floats) -> None:
        """Keep a map (N,)."""
        with self._lock:
            self._maps[key] = reach
            while len(self._maps) > KEPT_MAPS:
                self._maps.popitem(last=False)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        with self._lock:
            return sum(m.nbytes for m in self._maps.values())


@dataclass(frozen=True, eq=False)
class StrokeReach:
    """The stroke decoder on one photo."""

    decoder: StrokeDecoder
    log_sigma: Tensor
    features: StrokeFeatures  # of the photo's padded canvas
    shape: tuple[int, int]  # cells of the photo, rows and columns
    kept: ReachMaps = field(default_factory=ReachMaps)

    @property
    def gamma(self) -> float:
        """Exponent of the strokes' shares."""
        return float(self.decoder.log_gamma.exp())

    def maps(self, hints: PooledHints, groups: StrokeGroups) -> Floats:
        """(S, N) 0..1: how far each stroke goes; 1 where it is painted, 0 where its rivals are."""
        flat = np.zeros((groups.count, self.shape[0] * self.shape[1]), np.float32)
        relative = hints.mass / groups.mass[groups.of_hint]
        np.maximum.at(flat, (groups.of_hint, hints.number), relative)
        painted = flat.reshape(-1, *self.shape)
        cells = painted > 0
        all_rivals = rivals_of(cells, groups.ab)
        maps: list[Floats] = [np.zeros(0, np.float32)] * groups.count

        def some(start: int, stop: int) -> None:
            work_alone()
            for number in range(start, stop):
                maps[number] = self._among(number, painted, all_rivals[number])

        # Each stroke's second map needs its own first one only, so no stroke waits for another.
        if self.features.embedding.device.type == "cpu":
            in_threads(some, strips(groups.count, 1, 1), elsewhere=True)
        else:
            maps = [self._among(n, painted, r) for n, r in enumerate(all_rivals)]
        found = np.stack(maps)
        found[all_rivals.reshape(found.shape)] = 0.0
        found[cells.reshape(found.shape)] = 1.0
        return found

    def _among(self, number: int, painted: Floats, rivals: NDArray[np.bool_]) -> Floats:
        """(N,) how far one of the strokes (S, h, w) goes among the others.

        rivals: (h, w) the cells of all strokes of other colors.
        """
        cells = painted[number] > 0
        beside = (painted > 0) & (ndimage.binary_dilation(cells, np.ones((3, 3), bool)) & rivals)
        seen = np.flatnonzero(beside.any(axis=(1, 2)))
        if seen.size < MOST_RIVALS:
            alone = self.map_of(painted[number], np.zeros(self.shape, np.float32))
            # All cells of the strokes that it would run over, not only those that it touches.
            touched = (alone.reshape(self.shape) > RUNS_OVER) & rivals
            seen = np.flatnonzero(((painted > 0) & touched).any(axis=(1, 2)))
            seen = seen[seen != number]
            if not seen.size:
                return alone
        if seen.size > MOST_RIVALS:
            seen = seen[nearest(cells, painted[seen] > 0)[:MOST_RIVALS]]
        return self.map_of(painted[number], painted[seen].max(axis=0) * rivals)

    def map_of(self, painted: Floats, rivals: Floats) -> Floats:
        """(N,) 0..1, how far one stroke goes; painted, rivals: (h, w) 0..1 per cell."""
        key = _key(painted, rivals)
        reach = self.kept.get(key)
        if reach is None:
            reach = self._computed(painted, rivals)
            self.kept.keep(key, reach)
        return reach

    @torch.inference_mode()
    def _computed(self, painted: Floats, rivals: Floats) -> Floats:
        rows, columns = self.shape
        device = self.features.embedding.device
        height, width = self.features.embedding.shape[-2:]

        def on_canvas(values: Floats) -> Tensor:
            padded = F.pad(torch.from_numpy(values), (0, width - columns, 0, height - rows))
            return padded[None, None].to(device)

        stroke = on_canvas(painted)
        cells = torch.from_numpy(sample_cells(stroke[0, 0].cpu().numpy() > 0))[None].to(device)
        # Each by itself, on one thread: a batch or another number of threads would round
        # differently, and a result must not depend on what was kept.
        strokes = Strokes(torch.zeros_like(cells[:, 0]), stroke, on_canvas(rivals), cells)
        logits = self.decoder(self.features, strokes, self.log_sigma)
        reach = torch.sigmoid(logits[0, 0, :rows, :columns].float())
        return np.ascontiguousarray(reach.cpu().numpy().ravel())


def _key(painted: Floats, rivals: Floats) -> bytes:
    """Equal for equal strokes with equal rivals."""
    return b"|".join(
        np.packbits(values > 0).tobytes() + values[values > 0].tobytes()
        for values in (painted, rivals)
    )
