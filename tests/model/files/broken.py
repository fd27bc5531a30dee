"""TIFF and PNG files written field by field, so that any of them can be wrong."""

import struct
import zlib

import numpy as np

WIDTH, HEIGHT = 128, 96
GRAY = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)).astype(np.uint8)
PHOTOMETRIC, ORIENTATION, COLOR_MAP, SAMPLE_FORMAT, EXIF = 262, 274, 320, 339, 34665


def tiff(*more, without=(), pixels=GRAY, bits=8, photometric=1, compression=1):
    """A little-endian gray TIFF of one strip.

    more: (tag, type, count, value), a value of up to 4 bytes as a number.  without: tags.
    """
    body = pixels.tobytes()
    fields = [
        *((256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 1, bits), (259, 3, 1, compression)),
        *((PHOTOMETRIC, 3, 1, photometric), (273, 4, 1, 8), (277, 3, 1, 1)),
        *((278, 4, 1, HEIGHT), (279, 4, 1, len(body)), *more),
    ]
    records = []
    for tag, kind, count, value in sorted(f for f in fields if f[0] not in without):
        if isinstance(value, bytes):
            value, body = 8 + len(body), body + value
        records.append(struct.pack("<HHII", tag, kind, count, value))
    head = b"II*\0" + struct.pack("<I", 8 + len(body))
    return head + body + struct.pack("<H", len(records)) + b"".join(records) + bytes(4)


def chunk(name, data, check=None):
    """A PNG chunk.  check: its checksum, if it is to be wrong."""
    check = zlib.crc32(name + data) if check is None else check
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def png(*chunks, width=WIDTH, height=HEIGHT, bits=8, color=0, interlace=0, check=None):
    """A gray PNG.  chunks: to stand between IHDR and the pixels.  check: of IHDR."""
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlace)
    lines = b"".join(b"\0" + line.tobytes() for line in GRAY)
    pixels = chunk(b"IDAT", zlib.compress(lines))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head, check)
    return start + b"".join(chunks) + pixels + chunk(b"IEND", b"")
