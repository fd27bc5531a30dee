"""Alternatives and references in the real GIMP, against a real server."""

from __future__ import annotations

import re

import pytest
from run_in_gimp import CASES, Outcome

from .conftest import GimpAndServer

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(1800)]

NAMES = re.findall(r"^def case_(\w+)", (CASES / "alternatives.py").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def outcome(in_gimp: GimpAndServer) -> Outcome:
    plugin = in_gimp.gimp.settings / "plug-ins" / "handtint"
    return in_gimp.gimp.run("alternatives", limit=1500, PLUGIN=str(plugin))


@pytest.mark.parametrize("name", NAMES)
def test_case(outcome: Outcome, name: str) -> None:
    assert outcome[name] is None
