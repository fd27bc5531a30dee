"""Cases that run inside Krita, with a server that has no room for photos seen before."""

from __future__ import annotations

from typing import Any

from cases_follower import following
from cases_layers import BLUE, RED
from cases_live import scan_of, scene, update
from handtint import alternatives, live, nodes
from handtint.client import ClientError
from handtint.settings import Settings
from harness import run, session, wait
from pictures import RECT, SEEN, colorize, paint, raw

SENTENCE = "The server does not keep this photo: start it with a larger --cache-mb."


class Sendings:
    """Counts how often a module of the plug-in sends a photo."""

    def __init__(self, module: Any) -> None:
        self.count = 0
        self._module, self._real = module, module.introduce

    def __enter__(self) -> Sendings:
        self._module.introduce = self._counted
        return self

    def __exit__(self, *_: object) -> None:
        self._module.introduce = self._real

    def _counted(self, *words: Any) -> Any:
        self.count += 1
        return self._real(*words)


def refused(flow: Any) -> None:
    """A flow ends with the sentence, and not only when time is over."""
    try:
        run(flow, 60)
    except ClientError as error:
        assert str(error) == SENTENCE, error
    else:
        raise AssertionError("the server has kept the photo")


def case_live_sends_the_photo_once_more_and_then_says_why_not() -> None:
    made, node, hints = scene()
    result = colorize(made, node)
    before = raw(result)
    paint(made, hints, (50, 40, 12, 6), RED)
    with Sendings(live) as sendings:
        _work, flow = update(made, node, result, scan_of(hints))
        refused(flow)
    assert sendings.count == 1, sendings.count
    assert raw(result) == before


def case_alternatives_say_the_same() -> None:
    made, node, _hints = scene()
    colorize(made, node)
    with Sendings(alternatives) as sendings:
        key = nodes.uid(node)
        refused(alternatives.thumbnails(made, key, session(), Settings(), None, SEEN))
    assert sendings.count == 1, sendings.count


def case_there_are_no_swatches_rather_than_those_of_another_place() -> None:
    made, node, hints = scene()
    colorize(made, node)
    with following(made, node, live=False) as core:
        core.suggester.colors = ["those of the stroke before"]
        core.suggester.crop = b"its place"
        wait(lambda: core.follower._is_news, 60)
        paint(made, hints, (50, 40, 12, 6), BLUE)
        core.follower.hint_watches.lifted(RECT)
        wait(lambda: not core.suggester.colors, 60)
        wait(lambda: not core.side_jobs.runs("suggest"), 60)
        assert core.suggester.colors == []
        assert core.suggester.crop is None
