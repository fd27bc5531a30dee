"""What a PNG file without an ICC profile says about its colours: cICP, sRGB, gAMA, cHRM.

Their order of precedence is in the PNG specification, third edition, section 4.3; code points are
in ITU-T H.273.
"""

from __future__ import annotations

import struct

import numpy as np

from ..color.constants import LUMINANCE_WEIGHTS
from ..errors import BadImage
from . import icc
from .icc import Curve, FloatArray, Profile

D65 = (0.3127, 0.3290)
_SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_SRGB_CURVE = Curve(function=3, parameters=(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
_GAMMA_OF_SRGB = 45455
_GAMMAS = range(20_000, 500_001)  # of 100,000, exponents 1/5 to 5; beyond, it is a mistake
_SAME_GAMMA = 200  # of 100,000: what programs write for "sRGB" differs in the last digits

_Point = tuple[float, float]
# H.273 table 2: primaries and white.
_CICP_PRIMARIES: dict[int, tuple[tuple[_Point, _Point, _Point], _Point]] = {
    1: (_SRGB_PRIMARIES, D65),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    6: (((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)), D65),
    7: (((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)), D65),
    9: (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65),
    11: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), (0.314, 0.351)),
    12: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), D65),
}
# H.273 table 3.  Like browsers we show pictures of the television curves by that of sRGB.
_CICP_CURVES = {
    1: _SRGB_CURVE,
    4: Curve(parameters=(2.2,)),
    5: Curve(parameters=(2.8,)),
    6: _SRGB_CURVE,
    8: Curve(),
    13: _SRGB_CURVE,
    14: _SRGB_CURVE,
    15: _SRGB_CURVE,
}
_HDR = {16: "PQ", 18: "HLG"}

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])


def profile_of(chunks: dict[bytes, bytes]) -> Profile | None:
    """The profile that these chunks stand for; None if they say nothing.

    Raises BadImage for high dynamic range, which an 8-bit or 16-bit result cannot hold.
    """
    if len(chunks.get(b"cICP", b"")) == 4:
        return cicp_profile(*chunks[b"cICP"])
    if b"sRGB" in chunks:
        return _profile(_SRGB_CURVE, _SRGB_PRIMARIES, D65)
    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] if len(chunks.get(b"gAMA", b"")) == 4 else 0
    if gamma not in _GAMMAS:
        gamma = 0
    points = _chromaticities(chunks.get(b"cHRM", b""))
    if not gamma and points is None:
        return None
    primaries, white = points or (_SRGB_PRIMARIES, D65)
    curve = _SRGB_CURVE
    if gamma and not (abs(gamma - _GAMMA_OF_SRGB) <= _SAME_GAMMA and _is_srgb(primaries, white)):
        curve = Curve(parameters=(100_000 / gamma,))
    return _profile(curve, primaries, white)


def _is_srgb(primaries: tuple[_Point, ...], white: _Point) -> bool:
    """Whether these are sRGB's: 1 / 2.2 together with them is how a PNG without an sRGB chunk
    says sRGB; with other primaries it is a gamma of 2.2.
    """
    return bool(np.allclose([*primaries, white], [*_SRGB_PRIMARIES, D65], atol=2e-3))


def cicp_profile(primaries: int, transfer: int, matrix: int, full_range: int) -> Profile | None:
    """The profile of coding-independent code points, or None for "unspecified"."""
    if transfer in _HDR:
        raise BadImage(
            f"this is a picture of high dynamic range ({_HDR[transfer]}), which is not read; "
            "save it in sRGB with 8 or 16 bits first."
        )
    if transfer == 2 and primaries == 2:
        return None
    if primaries not in (*_CICP_PRIMARIES, 2) or transfer not in (*_CICP_CURVES, 2):
        raise BadImage(
            f"the picture's colour space (cICP {primaries}, {transfer}) is not read; "
            "save it in sRGB first."
        )
    if not full_range:
        raise BadImage("this picture has the range of a video; save it in sRGB first.")
    points, white = _CICP_PRIMARIES.get(primaries, _CICP_PRIMARIES[1])
    return _profile(_CICP_CURVES.get(transfer, _SRGB_CURVE), points, white)


def _chromaticities(data: bytes) -> tuple[tuple[_Point, _Point, _Point], _Point] | None:
    """Primaries and white of a cHRM chunk; None if they are impossible."""
    if len(data) != 32:
        return None
    values = [v / 100_000 for v in struct.unpack(">8I", data)]
    white, red, green, blue = zip(values[::2], values[1::2], strict=True)
    if any(y <= 0 or x + y > 1.0 for x, y in (white, red, green)) or blue[1] <= 0:
        return None
    return (red, green, blue), white


def _profile(
    curve: Curve, primaries: tuple[_Point, _Point, _Point], white: _Point
) -> Profile | None:
    try:
        matrix = icc.from_d50(_adapted(primaries, white))
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(matrix).all() or not 0.5 < float((LUMINANCE_WEIGHTS @ matrix).sum()) < 1.5:
        return None
    return Profile((curve, curve, curve), matrix)


def _adapted(primaries: tuple[_Point, _Point, _Point], white: _Point) -> FloatArray:
    """Matrix from linear RGB to XYZ of D50 (Bradford), from chromaticities."""

    def xyz(point: _Point) -> FloatArray:
        x, y = point
        return np.array([x / y, 1.0, (1 - x - y) / y])

    columns = np.array([xyz(p) for p in primaries]).T
    to_xyz = columns * np.linalg.solve(columns, xyz(white))
    scale = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ xyz(white)))
    adapted: FloatArray = np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD @ to_xyz
    return adapted
