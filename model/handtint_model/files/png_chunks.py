"""The chunks of a PNG file that are not pixels: read with limits, and written.

libvips loses the language of texts and everything in gAMA, cHRM, sRGB and cICP.  Layout: Portable
Network Graphics, third edition, sections 5 and 11.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from . import exif, iptc
from .exif import Resolution

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = "XML:com.adobe.xmp"
_RAW_PROFILE = "raw profile type "
_MAX_CHUNK = 32 << 20
_MAX_TOTAL = 64 << 20
_MAX_TEXT = 16 << 20  # unpacked
_MAX_TEXTS = 64 << 20  # all of them, unpacked, in memory
_MAX_CHUNKS = 100_000
_METER = 1000.0 / 25.4  # in inches


@dataclass(frozen=True)
class Text:
    """A text of a PNG file.  language: as in iTXt, empty if not said."""

    keyword: str
    text: str
    language: str = ""
    translated: str = ""

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        return sum(
            sys.getsizeof(part)
            for part in (self, self.keyword, self.text, self.language, self.translated)
        )


@dataclass
class PngChunks:
    """What the chunks beside the pixels say."""

    size: tuple[int, int] = (0, 0)  # width and height; 0 where IHDR is damaged
    animated: bool = False
    color: dict[bytes, bytes] = field(default_factory=dict)  # gAMA, cHRM, sRGB, cICP
    texts: list[Text] = field(default_factory=list)
    texts_left_out: bool = False  # some were too long
    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    resolution: Resolution | None = None


def read(file: BinaryIO) -> PngChunks:
    """Read all chunks of a PNG file; damaged ones are left out (libvips checks the pixels)."""
    found = PngChunks()
    pixels = False
    room = _MAX_TEXTS
    for name, data in _chunks(file):
        if name == b"IDAT":
            pixels = True
        elif name == b"IHDR" and len(data) == 13:
            found.size = struct.unpack_from(">II", data)
        elif name == b"acTL" and not pixels:
            found.animated = True
        elif name in (b"gAMA", b"cHRM", b"sRGB", b"cICP") and not pixels:
            found.color.setdefault(name, data)
        elif name == b"pHYs" and len(data) == 9:
            found.resolution = _resolution(data)
        elif name == b"eXIf":
            found.exif = data.removeprefix(exif.EXIF_HEADER)
        elif name in (b"tEXt", b"zTXt", b"iTXt"):
            room = _add_text(name, data, room, found)
    return found


def without_texts(data: bytes) -> bytes:
    """A PNG file without its texts: some builds of libvips refuse a file for a huge one."""
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        end = at + 12 + size
        if data[at + 4 : at + 8] not in (b"tEXt", b"zTXt", b"iTXt"):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """(name, data) of each chunk whose checksum is right; IDAT and large ones without data."""
    file.seek(len(SIGNATURE))
    total = 0
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        length, name = struct.unpack(">I4s", head)
        if name == b"IEND":
            return
        if name in (b"IDAT", b"fdAT") or length > _MAX_CHUNK or total + length > _MAX_TOTAL:
            yield name, b""
            file.seek(length + 4, 1)
            continue
        total += length
        data, check = file.read(length), file.read(4)
        if len(data) == length and check == struct.pack(">I", zlib.crc32(name + data)):
            yield name, data


def _resolution(data: bytes) -> Resolution | None:
    x, y, unit = struct.unpack(">IIB", data)
    if not x or not y:
        return None
    return Resolution(x / _METER, y / _METER) if unit == 1 else Resolution(x, y, "")


class _TooLong(Exception):
    """A text unpacks to more than may be held."""


def _add_text(name: bytes, data: bytes, room: int, found: PngChunks) -> int:
    """Add a text to what was found, if there is room for it; the bytes of room that are left.

    Many texts that each unpack to a little would fill the memory as well as one that is huge.
    """
    limit = min(room, _MAX_TEXT)
    try:
        text = _text(name, data, limit)
    except _TooLong:
        found.texts_left_out = True
        return room - limit
    if text is None:
        found.texts_left_out |= not data  # its chunk was too long to be read
        return room
    size = text.nbytes
    if size > room:
        found.texts_left_out = True
        return room
    _sort(text, found)
    return room - size


def _text(name: bytes, data: bytes, limit: int) -> Text | None:
    keyword, zero, rest = data.partition(b"\0")
    if not zero or not 0 < len(keyword) < 80:
        return None
    word = keyword.decode("latin-1")
    try:
        if name == b"tEXt":
            return Text(word, _latin(rest))
        if name == b"zTXt":
            return Text(word, _latin(_unpack(rest[1:], limit)))
        packed, (language, zero, rest) = rest[0], rest[2:].partition(b"\0")
        translated, zero, body = rest.partition(b"\0")
        body = _unpack(body, limit) if packed else body
        return Text(word, body.decode("utf-8"), language.decode("ascii"), translated.decode())
    except (ValueError, IndexError, zlib.error):
        return None


def _latin(data: bytes) -> str:
    """A text of tEXt or zTXt: Latin-1, as the standard says, unless it is plainly UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _unpack(data: bytes, limit: int) -> bytes:
    if limit < 1:
        raise _TooLong
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, limit)
    if not unpacker.eof:
        if len(text) == limit:
            raise _TooLong
        raise ValueError("cut off")
    return text


def _sort(text: Text, found: PngChunks) -> None:
    """Put XMP, and blocks stored as texts, in their fields; other texts go to the list."""
    if text.keyword == XMP_KEYWORD:
        found.xmp = text.text.encode()
    elif text.keyword.lower().startswith(_RAW_PROFILE):
        data = iptc.from_png_text(text.text.encode("latin-1", "replace"))
        kind = text.keyword.lower().removeprefix(_RAW_PROFILE)
        if kind in ("iptc", "8bim"):
            records = data if data[:1] == b"\x1c" else iptc.unwrap(data)
            found.iptc = found.iptc or records
        elif kind in ("exif", "app1") and data.startswith(exif.EXIF_HEADER):
            found.exif = found.exif or data.removeprefix(exif.EXIF_HEADER)
        elif kind == "xmp":
            found.xmp = found.xmp or data
    else:
        found.texts.append(text)


def write_chunk(name: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def text_chunk(text: Text) -> bytes:
    """tEXt for Latin-1, iTXt for everything else."""
    keyword = text.keyword.encode("latin-1", "replace")[:79]
    if not text.language and not text.translated:
        try:
            plain = text.text.encode("latin-1")
        except UnicodeEncodeError:
            pass
        else:
            # Some readers guess, and take non-ASCII bytes for UTF-8: iTXt is safe.
            if plain.isascii() and b"\0" not in plain:
                return write_chunk(b"tEXt", keyword + b"\0" + plain)
    head = keyword + b"\0\0\0" + text.language.encode("ascii", "replace") + b"\0"
    body = text.translated.encode() + b"\0" + text.text.encode()
    return write_chunk(b"iTXt", head + body)


def resolution_chunk(resolution: Resolution) -> bytes:
    """pHYs; a resolution without a unit stays one: only the ratio of its two numbers counts."""
    if resolution.unit:
        x, y = (round(v * 1000) for v in resolution.per_millimeter())
        unit = 1
    else:
        x, y, unit = *_whole(resolution.x, resolution.y), 0
    return write_chunk(
        b"pHYs", struct.pack(">IIB", *(min(max(v, 1), 2**31 - 1) for v in (x, y)), unit)
    )


def _whole(x: float, y: float) -> tuple[int, int]:
    return (round(x), round(y)) if min(x, y) >= 1 else (round(x * 10000), round(y * 10000))


def chunks_for(
    *,
    texts: tuple[Text, ...],
    exif_block: bytes,
    xmp: bytes,
    records: bytes,
) -> bytes:
    """The chunks with the same content for another PNG file; they go right after IHDR."""
    out = b"".join(text_chunk(text) for text in texts)
    if exif_block:
        out += write_chunk(b"eXIf", exif_block)
    if xmp:
        out += write_chunk(b"iTXt", XMP_KEYWORD.encode() + b"\0\0\0\0\0" + xmp)
    if records:
        packed = zlib.compress(iptc.to_png_text(records))
        out += write_chunk(b"zTXt", b"Raw profile type iptc\0\0" + packed)
    return out
