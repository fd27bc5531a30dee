"""The cases of tests/support/in_gimp/fences.py, run in the real GIMP against a real server."""

from __future__ import annotations

import re

import pytest
from run_in_gimp import CASES, Outcome

from .conftest import GimpAndServer

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(900)]

NAMES = re.findall(r"^def case_(\w+)", (CASES / "fences.py").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def outcome(in_gimp: GimpAndServer) -> Outcome:
    return in_gimp.gimp.run("fences", limit=600)


@pytest.mark.parametrize("name", NAMES)
def test_case(outcome: Outcome, name: str) -> None:
    assert outcome[name] is None
