"""Cases that run inside Krita: what the user does to the picture while the server works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cases_layers import RED
from cases_live import scene
from handtint import commands, nodes
from handtint.client import ClientError
from handtint.client.driver import Job
from handtint.extension import HandtintExtension
from handtint.photos import read_photo, read_sample, rect_of
from handtint.qt import QtCore, QtWidgets
from handtint.questions import CANCEL
from handtint.results import gray_to_rgb
from handtint.settings import Settings
from handtint.spaces import space_of, space_of_document
from handtint.wrongplace import LAYER, WrongPlace
from harness import network, run, session, wait
from pictures import RECT, SEEN, colorize, document, names, paint, raw


def colorized_while(
    made: Any, node: Any, change: Callable[[int], None], most: int = 1, look: Any = None
) -> Any:
    """What Colorize ends with: an Outcome, an error, or what `look` has found.

    change: called with 0, 1, ... while the server works for the first, second, ... time.
    """
    ends: list[Any] = []
    more = (look or commands.nothing_found,)
    flow = commands.colorize(made, node, session(), Settings(), SEEN, *more)
    job = Job(network(), flow, ends.append, ends.append).start()
    calls: list[Any] = []

    def asks() -> bool:
        call = job._call
        is_new = call is not None and call not in calls and call._request.path == "/v1/colorize"
        if is_new:
            calls.append(call)
        return is_new

    for number in range(most):
        wait(lambda: job.over or asks(), 60)
        if job.over:
            break
        change(number)
        made.waitForDone()
    wait(lambda: job.over, 60)
    return ends[0]


def colors(node: Any) -> bytes:
    return raw(node, rect_of(node))


def same_as_anew(made: Any, node: Any, outcome: Any) -> None:
    """The result lies where its photo does, and is that of the photo as it is now."""
    assert isinstance(outcome, commands.Outcome), outcome
    result = nodes.by_uid(made, outcome.result)
    assert rect_of(result) == rect_of(node), (rect_of(result), rect_of(node))
    mine = colors(result)
    assert colors(colorize(made, node)) == mine


def case_a_picture_that_is_cropped_meanwhile() -> None:
    made, node, hints = scene()
    paint(made, hints, (30, 30, 12, 6), RED)
    colorize(made, node)
    outcome = colorized_while(made, node, lambda _: made.crop(20, 10, 40, 50))
    assert rect_of(node) == (0, 0, 40, 50)
    same_as_anew(made, node, outcome)
    assert len(names(made)) == 3, names(made)


def case_a_picture_that_is_mirrored_or_turned_meanwhile() -> None:
    """Its box may be the same as before."""
    for turn in (lambda _: made.rotateImage(3.141592653589793),
                 lambda _: made.scaleImage(48, 40, 72, 72, "Bicubic")):  # fmt: skip
        made, node, _hints = scene()
        same_as_anew(made, node, colorized_while(made, node, turn))


def case_a_picture_that_goes_on_changing_is_left_alone() -> None:
    made, node, _hints = scene()
    result = colorize(made, node)
    before = colors(result)
    boxes = ((0, 0, 90, 70), (0, 0, 80, 60), (0, 0, 70, 50))
    error = colorized_while(made, node, lambda number: made.crop(*boxes[number]), 3)
    assert isinstance(error, ClientError), error
    assert "changed" in str(error), error
    assert nodes.by_uid(made, nodes.uid(result)) == result
    assert len(names(made)) == 3, names(made)
    assert rect_of(result) == rect_of(node)
    assert len(before) > len(colors(result))


def case_a_conversion_to_another_depth_meanwhile() -> None:
    made, node, _hints = scene()
    profile = made.colorProfile()
    outcome = colorized_while(made, node, lambda _: made.setColorSpace("RGBA", "U16", profile))
    assert isinstance(outcome, commands.Outcome), outcome
    result = nodes.by_uid(made, outcome.result)
    assert nodes.by_uid(made, outcome.result).colorDepth() == "U16"
    size = RECT[2] * RECT[3] * 8
    mine = bytes(result.pixelData(*RECT))
    assert len(mine) == size
    assert bytes(colorize(made, node).pixelData(*RECT)) == mine


def case_a_picture_that_is_gray_again_by_the_answer() -> None:
    """Its conversion was undone: a gray result would be none."""
    made = document("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")
    node = made.createNode("Photo", "paintlayer")
    node.setPixelData(bytes(range(96)) * 160, *RECT)
    made.rootNode().addChildNode(node, None)
    made.waitForDone()
    profile = made.colorProfile()
    assert gray_to_rgb(made)
    error = colorized_while(made, node, lambda _: made.setColorSpace("GRAYA", "U8", profile))
    assert isinstance(error, ClientError), error
    assert "gray" in str(error), error
    assert names(made) == ["Photo"], names(made)


def case_the_sample_of_a_gray_layer_is_that_of_its_rows() -> None:
    """Two bytes a pixel, in a picture whose own pixels have four."""
    made, node, _hints = scene()
    node.setColorSpace("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")
    made.waitForDone()
    assert space_of(node).pixel_bytes == 2
    read = run(read_photo(node, space_of_document(made), lambda: None))
    assert read.sample == read_sample(node, read.rect)
    result = colorize(made, node)
    assert rect_of(result) == RECT


def case_a_question_that_goes_with_its_window_is_cancelled() -> None:
    """Else it would be open for ever, and Colorize Layer wait for its answer."""
    extension = HandtintExtension(None)
    answers: list[str] = []

    def ask_in_a_window(ask: Callable[[], None]) -> None:
        window = QtWidgets.QMainWindow()
        window.show()
        extension._window = lambda: window
        ask()
        wait(lambda: any(dialog.parent() is window for dialog in extension._dialogs), 20)
        window.close()
        window.deleteLater()
        kind = QtCore.QEvent.Type.DeferredDelete
        QtCore.QCoreApplication.sendPostedEvents(window, getattr(kind, "value", kind))

    paint_there = WrongPlace(LAYER, "", "x", "", [])
    ask_in_a_window(lambda: extension._ask_about_paint(paint_there, answers.append))
    wait(lambda: answers, 20)
    assert answers == [CANCEL]
    # Gone is gone: the next one is shown.
    for _ in range(2):
        ask_in_a_window(lambda: extension._ask_about_gray(lambda yes: None))


def case_paint_that_comes_meanwhile_is_looked_for_but_not_in_a_moved_picture() -> None:
    """Strokes are found by comparing, and a cropped photo differs everywhere."""
    for change, looks in (
        (lambda made, node: paint(made, node, (0, 32, 20, 20), RED), 2),
        (lambda made, node: made.crop(20, 10, 40, 50), 1),
    ):
        made, node, _hints = scene()
        looked: list[int] = []

        def look(looked: list[int] = looked) -> Any:
            looked.append(1)
            return "paint" if len(looked) == 2 else None
            yield

        def changed(_: int, made: Any = made, node: Any = node, change: Any = change) -> None:
            change(made, node)

        end = colorized_while(made, node, changed, look=look)
        assert len(looked) == looks, (looked, looks)
        assert (end == "paint") == (looks == 2), end
        assert ("Photo (colorized)" in names(made)) == (looks == 1)
