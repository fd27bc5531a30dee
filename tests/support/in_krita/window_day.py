"""A day's work in Krita's window, with mouse and keys: what goes wrong in the wrong order.

The window is 815 lines high, as on a small laptop.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import handtint_probe as probe
from handtint import nodes
from handtint.announce import notice_of
from handtint.client.colors import contrast
from handtint.client.state import ServerState
from handtint.core import core
from handtint.dialogs import PaintQuestion, PngQuestion
from handtint.memory import Memory
from handtint.qt import QtCore, QtGui, QtWidgets
from window_answers import answers_that_keep, help_opens_our_page
from window_hands import (
    RESULT,
    active,
    click,
    colorized,
    draw,
    go_to,
    idle,
    masks_of_active,
    pixels,
)
from window_page import keys_of_the_page
from window_run import APP, box_with, dialog_of, docker, layer, names, sum_of

from krita import Selection


def is_seen_whole(widget: Any) -> bool:
    return bool(widget.isVisible()) and widget.visibleRegion().boundingRect() == widget.rect()


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


def hints_and_undo() -> Iterator[Any]:
    if RESULT not in names():
        core().colorize()
        yield lambda: colorized(1)
    core().new_hints()
    yield lambda: active() == "Color Hints"
    yield go_to("Background")
    core().new_hints()
    yield lambda: active() == "Color Hints"
    assert names().count("Color Hints") == 1, names()
    chosen = Selection()
    chosen.select(10, 10, 50, 50, 255)
    APP.activeDocument().setSelection(chosen)
    yield 300
    core().new_hints()
    if hasattr(APP.activeDocument(), "createTransparencyMask"):
        assert "keeps it inside" in core().message, core().message
        yield lambda: names().count("Color Hints") == 2
        # Krita makes a layer active some time after it was told to.
        yield lambda: masks_of_active() == ["transparencymask"]
        assert active() == "Color Hints", active()
        APP.activeDocument().activeNode().remove()
    else:
        assert "A selection is active" in core().message, core().message
    APP.activeDocument().setSelection(None)
    yield 300
    yield go_to("Background")
    core().new_hints()
    yield lambda: active() == "Color Hints"
    probe.note("New Hints Layer goes to the one that is there, and fences one of a selection")
    core().suggester.choose("#c03020")
    yield draw(0.3, 0.8, 0.4, 0.85)
    yield 800
    yield go_to("Background")
    core().colorize()
    yield lambda: core().running
    yield lambda: colorized(1)
    yield 500
    assert active() == "Color Hints", active()
    probe.note("after Colorize the hint layer is active")
    for action in ("edit_undo", "edit_undo", "edit_redo", "edit_redo"):
        APP.action(action).trigger()
        yield 1200
        assert active() == "Color Hints", (action, active(), names())
    probe.note("undo and redo do not change the active layer")


def wrong_places() -> Iterator[Any]:
    document = APP.activeDocument()
    yield lambda: idle()
    before, photo = pixels(RESULT), pixels("Background")
    for name, text, where in (
        (RESULT, "These are hints", 0.2),
        ("Background", "These are hints", 0.3),
    ):
        hints = len([n for n in names() if n == "Color Hints"])
        yield go_to(name)
        core().suggester.choose("#20a040")
        yield 300
        yield draw(0.3, where, 0.45, where)
        yield lambda n=name, a=before, b=photo: pixels(n) != (a if n == RESULT else b)
        yield lambda: "no hint layer" in core().message
        yield 800
        core().colorize()
        yield lambda: dialog_of(PaintQuestion) is not None
        yield 500
        probe.screenshot("day-3-question-" + ("result" if name == RESULT else "photo"))
        buttons = [b.text().replace("&", "") for b in dialog_of(PaintQuestion).buttons()]
        assert sorted(buttons)[0] == "Cancel", buttons
        assert len(buttons) == 3, buttons
        assert pixels("Background") != photo or name == RESULT
        click(dialog_of(PaintQuestion), text)
        yield lambda: core().running
        yield lambda: colorized(1)
        yield 500
        assert pixels("Background") == photo, "the photo holds the stroke"
        assert names().count("Color Hints") == hints + 1, names()
        assert pixels(RESULT) != before, "the stroke is no hint"
        before = pixels(RESULT)
        assert active() == "Color Hints", active()
        probe.note("paint on the %s is asked about and becomes hints"
                   % ("result" if name == RESULT else "photo"))  # fmt: skip
    yield go_to("Background")
    yield draw(0.5, 0.2, 0.6, 0.2)
    yield lambda old=photo: pixels("Background") != old
    yield 700
    core().colorize()
    yield lambda: dialog_of(PaintQuestion) is not None
    click(dialog_of(PaintQuestion), "Cancel")
    yield 500
    assert pixels(RESULT) == before
    assert not core().running
    APP.action("edit_undo").trigger()
    yield lambda old=photo: pixels("Background") == old
    yield 900
    probe.note("Cancel leaves everything as it is")

    yield go_to(RESULT)
    APP.action("add_new_paint_layer").trigger()
    yield lambda: active() not in (RESULT, "Background", "Color Hints")
    own = active()
    yield draw(0.55, 0.4, 0.7, 0.42)
    yield lambda: "no hint layer" in core().message
    core().colorize()
    yield lambda: dialog_of(PaintQuestion) is not None
    click(dialog_of(PaintQuestion), "These are hints")
    yield lambda: core().running
    yield lambda: idle()
    assert not [n for n in names() if n.startswith(own + " (")], names()
    assert pixels(RESULT) != before
    memory = Memory(document)
    assert nodes.is_hints(layer(own), memory)
    probe.note("strokes on an ordinary layer are asked about and become hints")


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
    area = APP.activeWindow().qwindow().centralWidget().findChild(QtWidgets.QMdiArea)
    area.setActiveSubWindow(area.subWindowList()[0])  # as a click on its tab does
    yield lambda: APP.activeDocument() == document
    yield 3000
    yield lambda: idle()
    assert docker()._vividness.value == 0.1, docker()._vividness.value
    assert pixels(RESULT) == mine, "switching pictures has changed one"
    assert not document.modified()
    again.setModified(False)
    again.close()
    yield lambda: APP.activeDocument() == document
    yield 500
    probe.note("switching and opening pictures with Live on changes nothing; each has its settings")
    box_with("Live").click()
    yield 300


def suggestions() -> Iterator[Any]:
    """Live is off."""
    document = APP.activeDocument()
    yield go_to("Color Hints")
    core().suggester.choose("#ff0000")
    yield 300
    count = len(names())
    core().suggester.colors = []
    yield draw(0.35, 0.6, 0.5, 0.62)
    yield lambda: core().suggester.colors and idle()
    yield 500
    probe.screenshot("day-5-suggestions")
    box = docker()._suggestions
    assert box.place.isVisible()
    button = box.swatches[0]
    assert min(button.iconSize().width(), button.iconSize().height()) >= 24
    assert "Suggested color 1" in button.accessibleName(), button.accessibleName()
    assert box._shares[0].text().endswith("%")
    undo = APP.action("edit_undo")
    button.click()
    yield lambda: len(names()) == count + 1
    yield 500
    color = QtGui.QColor(core().suggester.colors[0].color)
    ink = bytes((color.blue(), color.green(), color.red(), 255))
    own = document.activeNode()
    data = bytes(own.pixelData(0, 0, document.width(), document.height()))
    assert ink in {data[i : i + 4] for i in range(0, len(data), 4)}, "the stroke has its color"
    undo.trigger()
    yield lambda: len(names()) == count
    probe.note("a swatch recolors the stroke in one undo step")


def overlay_follows() -> Iterator[Any]:
    yield go_to("Color Hints")
    box_with("Where a hint helps").click()
    yield lambda: core().running
    yield lambda: idle() and core().viewer.overlay_is_shown()
    yield 1500
    probe.screenshot("day-6-where-a-hint-helps")
    name = next(n for n in names() if n.startswith("Where a hint"))
    before = sum_of(name)
    yield draw(0.6, 0.7, 0.8, 0.9)
    yield lambda: sum_of(name) != before
    probe.note("where a hint helps follows strokes with Live off")
    document = APP.activeDocument()
    document.setBatchmode(True)
    path = str(probe.OUT / "shown.png")
    action = APP.activeDocument().clone()
    action.setBatchmode(True)
    action.saveAs(path)
    action.setModified(False)
    action.close()
    core().viewer.warn_of_helpers(document, path)
    assert "Export Colored Picture" in core().message, core().message
    box_with("Where a hint helps").click()
    yield lambda: name not in names()


def looking() -> Iterator[Any]:
    document = APP.activeDocument()
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
    before = [(w.mapToGlobal(QtCore.QPoint()), w.size()) for w in docker()._suggestions.swatches]
    places = {b.text(): b.mapToGlobal(QtCore.QPoint()) for b in
              docker().findChildren(QtWidgets.QPushButton)}  # fmt: skip
    core().say("A message that is as long as they come, with what happened and its remedy: " * 3,
               error=True, command="handtint install krita")  # fmt: skip
    yield 500
    probe.screenshot("day-8-error")
    after = {b.text(): b.mapToGlobal(QtCore.QPoint()) for b in
             docker().findChildren(QtWidgets.QPushButton)}  # fmt: skip
    assert places == after, (places, after)
    assert before == [
        (w.mapToGlobal(QtCore.QPoint()), w.size()) for w in docker()._suggestions.swatches
    ]
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


PARTS = (
    first_look,
    one_result,
    hints_and_undo,
    wrong_places,
    changed_photo,
    two_pictures,
    suggestions,
    overlay_follows,
    looking,
    messages,
    a_png_that_says_more,
    help_opens_our_page,
    answers_that_keep,
    keys_of_the_page,
)


def steps() -> Iterator[Any]:
    """All parts; where one fails the others are tried all the same."""
    import traceback

    core().keep_settings(core().settings.__class__(convert_gray="always"))
    APP.activeWindow().qwindow().showMaximized()
    yield 2500
    wanted = os.environ.get("HANDTINT_TEST_CASE", "")
    for part in PARTS:
        if wanted not in part.__name__:
            continue
        print("PART", part.__name__, flush=True)
        try:
            yield from part()
            probe.CASES[part.__name__] = "ok"
        except Exception:
            probe.CASES[part.__name__] = traceback.format_exc()
            print(probe.CASES[part.__name__], flush=True)
            probe.screenshot("failure-" + part.__name__)
        for dialog in QtWidgets.QApplication.topLevelWidgets():
            if isinstance(dialog, (PaintQuestion, PngQuestion)) and dialog.isVisible():
                dialog.reject()
        yield 300
