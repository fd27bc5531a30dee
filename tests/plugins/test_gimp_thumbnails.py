"""The cases of tests/support/in_gimp/thumbnails.py, run in the real GIMP."""

from __future__ import annotations

import re

import pytest
from run_in_gimp import CASES, Outcome

from .conftest import GimpAndServer

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(600)]

NAMES = re.findall(r"^def case_(\w+)", (CASES / "thumbnails.py").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def outcome(in_gimp: GimpAndServer) -> Outcome:
    return in_gimp.gimp.run("thumbnails", limit=300)


@pytest.mark.parametrize("name", NAMES)
def test_case(outcome: Outcome, name: str) -> None:
    assert outcome[name] is None
