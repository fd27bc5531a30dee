"""What the user does in GIMP while the panel is open or at work, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import GimpAndServer
from .test_gimp_panel import HINTS, PHOTO, RESULT, hints, layer, log, result, vividness
from .test_gimp_window import names, session

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def turned(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "panel_turned", PHOTO, HANDTINT_TRACE="1")


def test_paint_stays_the_users_when_the_image_is_converted(turned: dict[str, Any]) -> None:
    painted, after = turned["m01-painted-and-converted"], turned["m03-colorized-again"]
    kept = [one["digest"] for one in after["layers"]]
    assert result(painted) in kept, "the painted layer was replaced without a question"
    assert len(kept) == 3


def test_a_picture_turned_meanwhile_gets_colors_that_fit(turned: dict[str, Any]) -> None:
    before, after = turned["m03-colorized-again"], turned["m04-turned-meanwhile"]
    assert names(after) == names(before), "the result that fitted was given up"
    sizes = [one["size"] for one in after["layers"]]
    assert sizes == [one["size"][::-1] for one in before["layers"]]
    assert after["layers"][0]["digest"] != before["layers"][0]["digest"]


@pytest.fixture(scope="module")
def held(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "panel_held", PHOTO, HANDTINT_TRACE="1")


def test_compare_hides_no_new_result(held: dict[str, Any]) -> None:
    assert layer(held["m05-compared-meanwhile"], RESULT)["visible"]
    assert "Colorize Layer is at work: wait until it is done." in log(held)


def test_a_slider_that_was_moved_meanwhile_stays(held: dict[str, Any]) -> None:
    state = held["m06-slider-meanwhile"]
    assert state["moved"] != 50
    assert state["vividness"] == state["moved"]
    assert layer(state, RESULT)["settings"]["vividness"] == 0.5, "made before"


def test_live_follows_a_slider_that_was_moved_meanwhile(held: dict[str, Any]) -> None:
    state = held["m07-slider-meanwhile-live"]
    assert state["vividness"] == state["moved"]
    assert vividness(state) == round(state["moved"])


@pytest.fixture(scope="module")
def late(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "panel_late_paint", PHOTO, HANDTINT_TRACE="1")


def test_paint_in_the_second_of_an_answer_is_kept(late: dict[str, Any]) -> None:
    assert result(late["m10-answered"]) == result(late["m09-painted"]), "written over"
    assert "which is no hint layer" in log(late)
    assert not late["m10-answered"]["live"]


@pytest.fixture(scope="module")
def tries(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "panel_tries", PHOTO, HANDTINT_TRACE="1")


@pytest.mark.parametrize("number", [1, 2])
def test_colors_are_tried_one_after_another(tries: dict[str, Any], number: int) -> None:
    """The swatches stay, so that the next one is still where it was."""
    swatches = [one["name"] for one in tries["m11-swatches"]]
    assert [one["name"] for one in tries[f"m12-swatches-{number}"]] == swatches
    color = bytes(layer(tries[f"m12-swatch-{number}"], HINTS)["first"][2:]).hex()
    assert f"#{color}" in swatches[number]


def test_a_swatch_does_nothing_outside_the_selection(tries: dict[str, Any]) -> None:
    before, after = tries["m13-selected-elsewhere"], tries["m14-swatch-outside"]
    assert hints(after) == hints(before)
    assert not after["dirty"], "an undo step without effect"
    assert "handtint-panel The last stroke lies outside the selection" in after["log"]


@pytest.fixture(scope="module")
def three(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "panel_three", PHOTO, HANDTINT_TRACE="1")


def test_a_run_that_ends_with_another_picture_is_told(three: dict[str, Any]) -> None:
    assert three["m15-other-picture"]["message"].startswith("Colorize Layer was cancelled in ")


def test_which_picture_to_go_on_with_is_asked(three: dict[str, Any]) -> None:
    wanted = "Choose Panel in the picture to go on with."
    assert three["m16-closed"]["shown"] == wanted
    assert three["m17-pushed"]["message"] == wanted
