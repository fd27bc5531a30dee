"""Foreign bytes to hints and masks: PNG, raw and deflated crops, points."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..http.multipart import Part
from ..http.problem import Problem
from ..model import BadHint, Hints, check_point, hint_files, image_io
from ..sentences import sentence
from .photo import too_large

_PNG = b"\x89PNG\r\n\x1a\n"

_PIECE = 1 << 16
"""Bytes inflated at a time: few enough to stay in the processor's cache until they are copied."""

REFERENCE_PARTS = ("reference", "reference-2", "reference-3", "reference-4")
"""Parts of a request that hold photos to take colours from."""

MAX_DISC_PIXELS = 64_000_000
"""All discs of a request's points together: a small request must not take gigabytes."""


@dataclass(frozen=True)
class Crop:
    """Where a part `hints` or `mask` lies in the photo and how it is stored.

    layout: "RGBA" or "BGRA", of hints.  encoding: "raw" or "zlib".
    """

    x: int = 0
    y: int = 0
    width: int | None = None
    height: int | None = None
    layout: str = "RGBA"
    encoding: str = "raw"


class Disc(NamedTuple):
    """A painted disc.  x, y, radius: pixels of the photo.  color: "#rrggbb".

    within: the number of the mask that it is kept inside, or None.
    """

    x: float
    y: float
    color: str
    radius: float
    within: int | None = None

    def painted(self) -> Hints:
        """As hints that nothing keeps inside."""
        return Hints.from_points([(self.x, self.y, self.color)], self.radius)


def read_hints(
    part: Part | None,
    crop: Crop | None,
    discs: Sequence[Disc],
    shape: tuple[int, int],
    max_pixels: int,
) -> Hints | None:
    """All hints of a request, or None if there are none.  Raises Problem, or BadHint.

    part: the part `hints`; crop: what the request says of it.  Discs are painted over it; those
    within a mask are only checked (`fences` paints them).  shape: (H, W) of the photo.
    """
    for disc in discs:
        check_point(disc.x, disc.y, (shape[1], shape[0]))
    if sum((2 * disc.radius + 3) ** 2 for disc in discs) > MAX_DISC_PIXELS:
        raise Problem(
            "hints_too_large",
            f"The points paint more than {MAX_DISC_PIXELS // 1_000_000} million pixels: send "
            "fewer or smaller ones.",
        )
    hints = Hints()
    if part is not None:
        whole, crop = crop is None, crop or Crop()
        if bytes(part.data[:8]) == _PNG:
            rgba = _read_png(part.data, crop, max_pixels)
            if whole and rgba.shape[:2] != shape:
                raise Problem(
                    "bad_hints",
                    f"The PNG hints have {rgba.shape[1]} x {rgba.shape[0]} pixels, the photo "
                    f"{shape[1]} x {shape[0]}; of a part of it the request says where it lies.",
                )
        else:
            rgba = _read_raw(part.data, crop, max_pixels)
        hints = Hints.from_rgba(rgba, crop.x, crop.y)
    elif crop is not None:
        raise Problem("bad_hints", "The request describes hints, but the part hints is missing.")
    patches = list(hints.patches)
    for disc in discs:
        if disc.within is None:
            patches += disc.painted().patches
    return Hints(tuple(patches)) if patches else None


def read_mask(
    part: Part | None, crop: Crop, shape: tuple[int, int], max_pixels: int
) -> NDArray[np.bool_]:
    """The mask of `suggest` as (H, W) of the photo.  Raises Problem."""
    if part is None:
        raise Problem("bad_hints", "The request describes a mask, but the part mask is missing.")
    assert crop.width is not None
    assert crop.height is not None
    if crop.width * crop.height > max_pixels:
        raise too_large(crop.width, crop.height, max_pixels, "hints_too_large")
    data = inflate(part.data, crop.encoding, crop.width * crop.height, "mask")
    inside = np.frombuffer(data, np.uint8).reshape(crop.height, crop.width) != 0
    mask = np.zeros(shape, np.bool_)
    top, left = max(crop.y, 0), max(crop.x, 0)
    bottom = min(crop.y + crop.height, shape[0])
    right = min(crop.x + crop.width, shape[1])
    if top < bottom and left < right:
        mask[top:bottom, left:right] = inside[
            top - crop.y : bottom - crop.y, left - crop.x : right - crop.x
        ]
    if not mask.any():
        raise Problem("bad_option", "The mask marks no pixel of the photo.")
    return mask


def read_reference(part: Part, max_pixels: int) -> Hints:
    """The colours of the photo in a part of `REFERENCE_PARTS`.  Raises Problem."""
    try:
        rgb = image_io.read_reference(bytes(part.data), image_io.ReadLimits(max_pixels))
        return Hints.from_reference(rgb)
    except BadHint as error:
        raise Problem("bad_hints", sentence(error)) from error


def _read_png(data: memoryview, crop: Crop, max_pixels: int) -> NDArray[np.uint8]:
    if crop.encoding != "raw" or crop.layout != "RGBA":
        raise Problem("bad_hints", "PNG hints take neither layout nor encoding.")
    # The header chunk comes first (PNG, third edition, 5.6): the size without a decoder.
    header = data[8:33].tobytes()
    if header[:8] != b"\0\0\0\rIHDR" or zlib.crc32(header[4:21]).to_bytes(4, "big") != header[21:]:
        raise Problem("bad_hints", "The PNG hints are damaged: their header cannot be read.")
    width, height = struct.unpack(">II", header[8:16])
    if width * height > max_pixels:
        raise too_large(width, height, max_pixels, "hints_too_large")
    if crop.width is not None and (crop.width, crop.height) != (width, height):
        raise Problem("bad_hints", "The PNG hints have another size than announced.")
    return hint_files.read_layer(data.tobytes())


def _read_raw(data: memoryview, crop: Crop, max_pixels: int) -> NDArray[np.uint8]:
    if crop.width is None or crop.height is None:
        raise Problem(
            "bad_hints",
            "Hints are an RGBA PNG, or raw with their width and height in the request.",
        )
    if crop.width * crop.height > max_pixels:
        raise too_large(crop.width, crop.height, max_pixels, "hints_too_large")
    size = crop.width * crop.height * 4
    data = inflate(data, crop.encoding, size, "hints")
    rgba = np.frombuffer(data, np.uint8).reshape(crop.height, crop.width, 4)
    return rgba[..., [2, 1, 0, 3]] if crop.layout == "BGRA" else rgba


def inflate(data: memoryview, encoding: str, size: int, name: str) -> memoryview:
    """Exactly `size` bytes of a part that may be deflated.  Raises Problem (bad_hints)."""
    length = len(data)
    if encoding == "zlib":
        try:
            data, length = _inflated(data, size, name)
        except zlib.error as error:
            raise Problem("bad_hints", f"The zlib stream of the {name} is damaged.") from error
    if length != size:
        raise Problem(
            "bad_hints",
            f"The part {name} holds {'more than ' if length > size else ''}"
            f"{min(length, size)} bytes; {size} were announced.",
        )
    return data


def _inflated(data: memoryview, size: int, name: str) -> tuple[memoryview, int]:
    """(the first `size` bytes of a stream, how many it holds).

    Stops at the first byte too many, so that a small stream cannot fill the memory.  Inflates
    piece by piece into the result: with one call zlib would grow its answer block by block,
    which takes twice as long for hints, as they are mostly empty.
    """
    inflater = zlib.decompressobj()
    out = np.empty(size, np.uint8)
    length = 0
    for start in range(0, len(data), _PIECE):
        left: memoryview | bytes = data[start : start + _PIECE]
        while True:
            piece = inflater.decompress(left, _PIECE)
            out[length : length + len(piece)] = np.frombuffer(piece, np.uint8)[: size - length]
            length += len(piece)
            left = inflater.unconsumed_tail
            if length > size or inflater.eof or not (left or len(piece) == _PIECE):
                break
        if length > size or inflater.eof:
            break
    if length == size and not inflater.eof:
        raise Problem("bad_hints", f"The zlib stream of the {name} is not complete.")
    return out.data, length
