"""The plug-in in Krita's window: alternatives and the reference.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path

import pytest
import run_in_krita
from run_in_krita import Outcome
from server_process import ServerProcess, be_patient

pytestmark = [pytest.mark.krita, pytest.mark.timeout(1800)]

PHOTO = run_in_krita.ROOT / "tests" / "data" / "photos" / "astronaut-gray.jpg"
SIZE = "1400x815"


def steps() -> list[str]:
    """What `window_alternatives` notes, and its parts, without importing Krita."""
    tree = ast.parse((run_in_krita.SUPPORT / "in_krita" / "window_alternatives.py").read_text())
    parts = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PARTS"
    )
    assert isinstance(parts, ast.Tuple)
    return [name.id for name in parts.elts if isinstance(name, ast.Name)]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    run_in_krita.need()
    folder = tmp_path_factory.mktemp("alternatives")
    runtime, home = folder / "runtime", folder / "data"
    out = folder / "krita"
    be_patient(home)
    with ServerProcess(runtime, home):
        outcome = run_in_krita.run_window(
            "window_alternatives",
            out,
            [PHOTO],
            {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)},
            size=SIZE,
            limit=1500,
        )
    if kept := os.environ.get("HANDTINT_SHOTS"):
        shots = Path(kept) / "krita-alternatives"
        shots.mkdir(parents=True, exist_ok=True)
        for picture in out.glob("*.png"):
            shutil.copy(picture, shots)
    return outcome


@pytest.mark.parametrize("part", steps())
def test_part(window: Outcome, part: str) -> None:
    window.check(part)


def test_it_came_to_its_end(window: Outcome) -> None:
    assert "steps" not in window.cases, window.cases.get("steps")
    assert window.complete


def test_the_plugin_met_no_fault_of_its_own(window: Outcome) -> None:
    faults = re.findall(r"Traceback.*?\n(?=\S)[^\n]*", window.output, re.DOTALL)
    assert not [fault for fault in faults if "pykrita/handtint/" in fault]
