"""The plug-in in Krita's window under Xvfb: a user's first steps, with the mouse.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import run_in_krita
from run_in_krita import Outcome
from server_process import ServerProcess, be_patient

pytestmark = [pytest.mark.krita, pytest.mark.timeout(1800)]

STEPS = [
    "the docker shows the server's state",
    "the entries are in Tools > Scripts > Handtint",
    "colorize from the menu asks about gray once and inserts a layer",
    "a keyboard shortcut can be assigned",
    "a stroke in live mode changes the result",
    "undoing the stroke gives the automatic colors again",
    "redoing it gives the hinted colors again",
    "the result follows a slider in live mode",
    "a click on a swatch sets the brush's color, and that of the stroke",
    "the overlay comes and goes",
    "live updates are in the saved file",
    "the canvas is that of the current view",
    "undo goes all the way back to the gray photo",
    "a selection becomes the mask",
    "the options dialog opens and does not hold Krita up",
    "a server that does not answer is a message with its remedy, and no dialog",
    "Cancel stops the work on the server",
]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_in_krita.run_with_server(
        tmp_path_factory.mktemp("window"),
        "window_run",
        "krita",
        shortcuts="handtint_new_hints=Ctrl+Alt+N\n",
    )


@pytest.mark.parametrize("step", STEPS)
def test_first_steps(window: Outcome, step: str) -> None:
    window.check(step)


def test_cancel_closed_the_request(window: Outcome) -> None:
    window.check("Cancel stops the work on the server")
    log = window.values["server log"].splitlines()
    ended = [json.loads(line)["message"] for line in log if "/v1/colorize" in line]
    assert "/v1/colorize cancelled" in ended, ended


def test_it_came_to_its_end(window: Outcome) -> None:
    window.check_end()


def test_the_plugin_met_no_fault_of_its_own(window: Outcome) -> None:
    window.check_faults()


def test_krita_ends_by_itself_in_the_middle_of_live_mode(tmp_path: Path) -> None:
    """A plug-in that is called while Python goes away lets Krita crash at its end."""
    run_in_krita.need()
    runtime, home = tmp_path / "runtime", tmp_path / "data"
    be_patient(home)
    with ServerProcess(runtime, home):
        outcome = run_in_krita.run_window(
            "window_quit",
            tmp_path / "krita",
            [run_in_krita.PHOTO],
            {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)},
            limit=1200,
        )
    outcome.check("a live update is under way")
    assert "steps" not in outcome.cases, outcome.cases["steps"]
    assert outcome.status == 0, outcome.output[-4000:]
