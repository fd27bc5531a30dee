"""Alternatives and references in the real GIMP, against a real server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from run_in_gimp import CASES, ROOT, Outcome

from .conftest import GimpAndServer
from .test_gimp_window import session

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(1800)]

PHOTO = ROOT / "tests" / "data" / "photos" / "coffee-gray.png"
NAMES = re.findall(r"^def case_(\w+)", (CASES / "alternatives.py").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def outcome(in_gimp: GimpAndServer) -> Outcome:
    plugin = in_gimp.gimp.settings / "plug-ins" / "handtint"
    return in_gimp.gimp.run("alternatives", limit=1500, PLUGIN=str(plugin))


@pytest.mark.parametrize("name", NAMES)
def test_case(outcome: Outcome, name: str) -> None:
    assert outcome[name] is None


@pytest.fixture(scope="module")
def window(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "alternatives", PHOTO)


def test_window(window: dict[str, Any]) -> None:
    assert window
