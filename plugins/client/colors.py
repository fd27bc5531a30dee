"""Colours on the screen: what can be read, and what can be told apart.

Contrast: WCAG 2.1, relative luminance and contrast ratio.  Lab: CIE 1976, D65, sRGB, with the
numbers of IEC 61966-2-1, as in `handtint_model.color.constants` (a test compares them).
"""

from __future__ import annotations

from typing import Sequence, Tuple

Triple = Tuple[float, float, float]

TEXT_CONTRAST = 4.5
"""What WCAG 2.1 asks of text (level AA)."""

SWATCH_LIGHTNESS = 68.0
"""L* at which swatches are shown: hues differ most to the eye around here."""

_TO_XYZ = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)
"""Linear sRGB to XYZ; the middle row gives the luminance Y."""

_FROM_XYZ = (
    (3.2406255, -1.5372080, -0.4986286),
    (-0.9689307, 1.8757561, 0.0415175),
    (0.0557101, -0.2040211, 1.0569959),
)
"""Its inverse."""

_WHITE = (0.9505, 1.0, 1.089)
"""XYZ of white: the sums of the rows."""


def rgb_of(color: str) -> Triple:
    """ "#rrggbb" as three numbers 0..1; raises ValueError."""
    if len(color) != 7 or color[0] != "#":
        raise ValueError("%r is no color such as #c04030" % color)
    return (
        int(color[1:3], 16) / 255,
        int(color[3:5], 16) / 255,
        int(color[5:7], 16) / 255,
    )


def text_of(rgb: Triple) -> str:
    """Three numbers as "#rrggbb", cut to 0..1."""
    return "#%02x%02x%02x" % tuple(round(255 * min(max(value, 0.0), 1.0)) for value in rgb)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _encoded(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _times(matrix: tuple[Triple, Triple, Triple], vector: Sequence[float]) -> Triple:
    one, two, three = (sum(a * b for a, b in zip(row, vector)) for row in matrix)
    return one, two, three


def _luminance(color: str) -> float:
    linear = [_linear(value) for value in rgb_of(color)]
    return _times(_TO_XYZ, linear)[1]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def legible(color: str, background: str, wanted: float = TEXT_CONTRAST) -> str:
    """A colour of text, made lighter or darker until it can be read on a background."""
    if contrast(color, background) >= wanted:
        return color
    end = max("#000000", "#ffffff", key=lambda tip: contrast(tip, background))
    start, goal = rgb_of(color), rgb_of(end)
    for step in range(1, 51):
        share = step / 50
        mixed = text_of(
            (
                start[0] + share * (goal[0] - start[0]),
                start[1] + share * (goal[1] - start[1]),
                start[2] + share * (goal[2] - start[2]),
            )
        )
        if contrast(mixed, background) >= wanted:
            return mixed
    return end


def _lab_of(rgb: Triple) -> Triple:
    xyz = _times(_TO_XYZ, [_linear(value) for value in rgb])
    x, y, z = (_cube_root(value / white) for value, white in zip(xyz, _WHITE))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _cube_root(value: float) -> float:
    return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116


def _rgb_of_lab(lightness: float, a: float, b: float) -> Triple:
    middle = (lightness + 16) / 116
    curved = (middle + a / 500, middle, middle - b / 200)
    xyz = [white * _cube(value) for white, value in zip(_WHITE, curved)]
    red, green, blue = (_encoded(value) for value in _times(_FROM_XYZ, xyz))
    return red, green, blue


def _cube(value: float) -> float:
    return value**3 if value**3 > 216 / 24389 else (116 * value - 16) * 27 / 24389


def swatch(color: str) -> str:
    """A suggested colour at a lightness at which its hue can be seen.

    Lightness says nothing in a hint: the picture's own is used.  Where the screen cannot show
    so much chroma at that lightness, the chroma is less.
    """
    _, a, b = _lab_of(rgb_of(color))
    for step in range(20, -1, -1):
        rgb = _rgb_of_lab(SWATCH_LIGHTNESS, a * step / 20, b * step / 20)
        if all(-0.002 <= value <= 1.002 for value in rgb):
            break
    return text_of(rgb)
