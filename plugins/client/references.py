"""The reference of a picture: which colour photo it takes colours from.

Settings keep it as one text: "" for none, else its kind and what names it, as "file:/photos/a.jpg"
or "layer:" with a key that the editor gives.  It travels as a PNG whose long side has `SIDE`
pixels: the server looks at no more.
"""

from __future__ import annotations

import struct
import zlib

from .errors import ClientError
from .translation import _

SIDE = 768
FILE, LAYER = "file", "layer"


class NoReference(ClientError):
    """The reference cannot be used; the message says what to do."""


def split(reference: str) -> tuple[str, str]:
    """(kind, what names it); ("", "") for none and for a text that is no reference."""
    kind, _colon, name = reference.partition(":")
    return (kind, name) if kind in (FILE, LAYER) and name else ("", "")


def gone(name: str) -> str:
    """What to tell where a reference is not there any more."""
    text = _(
        "The reference %s is gone, so the colors are the automatic ones. Choose another under "
        "Alternatives."
    )
    return text % name


def scaled(width: int, height: int) -> tuple[int, int]:
    """The size at which a picture travels, with the same shape; never larger than it is."""
    part = min(1.0, SIDE / max(width, height))
    return max(1, round(width * part)), max(1, round(height * part))


def png(width: int, height: int, rgb: bytes) -> bytes:
    """A PNG file of packed rows of 8-bit RGB (PNG, third edition)."""
    stride = 3 * width
    rows = b"".join(b"\0" + rgb[y * stride : (y + 1) * stride] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    file = b"\x89PNG\r\n\x1a\n"
    for name, data in parts:
        file += struct.pack(">I", len(data)) + name + data
        file += struct.pack(">I", zlib.crc32(name + data))
    return file
