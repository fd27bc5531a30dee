"""A day in Krita's window: questions that are answered in front of another picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import handtint_probe as probe
from day_tools import HINTS, RESULT, active, click, colorized, draw, go_to, idle, pixels
from handtint.core import core
from handtint.dialogs import OptionsDialog, PaintQuestion
from handtint.qt import QtWidgets
from window_run import APP, asked_about_gray, dialog_of, layer, names


def go_back_to(document: Any) -> str:
    """The sentence of an answer that came in front of another picture."""
    return f"Go back to {Path(document.fileName()).name} and choose Colorize Layer."


def show(document: Any) -> Any:
    """Bring a picture to the front, as a click on its tab does; when it is there."""
    area = APP.activeWindow().qwindow().centralWidget().findChild(QtWidgets.QMdiArea)
    for view in area.subWindowList():
        area.setActiveSubWindow(view)
        if APP.activeDocument() == document:
            break
    return lambda: APP.activeDocument() == document


def two_pictures_open() -> Iterator[Any]:
    """A second picture in front, with a stroke that Undo would take away."""
    yield idle
    core().keep_settings(replace(core().settings, live=False, convert_gray="always"))
    if RESULT not in names():
        core().colorize()
        yield lambda: colorized(1)
    second = APP.openDocument(str(probe.OUT / "page.jpg"))
    APP.activeWindow().addView(second)
    yield lambda: APP.activeDocument() == second
    yield 1500
    before = pixels("Background")
    yield draw(0.2, 0.2, 0.4, 0.2)
    yield lambda: pixels("Background") != before
    yield 600


def end_with(first: Any, second: Any) -> Iterator[Any]:
    yield show(second)
    second.setModified(False)
    second.close()
    yield lambda: APP.activeDocument() == first
    core().keep_settings(replace(core().settings, convert_gray="always"))


def answers_elsewhere() -> Iterator[Any]:
    """Hints on the photo, after retouching; the answer is given too early, and once more."""
    first = APP.activeDocument()
    yield from two_pictures_open()
    second = APP.activeDocument()
    other = layer("Background")
    yield show(first)
    yield go_to("Background")
    before = pixels("Background")
    core().suggester.choose("#808080")
    yield 300
    yield draw(0.6, 0.3, 0.7, 0.3)
    yield lambda: pixels("Background") != before
    # Told, and found to be retouching.
    yield lambda: core().follower.photo_watch._timer.interval() > 50 and idle()
    yield 1500
    retouched = pixels("Background")
    core().suggester.choose("#20a040")
    yield 300
    yield draw(0.6, 0.32, 0.75, 0.32)
    yield lambda: "no hint layer" in core().message
    yield 800
    painted, hints = pixels("Background"), names().count(HINTS)
    results = names().count(RESULT)  # one may have been kept
    core().colorize()
    yield lambda: dialog_of(PaintQuestion) is not None
    yield show(second)
    yield 600
    box = (0, 0, second.width(), second.height())
    mine = bytes(other.pixelData(*box))
    click(dialog_of(PaintQuestion), "These are hints")
    yield lambda: core().message == go_back_to(first)
    yield 1500
    assert bytes(other.pixelData(*box)) == mine, "a stroke on another picture was undone"
    assert names() == ["Background"], names()
    yield show(first)
    assert pixels("Background") == painted
    assert names().count(HINTS) == hints
    yield 1500
    probe.note("an answer in front of another picture changes none")

    core().colorize()
    yield lambda: dialog_of(PaintQuestion) is not None
    click(dialog_of(PaintQuestion), "These are hints")
    yield lambda: names().count(HINTS) == hints + 1 and colorized(results)
    assert pixels("Background") == retouched, "the retouching is gone"
    assert active() == HINTS
    probe.note("it is asked again where one has gone back, and leaves the retouching there")
    yield from end_with(first, second)


def other_answers_elsewhere() -> Iterator[Any]:
    """The question about gray, and the options."""
    first = APP.activeDocument()
    yield from two_pictures_open()
    second = APP.activeDocument()
    core().keep_settings(replace(core().settings, convert_gray="ask"))
    core().colorize()
    yield lambda: asked_about_gray() is not None
    yield show(first)
    result = layer(RESULT).uniqueId()
    asked_about_gray()._yes.click()
    yield lambda: core().message == go_back_to(second)
    yield 1000
    assert second.colorModel() == "GRAYA"
    assert layer(RESULT).uniqueId() == result, "the other picture was colored"
    probe.note("another picture is not colored because a gray one may be converted")

    APP.action("handtint_colorize_options").trigger()
    yield lambda: dialog_of(OptionsDialog) is not None
    yield show(second)
    dialog_of(OptionsDialog).accept()
    yield lambda: core().message == go_back_to(first)
    yield 1000
    assert asked_about_gray() is None
    assert names() == ["Background"], names()
    probe.note("nor because of options that were for another")
    yield from end_with(first, second)
