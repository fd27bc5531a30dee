"""TIFF pages that libvips does not decode: 64-bit float, and what Pillow reads instead."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BadImage
from .tiff_pages import CIELAB, Page

_DAMAGED = "the TIFF file is damaged or cut off and cannot be read."


def decode(source: str | Path | bytes, page: Page, decoder: str) -> NDArray[Any]:
    """(H, W, n) uint8, uint16 or float32, as stored; raises BadImage.

    decoder: "pillow" or "float64", as `tiff_pages.judge` says.  Codes of 12 bits become 16.
    """
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
            return _float64(file, page) if decoder == "float64" else _by_pillow(file, page)
    except MemoryError:
        raise
    except (OSError, ValueError, SyntaxError, KeyError, zlib.error) as error:
        raise BadImage(_DAMAGED) from error


def _by_pillow(file: BinaryIO, page: Page) -> NDArray[Any]:
    with Image.open(file, formats=["TIFF"]) as image:
        image.seek(page.index)
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
