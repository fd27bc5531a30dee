"""One photo and one hint layer for every door of the engine, and what Python makes of them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handtint_model import Colorizer, Hints
from handtint_model.files import read_photo, write_photo

ROOT = Path(__file__).resolve().parents[2]
PHOTO, HINTS = "photo.png", "hints.png"


def write(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """photo.png (gray, 8 bits) and hints.png (RGBA) in a folder; both as arrays too.

    The paint is red with a soft rim, blue at full strength, and faint green.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(ROOT / "examples" / "coffee-gray.png") as image:
        photo = np.asarray(image.convert("L"))[100:292, 150:390].copy()
    height, width = photo.shape
    y, x = np.mgrid[:height, :width]
    hints = np.zeros((height, width, 4), np.uint8)
    soft = np.clip(1.5 - np.hypot(y - 60, x - 70) / 14, 0, 1)
    hints[soft > 0, :3] = (200, 60, 40)
    hints[..., 3] = np.rint(255 * soft)
    hints[120:140, 150:200] = (40, 70, 190, 255)
    hints[20:30, 180:220] = (50, 150, 60, 90)
    Image.fromarray(photo).save(folder / PHOTO)
    Image.fromarray(hints).save(folder / HINTS)
    return photo, hints


def by_python(
    colorizer: Colorizer, photo: NDArray[np.uint8], hints: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(H, W, 3): the yardstick for the other doors."""
    result = colorizer.colorize(colorizer.encode(photo), Hints.from_rgba(hints))
    return np.asarray(result, np.uint8)


def by_files(colorizer: Colorizer, content: bytes) -> NDArray[np.uint8]:
    """(H, W, 3): what the command line makes of a picture file."""
    photo = read_photo(content)
    result = colorizer.colorize(colorizer.encode(photo.luminance))
    with Image.open(io.BytesIO(write_photo(None, result, photo.meta))) as image:
        return np.asarray(image.convert("RGB"))


def pngs() -> dict[str, bytes]:
    """PNG files without an ICC profile that say by chunks what their codes mean."""
    with Image.open(ROOT / "examples" / "coffee-gray.png") as image:
        gray = np.asarray(image.convert("L"))[100:292, 150:390].copy()
    toned = np.stack([gray * (share / 100) for share in (100, 92, 78)], -1).astype(np.uint8)
    p3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    return {
        "plain": _png(gray),
        "srgb": _png(gray, (b"sRGB", b"\0")),
        "linear": _png(gray, (b"gAMA", struct.pack(">I", 100_000))),
        "gamma_1_8": _png(gray, (b"gAMA", struct.pack(">I", 55_556))),
        "p3": _png(toned, (b"gAMA", struct.pack(">I", 45_455)), (b"cHRM", p3)),
        "cicp": _png(toned, (b"cICP", bytes((12, 8, 0, 1)))),  # P3, linear
    }


def hdr_png() -> bytes:
    """A PNG that says it is of high dynamic range (PQ)."""
    return _png(np.full((40, 60), 90, np.uint8), (b"cICP", bytes((9, 16, 0, 1))))


def _png(pixels: NDArray[np.uint8], *chunks: tuple[bytes, bytes]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    data = file.getvalue()
    more = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return data[:33] + more + data[33:]  # right behind IHDR


ROUNDING = 1
"""Codes: processes of another number of threads add in another order, in the last digit."""


def table(door: str, found: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> int:
    """The largest difference in codes, also printed (`pytest -s` shows it)."""
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    off = np.abs(found.astype(int) - wanted)
    print(f"{door:8} largest difference {off.max()} codes, {np.count_nonzero(off.any(-1))} pixels")
    return int(off.max())
