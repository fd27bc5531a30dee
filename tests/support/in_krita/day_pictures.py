"""A day in Krita's window: photos that are turned, opened, switched, and PNGs that say more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import handtint_probe as probe
from day_tools import RESULT, click, colorized, draw, go_to, idle, pixels
from handtint.client.state import ServerState
from handtint.core import core
from handtint.dialogs import PngQuestion
from handtint.memory import Memory
from handtint.qt import QtWidgets
from window_run import APP, box_with, dialog_of, docker, layer, names


def one_result() -> Iterator[Any]:
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    probe.xdotool("key", "ctrl+alt+t")
    yield lambda: core().running
    APP.action("handtint_colorize").trigger()
    yield lambda: colorized(1)
    yield 500
    assert names() == ["Background", RESULT], names()
    probe.screenshot("day-2-colorized")
    probe.note("the shortcut works, and starting twice gives one result")
    for action in ("mirrorImageHorizontal", "rotateImageCW90", "mirrorImageVertical"):
        before = pixels(RESULT)
        APP.action(action).trigger()
        yield lambda old=before: pixels(RESULT) != old
        yield 700
        APP.action("handtint_colorize").trigger()
        yield lambda: core().running
        yield lambda: colorized(1)
        assert names() == ["Background", RESULT], (action, names())
    probe.note("one result after mirroring and turning by the menu")
    for _ in range(3):
        APP.action("edit_undo").trigger()
        yield 600
    for _ in range(3):
        APP.action("edit_undo").trigger()
        yield 600


def changed_photo() -> Iterator[Any]:
    yield go_to("Color Hints")
    yield lambda: idle()
    box_with("Live").click()
    yield 600
    yield lambda: idle()
    before = pixels(RESULT)
    APP.action("mirrorImageHorizontal").trigger()
    yield lambda old=before: pixels(RESULT) != old
    mirrored = pixels(RESULT)
    yield lambda old=mirrored: pixels(RESULT) != old  # the live update
    yield lambda: idle()
    yield 2500
    shown = pixels(RESULT)
    core().colorize()
    yield lambda: core().running
    yield lambda: colorized(1)
    assert pixels(RESULT) == shown, "live mode showed another photo"
    probe.note("live mode shows the photo as it is after Image > Mirror")
    layer(RESULT).setLocked(True)
    yield 300
    docker()._vividness.slider.setValue(95)
    yield lambda: "locked" in core().message
    yield 500
    assert pixels(RESULT) == shown
    layer(RESULT).setLocked(False)
    docker()._vividness.slider.setValue(80)
    yield lambda: pixels(RESULT) != shown
    yield lambda: idle()
    assert not core().message_is_error, "an old message stays"
    probe.note("a locked result is not written, and is followed again when it is free")


def two_pictures() -> Iterator[Any]:
    """Live is on."""
    document = APP.activeDocument()
    yield 2500
    path = str(probe.OUT / "other.kra")
    document.setBatchmode(True)
    assert document.saveAs(path)
    document.waitForDone()
    yield 1000
    docker()._vividness.number.setValue(10)
    yield lambda: idle() and Memory(document).results
    yield 1500
    yield lambda: idle()
    yield 2000
    mine = pixels(RESULT)
    document.setModified(False)
    again = APP.openDocument(path)
    APP.activeWindow().addView(again)
    yield lambda: APP.activeDocument() == again
    yield 2500
    saved = pixels(RESULT)
    assert docker()._vividness.value == 0.8, docker()._vividness.value
    yield 4000
    yield lambda: idle()
    assert pixels(RESULT) == saved, "a picture that was opened has changed by itself"
    assert not again.modified()
    assert not document.modified()
    probe.screenshot("day-4-second-picture")
    yield go_to("Color Hints")
    yield draw(0.2, 0.2, 0.3, 0.3)
    yield lambda: pixels(RESULT) != saved
    yield idle
    probe.note("a picture that was opened with Live on is followed from the first stroke there")
    area = APP.activeWindow().qwindow().centralWidget().findChild(QtWidgets.QMdiArea)
    area.setActiveSubWindow(area.subWindowList()[0])  # as a click on its tab does
    yield lambda: APP.activeDocument() == document
    yield 3000
    yield lambda: idle()
    assert docker()._vividness.value == 0.1, docker()._vividness.value
    assert pixels(RESULT) == mine, "switching pictures has changed one"
    assert not document.modified()
    docker()._vividness.number.setValue(60)
    yield lambda: pixels(RESULT) != mine
    yield idle
    again.setModified(False)
    again.close()
    yield lambda: APP.activeDocument() == document
    yield 500
    probe.note("switching and opening pictures with Live on changes nothing; each has its settings")
    box_with("Live").click()
    yield 300


def a_png_that_says_more() -> Iterator[Any]:
    """Krita shows a linear PNG much too dark."""
    before = APP.activeDocument()
    made = APP.openDocument(str(probe.OUT / "linear.png"))
    APP.activeWindow().addView(made)
    yield lambda: APP.activeDocument() == made
    yield 1500
    for answer in ("Cancel", "Show as meant"):
        APP.action("handtint_colorize").trigger()
        yield lambda: dialog_of(PngQuestion) is not None
        yield 500
        assert "gAMA 1" in dialog_of(PngQuestion).text(), dialog_of(PngQuestion).text()
        probe.screenshot("day-10-png")
        shown = made.colorProfile()
        click(dialog_of(PngQuestion), answer)
        yield lambda: dialog_of(PngQuestion) is None
        yield 500
        if answer == "Cancel":
            assert made.colorProfile() == shown
            assert RESULT not in names()
    yield lambda: colorized(1)
    meant = made.colorProfile()
    assert meant.startswith("PNG gAMA 1"), meant
    probe.screenshot("day-11-png-as-meant")
    APP.action("handtint_colorize").trigger()  # asks no more
    yield lambda: core().running
    yield lambda: colorized(1)
    probe.note("a PNG that says what its values mean is shown as meant, if the user wants it")
    made.setModified(False)
    made.close()
    yield lambda: APP.activeDocument() == before
