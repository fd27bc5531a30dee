"""The segments of a JPEG file before its pixels: read with limits, and written.

Layout: ITU-T T.81, annex B; EXIF and XMP: CIPA DC-008, XMP Specification Part 3, section 1.1.3
(a packet above 64 KB goes on in further segments, "ExtendedXMP").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from . import exif, iptc
from .exif import Resolution

XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
LARGEST = 65533  # bytes of a segment without its length
_MAX_SEGMENTS = 20_000
_MAX_TOTAL = 64 << 20
_PART = 65000  # of an extension, or of IPTC, in a segment
_STANDALONE = (*range(0xD0, 0xD8), 0x01)
_FRAMES = {
    0xC3: "lossless JPEG",
    0xC5: "hierarchical JPEG",
    0xC6: "hierarchical JPEG",
    0xC7: "lossless JPEG",
    0xCB: "lossless JPEG",
    0xCD: "hierarchical JPEG",
    0xCE: "hierarchical JPEG",
    0xCF: "lossless JPEG",
    0xF7: "JPEG-LS",
}


@dataclass
class JpegSegments:
    """What the segments say.  kind: the kind of JPEG, if it is an unusual one; else empty."""

    kind: str = ""
    size: tuple[int, int] = (0, 0)  # width and height; 0 where there is no usual frame
    exif: bytes = b""
    xmp: bytes = b""
    extensions: dict[bytes, bytes] = field(default_factory=dict)  # by their name, 32 digits
    iptc: bytes = b""
    comments: list[str] = field(default_factory=list)
    jfif: Resolution | None = None
    scan_at: int = 0  # where the first scan begins; 0: there is none


def read(file: BinaryIO) -> JpegSegments:
    """Read a JPEG file up to its first scan; damaged segments are left out."""
    found = JpegSegments()
    resources = b""
    parts: dict[bytes, dict[int, bytes]] = {}
    for marker, data in _segments(file):
        if marker == 0xDA:
            found.scan_at = file.tell()
        elif marker in _FRAMES:
            found.kind = _FRAMES[marker]
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if len(data) >= 5:
                found.size = struct.unpack_from(">HH", data, 1)[::-1]
            if data and data[0] != 8:
                found.kind = f"JPEG with {data[0]} bits a sample"
        elif marker == 0xE0 and data.startswith(b"JFIF\0") and len(data) >= 12:
            found.jfif = _jfif(data)
        elif marker == 0xE1 and data.startswith(exif.EXIF_HEADER):
            found.exif = found.exif or data[6:]
        elif marker == 0xE1 and data.startswith(XMP_HEADER):
            found.xmp = found.xmp or data[len(XMP_HEADER) :]
        elif marker == 0xE1 and data.startswith(EXTENSION_HEADER) and len(data) > 75:
            name, offset = data[35:67], struct.unpack_from(">I", data, 71)[0]
            parts.setdefault(name, {})[offset] = data[75:]
        elif marker == 0xED and data.startswith(iptc.JPEG_HEADER):
            resources += data[len(iptc.JPEG_HEADER) :]
        elif marker == 0xFE:
            found.comments.append(_comment(data))
    found.iptc = iptc.unwrap(resources)
    for name, pieces in parts.items():
        found.extensions[name] = b"".join(pieces[at] for at in sorted(pieces))
    return found


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(marker, data) of each segment up to the first scan."""
    file.seek(2)
    total = 0
    for _ in range(_MAX_SEGMENTS):
        byte = file.read(1)
        while byte and byte != b"\xff":
            byte = file.read(1)  # stray bytes; decoders skip them too
        while byte == b"\xff":
            byte = file.read(1)
        if not byte:
            return
        marker = byte[0]
        if marker in _STANDALONE or marker == 0:
            continue
        if marker == 0xD9:
            return
        word = file.read(2)
        if len(word) < 2:
            return
        size = max(struct.unpack(">H", word)[0] - 2, 0)
        total += size
        data = file.read(size)
        if len(data) < size or total > _MAX_TOTAL:
            return
        yield marker, data
        if marker == 0xDA:
            return


def _jfif(data: bytes) -> Resolution | None:
    unit, x, y = struct.unpack_from(">BHH", data, 7)
    if not x or not y or unit > 2:
        return None
    return Resolution(float(x), float(y), ("", "in", "cm")[unit])


def _comment(data: bytes) -> str:
    data = data.rstrip(b"\0")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def lacks_end(file: BinaryIO, scan_at: int) -> bool:
    """Whether no end marker follows the scan: it alone is missing, or more of the file."""
    if not scan_at:
        return False
    end = file.seek(0, 2)
    overlap = b""
    while end > scan_at:
        start = max(scan_at, end - (1 << 20))
        file.seek(start)
        block = file.read(end - start)
        if b"\xff\xd9" in block + overlap:
            return False
        overlap, end = block[:1], start
    return True


def segment(marker: int, data: bytes) -> bytes:
    """A segment; data: at most `LARGEST` bytes."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def segments_for(
    *,
    exif_block: bytes,
    xmp: bytes,
    extension: tuple[bytes, bytes] | None,
    records: bytes,
    comments: tuple[str, ...],
) -> bytes:
    """The segments with the same content for another JPEG file; they go right after JFIF's.

    exif_block and xmp must each fit into a segment.  extension: (its name, the packet).
    """
    out = b""
    if exif_block:
        out += segment(0xE1, exif.EXIF_HEADER + exif_block)
    if xmp:
        out += segment(0xE1, XMP_HEADER + xmp)
    if extension is not None:
        name, packet = extension
        for at in range(0, len(packet), _PART):
            head = EXTENSION_HEADER + name + struct.pack(">II", len(packet), at)
            out += segment(0xE1, head + packet[at : at + _PART])
    if records:
        block = iptc.wrap(records)
        for at in range(0, len(block), _PART):
            out += segment(0xED, iptc.JPEG_HEADER + block[at : at + _PART])
    for comment in comments:
        out += segment(0xFE, comment.encode()[: LARGEST - 3])
    return out


def jfif(resolution: Resolution) -> bytes:
    """The JFIF segment, which comes first; a ratio stays a ratio."""
    x, y, unit = resolution.x, resolution.y, {"": 0, "in": 1, "cm": 2}[resolution.unit]
    if not unit and min(x, y) < 1:
        x, y = x * 100, y * 100
    density = (min(max(round(v), 1), 65535) for v in (x, y))
    return segment(0xE0, b"JFIF\0\1\1" + struct.pack(">BHHBB", unit, *density, 0, 0))
