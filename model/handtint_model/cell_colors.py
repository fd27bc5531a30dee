"""The colours of a photo's cells before any paint: automatic, an alternative, a reference's."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .alternatives import (
    PULL,
    WIDE_PULL,
    Variant,
    alternative_colors,
    choose_tilts,
    share_of_detail,
    tilted,
)
from .automatic import Agreed, agree, cell_lightness, decode_cells, decoded_ab
from .color.bins import SoftEncoding
from .color.decoding import Decoding
from .encoded_photo import EncodedPhoto
from .hints.photo_graph import PhotoGraph
from .hints.reference import Reference, take
from .luminance import luminance_of
from .types import ColorizeOptions, Hints, Plane

Floats = NDArray[np.float32]

KEPT_REFERENCES = 8


@dataclass(frozen=True, eq=False)
class Look:
    """Which colours, before any paint.  vividness: 0..1; alternative: 0..3."""

    vividness: float
    alternative: int = 0
    reference: Reference | None = None

    @property
    def key(self) -> tuple[float, int, bytes]:
        """Equal for equal looks."""
        reference = b"" if self.reference is None else self.reference.key
        return float(self.vividness), int(self.alternative), reference


class References:
    """The references that were asked for last; safe to use from threads.

    encode: gives the encoded photo of a luminance plane.
    """

    def __init__(self, encode: Callable[[Plane], EncodedPhoto]) -> None:
        self._encode = encode
        self._lock = threading.Lock()
        self._kept: dict[bytes, Reference] = {}  # the longest unused first

    def of(self, rgb: NDArray[np.uint8]) -> Reference:
        """The reference of a colour photo, (h, w, 3); the network sees it at its first use."""
        digest = hashlib.blake2b(np.ascontiguousarray(rgb).data, digest_size=16)
        digest.update(repr(rgb.shape).encode())
        key = digest.digest()
        with self._lock:
            kept = self._kept.get(key)
        made = self._learn(key, rgb) if kept is None else kept
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = made
            while len(self._kept) > KEPT_REFERENCES:
                del self._kept[next(iter(self._kept))]
        return made

    def _learn(self, key: bytes, rgb: NDArray[np.uint8]) -> Reference:
        seen = self._encode(luminance_of(rgb))
        return Reference.of(key, seen.heads.embedding[0].cpu().numpy(), seen.guide, rgb)


@dataclass(frozen=True, eq=False)
class CellColors:
    """Decides the cells' colours.  weights: (313,) of rebalancing; graph: gives a photo's graph."""

    weights: Tensor
    decoding: Decoding
    soft_encoding: SoftEncoding
    graph: Callable[[EncodedPhoto], PhotoGraph]
    references: References

    def look(self, hints: Hints | None, options: ColorizeOptions) -> Look:
        """The colours that painted hints are painted over."""
        pictures = () if hints is None else hints.references
        found = [self.references.of(rgb) for rgb in pictures]
        reference = Reference.together(found) if found else None
        return Look(options.vividness, options.alternative, reference)

    def agreed(self, photo: EncodedPhoto) -> Agreed:
        """The calibrated distributions, cells having agreed."""
        edges, smoothing = self.graph(photo).edges, self.decoding.smoothing
        return photo.results.agreed(
            lambda: agree(photo.heads.logits, self.weights, edges, smoothing)
        )

    def distributions(self, photo: EncodedPhoto, look: Look) -> Tensor:
        """(1, 313, h, w): the distributions whose means are `ab`."""
        tilt = None
        if look.alternative:
            tilt = partial(tilted, tilt=self._variant(photo, look).tilt)
        p = decode_cells(
            self.agreed(photo), photo.guide, photo.geometry, self.decoding, look.vividness, tilt
        )
        flat = p[0].flatten(1).T.contiguous().cpu().numpy()
        p = self._on_cells(photo, self._coherent(photo, look, flat))
        if look.reference is None:
            return p
        of_bins = self.soft_encoding.dense(torch.from_numpy(look.reference.ab).to(p.device))
        trust, colors = self._taken(photo, look.reference, of_bins.cpu().numpy())
        return (1.0 - self._on_cells(photo, trust)) * p + self._on_cells(photo, colors)

    def ab(self, photo: EncodedPhoto, look: Look) -> Floats:
        """(2, h, w) colours of the cells."""
        if look.alternative:
            ab = self._variant(photo, look).ab.T.reshape(2, *photo.geometry.cells)
        else:
            args = self.agreed(photo), self._lightness(photo), self.decoding, look.vividness
            ab = self._smooth(photo, decoded_ab(*args))
            ab = np.ascontiguousarray(ab.T).reshape(2, *photo.geometry.cells)
        if look.reference is None:
            return np.asarray(ab)
        trust, colors = self._taken(photo, look.reference, look.reference.ab)
        free = 1.0 - trust.T.reshape(1, *ab.shape[1:])
        return np.asarray(free * ab + colors.T.reshape(ab.shape), np.float32)

    def _variant(self, photo: EncodedPhoto, look: Look) -> Variant:
        """An alternative from 1."""

        def make() -> list[Variant]:
            lightness = self._lightness(photo)
            tilts = choose_tilts(self.agreed(photo), lightness, self.decoding, look.vividness)
            every = [torch.zeros_like(tilts[0]), *tilts]
            ab = np.concatenate([self._tilted_ab(photo, look.vividness, t) for t in every], axis=1)
            edges = self.graph(photo).edges
            near, wide = edges.smooth(ab, PULL), edges.smooth(ab, WIDE_PULL)
            of = [slice(2 * k, 2 * k + 2) for k in range(len(every))]
            automatic = self._smooth(photo, ab[:, of[0]])
            found = []
            for tilt, k in zip(tilts, of[1:], strict=True):
                detail = share_of_detail(near[:, k], wide[:, k], automatic, wide[:, of[0]])
                own = np.ascontiguousarray(_mixed(near[:, k], wide[:, k], detail))
                found.append(Variant(tilt, detail, own))
            return found

        return photo.results.variants(float(look.vividness), make)[int(look.alternative) - 1]

    def _tilted_ab(self, photo: EncodedPhoto, vividness: float, tilt: Tensor) -> Floats:
        """(N, 2) ab of the cells, before they agree once more."""
        args = self._lightness(photo), self.decoding, vividness, tilt
        return np.asarray(alternative_colors(self.agreed(photo), *args).cpu().numpy())

    def _lightness(self, photo: EncodedPhoto) -> Tensor:
        return cell_lightness(photo.guide, photo.geometry).to(self.weights.device)

    def _coherent(self, photo: EncodedPhoto, look: Look, fields: Floats) -> Floats:
        """(N, F) fields of the decided cells after neighbours have agreed once more.

        Of an alternative, a mean of two agreements, near and wide.  Either way distributions stay
        distributions.
        """
        if not look.alternative:
            return self._smooth(photo, fields)
        edges, detail = self.graph(photo).edges, self._variant(photo, look).detail
        return _mixed(edges.smooth(fields, PULL), edges.smooth(fields, WIDE_PULL), detail)

    def _smooth(self, photo: EncodedPhoto, fields: Floats) -> Floats:
        """(N, F) fields of the decided cells, so that no surface changes its color at a step."""
        pull = self.decoding.color_smoothing
        return fields if pull is None else self.graph(photo).edges.smooth(fields, pull)

    def _taken(
        self, photo: EncodedPhoto, reference: Reference, values: Floats
    ) -> tuple[Floats, Floats]:
        """(N, 1) trust and (N, F) colours times trust that the cells take of a reference."""
        lightness = self._lightness(photo).cpu().numpy()
        taken = take(reference, self.graph(photo), lightness, values)
        return taken.trust[:, None], taken.colors

    def _on_cells(self, photo: EncodedPhoto, fields: Floats) -> Tensor:
        """(N, F) to (1, F, h, w) on the device."""
        shaped = fields.T.reshape(1, fields.shape[1], *photo.geometry.cells)
        return torch.from_numpy(np.ascontiguousarray(shaped)).to(self.weights.device)


def _mixed(near: Floats, wide: Floats, detail: float) -> Floats:
    """A share 0..1 of ``near``, the rest of ``wide``."""
    return np.asarray(wide + np.float32(detail) * (near - wide), np.float32)
