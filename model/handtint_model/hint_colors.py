"""The colors of painted hints: per cell, and at any pixel.

A photo's hints come in layers: the ordinary ones, and for each fence these together with its own.
What is computed is kept with the photo (`encoded_photo`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from .color.bins import SoftEncoding
from .encoded_photo import Automatic, EncodedPhoto
from .hints.compositing import Piece, flatten
from .hints.fences import FenceCells, FencedColors, cell_shares, weights
from .hints.full_resolution import FullResolutionCorrection
from .hints.full_resolution import key_of as key_of_pieces
from .hints.photo_graph import PhotoGraph
from .hints.pooling import PooledHints, pool
from .hints.propagation import PropagatedHints, key_of, propagate
from .hints.reach import StrokeReach
from .network import ColorNetwork
from .render.render import Colors
from .render.upsample import ColorField
from .types import Fence, Hints, check_points

Doubles = NDArray[np.float64]

MOST_KEPT_PAINT = 1 << 24
"""Bytes of paint above which the colours of hints are not kept for a further region."""


@dataclass(frozen=True, eq=False)
class HintLayer:
    """Hints that act together, and where: everywhere or inside a fence."""

    pieces: list[Piece]
    pooled: PooledHints
    weight: Doubles | float = 1.0  # (N,) 0..1 how much of each cell shows these hints' colours
    fence: Fence | None = None
    cells: FenceCells | None = None  # the fence at the cells

    def __bool__(self) -> bool:
        return bool(self.pooled.number.size)


def layers_of(photo: EncodedPhoto, hints: Hints | None, strength: float) -> list[HintLayer]:
    """The ordinary hints, and those of each fence that holds paint, later ones on top.

    Raises BadHint for a point outside the photo.
    """
    if hints is not None:
        check_points(hints.all_patches(), (photo.shape[1], photo.shape[0]))
    geometry = photo.geometry
    pieces = flatten(hints, geometry)
    first = HintLayer(pieces, pool(pieces, geometry, strength))
    fenced = []
    for fence in hints.fences if hints is not None else ():
        own = pool(flatten(Hints(fence.patches), geometry), geometry, strength)
        if hints is None or own.number.size == 0:
            continue
        share = cell_shares(fence, geometry)
        pieces = flatten(Hints(hints.patches + fence.patches), geometry)
        pooled = pool(pieces, geometry, strength)
        fenced.append(HintLayer(pieces, pooled, share, fence, FenceCells(share, own)))
    if not fenced:
        return [first]
    found = weights([layer.cells.share for layer in fenced if layer.cells is not None])
    return [replace(layer, weight=w) for layer, w in zip([first, *fenced], found)]


class HintColors:
    """Carries hints to the cells of photos.  Safe to use from several threads."""

    def __init__(self, network: ColorNetwork, soft_encoding: SoftEncoding) -> None:
        self.network, self.soft_encoding = network, soft_encoding

    def graph(self, photo: EncodedPhoto) -> PhotoGraph:
        """The photo graph, made once a photo."""
        sigma, gamma = self.network.log_sigma, self.network.log_gamma
        return photo.results.graph(
            lambda: PhotoGraph.of(photo.heads, photo.guide, photo.geometry.cells, sigma, gamma)
        )

    @staticmethod
    def field(photo: EncodedPhoto, ab: NDArray[np.float32]) -> ColorField:
        """The cells' colours (2, h, w) at any pixel."""
        return ColorField.fit(photo.luminance, ab, photo.geometry.cells_per_pixel, photo.guide)

    def propagated(self, photo: EncodedPhoto, layer: HintLayer, room: int = 1) -> PropagatedHints:
        """How far a layer's hints, at least one, reach into each cell.

        The last answers are kept with the photo, as many as `room`: the layers of one request.
        """

        def make() -> PropagatedHints:
            return propagate(self.graph(photo), layer.pooled, self.reach(photo), layer.cells)

        return photo.results.propagated(key_of(layer.pooled, layer.cells), make, room)

    def reach(self, photo: EncodedPhoto) -> StrokeReach | None:
        """The stroke decoder on a photo; None where the weights have none."""
        decoder, features = self.network.strokes, photo.strokes
        if decoder is None or features is None:
            return None
        sigma, cells = self.network.log_sigma, photo.geometry.cells
        return photo.results.reach(lambda: StrokeReach(decoder, sigma, features, cells))

    def bins_of(self, ab: NDArray[np.float32]) -> NDArray[np.float64]:
        """(K, 2) ab to (K, 313), soft-encoded."""
        q = self.soft_encoding.dense(torch.from_numpy(ab).to(self.soft_encoding.centers.device))
        return q.cpu().numpy().astype(np.float64)

    def hinted_ab(
        self, photo: EncodedPhoto, automatic: NDArray[np.float32], layers: list[HintLayer]
    ) -> NDArray[np.float32]:
        """The mean of p' per cell, (2, h, w)."""
        parts = [self._layer_ab(photo, automatic, layer, len(layers)) for layer in layers]
        if len(parts) == 1:
            return parts[0]
        rows, columns = photo.geometry.cells
        pairs = zip(parts, (np.asarray(layer.weight) for layer in layers))
        total = sum(ab * weight.reshape(1, rows, columns) for ab, weight in pairs)
        return np.asarray(total, np.float32)

    def _layer_ab(
        self, photo: EncodedPhoto, automatic: NDArray[np.float32], layer: HintLayer, room: int
    ) -> NDArray[np.float32]:
        """The mean of p' of one layer everywhere, (2, h, w).

        The mean of a mixture is the mixture of the means, so the 313 bins need not be
        touched; a hint's mean is the painted colour itself.
        """
        if not layer:
            return automatic
        hints = self.propagated(photo, layer, room)
        rows, columns = photo.geometry.cells
        hinted = hints.spread(hints.sources.ab, layer.pooled.ab).T.reshape(2, rows, columns)
        free = 1.0 - hints.trust.reshape(rows, columns)
        return np.asarray(free * automatic + hinted, np.float32)

    def settled(self, photo: EncodedPhoto, layers: list[HintLayer]) -> Doubles:
        """(N,) 0..1: the trust of every cell in the hints."""
        rows, columns = photo.geometry.cells
        total = np.zeros(rows * columns)
        for layer in filter(None, layers):
            total += layer.weight * self.propagated(photo, layer, len(layers)).trust
        return total

    def hinted_bins(self, photo: EncodedPhoto, layers: list[HintLayer]) -> Doubles:
        """(N, 313) the hints' distributions at every cell, times their trust."""
        rows, columns = photo.geometry.cells
        total = np.zeros((rows * columns, 313))
        for layer in filter(None, layers):
            reached = self.propagated(photo, layer, len(layers))
            values = self.bins_of(reached.sources.ab), self.bins_of(layer.pooled.ab)
            total += np.asarray(layer.weight).reshape(-1, 1) * reached.spread(*values)
        return total

    def mean_bins(
        self, photo: EncodedPhoto, layers: list[HintLayer], cells: NDArray[np.int64]
    ) -> Doubles:
        """(313,) the mean of `hinted_bins` over some cells."""
        total = np.zeros(313)
        for layer in filter(None, layers):
            reached = self.propagated(photo, layer, len(layers))
            values = self.bins_of(reached.sources.ab), self.bins_of(layer.pooled.ab)
            weight = layer.weight[cells] if isinstance(layer.weight, np.ndarray) else layer.weight
            total += reached.mean_at(cells, *values, weight)
        return total

    def colors(
        self,
        photo: EncodedPhoto,
        automatic: Automatic,
        layers: list[HintLayer],
        strength: float,
        keep: bool,
        key: object,
        may_stop: Callable[[], None],
    ) -> Colors:
        """The hinted colours at any pixel.

        keep: whether they may be asked for again soon, as for another region.  key: by its repr,
        what they depend on besides the layers.  may_stop: called between the steps.
        """
        paint = sum(piece.rgba.nbytes for layer in layers for piece in layer.pieces)
        keep = keep and paint <= MOST_KEPT_PAINT
        colors: Colors = automatic.field
        for layer in layers:
            if not layer:
                continue
            kept = layer.pieces
            if keep:
                kept = [replace(p, rgba=p.rgba.copy()) for p in kept]
            in_fence = b"" if layer.cells is None else layer.cells.key
            found = photo.results.corrected(
                partial(key_of_pieces, layer.pieces, (key, in_fence)),
                keep,
                partial(
                    self._corrected, photo, automatic, layer, kept, strength, may_stop, len(layers)
                ),
                len(layers),
            )
            colors = found if layer.fence is None else FencedColors(colors, found, layer.fence)
        return colors

    def _corrected(
        self,
        photo: EncodedPhoto,
        automatic: Automatic,
        layer: HintLayer,
        pieces: list[Piece],
        strength: float,
        may_stop: Callable[[], None],
        room: int,
    ) -> FullResolutionCorrection:
        """One layer's colours everywhere."""
        may_stop()
        ab = self._layer_ab(photo, automatic.ab, layer, room)
        may_stop()
        hinted = self.field(photo, ab)
        may_stop()
        return FullResolutionCorrection(
            photo.luminance,
            photo.guide,
            photo.geometry.cells[0],
            automatic.field,
            hinted,
            pieces,
            strength,
        )
