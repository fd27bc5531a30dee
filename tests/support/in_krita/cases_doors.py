"""The photo and the hints of the four doors, opened from their files as a user does."""

from __future__ import annotations

from handtint import spaces
from handtint.qt import QtCore
from handtint.results import gray_to_rgb
from harness import OUT
from pictures import APP, colorize, hint_layer, raw


def case_doors():
    made = APP.openDocument(str(OUT / "photo.png"))
    made.setBatchmode(True)
    assert made.colorModel() != "GRAYA" or gray_to_rgb(made)
    made.waitForDone()
    painted = APP.openDocument(str(OUT / "hints.png"))
    rect = (0, 0, made.width(), made.height())
    converter = spaces.Converter(spaces.space_of(painted.topLevelNodes()[0]), spaces.SRGB_8)
    paint = converter.convert(raw(painted.topLevelNodes()[0], rect), rect[2], rect[3])
    node = made.topLevelNodes()[0]
    hints = hint_layer(made, node)
    hints.setPixelData(QtCore.QByteArray(paint), *rect)
    made.waitForDone()
    assert raw(hints, rect) == paint
    result = colorize(made, hints)
    assert spaces.space_of(result).depth == "U8", spaces.space_of(result)
    (OUT / "doors.bgra").write_bytes(raw(result, rect))
