"""A reference: colours of another photo, for the cells that look like its cells.

Every cell i of the photo is compared with the cells j of the reference, by the embedding e and the
lightness L:

    d(i, j) = |e_i - e_j|^2 / 32                                    as for painted hints
    a(i, j) ~ exp(-d / 0.15 - (L_i - L_j)^2 / (2 * 12^2))           shares, summing to 1
    n_i     = sum_j a(i, j) d(i, j)                                 how far its matches are
    c_i     = sigmoid(6 (1 - n_i / t))                              confidence

The limit t is 0.6 times the median d between cells of the photo itself, but in 1.2 to 3: a match
has to be nearer than any two places of the photo are.  Confidence and confidence times colour are
then smoothed along the photo graph, as the cells' own distributions are, and a cell takes the
reference's colours or leaves them (`diffusion.decisiveness`).  Where nothing matches, the
automatic colour stays.

Painted hints work on thousands of cells one by one; a reference is a soft hint at all of them at
once, so it does not go through their propagation but is what they are painted over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..color.torch_conversions import rgb_to_lab
from ..geometry import reduce_to
from .diffusion import decisiveness
from .photo_graph import PhotoGraph

Floats = NDArray[np.float32]

MOST_CELLS = 1536
"""Cells of a reference that are compared; evenly spaced."""

NEAR = 0.15
LIKE_LIGHTNESS = 12.0
CONFIDENT, STEEPNESS = 0.6, 6.0
LIMITS = 1.2, 3.0

PULL = 0.05
"""Of the smoothing along the photo graph (`EdgeWeights.smooth`)."""

SOME_CELLS = 1024
"""Cells that are compared at once, so that memory stays small."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The cells of a colour photo; R of them, C channels."""

    key: bytes  # of its pixels
    embedding: Floats  # (R, C)
    lightness: Floats  # (R,) L*
    ab: Floats  # (R, 2), true colours

    @classmethod
    def of(cls, key: bytes, embedding: Floats, guide: Floats, rgb: NDArray[np.uint8]) -> Reference:
        """embedding: (C, h, w) of the photo's network; guide: (gh, gw) L*/100; rgb: (H, W, 3)."""
        shape = (embedding.shape[1], embedding.shape[2])
        planes = torch.from_numpy(rgb.astype(np.float32) / 255.0).permute(2, 0, 1)
        lab = rgb_to_lab(planes.contiguous()).numpy()
        # `reduce_to` keeps 0..1 where it interpolates.
        ab = [reduce_to(plane / 256.0 + 0.5, shape).ravel() * 256.0 - 128.0 for plane in lab[1:]]
        flat = embedding.reshape(embedding.shape[0], -1)
        step = -(-flat.shape[1] // MOST_CELLS)
        return cls(
            key,
            np.ascontiguousarray(flat[:, step // 2 :: step].T),
            (reduce_to(guide, shape).ravel() * 100.0)[step // 2 :: step],
            np.stack(ab, axis=1)[step // 2 :: step].astype(np.float32),
        )

    @staticmethod
    def together(several: Sequence[Reference]) -> Reference:
        """The cells of several photos as those of one; of several each gives fewer."""
        if len(several) == 1:
            return several[0]
        step = -(-sum(len(one.ab) for one in several) // (2 * MOST_CELLS))
        return Reference(
            b"".join(one.key for one in several),
            np.concatenate([one.embedding[::step] for one in several]),
            np.concatenate([one.lightness[::step] for one in several]),
            np.concatenate([one.ab[::step] for one in several]),
        )


@dataclass(frozen=True, eq=False)
class Taken:
    """What the cells of a photo take of a reference."""

    trust: Floats  # (N,) 0: automatic, 1: the reference
    colors: Floats  # (N, F) values of the reference, times the trust


def take(reference: Reference, graph: PhotoGraph, lightness: Floats, values: Floats) -> Taken:
    """What the cells take of a reference; lightness: (N,) L*; values: (R, F) of its cells."""
    embedding = graph.embedding.T
    channels = embedding.shape[1]
    own = embedding[:: max(1, len(embedding) // 512)]
    usual = float(np.median(_square(own, own))) / channels
    fields = np.empty((len(embedding), 1 + values.shape[1]), np.float32)
    for start in range(0, len(embedding), SOME_CELLS):
        part = slice(start, start + SOME_CELLS)
        apart = _square(embedding[part], reference.embedding) / channels
        darker = lightness[part, None] - reference.lightness
        share = -apart / NEAR - darker**2 / (2.0 * LIKE_LIGHTNESS**2)
        share = np.exp(share - share.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        confidence = _confidence((share * apart).sum(axis=1), usual)
        fields[part, 0] = confidence
        fields[part, 1:] = confidence[:, None] * (share @ values)
    smooth = graph.edges.smooth(fields, PULL)
    factor = decisiveness(smooth[:, 0].astype(np.float64)).astype(np.float32)
    return Taken(factor * smooth[:, 0], factor[:, None] * smooth[:, 1:])


def _confidence(apart: Floats, usual: float) -> Floats:
    """c, 0..1, of matches that are ``apart`` (N,)."""
    limit = min(max(CONFIDENT * usual, LIMITS[0]), LIMITS[1])
    return np.asarray(1.0 / (1.0 + np.exp(STEEPNESS * (np.minimum(apart / limit, 9.0) - 1.0))))


def _square(x: Floats, y: Floats) -> Floats:
    """(N, M) squared distances of the rows."""
    apart = np.square(x).sum(1)[:, None] - 2.0 * (x @ y.T) + np.square(y).sum(1)
    return np.asarray(np.maximum(apart, 0.0), np.float32)
