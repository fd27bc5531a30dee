"""A day's work in the real GIMP: the cases of day.py and operations.py in tests/support/in_gimp."""

from __future__ import annotations

import re

import pytest
from run_in_gimp import CASES, Outcome

from .conftest import GimpAndServer

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(1800)]


def names(file: str) -> list[str]:
    return re.findall(r"^def case_(\w+)", (CASES / f"{file}.py").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def outcome(in_gimp: GimpAndServer) -> Outcome:
    return in_gimp.gimp.run("day", limit=1500)


@pytest.mark.parametrize("name", names("day"))
def test_case(outcome: Outcome, name: str) -> None:
    assert outcome[name] is None


@pytest.fixture(scope="module")
def operations(in_gimp: GimpAndServer) -> Outcome:
    return in_gimp.gimp.run("operations", limit=1500)


@pytest.mark.parametrize("name", names("operations"))
def test_operation(operations: Outcome, name: str) -> None:
    assert operations[name] is None


def test_a_text_layer_is_no_photo(in_gimp: GimpAndServer) -> None:
    found = in_gimp.gimp.run("text", limit=900, fonts=True)
    assert found["a_text_layer_is_no_photo"] is None


def test_messages(outcome: Outcome) -> None:
    assert "Paint on the hint layer that is there already." in outcome.output
    fenced = "Press P and paint: the layer's mask keeps colors inside the selection."
    assert fenced in outcome.output
    above = "it stays, and the new colors lie above it."
    assert f"Photo (colorized) is locked: {above}" in outcome.output


def test_messages_about_paint(operations: Outcome) -> None:
    above = "it stays, and the new colors lie above it."
    assert f"You have painted on Photo (colorized): {above}" in operations.output
