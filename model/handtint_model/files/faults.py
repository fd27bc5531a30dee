"""Why a file cannot be read, in one sentence: libvips' reason, or our own where it gives none."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyvips

from ..errors import BadImage
from . import png_chunks
from .container import open_file
from .formats import Format

_BLOCK = 1 << 20
_MAX_CHUNKS = 100_000
_NEEDED = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_IHDR_BYTES = 13
# PNG, third edition, table 12: color type -> bits a sample.
_PNG_BITS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_MINUS_ONE = f" at scanline {2**32 - 1}"  # libtiff was not asked for a line, but for a strip


def unreadable(
    kind: Format, error: pyvips.Error, source: str | Path | bytes, special: str = ""
) -> BadImage:
    """The message for a file that libvips cannot decode.  special: its kind, if unusual."""
    if special:
        way = "PNG, or as TIFF with LZW or Deflate," if kind.name == "tiff" else "PNG or TIFF"
        return BadImage(f"this is {special}, which is not read; save it as {way} first.")
    lines = [line.strip() for line in str(error.detail).splitlines() if line.strip()]
    reason = lines[-1].rstrip(".").replace(_MINUS_ONE, "") if lines else ""
    if kind.loader == "heif" and ("nsupported" in reason or "ecoder" in reason):
        return BadImage(
            f"{kind.title} pictures of this kind are not read by this installation; save it as "
            f"PNG or TIFF first ({reason})."
        )
    if "chunk/cache limits" in reason:
        # libspng's words, which many systems' libvips has; libpng passes over such a text.
        return BadImage(
            f"a text or profile in the {kind.title} file unpacks to far too much; save the picture "
            "again without its metadata."
        )
    if kind.name == "png":  # libpng's reasons do not reach us, libspng's are for its developers
        with open_file(source) as file:
            reason = _png_fault(file) or reason
    reason = reason or "no reason given"
    return BadImage(f"the {kind.title} file is damaged or cut off and cannot be read ({reason}).")


def _png_fault(file: BinaryIO) -> str:
    """What is wrong with the chunks of a PNG file; empty if nothing is found."""
    color, palette, pixels = 0, False, False
    for i, (name, data, fault) in enumerate(_chunks(file)):
        if i == 0 and name != b"IHDR":
            return "its first chunk is not IHDR"
        if not re.fullmatch(rb"[A-Za-z]{4}", name):
            return "its chunk names are damaged"
        if fault:
            return fault
        if name == b"IHDR":
            if wrong := _header_fault(data):
                return wrong
            color = data[9]
        elif name == b"PLTE":
            palette = True
            if not data or len(data) % 3 or len(data) > 768:
                return "its palette (PLTE) is damaged"
        elif name == b"IDAT":
            pixels = True
            if color == 3 and not palette:
                return "its palette (PLTE) is missing"
        elif name[:1].isupper() and name not in _NEEDED:
            return f"its chunk {name.decode()} is not known, but needed"
    return "" if pixels else "it ends before its pixels"


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes, str]]:
    """(name, the first bytes of its data, what is wrong with it) of each chunk, as far as known."""
    file.seek(len(png_chunks.SIGNATURE))
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        left, name = struct.unpack(">I4s", head)
        check, data = zlib.crc32(name), b""
        while left and (block := file.read(min(left, _BLOCK))):
            check = zlib.crc32(block, check)
            data = data or block
            left -= len(block)
        stored = file.read(4)
        if left or len(stored) < 4:
            yield name, data, f"it ends within its chunk {name.decode('latin-1')}"
            return
        # Decoders pass over the other chunks where their checksum is wrong.
        wrong = name in _NEEDED and stored != struct.pack(">I", check)
        fault = f"the checksum of its chunk {name.decode('latin-1')} is wrong" if wrong else ""
        yield name, data, fault
        if name == b"IEND":
            return


def _header_fault(data: bytes) -> str:
    if len(data) != _IHDR_BYTES:
        return "its header (IHDR) is damaged"
    width, height, bits, color, _, _, interlace = struct.unpack(">IIBBBBB", data)
    if not width or not height:
        return f"its size is {width} x {height}"
    if color not in _PNG_BITS:
        return f"color type {color} does not exist"
    if bits not in _PNG_BITS[color]:
        return f"color type {color} with {bits} bits does not exist"
    return f"interlace method {interlace} does not exist" if interlace > 1 else ""
