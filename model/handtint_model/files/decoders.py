"""TIFF pages that libvips does not decode: 64-bit float, and what Pillow reads instead."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from ..errors import BadImage
from .tiff_pages import CIELAB, Page

_DAMAGED = "the TIFF file is damaged or cut off and cannot be read."
_MOST_SAMPLES = 64
# What Pillow raises, besides MemoryError, for a header or pixels that are not as they should be.
_FAULTS = (
    *(OSError, ValueError, TypeError, ArithmeticError, LookupError, EOFError, SyntaxError),
    *(struct.error, zlib.error),
)


def picture(source: str | Path | bytes, page: Page, decoder: str, *, pixels: bool) -> Any:
    """The page as a libvips image with the interpretation that libvips would give it.

    decoder: "pillow" or "float64", as `tiff_pages.judge` says.  Its size has been checked.
    pixels: decode them all; else the picture is black.  Raises BadImage.
    """
    width, height = page.size
    if min(width, height) < 1:
        raise BadImage(_DAMAGED)
    if not 0 < page.samples <= _MOST_SAMPLES:
        raise BadImage(f"{page.samples} channels are not read; gray and RGB are.")
    form = "float" if decoder == "float64" else "uchar" if page.bits == 8 else "ushort"
    if pixels:
        codes = np.ascontiguousarray(_decode(source, page, decoder))
        wanted = np.dtype({"float": "f4", "uchar": "u1", "ushort": "u2"}[form])
        if codes.shape != (height, width, page.samples) or codes.dtype != wanted:
            raise BadImage(_DAMAGED)
        image = pyvips.Image.new_from_memory(codes.data, width, height, page.samples, form)
    else:
        image = pyvips.Image.black(width, height, bands=page.samples).cast(form)
    return image.copy(interpretation="b-w" if page.samples < 3 else "srgb")


def _decode(source: str | Path | bytes, page: Page, decoder: str) -> NDArray[Any]:
    """(H, W, n) uint8, uint16 or float32, as stored; codes of 12 bits become 16."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
            return _float64(file, page) if decoder == "float64" else _by_pillow(file, page)
    except _FAULTS as error:
        raise BadImage(_DAMAGED) from error


def _without_limit(file: BinaryIO, stored: tuple[int, int]) -> TiffImagePlugin.TiffImageFile:
    """Pillow's picture of a TIFF file of width and height `stored`, however large that is.

    Pillow stops at 179 million pixels, a limit of the whole program that other parts of it rely
    on; ours was checked before.
    """

    class Unlimited(TiffImagePlugin.TiffImageFile):
        def load_prepare(self) -> None:
            if getattr(self, "_im", None) is None:
                self.im = Image.new(self.mode, stored).im
            ImageFile.ImageFile.load_prepare(self)

    return Unlimited(file)


def _by_pillow(file: BinaryIO, page: Page) -> NDArray[Any]:
    with _without_limit(file, page.size) as image:
        image.seek(page.index)
        if sorted(image.size) != sorted(page.size):
            raise BadImage(_DAMAGED)
        if image.mode not in ("L", "RGB", "RGBA", "RGBX", "LAB") and image.mode[:4] != "I;16":
            raise BadImage("this kind of TIFF is not read; save it with 8 or 16 bits.")
        pixels = _as_stored(np.asarray(image), page.number(274, 1))
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:
        pixels = pixels.astype(np.uint16)
        if page.bits == 12:
            pixels = np.rint(np.minimum(pixels, 4095) * (65535 / 4095)).astype(np.uint16)
    if page.photometric == CIELAB:
        pixels = pixels ^ np.array([0, 128, 128], np.uint8)  # a and b as offsets from 128
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _as_stored(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo Pillow's turning of a TIFF: `read` turns all formats itself."""
    if orientation in (2, 3, 7, 8):
        pixels = pixels[:, ::-1] if orientation < 5 else pixels[::-1]
    if orientation in (3, 4, 6, 7):
        pixels = pixels[::-1] if orientation < 5 else pixels[:, ::-1]
    return pixels.swapaxes(0, 1) if orientation > 4 else pixels


def _float64(file: BinaryIO, page: Page) -> NDArray[np.float32]:
    """Strips of 64-bit float, plain or with Deflate, without a predictor."""
    if page.number(317, 1) != 1:
        raise BadImage(
            "TIFF files with 64-bit float and a predictor are not read; save it with 32 bits."
        )
    order = {b"II": "<", b"MM": ">"}[file.read(2)]
    width, height = page.size
    rows = min(page.number(278, height) or height, height)
    out = np.empty((height, width, page.samples), np.float32)
    strips = list(zip(page.numbers(273), page.numbers(279), strict=True))
    if len(strips) != -(-height // rows):
        raise ValueError("a strip is missing")
    for i, (offset, size) in enumerate(strips):
        lines = out[i * rows : (i + 1) * rows]
        wanted = lines.size * 8
        file.seek(offset)
        data = file.read(size)
        if page.compression != 1:
            data = zlib.decompressobj().decompress(data, wanted)
        if len(data) < wanted:
            raise ValueError("a strip is cut off")
        with np.errstate(over="ignore"):
            lines[...] = np.frombuffer(data, f"{order}f8", lines.size).reshape(lines.shape)
    return out
