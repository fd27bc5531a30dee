"""A day in Krita's window: what the docker shows, from the first look to its messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import handtint_probe as probe
from day_tools import RESULT, active, is_seen_whole
from handtint.announce import notice_of
from handtint.client.colors import contrast
from handtint.core import core
from handtint.qt import QtGui, QtWidgets
from window_run import APP, box_with, docker, layer, places, quiet


def first_look() -> Iterator[Any]:
    yield lambda: docker().isVisible()
    yield lambda: docker()._area.verticalScrollBar().maximum() == 0
    yield 1500
    probe.screenshot("day-1-docker")
    probe.note("the docker is shown after the installation")
    shown = docker()
    parts = [*shown.findChildren(QtWidgets.QAbstractButton), shown._vividness, shown._strength]
    probe.VALUES["docks"] = [
        (d.objectName(), d.height(), d.minimumSizeHint().height())
        for d in APP.dockers()
        if d.isVisible()
    ]
    hidden = [part for part in parts if part.isVisible() and not is_seen_whole(part)]
    assert not hidden, [(part.metaObject().className(), part.geometry()) for part in hidden]
    scroll = shown._area.verticalScrollBar().maximum()
    assert scroll == 0, (scroll, shown.geometry(), shown.needed_height)
    probe.note("all of it is seen at 815 lines without scrolling")
    APP.action("command_bar_open").trigger()
    yield 800
    typed = probe.xdotool("type", "handtint")
    yield lambda: typed.poll() is not None
    yield 800
    probe.screenshot("day-2-search")
    views = [v for v in QtWidgets.QApplication.allWidgets()
             if isinstance(v, QtWidgets.QAbstractItemView) and v.isVisible()
             and "CommandBar" in (v.window().metaObject().className()
                                  + v.parent().metaObject().className())]  # fmt: skip
    model = views[0].model()
    found = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
    ours = [text for text in found if "Handtint" in text]
    assert any("Colorize Layer (Handtint)" in text for text in ours), found
    # What is behind a second colon is not shown.
    assert all(text.count(":") <= 1 for text in ours), ours
    probe.xdotool("key", "Escape")
    yield 500
    probe.note("typing handtint in Krita's search finds the entries")


def looking() -> Iterator[Any]:
    document = APP.activeDocument()
    # What Live wrote last marks the picture as changed only when Krita has shown it, and its
    # checksum is kept a while later.
    yield quiet
    yield lambda: not len(core().side_jobs)
    yield 600
    document.setModified(False)
    compare = box_with("Compare")
    place = compare.mapToGlobal(compare.rect().center())
    probe.xdotool("mousemove", place.x(), place.y(), "mousedown", 1)
    yield lambda: not layer(RESULT).visible()
    yield 400
    probe.screenshot("day-7-compare")
    probe.xdotool("mouseup", 1)
    yield lambda: layer(RESULT).visible()
    box_with("Show hints").click()
    yield lambda: not layer("Color Hints").visible()
    box_with("Show hints").click()
    yield lambda: layer("Color Hints").visible()
    assert not document.modified()
    probe.note("Compare and Show hints work and change nothing")


def messages() -> Iterator[Any]:
    resting = places()
    core().say("A message that is as long as they come, with what happened and its remedy: " * 3,
               error=True, command="handtint install krita")  # fmt: skip
    yield 500
    probe.screenshot("day-8-error")
    moved = {name: (box, places().get(name)) for name, box in resting.items()}
    assert all(was == now for was, now in moved.values()), moved
    notice = notice_of(APP.activeWindow().qwindow())
    assert not notice.isVisible(), "a message lies over the picture"
    palette = docker()._message.palette()
    text = palette.color(QtGui.QPalette.ColorRole.WindowText).name()
    ground = docker().palette().color(QtGui.QPalette.ColorRole.Window).name()
    assert contrast(text, ground) >= 4.5, (text, ground)
    box_with("Copy").click()
    assert QtWidgets.QApplication.clipboard().text() == "handtint install krita"
    probe.note("an error moves nothing and can be read")
    core().new_hints()
    assert "A message that" not in core().message
    yield lambda: active() == "Color Hints"
    docker().setVisible(False)
    yield 500
    core().say("A message at the lower edge, where the docker is hidden: " * 4)
    yield lambda: notice.isVisible()
    yield 600
    message = notice
    middle = message.mapToGlobal(message.rect().center())
    probe.screenshot("day-9-notice")
    made = APP.activeDocument()
    layer = made.activeNode()

    def painted() -> bytes:
        return bytes(layer.pixelData(0, 0, made.width(), made.height()))

    before_click = painted()
    done = probe.xdotool("mousemove", middle.x(), middle.y(), "sleep", 0.1, "click", 1)
    yield lambda: done.poll() is not None
    yield 1000
    made.waitForDone()
    assert painted() != before_click, "the message keeps the mouse from the picture"
    core().new_hints()
    assert "A message at" not in notice.text() or not notice.isVisible()
    APP.action("edit_undo").trigger()
    APP.action("handtint_docker").trigger()
    yield lambda: docker().isVisible()
    probe.note("one paints through a message at the window's edge")
