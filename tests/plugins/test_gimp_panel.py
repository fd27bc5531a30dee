"""The panel in GIMP's window: live colors with the brush, and what may go wrong meanwhile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from run_in_gimp import ROOT, Gimp
from server_process import ServerProcess

from .conftest import GimpAndServer, need_gimp
from .test_gimp_window import check_swatches, names, session

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(2400)]

PHOTO = ROOT / "tests" / "data" / "photos" / "coffee-gray.png"
RESULT = "coffee-gray.png (colorized)"
HINTS = "Color Hints"


def layer(state: dict[str, Any], name: str) -> dict[str, Any]:
    """A layer of a state, by its name."""
    found: list[dict[str, Any]] = [x for x in state["layers"] if x["name"] == name]
    assert len(found) == 1, (name, names(state))
    return found[0]


def result(state: dict[str, Any]) -> str:
    """The pixels of the colored layer, as a digest."""
    return str(layer(state, RESULT)["digest"])


def hints(state: dict[str, Any]) -> str:
    """The pixels of the hint layer, as a digest."""
    return str(layer(state, HINTS)["digest"])


@pytest.fixture(scope="module")
def panel(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "panel", PHOTO, HANDTINT_TRACE="1")


def test_the_panel_stays_above_gimps_window(panel: dict[str, Any]) -> None:
    told = panel["p01-above"]
    assert told["window"] in told["above"], told


def test_colorize_is_one_undo_step(panel: dict[str, Any]) -> None:
    assert names(panel["p02-colorized"]) == [RESULT, "coffee-gray.png"]
    assert names(panel["p02-undone"]) == ["coffee-gray.png"]


def test_colors_follow_the_brush_without_an_undo_step(panel: dict[str, Any]) -> None:
    start, stroke = panel["p03-live"], panel["p04-stroke"]
    assert result(stroke) != result(start)
    assert stroke["selected"] == [HINTS]
    undone, redone = panel["p05-undone"], panel["p06-redone"]
    assert (hints(undone), result(undone)) == (hints(start), result(start))
    assert (hints(redone), result(redone)) == (hints(stroke), result(stroke))


def test_colors_follow_the_eraser(panel: dict[str, Any]) -> None:
    assert hints(panel["p07-erased"]) != hints(panel["p06-redone"])
    assert result(panel["p07-erased"]) != result(panel["p06-redone"])


def test_a_slider_at_rest_is_one_undo_step(panel: dict[str, Any]) -> None:
    before, moved = panel["p08-second"], panel["p09-vivid"]
    assert moved["dirty"]
    kept = layer(moved, RESULT)["settings"]
    assert kept["vividness"] != 0.5, kept
    undone, redone = panel["p10-vivid-undone"], panel["p11-vivid-redone"]
    assert (hints(undone), result(undone)) == (hints(before), result(before))
    assert result(redone) == result(moved)


def test_a_swatch_recolors_the_stroke(panel: dict[str, Any]) -> None:
    stroke, after = panel["p12-stroke"], panel["p13-swatch"]
    assert after["foreground"] != stroke["foreground"]
    assert layer(after, HINTS)["painted"] == layer(stroke, HINTS)["painted"]
    assert hints(after) != hints(stroke)
    assert result(after) != result(stroke)


def test_swatches_can_be_told_apart(panel: dict[str, Any]) -> None:
    found = panel["p12-swatches"]
    check_swatches(found)
    assert len(found) == 5
    for number, one in enumerate(found, 1):
        assert re.fullmatch(
            rf"Suggested color {number} of 5, #[0-9a-f]{{6}}, \d+ per cent", one["name"]
        ), one


def colors(shots: Path, name: str) -> int:
    """The largest chroma (largest minus smallest channel) in the picture on the screen."""
    with Image.open(shots / f"{name}.png") as screen:
        picture = np.asarray(screen.convert("RGB").crop((340, 260, 880, 720))).astype(int)
    return int((picture.max(axis=2) - picture.min(axis=2)).max())


def test_looking_changes_nothing(in_gimp: GimpAndServer, panel: dict[str, Any]) -> None:
    shots = in_gimp.gimp.work / "shots-panel"
    assert colors(shots, "p13-swatch") > 60
    assert colors(shots, "p14-compare") < 6, "not the photo alone"
    assert colors(shots, "p15-compared") > 60
    before, after = panel["p13-swatch"], panel["p15-compared"]
    assert after["layers"] == before["layers"]
    undone = panel["p16-undo-after-compare"]
    assert hints(undone) == hints(panel["p12-stroke"]), "Ctrl+Z is dead after Compare"
    assert panel["p17-map"]["layers"] == after["layers"]


def test_where_a_hint_helps_follows_a_stroke(panel: dict[str, Any]) -> None:
    """That the map changes, and is again as it was after Undo, the session waits for."""
    before, live = panel["p17-map"], panel["p17-map-follows-live"]
    assert hints(live) != hints(before)
    assert result(live) != result(before)
    before, after = panel["p17-map"], panel["p17-map-follows"]
    assert result(after) == result(before), "not the hatching alone has changed"
    assert hints(after) != hints(before)


def test_the_menu_entry_takes_the_panels_settings(panel: dict[str, Any]) -> None:
    before, after = panel["p17-map"], panel["p18-by-shortcut"]
    assert names(after) == names(before)
    assert result(after) == result(before)
    kept = layer(after, RESULT)["settings"]
    assert kept["vividness"] == layer(panel["p09-vivid"], RESULT)["settings"]["vividness"]
    assert result(panel["p19-goes-on"]) != result(after), "the panel lost the new result"


def test_live_off_makes_one_step(panel: dict[str, Any]) -> None:
    stroke, off, undone = (panel["p19-" + x] for x in ("goes-on", "live-off", "live-undone"))
    assert result(off) == result(stroke)
    assert layer(off, RESULT)["tattoo"] != layer(stroke, RESULT)["tattoo"]
    assert result(undone) == result(panel["p18-by-shortcut"])
    assert hints(undone) == hints(stroke), "the stroke itself is a step of its own"


def test_a_second_start_brings_the_same_panel(panel: dict[str, Any]) -> None:
    assert panel["p20-second-start"]["active"], "the panel was not brought to the front"
    before, after = panel["p20-second-start"]["processes"]
    assert before == after
    assert len(after) == 1


def test_closing_makes_one_step(panel: dict[str, Any]) -> None:
    stroke, closed = panel["p21-stroke"], panel["p22-closed"]
    assert result(closed) == result(stroke)
    undone = panel["p23-closing-undone"]
    assert hints(undone) == hints(stroke)
    assert result(undone) == result(panel["p19-live-off"]), "the step before"


def test_the_panel_does_not_outlive_a_killed_gimp(panel: dict[str, Any]) -> None:
    assert panel["p24-killed"] == {"left": []}


# --- what may go wrong -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def trouble(in_gimp: GimpAndServer) -> dict[str, Any]:
    try:
        return session(in_gimp.gimp, "panel_trouble", PHOTO, HANDTINT_TRACE="1")
    finally:
        in_gimp.server.__exit__(None, None, None)
        in_gimp.server.start()


def log(states: dict[str, Any]) -> str:
    """What GIMP and the panel have written."""
    return "".join(state.get("log", "") for state in states.values())


def test_gimp_neither_ends_nor_misses_the_panel(trouble: dict[str, Any]) -> None:
    told = log(trouble)
    for word in ("killing", "crashed", "Traceback", "CRITICAL"):
        lines = [line for line in told.splitlines() if word in line and "handtint" in line]
        assert not lines, lines
    assert "Traceback" not in told, told[-3000:]


def test_a_locked_result_waits(trouble: dict[str, Any]) -> None:
    assert result(trouble["t02-locked"]) == result(trouble["t01-stroke"])
    assert re.search(r"handtint-panel .* is locked: Live waits", log(trouble))
    assert result(trouble["t03-unlocked"]) != result(trouble["t01-stroke"])


def test_removed_layers_come_back(trouble: dict[str, Any]) -> None:
    before = trouble["t03-unlocked"]
    removed = trouble["t04-hints-removed"]
    assert HINTS not in names(removed)
    assert result(removed) != result(before), "the colors of hints that are gone"
    assert result(trouble["t05-hints-back"]) == result(before)
    assert RESULT not in names(trouble["t06-result-removed"])
    assert result(trouble["t07-result-back"]) == result(before)
    assert hints(trouble["t08-goes-on"]) != hints(before)
    assert result(trouble["t08-goes-on"]) != result(before)


def test_paint_on_the_result_is_kept(trouble: dict[str, Any]) -> None:
    assert "which is no hint layer" in log(trouble)
    assert result(trouble["t09-painted"]) != result(trouble["t08-goes-on"])


def test_the_photo_is_followed(trouble: dict[str, Any]) -> None:
    back, before = trouble["t11-photo-back"], trouble["t08-goes-on"]
    assert result(trouble["t10-photo-inverted"]) not in (result(before), result(back))
    assert result(back) == result(before)


@pytest.mark.parametrize("name", ["t12-scaled", "t13-16-bits", "t14-float", "t17-group"])
def test_other_shapes_are_followed(trouble: dict[str, Any], name: str) -> None:
    state = trouble[name]
    assert not layer(state, RESULT)["gray"]
    assert names(state) == [HINTS, RESULT, "coffee-gray.png"]


def test_a_gray_image_is_said(trouble: dict[str, Any]) -> None:
    assert "cannot hold colors any more" in log(trouble)
    assert result(trouble["t16-after-all"]) != result(trouble["t11-photo-back"])


def test_a_second_image_takes_the_panel(trouble: dict[str, Any]) -> None:
    second = trouble["t22-second-image"]
    assert second["images"] == 2
    assert "saved.xcf" in second["title"]
    assert "[coffee-gray]" in trouble["t23-second-closed"]["title"], "the only one left"
    for state in (second, trouble["t23-second-closed"]):
        assert state["processes"][0] == state["processes"][1], "another process"


def vividness(state: dict[str, Any]) -> int:
    """What the result of a picture was made with, in per cent."""
    return round(100 * float(layer(state, RESULT)["settings"]["vividness"]))


def test_a_saved_picture_that_is_opened_is_left_alone(trouble: dict[str, Any]) -> None:
    """With Live on, and with hints painted since its colors were made."""
    opened, followed = trouble["t22-opened"], trouble["t22-second-image"]
    assert followed["live"]
    assert followed["layers"] == opened["layers"]
    assert not followed["dirty"]
    assert followed["vividness"] == vividness(opened)
    assert followed["vividness"] != vividness(trouble["t22-first-image"])


def test_it_is_followed_from_the_first_stroke_there(trouble: dict[str, Any]) -> None:
    """What Live had written before it was saved counts as Live's, and not as paint."""
    opened, painted = trouble["t22-opened"], trouble["t22-painted-there"]
    assert hints(painted) != hints(opened)
    assert result(painted) != result(opened)
    assert names(painted) == names(opened)


def test_switching_to_a_picture_leaves_it_alone(trouble: dict[str, Any]) -> None:
    """With hints painted meanwhile; the first move of a slider is followed."""
    before, back = trouble["t22-first-image"], trouble["t23-second-closed"]
    assert back["live"]
    assert hints(back) != hints(before)
    assert result(back) == result(before)
    assert not back["dirty"]
    assert back["vividness"] == vividness(before)
    assert result(trouble["t23-slider-there"]) != result(before)


def test_an_error_moves_nothing_in_the_panel(trouble: dict[str, Any]) -> None:
    before, after = trouble["t21-panel"]["before"], trouble["t21-panel"]["after"]
    assert len(before) > 10
    assert [part for part in after if part in before] == before


def test_a_dying_server_changes_nothing(trouble: dict[str, Any]) -> None:
    before, after = trouble["t19-server-stopped"], trouble["t20-server-killed"]
    assert after["layers"] == before["layers"]
    assert "The Handtint server ended before its answer was complete" in log(trouble)
    assert trouble["t21-no-server"]["layers"] == before["layers"]


def test_nothing_stays_behind(trouble: dict[str, Any]) -> None:
    assert trouble["t25-quit"] == {"status": 0, "left": []}


# --- the server --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A session with a server that keeps no photo, and with other settings."""
    need_gimp()
    work = tmp_path_factory.mktemp("gimp")
    folders = {"HANDTINT_RUNTIME_DIR": str(work / "runtime"), "HANDTINT_HOME": str(work / "data")}
    gimp = Gimp(work, **folders)
    with ServerProcess(work / "runtime", work / "data", "--cache-mb", "0"):
        return session(gimp, "panel_server", PHOTO, HANDTINT_TRACE="1")


def test_a_photo_that_is_not_kept_is_not_sent_for_ever(server: dict[str, Any]) -> None:
    assert "start it with a larger --cache-mb" in log(server)
    before, after = server["n01-not-kept"]["requests"]
    assert before == after, "it goes on though nothing was painted"


def test_a_damaged_setting_is_repaired(server: dict[str, Any]) -> None:
    """And one that another process has changed was taken up before: the session waits for it."""
    assert server["n04-repaired"]["format"] == 1
    assert server["n04-repaired"]["url"] == ""


# --- paint on a result -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def paint(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "panel_paint", PHOTO, HANDTINT_TRACE="1")


@pytest.mark.parametrize("name", ["f01-fresh", "f02-after-a-slider"])
def test_paint_on_a_fresh_result_ends_live(paint: dict[str, Any], name: str) -> None:
    """Live has not written to the result yet, or has just made a step of what it wrote."""
    assert not paint[name]["live"]


def test_a_mirrored_picture_is_no_paint(paint: dict[str, Any]) -> None:
    assert paint["f00-flipped"]["live"]
    assert "which is no hint layer" not in paint["f00-flipped"]["log"]
