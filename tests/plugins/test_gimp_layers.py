"""The cases of tests/support/in_gimp/layers.py, run in the real GIMP against a real server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from run_in_gimp import CASES, Outcome

from .conftest import GimpAndServer

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(1800)]

NAMES = re.findall(r"^def case_(\w+)", (CASES / "layers.py").read_text("utf-8"), re.MULTILINE)
WITH_ANSWER = {"arguments_are_documented"}


@pytest.fixture(scope="module")
def outcome(in_gimp: GimpAndServer) -> Outcome:
    return in_gimp.gimp.run("layers", limit=1500)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITH_ANSWER])
def test_case(outcome: Outcome, name: str) -> None:
    assert outcome[name] is None


MENU = ("colorize", "colorize-options", "new-hints-layer", "suggest-colors", "panel", "export")


def test_scripts_find_documented_arguments(outcome: Outcome) -> None:
    from handtint_model import ColorizeOptions

    told: dict[str, Any] = outcome["arguments_are_documented"]
    labels = {entry["label"].replace("_", "") for entry in told.values()}
    assert labels == {
        "Colorize Layer",
        "Colorize with Options...",
        "New Color Hints Layer",
        "Suggest Hint Colors",
        "Export Colored Picture...",
    }
    for name, entry in told.items():
        # In this order in every language.
        number = 1 + [*MENU].index(name.removeprefix("plug-in-handtint-"))
        assert entry["paths"] == [f"<Image>/Colors/Handtint/[{number}]"]
        assert "Handtint" in entry["blurb"], "GIMP's search looks here"
        # Sensitive with one layer, several, and none, see plugin.py: GIMP tells that as "always".
        assert (entry["types"], entry["sensitivity"]) == ("*", 2**31 - 1)
    arguments = told["plug-in-handtint-colorize"]["arguments"]
    own = ["vividness", "strength", "use-hints", "alternative", "reference", "mark"]
    own += ["output", "area"]
    assert list(arguments)[-8:] == own
    assert all(label and text for label, text, _ in (arguments[name] for name in own))
    default = ColorizeOptions()
    assert float(arguments["vividness"][2]) == default.vividness
    assert float(arguments["strength"][2]) == default.strength
