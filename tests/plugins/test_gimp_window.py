"""GIMP's window under Xvfb: menu, brush, Undo, dialogs, Cancel, as a user meets them.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence
from run_in_gimp import CASES, ROOT, Gimp

from .conftest import GimpAndServer

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(2400)]


def session(
    gimp: Gimp, name: str, photo: Path, more: dict[str, str] | None = None, **environ: str
) -> dict[str, Any]:
    """Run a session of window.py; what the image held at each step.

    more: further values for the session.
    """
    shots = gimp.work / f"shots-{name}"
    shots.mkdir()
    probe = gimp.settings / "plug-ins" / "handtint-probe"
    shutil.copytree(CASES / "handtint-probe", probe, dirs_exist_ok=True)
    given = {
        "session": name,
        "photo": str(photo),
        "name": photo.stem,
        "work": str(gimp.work),
        "shots": str(shots),
        "result": str(gimp.work / f"{name}.json"),
        **(more or {}),
    }
    (gimp.work / "given.json").write_text(json.dumps(given))
    done = gimp.inside(
        ["python3", str(CASES / "window.py"), str(gimp.work / "given.json")], 2000, **environ
    )
    if kept := os.environ.get("HANDTINT_SHOTS"):
        shutil.copytree(shots, Path(kept) / name, dirs_exist_ok=True)
    result = gimp.work / f"{name}.json"
    assert result.exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(result.read_text())
    assert not found["error"], found["error"]
    for shot in shots.iterdir():
        with Image.open(shot) as picture:
            # A black screen would say that the window was not there.
            assert len(picture.convert("L").getcolors(256) or ()) > 50, shot.name
    return found["states"]


@pytest.fixture(scope="module")
def everyday(in_gimp: GimpAndServer) -> dict[str, Any]:
    photo = ROOT / "tests" / "data" / "photos" / "coffee-gray.png"
    return session(in_gimp.gimp, "everyday", photo)


def names(state: dict[str, Any]) -> list[str]:
    return [layer["name"] for layer in state["layers"]]


def layers(state: dict[str, Any]) -> list[Any]:
    keys = ("name", "digest", "parasites", "visible", "mask")
    return [[layer[key] for key in keys] for layer in state["layers"]]


def test_the_menu_entry_colors_the_photo(everyday: dict[str, Any]) -> None:
    opened, colorized = everyday["1-opened"], everyday["3-colorized"]
    assert opened["base"] == "gray"
    assert names(colorized) == ["coffee-gray.png (colorized)", "coffee-gray.png"]
    assert colorized["layers"][1]["digest"] == opened["layers"][0]["digest"]
    assert not colorized["layers"][0]["gray"]


def test_one_undo_takes_everything_back(everyday: dict[str, Any]) -> None:
    opened, undone = everyday["1-opened"], everyday["4-undone"]
    assert layers(undone) == layers(opened)
    assert undone["base"] == opened["base"]
    # GIMP's own memory of last values stays.
    assert not [name for name in undone["parasites"] if name.startswith("handtint")]
    assert undone["selected"] == opened["selected"]
    assert layers(everyday["5-redone"]) == layers(everyday["3-colorized"])


def test_a_brush_stroke_is_obeyed(everyday: dict[str, Any]) -> None:
    assert everyday["6-hint-layer-state"]["selected"] == ["Color Hints"]
    before, after = everyday["7-before"]["pixel"], everyday["8-hinted"]["pixel"]
    assert after[2] - after[0] > before[2] - before[0] + 40, (before, after)
    hinted = everyday["8-hinted"]
    assert names(hinted)[1:] == names(everyday["3-colorized"])
    assert hinted["selected"] == ["Color Hints"]
    assert hinted["layers"][0]["digest"] == everyday["7-stroke"]["layers"][0]["digest"]


def test_undo_after_a_hint(everyday: dict[str, Any]) -> None:
    undone = everyday["9-hint-undone"]
    assert layers(undone) == layers(everyday["7-stroke"])
    assert undone["selected"] == ["Color Hints"], "the next stroke would go elsewhere"
    assert layers(everyday["10-stroke-undone"]) == layers(everyday["6-hint-layer-state"])
    redone = everyday["11-hint-redone"]
    assert layers(redone) == layers(everyday["8-hinted"])
    assert redone["selected"] == ["Color Hints"]


def test_the_options_dialog_goes_on(everyday: dict[str, Any]) -> None:
    after = everyday["13-after-options"]
    assert names(after) == names(everyday["8-hinted"])
    assert after["layers"][1]["digest"] == everyday["8-hinted"]["layers"][1]["digest"]


def test_a_keyboard_shortcut_colorizes_at_once(everyday: dict[str, Any]) -> None:
    after = everyday["13-by-shortcut"]
    assert layers(after)[1:] == layers(everyday["13-after-options"])[1:]


def test_a_swatch_sets_the_foreground_color(everyday: dict[str, Any]) -> None:
    assert everyday["16-foreground"]["foreground"] != everyday["1-opened"]["foreground"]


@pytest.fixture(scope="module")
def trouble(in_gimp: GimpAndServer) -> dict[str, Any]:
    photo = in_gimp.gimp.work / "large.png"
    with Image.open(ROOT / "tests" / "data" / "photos" / "coffee-gray.png") as small:
        small.convert("L").resize((6000, 4000), Image.Resampling.BICUBIC).save(
            photo, compress_level=1
        )
    try:
        return session(in_gimp.gimp, "trouble", photo)
    finally:
        (in_gimp.server.home / "client.json").unlink(missing_ok=True)


def test_cancel_stops_the_work_on_the_server(
    in_gimp: GimpAndServer, trouble: dict[str, Any]
) -> None:
    opened, cancelled = trouble["1-opened"], trouble["3-cancelled"]
    assert layers(cancelled) == layers(opened)
    assert (cancelled["base"], cancelled["dirty"]) == ("gray", False)
    log = in_gimp.server.log.read_text()
    ended = [json.loads(line)["message"] for line in log.splitlines() if "/v1/colorize" in line]
    assert "/v1/colorize cancelled" in ended, ended


def test_the_options_dialog_keeps_the_server_setting(trouble: dict[str, Any]) -> None:
    kept = trouble["4-server-setting"]
    assert (kept["url"], kept["token"]) == ("http://127.0.0.1:9", "a-token-of-mine")


def test_a_failure_is_shown_and_changes_nothing(trouble: dict[str, Any]) -> None:
    after = trouble["5-after-the-message"]
    assert layers(after) == layers(trouble["1-opened"])
    assert not after["dirty"]


# --- a day's work --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "day", ROOT / "tests" / "data" / "photos" / "coffee-gray.png")


PHOTO = "coffee-gray.png"
RESULT = PHOTO + " (colorized)"


def test_starting_twice_gives_one_result(day: dict[str, Any]) -> None:
    assert names(day["d01-twice"]) == [RESULT, PHOTO]


def test_paint_on_the_result_becomes_hints(day: dict[str, Any]) -> None:
    painted = day["d02-paint-on-the-result"]
    assert painted["selected"] == [RESULT]
    assert layers(day["d04-cancelled"]) == layers(painted), "Cancel has changed something"
    moved = day["d05-moved-to-hints"]
    assert names(moved) == ["Color Hints", RESULT, PHOTO]
    assert moved["selected"] == ["Color Hints"]
    assert 1000 < moved["layers"][0]["painted"] < 20000, "not the stroke alone"
    assert moved["layers"][1]["digest"] != painted["layers"][0]["digest"]


def test_paint_on_an_ordinary_layer_becomes_hints(day: dict[str, Any]) -> None:
    painted, after = day["d07-paint-on-a-new-layer"], day["d09-new-layer-is-hints"]
    assert len(after["layers"]) == len(painted["layers"]) == 4, "a blob was colorized"
    assert set(names(after)) == {"Color Hints", "Color Hints #1", RESULT, PHOTO}
    before = [x["digest"] for x in painted["layers"] if x["name"] == RESULT]
    assert [x["digest"] for x in after["layers"] if x["name"] == RESULT] != before
    assert names(day["d10-not-asked-again"]) == names(after)


def test_mirroring_gives_no_second_result(day: dict[str, Any]) -> None:
    assert names(day["d11-mirrored"]) == names(day["d10-not-asked-again"])


def hints(state: dict[str, Any]) -> dict[str, Any]:
    """The hint layer that is selected."""
    (name,) = state["selected"]
    assert name.startswith("Color Hints")
    found: dict[str, Any] = next(x for x in state["layers"] if x["name"] == name)
    return found


def test_a_swatch_recolors_the_wrong_stroke(day: dict[str, Any]) -> None:
    assert len(day["d12-hint-layer-that-is-there"]["layers"]) == 4, "another hint layer"
    wrong, after = hints(day["d13-wrong-stroke"]), hints(day["d16-recolored-state"])
    assert after["painted"] == wrong["painted"]
    assert after["digest"] != wrong["digest"]
    assert hints(day["d17-recoloring-undone"])["digest"] == wrong["digest"], "one undo step"


def check_swatches(found: list[dict[str, Any]]) -> None:
    """Large enough, named, and with their share below; found: as `eyes` tells it."""
    assert found
    for one in found:
        assert min(one["color"]) >= 24, one
        assert min(one["picture"][2:]) >= 24, one
        share = re.fullmatch(r"(\d+) %", one["share"])
        assert share, one
        assert re.search(rf"#[0-9a-f]{{6}}, {share[1]} (per cent|%)$", one["name"]), one
        left, top, width, height = one["picture"]
        assert one["share box"][1] >= top + height, one
        middle = one["share box"][0] + one["share box"][2] / 2
        assert left < middle < left + width, one
    assert len({one["name"] for one in found}) == len(found)


def test_swatches_of_the_dialog_can_be_told_apart(day: dict[str, Any]) -> None:
    found = day["d14-swatches"]
    check_swatches(found)
    assert [one["name"].split(":")[0] for one in found] == [
        f"Likely color {number}" for number in range(1, len(found) + 1)
    ]


def test_suggest_at_a_selection_paint_colorize(day: dict[str, Any]) -> None:
    """As docs/gimp.md says it: the whole photo is in colour."""
    after = day["d19-suggested-painted-colorized"]
    (result,) = [layer for layer in after["layers"] if layer["name"] == RESULT]
    assert not result["mask"]


def test_the_dialog_keeps_settings_with_the_picture(day: dict[str, Any]) -> None:
    for state in (day["d22-vivid"], day["d23-vivid-again"]):
        (result,) = [layer for layer in state["layers"] if layer["name"] == RESULT]
        assert abs(result["settings"]["vividness"] - 0.8) < 0.001, result["settings"]


def test_help_opens_our_page(day: dict[str, Any]) -> None:
    page = day["d24-help"]["page"].strip()
    assert page.endswith("handtint/handtint_gimp/manual/en/index.html#options"), page


def test_cancel_in_the_export_options_says_nothing(day: dict[str, Any]) -> None:
    assert day["d26-export-cancelled"] == {"file": False, "messages": []}


def test_export_leaves_hints_out(in_gimp: GimpAndServer, day: dict[str, Any]) -> None:
    assert names(day["d27-exported"]) == names(day["d23-vivid-again"])
    with Image.open(in_gimp.gimp.work / "day.tif") as picture:
        pages = [page.size for page in ImageSequence.Iterator(picture)]
        # GIMP adds a thumbnail.
        assert pages.count((600, 400)) == 1, pages
        picture.seek(pages.index((600, 400)))
        assert picture.mode == "RGB"


def test_an_entry_is_found_by_typing_handtint(day: dict[str, Any]) -> None:
    assert names(day["d28-after-the-search"]) == names(day["d27-exported"])


def test_a_result_that_is_to_be_kept_stays(day: dict[str, Any]) -> None:
    painted, after = day["d29-paint-on-the-result"], day["d31-kept"]
    (mine,) = [x for x in painted["layers"] if x["name"] == RESULT]
    assert [x["digest"] for x in after["layers"] if x["tattoo"] == mine["tattoo"]] == [
        mine["digest"]
    ]
    assert len(after["layers"]) == len(painted["layers"]) + 1


def test_a_layer_that_is_a_photo_stays_and_nobody_is_asked_again(day: dict[str, Any]) -> None:
    painted, after = day["d33-paint-on-a-new-layer"], day["d35-is-the-photo"]
    (name,) = painted["selected"]
    (mine,) = [x for x in painted["layers"] if x["name"] == name]
    (now,) = [x for x in after["layers"] if x["name"] == name]
    assert now["digest"] == mine["digest"]
    assert "handtint-photo" in now["parasites"]
    assert names(day["d36-not-asked-again"]) == names(after)
