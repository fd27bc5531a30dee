"""TIFF fields that stop libtiff although all pixels are there: mended in a copy of the file."""

from __future__ import annotations

import struct
from pathlib import Path

from .exif import LONG, MAX_ENTRIES, MAX_PAGES, SHORT

ORIENTATION = 274


def without_bad_orientation(source: str | Path | bytes) -> bytes:
    """The bytes of a TIFF file, with 1 for each Orientation that does not exist (TIFF 6.0: 1..8).

    Every page counts, since libtiff looks at all of them.  What cannot be followed stays as it is.
    """
    data = bytearray(source if isinstance(source, bytes) else Path(source).read_bytes())
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    # A directory's count, a record's tag, type and count, an offset, bytes of a record.
    count_of, record_of, word, size = ("Q", "HHQ", "Q", 20) if big else ("H", "HHI", "I", 12)
    count_bytes = struct.calcsize("=" + count_of)
    seen: set[int] = set()
    try:
        at = struct.unpack_from(order + word, data, 8 if big else 4)[0]
        while at and at not in seen and len(seen) < MAX_PAGES:
            seen.add(at)
            count = struct.unpack_from(order + count_of, data, at)[0]
            first = at + count_bytes
            for i in range(min(count, MAX_ENTRIES)):
                _mend(data, first + i * size, order, record_of)
            at = struct.unpack_from(order + word, data, first + count * size)[0]
    except (struct.error, OverflowError):
        pass  # cut off: libtiff says where
    return bytes(data)


def _mend(data: bytearray, at: int, order: str, record_of: str) -> None:
    tag, kind, _ = struct.unpack_from(order + record_of, data, at)
    code = {SHORT: "H", LONG: "I"}.get(kind)
    if tag == ORIENTATION and code is not None:
        value = at + struct.calcsize("=" + record_of)
        if not 1 <= struct.unpack_from(order + code, data, value)[0] <= 8:
            struct.pack_into(order + code, data, value, 1)
