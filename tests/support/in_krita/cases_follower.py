"""Cases that run inside Krita: the whole plug-in on a picture, without its window.

There is no active document without a window: the follower is told what to follow, and the
questions what is in front.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cases_layers import BLUE, RED
from cases_live import Hand, scene
from handtint import infront, nodes, overlay, pace, questions
from handtint.client.driver import Job
from handtint.core import Core
from handtint.questions import CANCEL, HINTS, KEEP
from handtint.settings import Settings
from harness import network, run, session, wait
from pictures import RECT, SEEN, colorize, document, names, paint, raw

GRAY = (90, 90, 90, 255)


class Front:
    """Stands in for Krita where it is asked what is in front."""

    def __init__(self, document: Any) -> None:
        self.document = document

    def instance(self) -> Front:
        return self

    def activeDocument(self) -> Any:  # noqa: N802  (Krita's name)
        return self.document


@contextmanager
def following(made: Any, node: Any, live: bool = True) -> Iterator[Core]:
    """A core that follows a photo, once it knows the photo's pixels."""
    core, krita = Core(), infront.Krita
    infront.Krita = Front(made)
    core.keep_settings(replace(core.settings, live=live))
    core.follower._watch_target(made, nodes.target(made, node))
    watch = core.follower.photo_watch
    wait(lambda: len(watch._wanted) == watch._count, 60)
    try:
        yield core
    finally:
        infront.Krita = krita
        core.follower._unwatch()
        core.follower.live.end()


def case_hints_on_the_photo_leave_retouching_there() -> None:
    made, node, _hints = scene()
    result = colorize(made, node)
    before = raw(result)
    answers: list[Any] = []
    goes_on: list[str] = []
    with following(made, node) as core:
        core.questions.ask = lambda found, answered: answers.append((found, answered))
        core.colorize = lambda then=None: goes_on.append("colorize")
        paint(made, node, (20, 20, 9, 9), GRAY)
        wait(lambda: raw(result) != before and not core.follower.live_is_busy, 60)
        assert not answers, "retouching is asked about"
        retouched = raw(node)
        # In the same rows as the retouching, which are looked at as one strip.
        paint(made, node, (40, 30, 20, 5), RED)
        wait(lambda: answers, 60)
        assert raw(node) != retouched
        answers[0][1](HINTS)
        wait(lambda: goes_on, 60)
    assert raw(node) == retouched, "the retouching is gone from the photo"
    new = nodes.target(made, node).hints[-1]
    strokes = raw(new)
    inks = {strokes[i : i + 4] for i in range(0, len(strokes), 4)}
    assert inks == {bytes(4), bytes(RED)}, inks
    assert names(made).count(nodes.HINTS_NAME) == 2


def case_a_stroke_during_the_look_at_retouching_is_told() -> None:
    """What was not there when the look began is not taken for retouching."""
    made, node, _hints = scene()
    with following(made, node) as core:
        watch = core.follower.photo_watch
        paint(made, node, (20, 20, 9, 9), GRAY)
        wait(lambda: watch.found(), 60)
        found = watch.found()
        paint(made, node, (40, 30, 20, 5), RED)
        wait(lambda: watch.found() != found, 60)
        watch.accept(found)
        assert watch.found()
        (rect, before, now) = watch.strips()[0]
        assert bytes(RED) in now
        assert bytes(RED) not in before
        assert bytes(GRAY) * 9 in before, rect


def stroke(core: Core, made: Any, hints: Any, rect: Any) -> None:
    """Paint a hint and tell the follower, as lifting the brush does."""
    paint(made, hints, rect, BLUE)
    core.follower.hint_watches.lifted(RECT)


def case_swatches_come_also_after_the_server_has_dropped_the_photo() -> None:
    """Without Live, which would have sent it."""
    made, node, hints = scene()
    key = nodes.uid(node)
    colorize(made, node)
    with following(made, node, live=False) as core:
        wait(lambda: core.follower._is_news, 60)
        assert core.seen.find(key) is None, "this core has not colored it"
        stroke(core, made, hints, (10, 10, 12, 6))
        wait(lambda: core.suggester.colors, 60)
        assert core.suggester.crop is not None
        known = core.seen.find(key)
        image_id, known.image_id = known.image_id, "dropped-by-the-server"
        place = core.suggester.crop
        stroke(core, made, hints, (60, 50, 12, 6))
        wait(lambda: core.suggester.crop not in (None, place), 60)
        assert core.suggester.colors
        assert core.seen.find(key).image_id == image_id


def case_swatches_are_none_before_the_first_colors() -> None:
    """A photo is not sent because of a stroke: its user may not want that."""
    made, node, hints = scene()
    with following(made, node, live=False) as core:
        wait(lambda: core.follower._is_news, 60)
        core.suggester.colors = ["those of another photo"]
        stroke(core, made, hints, (10, 10, 12, 6))
        wait(lambda: not core.suggester.colors, 60)
        assert not core.side_jobs.runs("suggest")
        assert core.seen.find(nodes.uid(node)) is None


def case_swatches_go_if_the_server_does_not_answer() -> None:
    made, node, hints = scene()
    colorize(made, node)
    setting = Path(os.environ["HANDTINT_HOME"]) / "client.json"
    before = setting.read_text()
    with following(made, node, live=False) as core:
        wait(lambda: core.follower._is_news, 60)
        stroke(core, made, hints, (10, 10, 12, 6))
        wait(lambda: core.suggester.colors, 60)
        told: list[int] = []
        core._listeners.append(lambda: told.append(len(core.suggester.colors)))
        url = core.session().endpoint.url
        setting.write_text(json.dumps({"format": 1, "url": url, "token": "of-another-server"}))
        try:
            stroke(core, made, hints, (60, 50, 12, 6))
            wait(lambda: not core.suggester.colors, 60)
        finally:
            setting.write_text(before)
        assert core.suggester.crop is None
        assert told[-1] == 0, "nobody is told"


def case_an_answer_is_only_for_the_picture_in_front() -> None:
    made, node, _hints = scene()
    colorize(made, node)
    before = raw(node)
    answers: list[Any] = []
    goes_on: list[str] = []

    def found_now(core: Core) -> Any:
        return run(core.questions.check(made, node))

    with following(made, node, live=False) as core:
        core.questions.ask = lambda found, answered: answers.append(answered)
        paint(made, node, (40, 30, 20, 5), RED)
        painted = raw(node)
        found = found_now(core)
        other = document()
        for number, answer in enumerate((HINTS, KEEP)):
            infront.Krita.document = other
            core.questions.ask_about(made, found, lambda: goes_on.append("colorize"))
            answers[number](answer)
            assert core.message == "Go back to test and choose Colorize Layer.", core.message
            assert not core.side_jobs.runs("move")
            infront.Krita.document = made
        assert raw(node) == painted
        # What was in front is looked at anew by then: the strokes are a part of it.
        core.follower._watch_photo(node, RECT)
        watch = core.follower.photo_watch
        wait(lambda: len(watch._wanted) == watch._count, 60)
        again = found_now(core)
        assert again is not None, "the question is forgotten"
        core.questions.ask_about(made, again, lambda: goes_on.append("colorize"))
        answers[2](CANCEL)
        assert found_now(core) is not None
        core.questions.ask_about(made, again, lambda: goes_on.append("colorize"))
        answers[3](HINTS)
        wait(lambda: goes_on, 60)
        assert raw(node) == before
        assert found_now(core) is None
        other.close()


# --- the last stroke ------------------------------------------------------------------------


def painted_hints(core: Core, made: Any, hints: Any) -> None:
    """Without a window no layer is active when a stroke begins."""
    wait(lambda: core.follower._is_news, 60)
    stroke(core, made, hints, (10, 10, 12, 6))
    wait(lambda: core.suggester.colors, 60)
    core.suggester._layer = nodes.uid(hints)


def case_a_swatch_gives_its_color_to_the_stroke_also_after_panning() -> None:
    made, node, hints = scene()
    colorize(made, node)
    with following(made, node, live=False) as core:
        follower = core.follower
        follower.follow = lambda: follower._watch_target(made, nodes.target(made, node))
        painted_hints(core, made, hints)
        follower._on_lifted()  # the middle button after panning
        until = time.monotonic() + 1
        wait(lambda: time.monotonic() > until)
        core.suggester._recolor("#c02020")
        assert len(nodes.target(made, node).hints) == 2, core.message
        assert not core.message


def case_swatches_stay_while_they_are_tried() -> None:
    """A click changes the stroke, not what is proposed for it."""
    made, node, hints = scene()
    colorize(made, node)
    with following(made, node, live=False) as core:
        follower, suggester = core.follower, core.suggester
        follower.follow = lambda: follower._watch_target(made, nodes.target(made, node))
        painted_hints(core, made, hints)
        colors, place = suggester.colors, suggester.crop
        wishes: list[Any] = []
        wish = suggester.wish
        suggester.wish = lambda *of: wishes.append(of) or wish(*of)
        for color in ("#c02020", "#20c020", "#2020c0"):
            crop = follower.crop
            suggester._recolor(color)
            wait(lambda crop=crop: follower.crop != crop, 20)
            recolored = raw(nodes.target(made, node).hints[-1], (12, 12, 1, 1))
            red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
            assert recolored == bytes((blue, green, red, 255)), recolored
        wait(lambda: not core.side_jobs.runs("suggest"), 60)
        assert not wishes
        assert suggester.colors is colors
        assert suggester.crop is place
        assert len(nodes.target(made, node).hints) == 2
        # The next stroke is another one.
        stroke(core, made, hints, (60, 50, 12, 6))
        wait(lambda: suggester.colors is not colors, 60)


def case_it_is_said_where_there_is_no_stroke_any_more() -> None:
    made, node, hints = scene()
    colorize(made, node)
    with following(made, node, live=False) as core:
        painted_hints(core, made, hints)
        paint(made, hints, (10, 10, 12, 6), (0, 0, 0, 0))
        before = core.follower.crop
        core.follower._on_undo()
        wait(lambda: core.follower.crop != before, 20)
        core.suggester._layer = nodes.uid(hints)
        core.suggester._recolor("#c02020")
        assert len(nodes.target(made, node).hints) == 1
        assert "no stroke" in core.message, core.message


# --- while the user paints ------------------------------------------------------------------


class Shown:
    """A document as it is in a window: with an active layer."""

    def __init__(self, made: Any, node: Any) -> None:
        self._made, self._node = made, node

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    def activeNode(self) -> Any:  # noqa: N802  (Krita's name)
        return self._node


def case_nothing_is_asked_in_the_middle_of_a_stroke() -> None:
    made, node, _hints = scene()
    result = colorize(made, node)
    asked: list[Any] = []
    with following(made, node) as core:
        core.questions.ask = lambda found, answered: asked.append(found)
        krita, questions.Krita = questions.Krita, Front(Shown(made, result))
        try:
            paint(made, result, (30, 30, 10, 10), RED)
            core.follower.brush._pen_is_down = True  # for the next stroke
            core.questions.on_lifted()
            until = time.monotonic() + 1.5
            wait(lambda: time.monotonic() > until)
            assert not asked
            core.follower.brush._pen_is_down = False
            wait(lambda: asked, 20)
        finally:
            questions.Krita = krita


def case_the_hatching_is_not_renewed_while_the_brush_is_down() -> None:
    """Neither is the photo read for it nor a strip written."""
    made, node, _hints = scene((600, 400))
    run(overlay.show_overlay(made, node, session(), Settings(), SEEN))
    hand = Hand()
    hand.down = True
    flow = overlay.show_overlay(made, node, session(), Settings(), SEEN, hand.is_down, renew=True)
    pace.RECORD = []
    try:
        job = Job(network(), flow, lambda _: None, lambda _: None).start()
        until = time.monotonic() + 1
        wait(lambda: time.monotonic() > until)
        assert not pace.RECORD
        hand.down = False
        wait(lambda: pace.RECORD, 20)
        hand.down = True
        read = len(pace.RECORD)
        until = time.monotonic() + 1
        wait(lambda: time.monotonic() > until)
        assert len(pace.RECORD) <= read + 1
        hand.down = False
        wait(lambda: job.over, 60)
    finally:
        pace.RECORD = None
