"""From sRGB to CMYK so that the result looks as wanted, where ink can.

Krita converts with the perceptual intent, whose ways there and back are not each other's
inverse: a plain conversion darkens by 2 to 4 L*.  So what comes back is compared with what
was wanted, and the difference is added before the next try.  Two tries take the error of colours
within the gamut to a tenth of that or less (3.7 L* to 0.6 to 0.12); a third gains nothing.  The
tries are made with 16 bits whatever the target has: Krita converts inks as floats four times as
slowly.

Krita's conversions are what takes the time.  To make the first try with one pixel of four, or of
sixteen, costs in a photo full of detail more than it saves: worst errors of 4 L* for 1.7.

The sums run in Qt, on 16-bit pictures, because there may be no NumPy in Krita.
"""

from __future__ import annotations

from typing import Any, Generator

from .client.steps import Tick
from .pace import Pace
from .qt import QtGui
from .spaces import SRGB_PROFILE, Converter, Space

TRIES = 2
WIRE = Space("RGBA", "U16", SRGB_PROFILE)
_ALPHA = (6, 7)
"""Which of a pixel's eight bytes are its alpha."""


class InkConverter:
    """Converts 16-bit sRGB to a CMYK space; used as `Converter` is."""

    def __init__(self, target: Space) -> None:
        tries = target._replace(depth="U16")
        self._there = Converter(WIRE, tries)
        self._back = Converter(tries, WIRE)
        self._last = self._there if target == tries else Converter(WIRE, target)

    def flow(
        self, pixels: bytes, width: int, height: int, pace: Pace
    ) -> Generator[Any, Any, bytes]:
        """Packed rows from sRGB to the target, step by step.  Raises NoSpace."""
        wanted = _opaque(pixels)
        tried = wanted
        for _ in range(TRIES):
            inks = yield from self._there.flow(tried, width, height, pace)
            yield Tick()
            seen = yield from self._back.flow(inks, width, height, pace)
            yield Tick()
            tried = _corrected(tried, wanted, seen, width, height)
        final = yield from self._last.flow(_with_alpha(tried, pixels), width, height, pace)
        return final


def _opaque(pixels: bytes) -> bytes:
    values = bytearray(pixels)
    for byte in _ALPHA:
        values[byte::8] = b"\xff" * (len(values) // 8)
    return bytes(values)


def _with_alpha(pixels: bytes, alpha_of: bytes) -> bytes:
    values = bytearray(pixels)
    for byte in _ALPHA:
        values[byte::8] = alpha_of[byte::8]
    return bytes(values)


def _corrected(tried: bytes, wanted: bytes, seen: bytes, width: int, height: int) -> bytes:
    """tried + (wanted - seen), within 0..65535, for opaque pixels."""
    want, saw = _image(wanted, width, height), _image(seen, width, height)
    new = _plus(_image(tried, width, height).copy(), _minus(want.copy(), saw))
    _minus(new, _minus(saw.copy(), want))
    bits = new.constBits()
    bits.setsize(width * height * 8)
    return bytes(bits)


def _image(pixels: bytes, width: int, height: int) -> Any:
    """A picture to look at; to change it, copy it.  It stays as long as its pixels do."""
    # Which of the first three channels is red does not matter for sums.
    kind = QtGui.QImage.Format.Format_RGBA64_Premultiplied
    return QtGui.QImage(pixels, width, height, width * 8, kind)


def _plus(image: Any, other: Any) -> Any:
    """image + other, at most 65535; changes `image`."""
    painter = QtGui.QPainter(image)
    painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_Plus)
    painter.drawImage(0, 0, other)
    painter.end()
    return image


def _minus(image: Any, other: Any) -> Any:
    """image - other, at least 0; changes `image`.  a - b = ~(~a + b)."""
    image.invertPixels(QtGui.QImage.InvertMode.InvertRgb)
    _plus(image, other)
    image.invertPixels(QtGui.QImage.InvertMode.InvertRgb)
    return image


def converter(source: Space, target: Space) -> Any:
    """What converts pixels of the server's answers to a layer's space best."""
    if target.model == "CMYKA" and source == WIRE:
        return InkConverter(target)
    return Converter(source, target)
