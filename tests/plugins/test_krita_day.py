"""The plug-in in Krita's window: a day's work with mouse and keys, in the wrong order, too.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path

import four_doors
import pytest
import run_in_krita
from run_in_krita import Outcome
from server_process import ServerProcess, be_patient

pytestmark = [pytest.mark.krita, pytest.mark.timeout(1800)]

PHOTO = run_in_krita.ROOT / "tests" / "data" / "photos" / "astronaut-gray.jpg"
SIZE = "1400x815"


def steps() -> list[str]:
    """What `window_day` notes, and its parts, without importing Krita."""
    tree = ast.parse((run_in_krita.SUPPORT / "in_krita" / "window_day.py").read_text())
    parts = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PARTS"
    )
    assert isinstance(parts, ast.Tuple)
    return [name.id for name in parts.elts if isinstance(name, ast.Name)]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    run_in_krita.need()
    folder = tmp_path_factory.mktemp("day")
    runtime, home = folder / "runtime", folder / "data"
    out = folder / "krita"
    be_patient(home)
    out.mkdir()
    (out / "linear.png").write_bytes(four_doors.pngs()["linear"])
    shutil.copy(PHOTO, out / "page.jpg")
    with ServerProcess(runtime, home):
        outcome = run_in_krita.run_window(
            "window_day",
            out,
            [PHOTO],
            {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)},
            size=SIZE,
            limit=1500,
        )
    if kept := os.environ.get("HANDTINT_SHOTS"):
        shots = Path(kept) / "krita-day"
        shots.mkdir(parents=True, exist_ok=True)
        for picture in out.glob("*.png"):
            shutil.copy(picture, shots)
    return outcome


@pytest.mark.parametrize("part", steps())
def test_part(day: Outcome, part: str) -> None:
    day.check(part)


def test_it_came_to_its_end(day: Outcome) -> None:
    assert "steps" not in day.cases, day.cases.get("steps")
    assert day.complete


def test_the_plugin_met_no_fault_of_its_own(day: Outcome) -> None:
    faults = re.findall(r"Traceback.*?\n(?=\S)[^\n]*", day.output, re.DOTALL)
    assert not [fault for fault in faults if "pykrita/handtint/" in fault]
