"""EXIF blocks and TIFF directories: read with limits, cleaned, written again.

A colorized photo keeps what its source says about camera, place, author and date.  It
must not keep what is no longer true: the orientation (pixels are stored upright), the
gray thumbnail, and the layout of the source's pixels.  libvips carries EXIF between
JPEG, PNG and WebP but neither reads nor writes it in TIFF, hence this module.

Layout of a directory: TIFF 6.0, section 2; EXIF's own directories: CIPA DC-008.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import BinaryIO

EXIF_HEADER = b"Exif\0\0"

# Byte sizes of the TIFF field types; 129 is UTF-8, of EXIF 3.0.  Those of BigTIFF (16..18) are
# offsets or sizes within the source file and not carried over; nor is 13 (IFD), read for
# `SUB_IFDS` only.
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TYPE_SIZES[129] = 1
# What has to be swapped as a unit when the byte order changes.
_TYPE_WORDS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}

BYTE, SHORT, LONG, IFD = 1, 3, 4, 13
NEW_SUBFILE_TYPE, COMPRESSION, IMAGE_DESCRIPTION, SUB_IFDS = 254, 259, 270, 330
DNG_VERSION = 50706
IPTC, PHOTOSHOP, XMP = 33723, 34377, 700
RATIONAL = 5
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
_COMMENTS = (0x9286, 0x1B, 0x1C)  # UserComment, and two like it of GPS: bytes that name their code
_UNICODE = b"UNICODE\0"  # UTF-16 in the file's byte order
_EXIF_IFD, _GPS_IFD, _INTEROP_IFD = 0x8769, 0x8825, 0xA005
_COLOR_SPACE, _PIXEL_X, _PIXEL_Y = 0xA001, 0xA002, 0xA003
_SUBJECT = (0x9214, 0xA214)  # SubjectArea, SubjectLocation: coordinates in the stored pixels
_FOCAL_PLANE = {0xA20E: 0xA20F, 0xA20F: 0xA20E}  # pixels per unit of the sensor, x and y
_GEO = (33550, 33922, 34264)  # GeoTIFF: which pixel lies where on the Earth

# Tags that describe how the source stored its pixels, that hold old pixels (Photoshop's layers,
# 37724), or that are written from elsewhere: XMP (700), IPTC (33723), Photoshop's resources
# (34377), ICC profile (34675).  42113 is the code that GDAL takes for "no data".
_STRUCTURAL = frozenset(
    tag
    for first, last in (
        *((254, 266), (273, 274), (277, 284), (288, 292), (296, 297), (301, 301)),
        *((317, 347), (512, 532), (559, 559), (700, 700), (32781, 32781), (33421, 33422)),
        *((33723, 33723), (34377, 34377), (34675, 34675), (37724, 37724), (42113, 42113)),
        *((50255, 50255), (50674, 50674), (50706, 51199)),
    )
    for tag in range(first, last + 1)
)

# Not even read: it may hold all layers of a Photoshop document.
_OLD_PIXELS = frozenset((37724,))

_LONG8 = 16
# Of a directory in TIFF and in BigTIFF: its count, a record, an offset, bytes of a short value.
_LAYOUTS = {False: ("<H", "<HHI4s", "<I", 4), True: ("<Q", "<HHQ8s", "<Q", 8)}

MAX_ENTRIES = 512
MAX_VALUE = 4 << 20
MAX_TOTAL = 8 << 20
MAX_PAGES = 4096


@dataclass(frozen=True)
class Resolution:
    """Pixels per unit.  unit: "in", "cm", or "" if x and y are only a ratio."""

    x: float
    y: float
    unit: str = "in"

    def turned(self) -> Resolution:
        """The resolution after a quarter turn: x and y exchanged."""
        return Resolution(self.y, self.x, self.unit)

    def per_millimeter(self) -> tuple[float, float]:
        """x and y in pixels per mm, as libvips counts them; only with a unit."""
        length = {"in": 25.4, "cm": 10.0}[self.unit]
        return self.x / length, self.y / length


@dataclass(frozen=True)
class Entry:
    """One field of a directory, little-endian; a sub-directory has entries instead of a value."""

    tag: int
    type: int
    count: int
    data: bytes
    directory: tuple[Entry, ...] = ()

    def numbers(self) -> tuple[int, ...]:
        """The value as whole numbers, for types SHORT, LONG and IFD; empty for others."""
        code = {SHORT: "H", LONG: "I", IFD: "I"}.get(self.type)
        if self.directory:
            return ()
        return struct.unpack(f"<{self.count}{code}", self.data) if code else ()


class _Reader:
    """Reads directories of one file; every count and size is checked before use."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.bytes_left = MAX_TOTAL
        head = file.read(16)
        self.order = {b"II": "<", b"MM": ">"}[head[:2]]
        version = struct.unpack_from(self.order + "H", head, 2)[0]
        self.big = version == 43
        if version not in (42, 43):
            raise ValueError("not a TIFF header")
        layout = self.order + ("Q" if self.big else "I")
        self.first = struct.unpack_from(layout, head, 8 if self.big else 4)[0]

    def pages(self) -> tuple[tuple[Entry, ...], ...]:
        """The directories of the main chain, first to last."""
        found: list[tuple[Entry, ...]] = []
        seen, offset = set(), self.first
        while offset and offset not in seen and len(found) < MAX_PAGES:
            seen.add(offset)
            try:
                found.append(self.directory(offset))
                offset = self._following(offset)
            except (ValueError, KeyError, OverflowError, OSError, struct.error):
                break
        return tuple(found)

    def _following(self, offset: int) -> int:
        """Where the next directory of the chain is; 0 after the last one."""
        count_layout, size, word = ("Q", 20, "Q") if self.big else ("H", 12, "I")
        self.file.seek(offset)
        head = self.file.read(struct.calcsize(self.order + count_layout))
        count = struct.unpack(self.order + count_layout, head)[0]
        self.file.seek(offset + len(head) + count * size)
        next_one: int = struct.unpack(
            self.order + word, self.file.read(struct.calcsize(self.order + word))
        )[0]
        return next_one

    def directory(self, offset: int, depth: int = 0) -> tuple[Entry, ...]:
        count_layout, record_layout, inline = ("Q", "HHQ8s", 8) if self.big else ("H", "HHI4s", 4)
        self.file.seek(offset)
        size = struct.calcsize(self.order + count_layout)
        count = struct.unpack(self.order + count_layout, self.file.read(size))[0]
        record = struct.Struct(self.order + record_layout)
        raw = self.file.read(min(count, MAX_ENTRIES) * record.size)
        entries = []
        whole = len(raw) // record.size * record.size
        for tag, kind, values, field in record.iter_unpack(raw[:whole]):
            entry = self._entry(tag, kind, values, field, inline, depth)
            if entry is not None:
                entries.append(entry)
        return tuple(entries)

    def _entry(
        self, tag: int, kind: int, count: int, field: bytes, inline: int, depth: int
    ) -> Entry | None:
        if tag in (_EXIF_IFD, _GPS_IFD):
            if depth or count != 1:
                return None
            layout = self.order + ("Q" if self.big and kind in (16, 18) else "I")
            try:
                below = self.directory(struct.unpack_from(layout, field)[0], depth + 1)
            except (OverflowError, OSError, struct.error):
                return None  # it lies beyond the end, which says nothing of the rest
            return Entry(tag, LONG, 1, b"", below) if below else None
        size = _TYPE_SIZES.get(kind, 0) * count
        if tag in _OLD_PIXELS or not 0 < size <= MAX_VALUE or size > self.bytes_left:
            return None
        if size <= inline:
            data = field[:size]
        else:
            layout = self.order + ("Q" if self.big else "I")
            self.file.seek(struct.unpack(layout, field)[0])
            data = self.file.read(size)
            if len(data) != size:
                return None
        self.bytes_left -= size
        # IPTC is bytes, whatever type its field says (LONG, by custom).
        return Entry(tag, kind, count, data if tag == IPTC else self._little(tag, kind, data))

    def _little(self, tag: int, kind: int, data: bytes) -> bytes:
        if tag in _COMMENTS and data.startswith(_UNICODE) and data[8:10] != b"\xff\xfe":
            text = self._little(0, SHORT, data[8 : len(data) // 2 * 2])
            return _UNICODE + text + data[8 + len(text) :]
        word = _TYPE_WORDS.get(kind)
        if self.order == "<" or word is None:
            return data
        swapped = bytearray(len(data))
        for i in range(word):
            swapped[i::word] = data[word - 1 - i :: word]
        return bytes(swapped)


def read_directory(file: BinaryIO) -> tuple[Entry, ...]:
    """The first directory of a TIFF file, with its EXIF and GPS directories.

    Damaged, foreign or oversized fields are left out. A file that is no TIFF gives no fields.
    """
    try:
        reader = _Reader(file)
        return reader.directory(reader.first)
    except (ValueError, KeyError, OverflowError, OSError, struct.error):
        return ()


def read_pages(file: BinaryIO) -> tuple[tuple[Entry, ...], ...]:
    """`read_directory` for each page of a TIFF file; none for a file that is no TIFF."""
    try:
        return _Reader(file).pages()
    except (ValueError, KeyError, OverflowError, OSError, struct.error):
        return ()


def parse_block(block: bytes) -> tuple[Entry, ...]:
    """The first directory of an EXIF block, with or without its "Exif" header."""
    return read_directory(io.BytesIO(block.removeprefix(EXIF_HEADER)))


def resolution(entries: Iterable[Entry]) -> Resolution | None:
    """The resolution that the fields give, or None."""
    fields = {e.tag: e for e in entries}
    found = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        entry = fields.get(tag)
        if entry is None or entry.type != RATIONAL or len(entry.data) < 8:
            return None
        top, bottom = struct.unpack_from("<II", entry.data)
        if top == 0 or bottom == 0:
            return None
        found.append(top / bottom)
    unit = fields[RESOLUTION_UNIT].numbers() if RESOLUTION_UNIT in fields else ()
    name = {1: "", 3: "cm"}.get(unit[0] if unit else 2, "in")
    return Resolution(found[0], found[1], name)


def resolution_entries(given: Resolution) -> tuple[Entry, ...]:
    """The fields that describe a resolution."""
    rationals = [
        Entry(tag, RATIONAL, 1, struct.pack("<II", *_fraction(value)))
        for tag, value in ((X_RESOLUTION, given.x), (Y_RESOLUTION, given.y))
    ]
    unit = {"": 1, "in": 2, "cm": 3}[given.unit]
    return (*rationals, Entry(RESOLUTION_UNIT, SHORT, 1, struct.pack("<H", unit)))


def _fraction(value: float) -> tuple[int, int]:
    found = Fraction(min(max(value, 1e-4), 1e6)).limit_denominator(4000)
    return max(found.numerator, 1), found.denominator


def cleaned(entries: Iterable[Entry], *, srgb: bool, orientation: int = 1) -> tuple[Entry, ...]:
    """The fields that may be kept for the colorized photo.

    srgb: the result is stored as sRGB, whatever the source was.  orientation: 1..8, by which the
    pixels are turned upright.
    """
    kept = []
    for entry in entries:
        if entry.directory:
            below = _within_exif(entry.directory, srgb, orientation)
            if below:  # an entry without one would be written as a pointer to nothing
                kept.append(replace(entry, directory=below))
        elif entry.type == IFD or entry.tag in _STRUCTURAL or _describes_layout(entry):
            continue
        elif orientation == 1 or entry.tag not in _GEO:
            kept.append(entry)
    return tuple(kept)


def with_size(entries: tuple[Entry, ...], size: tuple[int, int]) -> tuple[Entry, ...]:
    """The fields, with the result's width and height in EXIF's own directory if there is one."""
    dimensions = tuple(
        Entry(tag, LONG, 1, struct.pack("<I", value))
        for tag, value in zip((_PIXEL_X, _PIXEL_Y), size, strict=True)
    )
    return tuple(
        replace(e, directory=e.directory + dimensions) if e.tag == _EXIF_IFD and e.directory else e
        for e in entries
    )


def _within_exif(entries: tuple[Entry, ...], srgb: bool, orientation: int) -> tuple[Entry, ...]:
    stale: tuple[int, ...] = (_INTEROP_IFD, _PIXEL_X, _PIXEL_Y)
    if orientation != 1:
        stale += _SUBJECT
    kept = []
    for entry in entries:
        if entry.tag in stale:
            continue
        if entry.tag == _COLOR_SPACE and srgb:
            entry = Entry(_COLOR_SPACE, SHORT, 1, struct.pack("<H", 1))
        if orientation > 4 and entry.tag in _FOCAL_PLANE:
            entry = replace(entry, tag=_FOCAL_PLANE[entry.tag])
        kept.append(entry)
    return tuple(kept)


def _describes_layout(entry: Entry) -> bool:
    return entry.tag == IMAGE_DESCRIPTION and is_layout_description(entry.data)


def is_layout_description(text: bytes) -> bool:
    """Whether an image description is a program's note on array shapes; it will not be true."""
    return text.startswith((b'{"shape"', b"ImageJ=", b"<?xml")) and (
        not text.startswith(b"<?xml") or b"<OME" in text[:2000]
    )


def serialize(entries: Iterable[Entry], offset: int, *, big: bool = False) -> bytes:
    """A little-endian directory that starts at ``offset`` (even) of its file, values after it.

    big: in BigTIFF's form, with counts and offsets of 8 bytes.
    """
    count_layout, record_layout, word, inline = _LAYOUTS[big]
    ordered = sorted(entries, key=lambda e: e.tag)
    records = bytearray()
    tail = bytearray()
    head = struct.calcsize(count_layout) + struct.calcsize(record_layout) * len(ordered)
    tail_at = offset + head + struct.calcsize(word)
    for entry in ordered:
        data, kind = entry.data, entry.type
        if entry.directory:
            place = tail_at + len(tail)
            tail += serialize(entry.directory, place, big=big)
            tail += b"\0" * (len(tail) % 2)
            data, kind = struct.pack(word, place), _LONG8 if big else LONG
        elif len(data) > inline:
            place = tail_at + len(tail)
            tail += data + b"\0" * (len(data) % 2)
            data = struct.pack(word, place)
        records += struct.pack(
            record_layout, entry.tag, kind, entry.count, data.ljust(inline, b"\0")
        )
    return (
        struct.pack(count_layout, len(ordered))
        + bytes(records)
        + bytes(len(struct.pack(word, 0)))
        + bytes(tail)
    )


def build_block(entries: Iterable[Entry]) -> bytes:
    """An EXIF block with its header, as JPEG, PNG and WebP hold it; empty for no entries."""
    kept = tuple(entries)
    if not kept:
        return b""
    return EXIF_HEADER + b"II*\0" + struct.pack("<I", 8) + serialize(kept, 8)


def add_to_tiff(file: BinaryIO, entries: Iterable[Entry], replaced: tuple[Entry, ...] = ()) -> None:
    """Add entries to the first directory of a TIFF or BigTIFF file that was just written.

    The file's own fields win, except those in ``replaced``. A longer copy of the directory is
    appended to the file, and the header points at it; nothing else moves. A big-endian file is
    left alone (libvips writes these on big-endian machines only).
    """
    file.seek(0)
    head = file.read(16)
    if head[:4] not in (b"II*\0", b"II+\0"):
        return
    big = head[:4] == b"II+\0"
    count_layout, record_layout, word, _ = _LAYOUTS[big]
    first_at = 8 if big else 4
    file.seek(struct.unpack_from(word, head, first_at)[0])
    size = struct.calcsize(record_layout)
    count_size = struct.calcsize(count_layout)
    count = struct.unpack(count_layout, file.read(count_size))[0]
    own = [file.read(size) for _ in range(count)]
    following = file.read(struct.calcsize(word))
    better = {e.tag for e in replaced}
    own = [record for record in own if struct.unpack_from("<H", record)[0] not in better]
    present = {struct.unpack_from("<H", record)[0] for record in own}
    new = [*replaced, *(e for e in entries if e.tag not in present and e.tag not in better)]
    if not new:
        return
    values_at = file.seek(0, io.SEEK_END)
    values_at += file.write(b"\0" * (values_at % 2))
    values = serialize(new, values_at, big=big)
    directory_at = values_at + len(values)
    directory_at += directory_at % 2
    if not big and directory_at >= 2**32 - 65536:
        return
    file.write(values.ljust(directory_at - values_at, b"\0"))
    # The records of `values` already hold absolute offsets: they are reused as they are.
    records = [values[count_size + size * i : count_size + size * (i + 1)] for i in range(len(new))]
    merged = sorted(own + records, key=lambda r: struct.unpack_from("<H", r)[0])
    file.write(struct.pack(count_layout, len(merged)) + b"".join(merged) + following)
    file.seek(first_at)
    file.write(struct.pack(word, directory_at))
