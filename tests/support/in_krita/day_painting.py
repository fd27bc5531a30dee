"""A day in Krita's window: hint layers, strokes in wrong places, suggestions, the overlay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import handtint_probe as probe
from day_tools import RESULT, active, click, colorized, draw, go_to, idle, masks_of_active, pixels
from handtint import nodes
from handtint.core import core
from handtint.dialogs import PaintQuestion
from handtint.memory import Memory
from handtint.qt import QtGui
from window_run import APP, box_with, dialog_of, docker, layer, names, sum_of

from krita import Selection


def hints_and_undo() -> Iterator[Any]:
    if RESULT not in names():
        core().colorize()
        yield lambda: colorized(1)
    core().new_hints()
    yield lambda: active() == "Color Hints"
    # For half a second it is kept active, unless the user clicks.
    yield lambda: not core().follower.active._left
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
        # Krita itself makes the mask active, some time later.
        yield 1500
        assert active() == "Color Hints", active()
        assert masks_of_active() == ["transparencymask"]
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
    yield lambda: idle()
    yield from _paint_on_result_and_photo()
    yield from _cancel_the_question()
    yield from _paint_on_an_ordinary_layer()


def _paint_on_result_and_photo() -> Iterator[Any]:
    before, photo = pixels(RESULT), pixels("Background")
    for name, text, where in (
        (RESULT, "These are hints", 0.2),
        ("Background", "These are hints", 0.3),
    ):
        core().suggester.choose("#20a040")  # gives it to the last stroke, too
        yield 600
        hints = names().count("Color Hints")
        yield go_to(name)
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


def _cancel_the_question() -> Iterator[Any]:
    before, photo = pixels(RESULT), pixels("Background")
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


def _paint_on_an_ordinary_layer() -> Iterator[Any]:
    before = pixels(RESULT)
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
    assert nodes.is_hints(layer(own), Memory(APP.activeDocument()))
    probe.note("strokes on an ordinary layer are asked about and become hints")


def check_swatches(box: Any) -> None:
    """Large enough, named, and with their share below."""
    shown = [button for button in box.swatches if button.isVisible()]
    assert len(shown) == 5, len(shown)
    for number, (button, share) in enumerate(zip(shown, box._shares)):
        suggested = core().suggester.colors[number]
        part = round(100 * suggested.probability)
        color = button.icon().actualSize(button.iconSize())
        assert min(color.width(), color.height()) >= 24, color
        assert min(button.width(), button.height()) >= 24, button.size()
        assert button.accessibleName() == (
            f"Suggested color {number + 1} of 5, {suggested.color}, {part} per cent"
        )
        assert (share.isVisible(), share.text()) == (True, f"{part} %")
        assert share.geometry().top() > button.geometry().bottom()
        middle = share.geometry().center().x()
        assert button.geometry().left() < middle < button.geometry().right()


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
    check_swatches(box)
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
    box_with("Live").click()
    yield lambda: idle() and not len(core().side_jobs)
    before, colors = sum_of(name), pixels(RESULT)
    yield draw(0.1, 0.2, 0.3, 0.4)
    yield lambda: sum_of(name) != before and pixels(RESULT) != colors
    yield idle
    probe.note("where a hint helps follows strokes with Live on")
    box_with("Live").click()
    yield lambda: idle() and not len(core().side_jobs)
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


def slider_is_followed() -> Iterator[Any]:
    """While it moves, not only when it rests."""
    box_with("Live").click()
    yield lambda: idle() and not len(core().side_jobs)
    seen = {pixels(RESULT)}
    for step in range(500):
        # Back and forth without a rest, for as long as a busy machine needs.
        vividness = 0.1 + 0.02 * abs(40 - step % 80)
        core().set_settings(replace(core().settings, vividness=vividness))
        yield 60
        seen.add(pixels(RESULT))
        if len(seen) >= 4:
            break
    assert len(seen) >= 4, len(seen)
    yield lambda: idle() and not len(core().side_jobs)
    moving = pixels(RESULT)
    core().set_settings(replace(core().settings, vividness=0.5))
    yield lambda: idle() and not len(core().side_jobs) and pixels(RESULT) != moving
    box_with("Live").click()
    yield lambda: idle() and not len(core().side_jobs)
    probe.note("the colors follow a slider while it moves")
