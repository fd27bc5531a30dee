"""The plug-in in Krita's window: a day's work with mouse and keys, in the wrong order, too.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import four_doors
import pytest
import run_in_krita
from run_in_krita import Outcome

pytestmark = [pytest.mark.krita, pytest.mark.timeout(1800)]

MODULE = "window_day"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    files = {
        "linear.png": four_doors.pngs()["linear"],
        "page.jpg": run_in_krita.PHOTO.read_bytes(),
    }
    folder = tmp_path_factory.mktemp("day")
    return run_in_krita.run_with_server(folder, MODULE, "krita-day", files, size="1400x815")


@pytest.mark.parametrize("part", run_in_krita.parts(MODULE))
def test_part(day: Outcome, part: str) -> None:
    day.check(part)


def test_it_came_to_its_end(day: Outcome) -> None:
    day.check_end()


def test_the_plugin_met_no_fault_of_its_own(day: Outcome) -> None:
    day.check_faults()
