"""The plug-in in Krita's window: alternatives and the reference.

The screenshots stay in $HANDTINT_SHOTS, if that names a folder, to be looked at.
"""

from __future__ import annotations

import pytest
import run_in_krita
from run_in_krita import Outcome

pytestmark = [pytest.mark.krita, pytest.mark.timeout(1800)]

MODULE = "window_alternatives"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("alternatives")
    return run_in_krita.run_with_server(folder, MODULE, "krita-alternatives", size="1400x815")


@pytest.mark.parametrize("part", run_in_krita.parts(MODULE))
def test_part(window: Outcome, part: str) -> None:
    window.check(part)


def test_it_came_to_its_end(window: Outcome) -> None:
    window.check_end()


def test_the_plugin_met_no_fault_of_its_own(window: Outcome) -> None:
    window.check_faults()
