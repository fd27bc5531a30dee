"""IPTC blocks, and the Photoshop resources that JPEG and PNG wrap them in.

TIFF stores the bare records (field 33723). JPEG stores them as resource 1028 in an APP13 segment,
PNG as hexadecimal text, as ImageMagick introduced it. No other resource of Photoshop's is kept:
they hold a gray thumbnail, the resolution, and the layout of the old pixels.  Layout: Adobe
Photoshop File Formats Specification, "Image Resources".
"""

from __future__ import annotations

import re
import struct

JPEG_HEADER = b"Photoshop 3.0\0"
_SIGNATURE, _IPTC = b"8BIM", 1028
_FIRST = b"\x1c"  # of every IPTC record
_LONGEST_NAME = 255


def unwrap(resources: bytes) -> bytes:
    """The IPTC records in a block of Photoshop resources; empty if there are none."""
    resources = resources.removeprefix(JPEG_HEADER)
    at = 0
    while resources[at : at + 4] in (_SIGNATURE, b"MeSa", b"PHUT", b"AgHg", b"DCSR"):
        if len(resources) < at + 7:
            break
        number = struct.unpack_from(">H", resources, at + 4)[0]
        name = resources[at + 6] + 1
        start = at + 6 + name + name % 2
        if len(resources) < start + 4:
            break
        size = struct.unpack_from(">I", resources, start)[0]
        data = resources[start + 4 : start + 4 + size]
        if number == _IPTC and resources[at : at + 4] == _SIGNATURE:
            return data if len(data) == size else b""
        at = start + 4 + size + size % 2
    return b""


def wrap(records: bytes) -> bytes:
    """IPTC records as a Photoshop resource, without JPEG's header."""
    head = _SIGNATURE + struct.pack(">HHI", _IPTC, 0, len(records))
    return head + records + b"\0" * (len(records) % 2)


def from_tiff(field: bytes, resources: bytes) -> bytes:
    """The records of a TIFF file, from its own field or else from Photoshop's resources.

    Fields of type LONG are padded with zeros, and some programs have swapped their bytes.
    """
    if field[:1] == _FIRST:
        return field
    swapped = b"".join(field[i : i + 4][::-1] for i in range(0, len(field), 4))
    if swapped[:1] == _FIRST:
        return swapped
    wrapped = unwrap(field) or unwrap(resources)
    return wrapped if wrapped[:1] == _FIRST else b""


def to_tiff(records: bytes) -> bytes:
    """The records padded to whole words of four bytes, as TIFF readers expect."""
    return records + bytes(-len(records) % 4)


def from_png_text(text: bytes) -> bytes:
    """The block in a "Raw profile type ..." text: its name, its size, then hexadecimal."""
    found = re.match(rb"\s*[\w ]{1,40}\s+(\d{1,10})\s", text)
    if found is None:
        return b""
    digits = re.sub(rb"\s+", b"", text[found.end() :])
    try:
        data = bytes.fromhex(digits.decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return b""
    return data if len(data) == int(found[1]) else b""


def to_png_text(records: bytes) -> bytes:
    """The inverse of `from_png_text`, for the keyword "Raw profile type iptc"."""
    block = wrap(records)
    digits = block.hex()
    lines = [digits[i : i + 72] for i in range(0, len(digits), 72)]
    return f"\niptc\n{len(block):8}\n".encode() + "\n".join(lines).encode() + b"\n"
