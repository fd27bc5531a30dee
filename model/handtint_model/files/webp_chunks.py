"""The chunks of a WebP file that are not pixels (RFC 9649, section 2.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from . import exif

_MAX_CHUNKS = 1000
_MAX_BLOCK = 32 << 20
_EXIF_BIT, _XMP_BIT = 0x08, 0x04


@dataclass
class WebpChunks:
    """What the chunks beside the pixels say.  lossless: of the first pixels."""

    lossless: bool = False
    animated: bool = False
    exif: bytes = b""
    xmp: bytes = b""


def read(file: BinaryIO) -> WebpChunks:
    """Read all chunks of a WebP file; damaged ones are left out."""
    found = WebpChunks()
    pixels = False
    for name, size in _chunks(file):
        if name in (b"VP8 ", b"VP8L") and not pixels:
            pixels, found.lossless = True, name == b"VP8L"
        elif name in (b"ANIM", b"ANMF"):
            found.animated = True
        elif name in (b"EXIF", b"XMP ") and size <= _MAX_BLOCK:
            at = file.tell()
            data = file.read(size)
            file.seek(at)
            if len(data) == size and name == b"EXIF":
                found.exif = data.removeprefix(exif.EXIF_HEADER)
            elif len(data) == size:
                found.xmp = data
    return found


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """(name, size) of each chunk; the file is positioned at its data."""
    file.seek(12)
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = struct.unpack("<4sI", head)
        at = file.tell()
        yield name, size
        file.seek(at + size + size % 2)


def with_blocks(data: bytes, size: tuple[int, int], exif_block: bytes, xmp: bytes) -> bytes:
    """A still WebP file with EXIF and XMP added; size: its (width, height)."""
    if not exif_block and not xmp:
        return data
    flags = (_EXIF_BIT if exif_block else 0) | (_XMP_BIT if xmp else 0)
    body = data[12:]
    if body[:4] == b"VP8X":
        body = body[:8] + bytes([body[8] | flags]) + body[9:]
    else:
        if body[:4] == b"VP8L" and body[12] & 0x10:
            flags |= 0x10  # its own header says that it has transparency
        width, height = (v - 1 for v in size)
        canvas = width.to_bytes(3, "little") + height.to_bytes(3, "little")
        body = b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + canvas + body
    for name, block in ((b"EXIF", exif_block), (b"XMP ", xmp)):
        if block:
            body += name + struct.pack("<I", len(block)) + block + b"\0" * (len(block) % 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
