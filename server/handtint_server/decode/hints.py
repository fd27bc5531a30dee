"""Foreign bytes to hints and masks: PNG, raw and deflated crops, points."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from ..api.errors import Problem
from ..api.schemas import HintCrop, MaskCrop, PhotoRequest
from ..http.multipart import Part
from ..model import Hints, hint_files
from .photo import too_large

_PNG = b"\x89PNG\r\n\x1a\n"

_PIECE = 1 << 16
"""Bytes inflated at a time, which stay in the cache on their way to their place."""

MAX_DISC_PIXELS = 64_000_000
"""All discs of a request's points together: a small request must not take gigabytes."""


def read_hints(request: PhotoRequest, part: Part | None, max_pixels: int) -> Hints | None:
    """All hints of a request, or None if there are none.  Raises Problem."""
    hints = Hints()
    if sum((2 * point.radius + 3) ** 2 for point in request.points) > MAX_DISC_PIXELS:
        raise Problem(
            "hints_too_large",
            f"The points paint more than {MAX_DISC_PIXELS // 1_000_000} million pixels: send "
            "fewer or smaller ones.",
        )
    if part is not None:
        crop = request.hints or HintCrop()
        if bytes(part.data[:8]) == _PNG:
            rgba = _read_png(part.data, crop, max_pixels)
        else:
            rgba = _read_raw(part.data, crop, max_pixels)
        hints = Hints.from_rgba(rgba, crop.x, crop.y)
    elif request.hints is not None:
        raise Problem("bad_hints", "The request describes hints, but the part hints is missing.")
    patches = list(hints.patches)
    for point in request.points:
        patches += Hints.from_points([(point.x, point.y, point.color)], point.radius).patches
    return Hints(tuple(patches)) if patches else None


def read_mask(
    crop: MaskCrop, part: Part | None, shape: tuple[int, int], max_pixels: int
) -> NDArray[np.bool_]:
    """The mask of `suggest` as (H, W) of the photo.  Raises Problem."""
    if part is None:
        raise Problem("bad_hints", "The request describes a mask, but the part mask is missing.")
    if crop.width * crop.height > max_pixels:
        raise too_large(crop.width, crop.height, max_pixels, "hints_too_large")
    data = _inflate(part.data, crop.encoding, crop.width * crop.height, "mask")
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


def _read_png(data: memoryview, crop: HintCrop, max_pixels: int) -> NDArray[np.uint8]:
    if crop.encoding != "raw" or crop.layout != "RGBA":
        raise Problem("bad_hints", "PNG hints take neither layout nor encoding.")
    # The header chunk comes first (PNG, third edition, 5.6): the size without a decoder.
    width, height = struct.unpack(">II", data[16:24].tobytes().ljust(8, b"\0"))
    if width * height > max_pixels:
        raise too_large(width, height, max_pixels, "hints_too_large")
    if crop.width is not None and (crop.width, crop.height) != (width, height):
        raise Problem("bad_hints", "The PNG hints have another size than announced.")
    return hint_files.read_layer(data.tobytes())


def _read_raw(data: memoryview, crop: HintCrop, max_pixels: int) -> NDArray[np.uint8]:
    if crop.width is None or crop.height is None:
        raise Problem(
            "bad_hints",
            "Hints are an RGBA PNG, or raw with their width and height in the request.",
        )
    if crop.width * crop.height > max_pixels:
        raise too_large(crop.width, crop.height, max_pixels, "hints_too_large")
    size = crop.width * crop.height * 4
    data = _inflate(data, crop.encoding, size, "hints")
    rgba = np.frombuffer(data, np.uint8).reshape(crop.height, crop.width, 4)
    return rgba[..., [2, 1, 0, 3]] if crop.layout == "BGRA" else rgba


def _inflate(data: memoryview, encoding: str, size: int, name: str) -> memoryview:
    """Exactly `size` bytes; a stream that holds more is refused after a piece too many."""
    found = len(data)
    if encoding == "zlib":
        try:
            data, found = _inflated(data, size, name)
        except zlib.error as error:
            raise Problem("bad_hints", f"The zlib stream of the {name} is damaged.") from error
    if found != size:
        raise Problem(
            "bad_hints",
            f"The part {name} holds {'more than ' if found > size else ''}"
            f"{min(found, size)} bytes; {size} were announced.",
        )
    return data


def _inflated(data: memoryview, size: int, name: str) -> tuple[memoryview, int]:
    """The first `size` bytes of a stream, and how many it holds, as far as is known then.

    Piece by piece into their place: hints are mostly empty, and as a whole zlib's answer
    would be put together from blocks twice as slowly as it is inflated.
    """
    inflater = zlib.decompressobj()
    out = np.empty(size, np.uint8)
    found = 0
    for start in range(0, len(data), _PIECE):
        left: memoryview | bytes = data[start : start + _PIECE]
        while True:
            piece = inflater.decompress(left, _PIECE)
            out[found : found + len(piece)] = np.frombuffer(piece, np.uint8)[: size - found]
            found += len(piece)
            left = inflater.unconsumed_tail
            if found > size or inflater.eof or not (left or len(piece) == _PIECE):
                break
        if found > size or inflater.eof:
            break
    if found == size and not inflater.eof:
        raise Problem("bad_hints", f"The zlib stream of the {name} is not complete.")
    return out.data, found
