"""The colors of painted hints: per cell, and at any pixel.

What is computed is kept with the photo (`encoded_photo`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from .color.bins import SoftEncoding
from .encoded_photo import Automatic, EncodedPhoto
from .hints.compositing import Piece
from .hints.full_resolution import FullResolutionCorrection
from .hints.photo_graph import PhotoGraph
from .hints.pooling import PooledHints
from .hints.propagation import PropagatedHints, key_of, propagate
from .hints.reach import StrokeReach
from .network import ColorNetwork
from .render.upsample import ColorField


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

    def propagated(self, photo: EncodedPhoto, pooled: PooledHints) -> PropagatedHints:
        """How far the hints reach into each cell; the last answer is kept with the photo."""

        def make() -> PropagatedHints:
            return propagate(self.graph(photo), pooled, self.reach(photo))

        return photo.results.propagated(key_of(pooled), make)

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
        self, photo: EncodedPhoto, automatic: NDArray[np.float32], pooled: PooledHints
    ) -> NDArray[np.float32]:
        """The mean of p' per cell, (2, h, w).

        The mean of a mixture is the mixture of the means, so the 313 bins need not be
        touched; a hint's mean is the painted colour itself.
        """
        hints = self.propagated(photo, pooled)
        rows, columns = photo.geometry.cells
        hinted = hints.spread(hints.sources.ab, pooled.ab).T.reshape(2, rows, columns)
        free = 1.0 - hints.trust.reshape(rows, columns)
        return np.asarray(free * automatic + hinted, np.float32)

    def corrected(
        self,
        photo: EncodedPhoto,
        automatic: Automatic,
        pooled: PooledHints,
        pieces: list[Piece],
        strength: float,
        may_stop: Callable[[], None],
    ) -> FullResolutionCorrection:
        """The hinted colours at any pixel; may_stop: called between the steps."""
        may_stop()
        ab = self.hinted_ab(photo, automatic.ab, pooled)
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
