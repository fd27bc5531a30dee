"""ICC profiles made of curves and a matrix: exact conversions to and from sRGB.

Nearly every gray and RGB profile of a photograph is of this kind ("monochrome" and
"three-component matrix-based" profiles, ICC.1:2022, section 8). It consists of a few numbers and
curves, which are evaluated here in floating point: 16 bits stay 16 bits, and float stays float.
Profiles with multi-dimensional tables (CMYK, some scanners) are left to libvips.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..color.constants import LUMINANCE_WEIGHTS, RGB_TO_XYZ_D50
from ..color.conversions import srgb_decode, srgb_encode

FloatArray = NDArray[np.float64]

_D50_TO_SRGB = np.linalg.inv(RGB_TO_XYZ_D50)
_SAME_AS_SRGB = 0.002  # largest difference in code (0..1) to count as the sRGB curve
_SAME_MATRIX = 0.003
_GAMUT_SLACK = 0.02  # linear light below 0 that is still "holds all sRGB colours"
_LARGEST_CODE = 65504.0  # of a float picture, 1 is white; the largest half float
_LARGEST_LIGHT = 1e60  # at that code, of a curve that can be meant: a power of 12 or so
_STEEPEST = 10.0  # power by which a table is continued beyond white


@dataclass(frozen=True, eq=False)
class Curve:
    """A tone curve of a profile, code 0..1 to linear light 0..1."""

    table: FloatArray | None = None  # sampled evenly over 0..1
    function: int = 0  # parametric type 0..4, ICC.1:2022 table 68
    parameters: tuple[float, ...] = (1.0,)

    def __call__(self, code: NDArray[Any]) -> FloatArray:
        """Codes to linear light. The curve goes on above 1, for float pictures."""
        x = np.asarray(code, np.float64)
        if self.table is not None:
            positions = np.linspace(0.0, 1.0, len(self.table))
            inside = np.interp(x, positions, self.table)
            if x.size == 0 or x.max() <= 1.0:
                return inside
            # Beyond white: a power with the table's last slope.
            slope = (self.table[-1] - self.table[-2]) * (len(self.table) - 1)
            slope = min(slope, _STEEPEST)
            return np.where(x > 1.0, self.table[-1] * np.maximum(x, 1.0) ** slope, inside)
        g, a, b, c, d, e, f = (*self.parameters, *[0.0] * 7)[:7]
        if self.function == 0:
            return np.copysign(np.abs(x) ** g, x)
        if self.function == 1:
            d, c, e, f = -b / a, 0.0, 0.0, 0.0
        elif self.function == 2:
            d, e, f, c = -b / a, c, c, 0.0
        elif self.function == 3:
            e, f = 0.0, 0.0
        power = np.maximum(a * x + b, 0.0) ** g + e
        return np.where(x >= d, power, c * x + f)


@dataclass(frozen=True, eq=False)
class Profile:
    """A gray or RGB profile whose colours follow from curves and, for RGB, a matrix.

    matrix: (3, 3), linear RGB of the profile to linear sRGB; None for a gray profile.
    """

    curves: tuple[Curve, ...]
    matrix: FloatArray | None

    @property
    def is_srgb(self) -> bool:
        """Whether codes mean the same as sRGB codes, within half an 8-bit step."""
        x = np.linspace(0.0, 1.0, 1025)
        if self.matrix is not None and np.abs(self.matrix - np.eye(3)).max() > _SAME_MATRIX:
            return False
        return all(np.abs(srgb_encode(c(x)) - x).max() < _SAME_AS_SRGB for c in self.curves)

    @property
    def holds_srgb(self) -> bool:
        """Whether a picture in sRGB can be stored with this profile and look the same."""
        if self.matrix is None or abs(np.linalg.det(self.matrix)) < 1e-6:
            return False
        corners = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).astype(float)
        inside = np.linalg.inv(self.matrix) @ corners
        if inside.min() < -_GAMUT_SLACK or inside.max() > 1 + _GAMUT_SLACK:
            return False
        x = np.linspace(0.0, 1.0, 1025)
        return all(
            (np.diff(c(x)) >= 0).all() and c(x[:1])[0] < 0.01 and c(x[-1:])[0] > 0.99
            for c in self.curves
        )

    @property
    def luminance_weights(self) -> FloatArray:
        """(3,): how much each linear channel of an RGB profile adds to the luminance."""
        matrix = np.eye(3) if self.matrix is None else self.matrix
        return np.asarray(LUMINANCE_WEIGHTS @ matrix)


def from_d50(to_xyz: FloatArray) -> FloatArray:
    """Linear RGB to linear sRGB, from linear RGB to XYZ of D50."""
    matrix: FloatArray = _D50_TO_SRGB @ to_xyz
    return matrix


def to_srgb(profile: Profile, codes: NDArray[Any]) -> FloatArray:
    """(h, w, 1 or 3) codes of a profile, 0..1, to (h, w, 3) sRGB codes, clipped to 0..1."""
    count = codes.shape[2]
    linear = np.stack(
        [profile.curves[i % len(profile.curves)](codes[..., i]) for i in range(count)], -1
    )
    if count == 1:
        linear = np.repeat(linear, 3, axis=2)
    elif profile.matrix is not None:
        linear = linear @ profile.matrix.T
    return np.asarray(srgb_encode(np.clip(linear, 0.0, 1.0)), np.float64)


def color_space(data: bytes) -> str:
    """ "GRAY", "RGB", "CMYK", ... of a profile; "" if these bytes are no profile."""
    if len(data) < 132 or data[36:40] != b"acsp":
        return ""
    if struct.unpack_from(">I", data)[0] > len(data):
        return ""  # cut off
    return data[16:20].decode("latin-1").strip()


def parse(data: bytes) -> Profile | None:
    """The profile, or None if it is damaged or of a kind that needs libvips."""
    try:
        return _parse(data)
    except (struct.error, ValueError, IndexError, OverflowError, np.linalg.LinAlgError):
        return None


def _parse(data: bytes) -> Profile | None:
    space = color_space(data)
    if space not in ("GRAY", "RGB") or data[20:24] != b"XYZ ":
        return None
    count = min(struct.unpack_from(">I", data, 128)[0], 200)
    tags = {}
    for i in range(count):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * i)
        tags[name] = data[offset : offset + size]
    if space == "GRAY":
        return Profile((_curve(tags[b"kTRC"]),), None) if b"kTRC" in tags else None
    wanted = (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    if any(name not in tags for name in wanted):
        return None
    columns = [_s15f16(tags[name], 8, 3) for name in wanted[:3]]
    matrix = _D50_TO_SRGB @ np.array(columns).T
    if not 0.5 < float((LUMINANCE_WEIGHTS @ matrix).sum()) < 1.5:
        return None  # its white is not white
    return Profile(tuple(_curve(tags[name]) for name in wanted[3:]), matrix)


def _s15f16(data: bytes, offset: int, count: int) -> list[float]:
    return [v / 65536 for v in struct.unpack_from(f">{count}i", data, offset)]


def _curve(data: bytes) -> Curve:
    """The curve of a tag; raises ValueError if no picture can be meant."""
    kind, count = struct.unpack_from(">4s4xI", data)
    if kind == b"curv":
        if count == 0:
            return Curve()
        if count > 1:
            return Curve(table=np.frombuffer(data, ">u2", count, 12).astype(np.float64) / 65535)
        curve = Curve(parameters=(struct.unpack_from(">H", data, 12)[0] / 256,))
    elif kind == b"para":
        function = count >> 16
        number = (1, 3, 4, 5, 7)[function]
        parameters = _s15f16(data, 12, number)
        if function in (1, 2) and parameters[1] == 0:
            raise ValueError("a parametric curve with a = 0")
        curve = Curve(function=function, parameters=tuple(parameters))
    else:
        raise ValueError("neither curv nor para")
    if curve.parameters[0] <= 0:
        raise ValueError("a power that turns black to white, or to infinity")
    with np.errstate(over="ignore"):
        light = curve(np.array([0.0, 0.25, 0.5, 0.75, 1.0, _LARGEST_CODE]))
    if not (np.abs(light) < _LARGEST_LIGHT).all():
        raise ValueError("a curve that leaves what can be computed")
    return curve


class Linearizer:
    """Codes of a profile to relative luminance Y, by tables where the depth allows.

    dtype: uint8, uint16 or float32, the codes' depth.  For sRGB see `luminance.luminance_of`.
    """

    def __init__(self, profile: Profile, dtype: np.dtype[Any]) -> None:
        curves = profile.curves
        self.weights = profile.luminance_weights
        self.weights = self.weights / self.weights.sum()
        self.curves = [curves[i % len(curves)] for i in range(3)]
        self.tables: list[NDArray[Any]] | None = None
        if dtype.kind == "u":
            top = np.iinfo(dtype).max
            x = np.arange(top + 1) / top
            self.tables = [curve(x) for curve in self.curves]

    def luminance(self, codes: NDArray[Any]) -> NDArray[Any]:
        """(h, w, 1 or 3) codes to (h, w) float64 luminance, 0..1 for codes in range."""
        if codes.shape[2] == 1:
            return self._linear(codes[..., 0], 1)
        total: FloatArray = self._linear(codes[..., 0], 0) * self.weights[0]
        for i in (1, 2):
            total += self._linear(codes[..., i], i) * self.weights[i]
        return total

    def _linear(self, codes: NDArray[Any], channel: int) -> NDArray[Any]:
        if self.tables is not None:
            return np.asarray(np.take(self.tables[channel], codes), np.float64)
        return np.asarray(self.curves[channel](codes), np.float64)


class FromSrgb:
    """sRGB codes to codes of an RGB profile, strip by strip.

    For whole numbers the inverse of a curve is a table over the square root of linear light. It is
    fine enough that, for any usual curve, the nearest entry is right to half a 16-bit step. Float
    values are interpolated in the table, and above white solved for.
    """

    SIZE = 1 << 18

    def __init__(self, profile: Profile, source: np.dtype[Any], target: np.dtype[Any]) -> None:
        if profile.matrix is None:
            raise ValueError("a gray profile holds no colours")
        self.matrix = np.linalg.inv(profile.matrix)
        self.curves = profile.curves
        self.target = target
        self.decode: NDArray[Any] | None = None
        if source.kind == "u":
            top = np.iinfo(source).max
            self.decode = srgb_decode(np.arange(top + 1) / top).astype(np.float32)
        x = np.linspace(0.0, 1.0, 1 << 16)
        self.inverse = [_increasing(curve(x), x) for curve in profile.curves]
        if target.kind == "u":
            light = (np.arange(self.SIZE) / (self.SIZE - 1)) ** 2
            self.tables = [
                np.rint(np.interp(light, *pair) * np.iinfo(target).max).astype(target)
                for pair in self.inverse
            ]

    def __call__(self, rgb: NDArray[Any]) -> NDArray[Any]:
        """(h, w, 3) sRGB codes to (h, w, 3) codes of the profile, in the target's depth."""
        linear = srgb_decode(rgb) if self.decode is None else np.take(self.decode, rgb)
        light = linear @ self.matrix.T.astype(linear.dtype)
        out = np.empty(rgb.shape, self.target)
        if self.target.kind == "u":
            index = np.rint(np.sqrt(np.clip(light, 0.0, 1.0)) * (self.SIZE - 1)).astype(np.int32)
            for i, table in enumerate(self.tables):
                out[..., i] = np.take(table, index[..., i])
            return out
        for i, (points, codes) in enumerate(self.inverse):
            code = np.interp(light[..., i], points, codes)
            beyond = light[..., i] > 1.0
            if beyond.any():
                code[beyond] = _solve(self.curves[i], light[..., i][beyond])
            out[..., i] = code
        return out


def _solve(curve: Curve, light: FloatArray) -> FloatArray:
    """The codes above 1 at which a curve reaches these lights, by Newton's method."""
    code = np.maximum(light, 1.0) ** 0.5
    for _ in range(12):
        value = curve(code)
        slope = (curve(code * 1.0001) - value) / (code * 0.0001)
        code = np.clip(code - (value - light) / np.maximum(slope, 1e-6), 1.0, _LARGEST_CODE)
    return code


def _increasing(light: FloatArray, code: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The points of a curve without its flat stretches, so that it can be inverted."""
    keep = np.concatenate([[True], np.diff(np.maximum.accumulate(light)) > 0])
    return light[keep], code[keep]
