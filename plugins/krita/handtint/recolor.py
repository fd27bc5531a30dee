"""The stroke that was painted last, in another colour."""

from __future__ import annotations

from typing import Any

from .hintscan import HintScan
from .qt import QtCore
from .spaces import SRGB_8, Converter, space_of


def recolor(
    layer: Any, scan: HintScan, stroke: dict[int, bytes], color: tuple[int, int, int]
) -> bool:
    """Give a stroke on a hint layer another colour; its alpha stays.  Whether there was one.

    stroke: for each strip of the scan that it has changed, the pixels from before it.  color:
    red, green, blue, 0 to 255.
    """
    space = space_of(layer)
    there, back = Converter(space, SRGB_8), Converter(SRGB_8, space)
    red, green, blue = color
    ink = bytes((blue, green, red))
    found = False
    try:
        for index, before in stroke.items():
            box = scan.box(index)
            now = there.convert(bytes(layer.pixelData(*box)), box[2], box[3])
            if len(now) != len(before):
                continue
            new = bytearray(now)
            step = 4 * 256
            for start in range(0, len(now), step):
                if now[start : start + step] == before[start : start + step]:
                    continue
                for i in range(start, min(start + step, len(now)), 4):
                    if now[i + 3] and now[i : i + 4] != before[i : i + 4]:
                        new[i : i + 3] = ink
            if new != now:
                found = True
                layer.setPixelData(QtCore.QByteArray(back.convert(bytes(new), *box[2:])), *box)
    finally:
        there.close()
        back.close()
    return found
