"""Cases that run inside Krita: what the user paints on a result is not lost to Live or Colorize.

There is no active layer without a window: the follower is told which one is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cases_follower import following, stroke
from cases_layers import BLUE, RED
from cases_live import scene
from handtint import live, livemode, nodes, untouched
from handtint.client import Pause
from handtint.client.errors import NotRunning
from handtint.client.places import ServerSetting
from handtint.memory import Memory
from handtint.qt import QtCore
from handtint.questions import CANCEL
from harness import OUT, run, wait
from pictures import APP, RECT, colorize, document, names, paint, raw

PLACE = (30, 30, 10, 10)
BELOW = (5, 60, 12, 6)
THREE = ["Photo", "Photo (colorized)", "Color Hints"]
KEPT = ["Photo", "Photo (colorized)", "Photo (colorized)", "Color Hints"]


def rest(seconds: float) -> None:
    until = time.monotonic() + seconds
    wait(lambda: time.monotonic() > until)


def reopened(made: Any, name: str) -> tuple[Any, ...]:
    """The document saved, closed and opened again, and its photo, result and hint layer."""
    path = str(OUT / name)
    assert made.saveAs(path)
    made.setModified(False)
    made.close()
    again = APP.openDocument(path)
    again.setBatchmode(True)
    return (again, *(again.nodeByName(name) for name in THREE))


def is_red(node: Any) -> bool:
    return raw(node, PLACE) == bytes(RED) * 100


def is_seen(made: Any, result: Any) -> bool:
    return bool(run(untouched.painted_over(made, result, Memory(made), lambda: None)))


def checksum(made: Any, result: Any) -> Any:
    return Memory(made).results[nodes.uid(result)].checksum


def asks(core: Any) -> list[Any]:
    """The questions that are asked from now on, with what is to be called with the answer."""
    asked: list[Any] = []
    core.questions.ask = lambda found, answered: asked.append((found, answered))
    return asked


def knows_hints(core: Any) -> None:
    wait(lambda: core.follower._is_news, 60)


# --- an earlier session ---------------------------------------------------------------------


def case_live_asks_about_paint_of_an_earlier_session() -> None:
    made, node, hints = scene()
    paint(made, colorize(made, node), PLACE, RED)
    again, photo, result, hints = reopened(made, "earlier.kra")
    before = raw(result)
    with following(again, photo) as core:
        asked = asks(core)
        knows_hints(core)
        stroke(core, again, hints, (5, 5, 12, 6))
        wait(lambda: asked or raw(result) != before, 60)
        wait(lambda: not core.follower.live_is_busy, 60)
        assert is_red(result), "painted over"
        assert [found.kind for found, _ in asked] == ["result"]


def case_live_leaves_a_result_that_is_to_stay() -> None:
    """Its colors go above it, as after "Keep it"."""
    made, node, hints = scene()
    result = colorize(made, node)
    paint(made, result, PLACE, RED)
    Memory(made).change_result(nodes.uid(result), painted=True)
    again, photo, result, hints = reopened(made, "kept.kra")
    before = raw(result)
    goes_on: list[str] = []
    with following(again, photo) as core:
        asked = asks(core)
        core.colorize = lambda then=None: goes_on.append("colorize")
        knows_hints(core)
        stroke(core, again, hints, (5, 5, 12, 6))
        wait(lambda: goes_on or raw(result) != before, 60)
        wait(lambda: not core.follower.live_is_busy, 60)
        assert is_red(result), "painted over"
        assert goes_on
        assert not asked


def case_live_follows_what_nobody_has_painted_on() -> None:
    made, node, hints = scene()
    colorize(made, node)
    again, photo, result, hints = reopened(made, "clean.kra")
    before = raw(result)
    with following(again, photo) as core:
        asked = asks(core)
        knows_hints(core)
        stroke(core, again, hints, (5, 5, 12, 6))
        wait(lambda: raw(result) != before, 60)
        wait(lambda: not core.follower.live_is_busy, 60)
        assert not asked


# --- an update that does not come to its end ------------------------------------------------


@contextmanager
def between_two_regions(do: Callable[[Any, Any], None]) -> Iterator[list[bool]]:
    """A small part of the photo is visible; `do` is called once when that has its new colors."""
    visible, note, done = livemode.visible_rect, live.LiveUpdate._note, []

    def noting(update: Any, what: str) -> None:
        note(update, what)
        if what == "shown" and not done:
            done.append(True)
            do(update, done)

    livemode.visible_rect = lambda *_: (0, 0, 40, 30)
    live.LiveUpdate._note = noting
    try:
        yield done
    finally:
        livemode.visible_rect, live.LiveUpdate._note = visible, note


def changed_rows(before: bytes, after: bytes) -> int:
    return sum(before[row : row + 384] != after[row : row + 384] for row in range(0, 384 * 80, 384))


def case_live_off_between_two_regions_leaves_no_half_picture() -> None:
    made, node, hints = scene()
    result = colorize(made, node)
    before = raw(result)
    with following(made, node) as core:
        asks(core)
        knows_hints(core)

        def off() -> None:
            core.set_settings(replace(core.settings, live=False))

        with between_two_regions(lambda *_: QtCore.QTimer.singleShot(0, off)) as done:
            paint(made, hints, RECT, BLUE)
            core.follower.hint_watches.lifted(RECT)
            wait(lambda: done, 60)
            rest(0.5)
            wait(lambda: not core.follower.live_is_busy, 60)
        assert not core.settings.live
        assert changed_rows(before, raw(result)) == 80
        assert checksum(made, result)
        assert not is_seen(made, result)
        paint(made, result, PLACE, RED)
        assert is_seen(made, result)
    colorize(made, node)
    assert names(made) == KEPT


def case_an_error_between_two_regions_leaves_the_result_protected() -> None:
    made, node, hints = scene()
    result = colorize(made, node)
    before = raw(result)
    with following(made, node) as core:
        asked = asks(core)
        knows_hints(core)

        def refuse(update: Any, _done: Any) -> None:
            url = update.session.endpoint.url
            update.session.setting = ServerSetting(url, "wrong")
            update.session.endpoint = replace(update.session.endpoint, token="wrong")

        with between_two_regions(refuse) as done:
            paint(made, hints, RECT, BLUE)
            core.follower.hint_watches.lifted(RECT)
            wait(lambda: done, 60)
            wait(lambda: not core.follower.live_is_busy, 60)
        assert core.message_is_error
        wait(lambda: checksum(made, result), 10)
        assert not is_seen(made, result)
        half = raw(result)
        assert changed_rows(before, half) == 30, "the test is for a half picture"
        paint(made, result, PLACE, RED)
        touch(core, made, result, node)
        assert is_seen(made, result)
        paint(made, hints, BELOW, RED)
        core.follower.hint_watches.lifted(RECT)
        wait(lambda: asked, 60)
        assert is_red(result)
        found, answered = asked[0]
        assert not found.strips, "what is new of the half picture would be taken for strokes"
        answered(CANCEL)
        # Without the paint it becomes whole with the next stroke.
        for row in range(80):
            result.setPixelData(QtCore.QByteArray(half[row * 384 : (row + 1) * 384]), 0, row, 96, 1)
        paint(made, hints, (50, 40, 12, 6), RED)
        core.follower.hint_watches.lifted(RECT)
        wait(lambda: changed_rows(before, raw(result)) == 80, 60)


def touch(core: Any, made: Any, result: Any, afterwards: Any) -> None:
    """The user clicks a result, and then another layer."""
    core.follower.note_active(made, result)
    core.follower.note_active(made, afterwards)


# --- right after an update ------------------------------------------------------------------


def case_what_is_saved_right_after_a_stroke_is_protected() -> None:
    made, node, hints = scene()
    result = colorize(made, node)
    before = raw(result)
    with following(made, node) as core:
        knows_hints(core)
        stroke(core, made, hints, (5, 5, 12, 6))
        wait(lambda: raw(result) != before, 60)
        wait(lambda: not core.follower.live_is_busy, 60)
        assert checksum(made, result)
        assert not is_seen(made, result)
        again, photo, result, hints = reopened(made, "at-once.kra")
    paint(again, result, PLACE, RED)
    assert is_seen(again, result)
    colorize(again, photo)
    assert names(again) == KEPT


def case_paint_right_after_an_update_is_not_taken_for_its_colors() -> None:
    made, node, hints = scene()
    result = colorize(made, node)
    before = raw(result)
    with following(made, node) as core:
        asked = asks(core)
        knows_hints(core)
        stroke(core, made, hints, (5, 5, 12, 6))
        wait(lambda: raw(result) != before, 60)
        wait(lambda: not core.follower.live_is_busy, 60)
        core.follower.note_active(made, result)
        paint(made, result, PLACE, RED)
        rest(2)
        core.follower.note_active(made, hints)
        before = raw(result)
        stroke(core, made, hints, BELOW)
        wait(lambda: asked or raw(result) != before, 60)
        assert is_red(result)
        assert len(asked) == 1


def case_paint_while_the_server_works_is_not_written_over() -> None:
    made, node, hints = scene((600, 400))
    result = colorize(made, node)
    with following(made, node) as core:
        asked = asks(core)
        knows_hints(core)
        stroke(core, made, hints, (5, 5, 12, 6))
        jobs = core.side_jobs._jobs
        wait(lambda: "live" in jobs and jobs["live"]._call is not None, 60)
        core.follower.note_active(made, result)
        paint(made, result, PLACE, RED)
        wait(lambda: not core.follower.live_is_busy, 60)
        assert is_red(result)
        assert len(asked) == 1


def case_a_result_that_is_known_by_nothing_is_settled_when_it_is_followed() -> None:
    """A file may have been saved in the middle of an update."""
    made, node, _hints = scene()
    result = colorize(made, node)
    Memory(made).change_result(nodes.uid(result), checksum=None)
    with following(made, node, live=False):
        wait(lambda: checksum(made, result), 10)
        assert not is_seen(made, result)


def case_the_checksum_is_that_of_the_pixels_in_every_space() -> None:
    """Of 16 bits, and where Krita converts what is written."""
    grays = {
        ("RGBA", "U16"): b"\0\x40" * 3 + b"\xff\xff",
        ("RGBA", "F32"): b"\0\0\x80\x3e" * 3 + b"\0\0\x80\x3f",
        ("LABA", "U8"): b"\x60\x80\x80\xff",
    }
    for (model, depth), pixel in grays.items():
        made = document(model, depth, "")
        node = made.createNode("Photo", "paintlayer")
        node.setPixelData(QtCore.QByteArray(pixel * (96 * 80)), *RECT)
        made.rootNode().addChildNode(node, None)
        made.waitForDone()
        result = colorize(made, node)
        with following(made, node) as core:
            before = result.pixelData(*RECT)
            core.set_settings(replace(core.settings, vividness=0.9))
            wait(lambda: result.pixelData(*RECT) != before, 60)
            wait(lambda: not core.follower.live_is_busy, 60)
            assert checksum(made, result)
            assert not is_seen(made, result), (model, depth)
        made.setModified(False)
        made.close()


# --- the whole picture is changed -----------------------------------------------------------


def scaled(core: Any, made: Any, node: Any) -> None:
    made.scaleImage(192, 160, 72, 72, "Bicubic")
    made.waitForDone()
    core.follower._watch_target(made, nodes.target(made, node))
    wait(lambda: not core.side_jobs.runs("renew"), 60)


def case_what_was_changed_before_scaling_stays() -> None:
    """By a filter, or by paint of an earlier session: no brush was seen."""
    made, node, _hints = scene()
    result = colorize(made, node)
    with following(made, node, live=False) as core:
        paint(made, result, PLACE, RED)
        scaled(core, made, node)
        assert is_seen(made, result)
    colorize(made, node)
    assert names(made) == KEPT


def case_colors_of_the_same_lightness_stay_after_scaling() -> None:
    """Such as those of Filter > Adjust > HSV: only before the operation they can be known."""
    made, node, _hints = scene()
    result = colorize(made, node)
    with following(made, node, live=False) as core:
        core.follower.note_active(made, result)
        result.setPixelData(QtCore.QByteArray(raw(node)), *RECT)  # no color at all
        core.follower.note_active(made, node)
        wait(lambda: not core.side_jobs.runs("look"), 60)
        scaled(core, made, node)
        assert is_seen(made, result)
    colorize(made, node)
    assert names(made) == KEPT


def case_a_result_without_paint_is_known_by_its_pixels_after_scaling() -> None:
    for is_clicked in (False, True):
        made, node, _hints = scene()
        result = colorize(made, node)
        with following(made, node, live=False) as core:
            old = checksum(made, result)
            if is_clicked:
                touch(core, made, result, node)
                wait(lambda: not core.side_jobs.runs("look"), 60)
            scaled(core, made, node)
            assert checksum(made, result) != old
            assert not is_seen(made, result)
        colorize(made, node)
        assert names(made) == THREE
        made.setModified(False)
        made.close()


# --- during commands and questions ----------------------------------------------------------


def case_strokes_during_a_command_are_followed_after_it() -> None:
    def done() -> Any:
        yield Pause(1.0, "")

    def fails() -> Any:
        yield Pause(1.0, "")
        raise NotRunning("as if")

    made, node, hints = scene()
    result = colorize(made, node)
    with following(made, node) as core:
        knows_hints(core)
        for number, command in enumerate((done, fails, done)):
            before = raw(result)
            crop = core.follower.crop
            core.run(command(), lambda _: None)
            rest(0.2)
            stroke(core, made, hints, (5, 5 + 20 * number, 12, 6))
            wait(lambda crop=crop: core.follower.crop != crop, 20)
            if number == 2:
                core.cancel()
            wait(lambda: not core.running, 20)
            wait(lambda before=before: raw(result) != before, 20)
            wait(lambda: not core.follower.live_is_busy, 60)


def case_a_command_that_changes_nothing_wakes_nobody() -> None:
    def command() -> Any:
        yield Pause(0.1, "")

    made, node, _hints = scene()
    colorize(made, node)
    with following(made, node) as core:
        knows_hints(core)
        core.run(command(), lambda _: None)
        wait(lambda: not core.running, 20)
        assert not core.follower.live_is_busy


def case_strokes_during_a_question_are_followed_after_it() -> None:
    made, node, hints = scene()
    result = colorize(made, node)
    with following(made, node) as core:
        asked = asks(core)
        knows_hints(core)
        paint(made, node, (40, 30, 20, 5), RED)
        wait(lambda: asked, 60)
        before, crop = raw(result), core.follower.crop
        stroke(core, made, hints, (5, 5, 12, 6))
        wait(lambda: core.follower.crop != crop, 20)
        rest(0.5)
        assert raw(result) == before
        asked[0][1](CANCEL)
        wait(lambda: raw(result) != before, 20)
        wait(lambda: not core.follower.live_is_busy, 60)
