"""Alternatives and references in the real GIMP, against a real server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from PIL import Image
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


def test_an_export_carries_the_mark(in_gimp: GimpAndServer, outcome: Outcome) -> None:
    assert outcome["a_mark_on_request"] is None
    with Image.open(in_gimp.gimp.work / "marked.png") as picture:
        assert "Colorized with Handtint" in picture.info["Comment"], picture.info


@pytest.fixture(scope="module")
def window(in_gimp: GimpAndServer) -> dict[str, Any]:
    return session(in_gimp.gimp, "alternatives", PHOTO)


def test_window(window: dict[str, Any]) -> None:
    assert window
