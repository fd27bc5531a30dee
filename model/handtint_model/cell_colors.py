"""The colors of a photo's cells: automatic ones, alternatives, and those with hints.

All of it on the network's answers; `colorizer` brings it to the photo's pixels.  What is computed
is kept with the photo (`encoded_photo`).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .alternatives import PULL, alternative_colors, choose_tilts, tilted
from .automatic import Agreed, agree, cell_lightness, decode_cells
from .color.bins import SoftEncoding, mean_color
from .color.decoding import Decoding
from .encoded_photo import Automatic, EncodedPhoto
from .hints.compositing import flatten
from .hints.photo_graph import PhotoGraph
from .hints.pooling import PooledHints, pool
from .hints.propagation import PropagatedHints, key_of, propagate
from .hints.reach import StrokeReach
from .network import ColorNetwork
from .render.upsample import ColorField
from .types import ColorizeOptions, Hints


class CellColors:
    """A network's answers as colors per cell.  Safe to use from several threads."""

    def __init__(
        self, network: ColorNetwork, weights: Tensor, decoding: Decoding, device: torch.device
    ) -> None:
        """weights: (313,) the rebalancing weights of training."""
        self.network, self.weights, self.decoding, self.device = network, weights, decoding, device
        self.soft_encoding = SoftEncoding(device)

    def graph(self, photo: EncodedPhoto) -> PhotoGraph:
        """The photo graph, made once a photo."""
        sigma, gamma = self.network.log_sigma, self.network.log_gamma
        return photo.results.graph(
            lambda: PhotoGraph.of(photo.heads, photo.guide, photo.geometry.cells, sigma, gamma)
        )

    def agreed(self, photo: EncodedPhoto) -> Agreed:
        """The calibrated distributions after neighboring cells have agreed."""
        graph = self.graph(photo)
        return photo.results.agreed(
            lambda: agree(photo.heads.logits, self.weights, graph.edges, self.decoding.smoothing)
        )

    def decoded(self, photo: EncodedPhoto, vividness: float, alternative: int = 0) -> Tensor:
        """(1, 313, h, w): the distributions whose means are the automatic colours."""
        tilt = None
        if alternative:
            tilt = partial(tilted, tilt=self.tilt(photo, vividness, alternative))
        p = decode_cells(
            self.agreed(photo), photo.guide, photo.geometry, self.decoding, vividness, tilt
        )
        return self.coherent(photo, p) if alternative else p

    def tilt(self, photo: EncodedPhoto, vividness: float, alternative: int) -> Tensor:
        """(2,) the tilt of an alternative from 1."""

        def make() -> list[Tensor]:
            lightness = self.cell_lightness(photo)
            return choose_tilts(self.agreed(photo), lightness, self.decoding, vividness)

        return photo.results.tilts(vividness, make)[alternative - 1]

    def cell_lightness(self, photo: EncodedPhoto) -> Tensor:
        """(N,) lightness of the cells (`automatic.cell_lightness`)."""
        return cell_lightness(photo.guide, photo.geometry).to(self.device)

    def coherent(self, photo: EncodedPhoto, values: Tensor) -> Tensor:
        """(1, F, h, w) values of an alternative's cells after neighbours have agreed once more."""
        fields = values[0].flatten(1).T.contiguous().cpu().numpy()
        smooth = self.graph(photo).edges.smooth(fields, PULL)
        return torch.from_numpy(smooth.T.reshape(values.shape)).to(values)

    def automatic(self, photo: EncodedPhoto, vividness: float, alternative: int = 0) -> Automatic:
        """The colours without any paint; the last few are kept with the photo."""

        def make() -> Automatic:
            if alternative:
                ab = self.alternative_ab(photo, vividness, alternative)
            else:
                ab = mean_color(self.decoded(photo, vividness))[0].cpu().numpy()
            return Automatic(ab, self.field(photo, ab))

        return photo.results.automatic((float(vividness), int(alternative)), make)

    def alternative_ab(
        self, photo: EncodedPhoto, vividness: float, alternative: int
    ) -> NDArray[np.float32]:
        """(2, h, w): the mean of `_decoded`, without going through all bins."""
        tilt = self.tilt(photo, vividness, alternative)
        args = self.cell_lightness(photo), self.decoding, vividness, tilt
        ab = alternative_colors(self.agreed(photo), *args)
        return self.coherent(photo, ab.T.reshape(1, 2, *photo.geometry.cells))[0].cpu().numpy()

    @staticmethod
    def field(photo: EncodedPhoto, ab: NDArray[np.float32]) -> ColorField:
        """The cells' colors (2, h, w) at any pixel."""
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
        q = self.soft_encoding.dense(torch.from_numpy(ab).to(self.device))
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

    def distribution(
        self, photo: EncodedPhoto, hints: Hints | None, options: ColorizeOptions
    ) -> Tensor:
        """(1, 313, h, w): p', the distributions whose means are the colors."""
        p = self.decoded(photo, options.vividness, options.alternative)
        pooled = pool(flatten(hints, photo.geometry), photo.geometry, options.strength)
        if pooled.number.size == 0:
            return p
        reached = self.propagated(photo, pooled)
        hinted = reached.spread(self.bins_of(reached.sources.ab), self.bins_of(pooled.ab))
        trust = torch.from_numpy(reached.trust.reshape(1, 1, *p.shape[2:])).to(p)
        return (1.0 - trust) * p + torch.from_numpy(hinted.T.reshape(p.shape)).to(p)
