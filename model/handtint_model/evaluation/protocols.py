"""The two published hint protocols: how photos are cut, hints placed, results scored.

siggraph17: Zhang et al. 2017, "Real-Time User-Guided Image Colorization with Learned Deep
Priors", as their sweep over the number of points runs it.  icolorit: Yun et al. 2023,
"iColoriT", as their inference and mask scripts run it.  Figures of one protocol must not be
compared with figures of the other.
"""

from __future__ import annotations

import random
import typing
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BadOption
from ..luminance import luminance_of
from ..types import HintPatch, Hints
from .hint_colors import nearest_codes
from .lab import rgb_to_lab
from .metrics import psnr

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Truth:
    """One photo at the protocol's size, with what the methods and metrics need of it.

    codes: (H, W, 3) uint8 sRGB.  rgb: the same as float64 in 0..1.  lab: (H, W, 3) float64.
    luminance: (H, W) float32 Y', all that a colorizer gets to see.  Float, not uint8: the
    published protocols hand over the exact L* of the resized photo too.
    """

    name: str
    codes: NDArray[np.uint8]
    rgb: NDArray[np.float64]
    lab: NDArray[np.float64]
    luminance: NDArray[np.float32]

    @classmethod
    def from_codes(cls, codes: NDArray[np.uint8], name: str = "") -> Truth:
        """From an (H, W, 3) uint8 sRGB picture."""
        rgb = codes / 255.0
        luminance = luminance_of(rgb.astype(np.float32))
        return cls(name, codes, rgb, rgb_to_lab(rgb), luminance)

    @property
    def ab(self) -> NDArray[np.float64]:
        """(H, W, 2) Lab a, b."""
        return self.lab[..., 1:]


class PaintedHints(typing.Protocol):
    """Hints on one photo, in the two forms that methods take."""

    def __len__(self) -> int:
        """The number of squares, strokes or other marks."""

    def paint(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Where there is paint, (H, W) bool, and its exact colour, (H, W, 2) ab."""

    def as_hints(self) -> Hints:
        """Opaque patches of 8-bit sRGB, within 0.5 of the exact colour in ab."""


@dataclass(frozen=True, eq=False)
class PlacedHints:
    """Square hints on one photo, later ones on top.

    shape: (H, W) of the photo.  corners: (k, 2) int, y and x of each top left pixel.
    side: in pixels.  ab: (k, 2) colour of each, the mean of the truth's ab over its square.
    """

    shape: tuple[int, int]
    corners: NDArray[np.intp]
    side: int
    ab: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.corners)

    def paint(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """See `PaintedHints.paint`."""
        painted = np.zeros(self.shape, bool)
        color = np.zeros((*self.shape, 2))
        for (y, x), ab in zip(self.corners, self.ab, strict=True):
            square = np.s_[y : y + self.side, x : x + self.side]
            painted[square] = True
            color[square] = ab
        return painted, color

    def as_hints(self) -> Hints:
        """See `PaintedHints.as_hints`."""
        patches = []
        codes = nearest_codes(self.ab)
        for (y, x), code in zip(self.corners, codes, strict=True):
            rgba = np.empty((self.side, self.side, 4), np.uint8)
            rgba[...] = (*code, 255)
            patches.append(HintPatch(rgba, int(x), int(y)))
        return Hints(tuple(patches))


class Protocol:
    """How one published evaluation sizes photos, places hints and scores results."""

    name: str
    size: int  # pixels per side, photos are squashed to a square
    side: int  # pixels per side of a hint

    def load(self, image: Image.Image, size: int | None = None, name: str = "") -> Truth:
        """The photo squashed to size x size, antialiased bilinear (torchvision's Resize)."""
        side = size or self.size
        small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        return Truth.from_codes(np.asarray(small), name)

    def corners(self, name: str, number: int, size: int) -> NDArray[np.intp]:
        """(number, 2) int: y and x of the hints' top left pixels on the photo called ``name``."""
        raise NotImplementedError

    def place(self, truth: Truth, number: int) -> PlacedHints:
        """``number`` hints on a photo, each the mean of the truth's ab over its square."""
        corners = self.corners(truth.name, number, truth.codes.shape[0])
        squares = [truth.ab[y : y + self.side, x : x + self.side] for y, x in corners]
        means = [square.mean(axis=(0, 1)) for square in squares]
        ab = np.asarray(means, np.float64).reshape(-1, 2)
        return PlacedHints(truth.luminance.shape, corners, self.side, ab)

    def psnr(self, rgb: Array, truth: Truth) -> float:
        """PSNR in dB of a result, (H, W, 3) sRGB 0..1, against the whole photo."""
        raise NotImplementedError


class Siggraph17(Protocol):
    """Squares of 6 x 6 pixels around the centre of a 256 x 256 photo.

    Row and column are drawn from N((n - 5) / 2, (n - 5) / 4), n the photo's side, clipped to the
    photo and cut to whole pixels, with replacement.  Every count has its own draws. The published
    sweep fixes no seed. Ours is derived from the photo's name and the count, so a photo keeps its
    hints, whichever other photos and counts are measured.
    """

    name = "siggraph17"
    size = 256
    side = 6

    def corners(self, name: str, number: int, size: int) -> NDArray[np.intp]:
        """See `Protocol.corners`."""
        generator = np.random.default_rng([zlib.crc32(name.encode()), number])
        span = size - self.side + 1
        places = generator.normal(span / 2.0, span / 4.0, (number, 2))
        return np.clip(places, 0, size - self.side).astype(np.intp)

    def psnr(self, rgb: Array, truth: Truth) -> float:
        """On 8-bit codes, rounded down; at best one code of one channel is taken as wrong."""
        # A whole code that float arithmetic left a hair low must not fall to the next.
        codes = np.floor(np.clip(rgb, 0.0, 1.0) * 255.0 + 1e-3)
        return psnr(codes, truth.codes, peak=255.0, least_mse=1.0 / truth.codes.size)


class IColoriT(Protocol):
    """Cells of 2 x 2 pixels, uniform over the grid of a 224 x 224 photo, with replacement.

    The draws are those of the authors' mask script, seed 1234, on a folder with these photos: one
    generator of Python's goes through the counts, and for each count through the photos by name.
    So a photo's hints depend on the whole list of photos. Counts that are not in the authors' list
    get a generator of their own.
    """

    name = "icolorit"
    size = 224
    side = 2
    COUNTS = (0, 1, 2, 5, 10, 20, 50, 100, 200)
    SEED = 1234

    def __init__(self, names: Sequence[str] = ()) -> None:
        """names: all photos of the set, also those left out by a limit."""
        self._names = sorted(set(names))
        self._drawn: dict[tuple[int, int], dict[str, list[tuple[int, int]]]] = {}

    def corners(self, name: str, number: int, size: int) -> NDArray[np.intp]:
        """See `Protocol.corners`."""
        cells = size // self.side
        if number in self.COUNTS and name in self._names:
            chosen = self._draw(cells, number)[name]
        else:
            generator = random.Random(f"{self.SEED} {name} {number}")
            chosen = _pairs(generator, cells, number)
        return np.asarray(chosen, np.intp).reshape(-1, 2) * self.side

    def _draw(self, cells: int, number: int) -> dict[str, list[tuple[int, int]]]:
        if (cells, number) not in self._drawn:
            generator = random.Random(self.SEED)
            for count in self.COUNTS:
                self._drawn[cells, count] = {
                    name: _pairs(generator, cells, count) for name in self._names
                }
        return self._drawn[cells, number]

    def psnr(self, rgb: Array, truth: Truth) -> float:
        """On float values. Mean squared errors below 1e-5 count as 1e-5, so 50 dB at most."""
        return psnr(rgb, truth.rgb, peak=1.0, least_mse=1e-5)


def _pairs(generator: random.Random, cells: int, number: int) -> list[tuple[int, int]]:
    return [
        (generator.randint(0, cells - 1), generator.randint(0, cells - 1)) for _ in range(number)
    ]


PROTOCOLS = ("siggraph17", "icolorit")


def protocol(name: str, names: Sequence[str] = ()) -> Protocol:
    """The protocol called ``name``; names: all photos of the set (icolorit needs them)."""
    if name == Siggraph17.name:
        return Siggraph17()
    if name == IColoriT.name:
        return IColoriT(names)
    raise BadOption(f"the protocol must be one of {', '.join(PROTOCOLS)}, not {name!r}.")
