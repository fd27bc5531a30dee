"""A day in Krita's window: what the user does while Colorize Layer is at work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import handtint_probe as probe
from day_fronts import end_with, two_pictures_open
from day_tools import (
    HINTS,
    RESULT,
    active,
    colorized,
    draw,
    go_to,
    idle,
    pixels,
    press,
    results_now,
)
from handtint.core import core
from handtint.dialogs import PaintQuestion
from handtint.nodes import uid
from handtint.wrongplace import LAYER, WrongPlace
from window_run import (
    APP,
    asked_about_gray,
    box_with,
    dialog_of,
    layer,
    names,
    on_screen,
    server,
)

RETOUCH = "Retouch"


@contextmanager
def slow_server() -> Iterator[Any]:
    """A server that answers only after what is called here."""
    pid = server()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield lambda: os.kill(pid, signal.SIGCONT)
    finally:
        os.kill(pid, signal.SIGCONT)


def asks() -> bool:
    job = core()._job
    return job is not None and job._call is not None


def work_goes_on() -> Iterator[Any]:
    """On a layer of the user's own, beside a photo with hints."""
    yield idle
    core().keep_settings(replace(core().settings, live=False, convert_gray="always"))
    if RESULT not in names():
        core().colorize()
        yield lambda: colorized(1)
    core().suggester.choose("#808080")  # gives it to the last stroke, too, if there is one
    yield 600
    results = len(results_now())
    if HINTS not in names():
        core().new_hints()
        yield lambda: active() == HINTS
        yield draw(0.3, 0.8, 0.4, 0.82)
        yield lambda: not layer(HINTS).bounds().isEmpty()
    made = APP.activeDocument()
    mine = made.createNode(RETOUCH, "paintlayer")
    made.rootNode().addChildNode(mine, None)
    yield lambda: active() == RETOUCH
    yield 600
    yield draw(0.1, 0.1, 0.2, 0.1)
    yield lambda: not mine.bounds().isEmpty()
    yield idle
    yield 700
    yield from _the_layer_stays(results)
    yield from _undo_stays_on_it(results)
    yield from _no_layers_in_mid_stroke(results)
    layer(RETOUCH).remove()
    yield go_to("Background")


def _the_layer_stays(results: int) -> Iterator[Any]:
    for begins, ends in (("Background", HINTS), (RESULT, HINTS), (HINTS, HINTS)):
        yield go_to(begins)
        core().colorize()
        yield lambda: core().running
        yield lambda: colorized(results)
        yield 600
        assert active() == ends, (begins, active())
    probe.note("after Colorize the hint layer is active")

    yield go_to("Background")
    with slow_server() as go_on:
        core().colorize()
        yield asks
        yield go_to(RETOUCH)
        go_on()
        yield lambda: colorized(results)
    yield 600
    assert active() == RETOUCH, active()
    probe.note("but not if the user has gone to another layer")


def _undo_stays_on_it(results: int) -> Iterator[Any]:
    yield go_to("Background")
    yield 600
    with slow_server() as go_on:
        core().colorize()
        yield asks
        yield go_to(RETOUCH)
        yield 600
        before = pixels(RETOUCH)
        yield draw(0.1, 0.2, 0.2, 0.2)
        yield lambda: pixels(RETOUCH) != before
        yield 600
        APP.action("edit_undo").trigger()
        yield lambda: pixels(RETOUCH) == before
        yield 900
        assert active() == RETOUCH, active()
        go_on()
        yield lambda: colorized(results)
    probe.note("an undo while Colorize is at work stays on the layer")


def _no_layers_in_mid_stroke(results: int) -> Iterator[Any]:
    yield go_to(RETOUCH)
    yield 600
    made = APP.activeDocument()
    before, shown = pixels(RETOUCH), results_now()
    yield go_to("Background")
    with slow_server() as go_on:
        core().colorize()
        yield asks
        yield go_to(RETOUCH)
        yield 600
        x, y = on_screen(0.1 * made.width(), 0.3 * made.height())
        yield press("mousemove", x, y, "sleep", 0.1, "mousedown", 1, "mousemove", x + 30, y)
        go_on()
        yield lambda: core().progress is not None and core().progress[1] > 0.96
        yield 1500
        now = results_now()
        yield press("mousemove", x + 60, y, "sleep", 0.1, "mouseup", 1)
        assert now == shown, "a layer came while the brush was down"
        yield lambda: colorized(results)
    yield 600
    assert results_now() != shown
    assert pixels(RETOUCH) != before
    assert active() == RETOUCH, active()
    probe.note("the result waits for the end of a stroke")


def asked_while_a_question_is_open() -> Iterator[Any]:
    """Nothing is at work then that Cancel could stop."""
    first = APP.activeDocument()
    yield from two_pictures_open()
    second = APP.activeDocument()
    core().keep_settings(replace(core().settings, convert_gray="ask"))
    core().colorize()
    yield lambda: asked_about_gray() is not None
    core().clear_message()
    core().colorize()
    assert core().message == "Answer the question first.", core().message
    assert asked_about_gray() is not None
    asked_about_gray().reject()
    yield from end_with(first, second)

    yield idle
    photo = layer("Background")
    found = WrongPlace(LAYER, uid(photo), photo.name(), uid(photo), [])
    core().questions.ask_about(first, found, lambda: None)
    yield lambda: dialog_of(PaintQuestion) is not None
    core().colorize()
    assert not core().running
    assert core().message == "Answer the question first.", core().message
    dialog_of(PaintQuestion).reject()
    yield lambda: not core().questions.is_open
    probe.note("Colorize Layer says that a question waits for its answer")

    results = len(results_now())
    helps = box_with("Where a hint helps")
    assert not helps.isChecked()
    with slow_server() as go_on:
        core().colorize()
        yield asks
        helps.click()
        yield 200
        assert "at work" in core().message, core().message
        assert not helps.isChecked()
        go_on()
        yield lambda: colorized(results)
    probe.note("Where a hint helps says that Colorize Layer is at work")
