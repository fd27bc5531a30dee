"""What a PNG file without an ICC profile says about its colors, as an ICC profile.

Krita 5.2 does not look at gAMA, cHRM and cICP, and GIMP 3.0 not at cICP.  The command line does
(handtint_model/files/png_color.py), and so can the editors, once their document has the profile
that these chunks stand for.  Order of precedence: PNG, third edition, section 4.3.  Code points:
ITU-T H.273, tables 2 and 3.  Profile: ICC.1:2022.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, NamedTuple, Tuple

Point = Tuple[float, float]
Matrix = Tuple[Tuple[float, float, float], ...]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WANTED = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4}
_MOST_CHUNKS = 10_000

_D65 = (0.3127, 0.3290)
_SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # parametric, type 3
_GAMMAS = range(20_000, 500_001)  # of 100,000, as the command line: beyond, it is a mistake
_GAMMA_OF_SRGB, _SAME_GAMMA = 45455, 200
_SAME_POINT = 2e-3

_SMPTE = ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_PRIMARIES = {
    1: (_SRGB, _D65),
    2: (_SRGB, _D65),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), _D65),
    6: (_SMPTE, _D65),
    7: (_SMPTE, _D65),
    9: (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), _D65),
    11: (_P3, (0.314, 0.351)),
    12: (_P3, _D65),
}
# As browsers do, pictures of the television curves are shown by that of sRGB.
_CURVES = {1: 0.0, 2: 0.0, 4: 2.2, 5: 2.8, 6: 0.0, 8: 1.0, 13: 0.0, 14: 0.0, 15: 0.0}
_HDR = {16: "PQ", 18: "HLG"}

_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_D50 = (0.9642, 1.0, 0.8249)


class PngColor(NamedTuple):
    """What a file says.  profile: ICC; b"" if there is none for it.  name: the profile's.

    summary: in a few characters, for people; "PQ" or "HLG" where `profile` is empty.
    """

    profile: bytes
    name: str
    summary: str


def of_file(path: str) -> PngColor | None:
    """What a PNG says; None if it says sRGB or nothing, has an ICC profile, or is no PNG."""
    try:
        with open(path, "rb") as file:
            return of_chunks(_chunks(file))
    except (OSError, ValueError, struct.error):
        return None


def _chunks(file: BinaryIO) -> dict[bytes, bytes]:
    """The chunks about color before the pixels; none if there is an ICC profile."""
    found: dict[bytes, bytes] = {}
    if file.read(8) != _SIGNATURE:
        return found
    for _ in range(_MOST_CHUNKS):
        length, name = struct.unpack(">I4s", file.read(8))
        if name == b"iCCP":
            return {}
        if name in (b"IDAT", b"IEND"):
            break
        if _WANTED.get(name) == length:
            found[name] = file.read(length)
            length = 0
        file.seek(length + 4, 1)
    return found


def of_chunks(chunks: dict[bytes, bytes]) -> PngColor | None:
    """The same, of the chunks gAMA, cHRM, sRGB and cICP; a chunk of a wrong size is not here."""
    if b"cICP" in chunks:
        primaries, transfer, _, full_range = chunks[b"cICP"]
        if transfer in _HDR:
            return PngColor(b"", "", _HDR[transfer])
        if primaries not in _PRIMARIES or transfer not in _CURVES or not full_range:
            return PngColor(b"", "", "cICP %d, %d" % (primaries, transfer))
        points, white = _PRIMARIES[primaries]
        gamma = _CURVES[transfer]
        summary = "cICP %d, %d" % (primaries, transfer)
    elif b"sRGB" in chunks:
        return None
    else:
        coded = struct.unpack(">I", chunks.get(b"gAMA", bytes(4)))[0]
        coded = coded if coded in _GAMMAS else 0
        points, white = _chromaticities(chunks.get(b"cHRM", b"")) or (_SRGB, _D65)
        gamma = 100_000 / coded if coded else 0.0
        if _is_srgb(points, white) and abs(coded - _GAMMA_OF_SRGB) <= _SAME_GAMMA:
            gamma = 0.0
        said = ["gAMA %.5g" % (coded / 100_000)] if coded else []
        summary = ", ".join([*said, *(["cHRM"] if b"cHRM" in chunks else [])])
    if gamma == 0.0 and _is_srgb(points, white):
        return None
    matrix = _to_d50(points, white)
    if matrix is None or not 0.5 < sum(matrix[1]) < 1.5:
        return None
    return _color(matrix, gamma, summary)


def _chromaticities(data: bytes) -> tuple[tuple[Point, ...], Point] | None:
    """Primaries and white of a cHRM chunk; None if they are impossible."""
    if len(data) != 32:
        return None
    values = [value / 100_000 for value in struct.unpack(">8I", data)]
    white, red, green, blue = zip(values[::2], values[1::2])
    if any(y <= 0 or x + y > 1.0 for x, y in (white, red, green)) or blue[1] <= 0:
        return None
    return (red, green, blue), white


def _is_srgb(points: tuple[Point, ...], white: Point) -> bool:
    pairs = zip((*points, white), (*_SRGB, _D65))
    return all(abs(a - b) <= _SAME_POINT for p, q in pairs for a, b in zip(p, q))


# --- the profile -----------------------------------------------------------------------------


def _to_d50(points: tuple[Point, ...], white: Point) -> Matrix | None:
    """From linear RGB to XYZ of D50, by Bradford's adaptation; None if there is no such matrix."""
    try:
        columns = _transposed(tuple(_xyz(point) for point in points))
        shares = _times(_inverse(columns), _xyz(white))
        to_xyz = tuple(tuple(v * s for v, s in zip(row, shares)) for row in columns)
        ours, wanted = _times(_BRADFORD, _xyz(white)), _times(_BRADFORD, _D50)
        scaled = tuple(tuple(v * w / o for v in row) for row, w, o in zip(_BRADFORD, wanted, ours))
        adapted = _product(_inverse(_BRADFORD), scaled)
        return _product(adapted, to_xyz)
    except ZeroDivisionError:
        return None


def _xyz(point: Point) -> tuple[float, float, float]:
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix))


def _times(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector)) for row in matrix)


def _product(left: Matrix, right: Matrix) -> Matrix:
    return _transposed(tuple(_times(left, column) for column in _transposed(right)))


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det),
        ((f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det),
        ((d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det),
    )


def _fixed(values: tuple[float, ...]) -> bytes:
    """s15Fixed16 numbers.  Raises struct.error beyond 32767."""
    return struct.pack(">%di" % len(values), *(round(value * 65536) for value in values))


def _color(matrix: Matrix, gamma: float, summary: str) -> PngColor | None:
    """A display profile, version 4, of a matrix to D50 and a gamma; 0: the curve of sRGB."""
    try:
        if gamma:
            curve = b"para" + bytes(8) + _fixed((gamma,))
        else:
            curve = b"para" + struct.pack(">IHH", 0, 3, 0) + _fixed(_SRGB_CURVE)
        columns = [b"XYZ " + bytes(4) + _fixed(column) for column in zip(*matrix)]
    except struct.error:
        return None
    name = "PNG %s (%08x)" % (summary, zlib.crc32(curve + b"".join(columns)))
    tags = [(b"desc", _text(name)), (b"cprt", _text("CC0"))]
    tags.append((b"wtpt", b"XYZ " + bytes(4) + _fixed(_D50)))
    tags += zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns)
    tags += [(tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    index, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        index += struct.pack(">4sII", tag, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4xI", start + len(body), 0x04300000) + b"mntrRGB XYZ "
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp"
    header = header.ljust(68, b"\0") + _fixed(_D50)
    return PngColor(header.ljust(128, b"\0") + index + body, name, summary)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
