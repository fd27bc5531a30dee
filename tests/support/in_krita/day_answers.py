"""The answers that leave paint where it is, and the page that Help opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import handtint_probe as probe
from day_tools import HINTS, RESULT, click, click_on, colorized, draw, go_to, idle, pixels
from handtint.core import core
from handtint.dialogs import PaintQuestion
from handtint.qt import QtCore, QtGui
from window_run import APP, box_with, dialog_of, layer, names


class Browser(QtCore.QObject):
    """Stands where the user's browser would: keeps the addresses that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Any] = []

    @QtCore.pyqtSlot(QtCore.QUrl)  # Qt calls only what is marked so
    def show(self, url: Any) -> None:
        self.opened.append(url)


def help_opens_our_page() -> Iterator[Any]:
    browser = Browser()
    QtGui.QDesktopServices.setUrlHandler("file", browser.show)
    yield click_on(box_with("Help"))
    yield lambda: browser.opened
    QtGui.QDesktopServices.unsetUrlHandler("file")
    page = Path(browser.opened[0].toLocalFile())
    assert "Handtint" in page.read_text("utf-8"), page
    probe.note("Help opens Handtint's page")


def answers_that_keep() -> Iterator[Any]:
    """ "This is the photo", and "Keep it" of a result; nobody is asked again."""
    yield idle
    photo, hints = pixels("Background"), names().count(HINTS)
    yield go_to("Background")
    core().suggester.choose("#20a040")
    yield 300
    yield draw(0.5, 0.2, 0.62, 0.2)
    yield lambda: pixels("Background") != photo
    yield lambda: "no hint layer" in core().message
    yield idle
    before, painted = pixels(RESULT), pixels("Background")
    core().colorize()
    yield lambda: dialog_of(PaintQuestion) is not None
    click(dialog_of(PaintQuestion), "This is the photo")
    yield lambda: colorized(1) and pixels(RESULT) != before
    assert pixels("Background") == painted, "the stroke is gone from the photo"
    assert names().count(HINTS) == hints, names()
    core().colorize()
    yield lambda: core().running
    yield lambda: colorized(1)
    assert dialog_of(PaintQuestion) is None
    probe.note("paint that is the photo stays, and nobody is asked again")

    yield go_to(RESULT)
    shown = pixels(RESULT)
    yield draw(0.3, 0.2, 0.45, 0.2)
    yield lambda: pixels(RESULT) != shown
    yield lambda: "no hint layer" in core().message
    yield idle
    mine, kept = pixels(RESULT), layer(RESULT).uniqueId()
    core().colorize()
    yield lambda: dialog_of(PaintQuestion) is not None
    click(dialog_of(PaintQuestion), "Keep it")
    yield lambda: colorized(2)
    stays = APP.activeDocument().nodeByUniqueID(kept)
    box = (0, 0, APP.activeDocument().width(), APP.activeDocument().height())
    assert stays is not None, "the layer that was painted on is gone"
    assert bytes(stays.pixelData(*box)) == mine, "the paint on it is gone"
    assert names().count(HINTS) == hints, names()
    probe.note("a result that is to be kept stays, and the new one goes above it")
