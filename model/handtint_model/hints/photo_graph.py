"""The photo graph: what the network says about one photo's cells, whatever is painted.

It holds what the mixture compares (features, gate) and the edge weights between neighboring cells
that the diffusion smooths along.  Made once a photo, at its first hint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded
from torch import Tensor

from ..geometry import reduce_to
from ..kernels import kernels
from ..network import Heads
from ..threads import in_threads, strips
from .mixture import position_features
from .pooling import PooledHints

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

LIGHTNESS_STEP = 3.0
"""L*: standard deviation of the lightness difference over which colour spreads."""


EMBEDDING_STEP = 2.56
"""Squared embedding distance, per channel, at which a weight has fallen to 1/e."""


LEAST_WEIGHT = 1e-6


_NEIGHBORS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns on, of the four that come after a cell; four more come before it."""


@dataclass(frozen=True, eq=False)
class EdgeWeights:
    """The weights between neighbouring cells of one photo.

    Large where lightness and embedding are alike: after Levin et al., "Colorization using
    Optimization", SIGGRAPH 2004, equation 1.  Cells are counted along the short side here, so
    that neighbours have near numbers: the system is a narrow band, and a banded Cholesky
    factorisation takes a quarter of the time of a general sparse one.
    """

    shape: tuple[int, int]  # cells
    weights: Doubles  # (4, N), to the neighbours at `offsets`; 0 where the picture ends
    degree: Doubles  # (N,), sums over all neighbours

    @classmethod
    def of(
        cls, guide: NDArray[np.float32], embedding: NDArray[np.float32], shape: tuple[int, int]
    ) -> EdgeWeights:
        """guide: (gh, gw) L*/100 of the photo; embedding: (C, h, w); shape: (h, w)."""
        lightness = reduce_to(guide, shape).astype(np.float64) * 100.0
        features = embedding.astype(np.float64)
        if shape[0] < shape[1]:
            lightness, features = lightness.T, features.swapaxes(1, 2)
        rows, columns = lightness.shape
        weights = np.zeros((4, rows, columns))
        degree = np.zeros((rows, columns))
        for weight, (dy, dx) in zip(weights, _NEIGHBORS):
            a = np.s_[: rows - dy, max(0, -dx) : columns - max(0, dx)]
            b = np.s_[dy:, max(0, dx) : columns + min(0, dx)]
            apart = (lightness[a] - lightness[b]) ** 2 / (2.0 * LIGHTNESS_STEP**2)
            gap = np.square(features[(slice(None), *a)] - features[(slice(None), *b)]).mean(0)
            near = np.exp(-apart - gap / EMBEDDING_STEP) + LEAST_WEIGHT
            weight[a] = near / 2.0 if dy and dx else near
            degree[a] += weight[a]
            degree[b] += weight[a]
        return cls(shape, weights.reshape(4, -1), degree.ravel())

    @property
    def offsets(self) -> list[int]:
        """How far on the four neighbours of a cell are that come after it."""
        short = min(self.shape)
        return [dy * short + dx for dy, dx in _NEIGHBORS]

    def along(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N, ...) values of the cells row by row, in the order of the system."""
        if self.shape[0] >= self.shape[1]:
            return values
        return self._turned(values, self.shape)

    def back(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N, ...) values in the order of the system to cells row by row: undoes `along`."""
        if self.shape[0] >= self.shape[1]:
            return values
        return self._turned(values, self.shape[::-1])

    @staticmethod
    def _turned(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        grid = values.reshape(*shape, *values.shape[1:])
        return grid.swapaxes(0, 1).reshape(values.shape)

    def factorize(self, diagonal: Doubles) -> Callable[[Doubles], Doubles]:
        """Solver (N, F) to (N, F) of the system with ``diagonal`` (N,) in place of the degree.

        ``diagonal``, right-hand sides and solutions: cells row by row.
        """
        offsets = self.offsets
        # In LAPACK's lower form a column holds a cell's weights to those after it.
        band = np.zeros((max(offsets) + 1, diagonal.size), order="F")
        band[0] = self.along(diagonal)
        for offset, weight in zip(offsets, self.weights):
            band[offset] -= weight
        # Symmetric and diagonally dominant, hence positive definite.
        factor = cholesky_banded(band, overwrite_ab=True, lower=True, check_finite=False)

        def solve(right: Doubles) -> Doubles:
            return self.back(
                cho_solve_banded((factor, True), self.along(right), check_finite=False)
            )

        return solve

    def smooth(self, fields: Floats, pull: float) -> Floats:
        """Let cells agree: (N, F) fields, cells row by row, to smooth ones of the same shape.

        Minimizes sum_ij w_ij (x_i - x_j)^2 + pull sum_i (x_i - y_i)^2 for each field y: a mean
        over the cells around, with weights that are not negative.  A smaller ``pull`` lets
        cells agree from further away.
        """
        band = np.zeros((max(self.offsets) + 1, self.degree.size), order="F")
        band[0] = self.degree + pull
        for offset, weight in zip(self.offsets, self.weights):
            band[offset] -= weight
        factor = cholesky_banded(band, overwrite_ab=True, lower=True, check_finite=False)
        count, reach = self.degree.size, factor.shape[0] - 1
        columns = np.zeros((count, reach), np.float32)
        rows = np.zeros((count, reach), np.float32)
        for k in range(1, reach + 1):
            columns[: count - k, k - 1] = factor[k, : count - k]
            rows[k:, reach - k] = factor[k, : count - k]
        inverse = (1.0 / factor[0]).astype(np.float32)
        padded = np.zeros((fields.shape[1], count + 2 * reach), np.float32)
        padded[:, reach : reach + count] = self.along(fields).T * np.float32(pull)

        def some(start: int, stop: int) -> None:
            kernels().solve_band(rows, columns, inverse, start, stop, padded)

        in_threads(some, strips(len(padded), 1, 16))
        smooth = padded[:, reach : reach + count].T
        return np.ascontiguousarray(self.back(smooth))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return int(self.weights.nbytes + self.degree.nbytes)


@dataclass(frozen=True, eq=False)
class PhotoGraph:
    """The cells of one photo: their edge weights, and what the mixture compares.

    N cells, counted row by row; C channels.
    """

    edges: EdgeWeights
    embedding: Floats  # (C, N)
    features: Floats  # (N, C + 2), whose squared distance is the mixture's d
    square: Floats  # (N,), their squared lengths
    gate: Floats  # (N,)
    gamma: float

    @classmethod
    def of(
        cls,
        heads: Heads,
        guide: Floats,
        shape: tuple[int, int],
        log_sigma: Tensor,
        log_gamma: Tensor,
    ) -> PhotoGraph:
        """heads: the network's answers for one photo of ``shape`` cells; guide: (gh, gw) L*/100."""
        embedding = heads.embedding[0].cpu().numpy()
        features = position_features(heads.embedding, log_sigma)[0].T.contiguous().cpu().numpy()
        return cls(
            EdgeWeights.of(guide, embedding, shape),
            embedding.reshape(embedding.shape[0], -1),
            features,
            np.square(features).sum(axis=1),
            heads.gate[0].flatten().contiguous().cpu().numpy(),
            float(log_gamma.exp()),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.edges.nbytes + self.embedding.nbytes + self.features.nbytes

    def mix(self, hints: PooledHints) -> tuple[Floats, Floats, Floats]:
        """The mixture (`mixture`): trust (N,), trust were all masses 1 (N,), shares (N, K)."""
        cells, count = self.square.size, hints.number.size
        trust, full = np.empty(cells, np.float32), np.empty(cells, np.float32)
        share = np.empty((cells, count), np.float32)
        hinted = np.ascontiguousarray(self.features[hints.number].T)
        square = self.square[hints.number]
        gamma = np.float32(self.gamma)

        def some(start: int, stop: int) -> None:
            kernels().mix_hints(
                self.features, hinted, self.square, square, self.gate, hints.mass, gamma,
                start, stop, trust, full, share,
            )  # fmt: skip

        in_threads(some, strips(cells, count, 1 << 18))
        return trust, full, share
