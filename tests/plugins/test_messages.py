"""The words that users read: no marks of programmers' texts in them."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import translations

PLUGINS = Path(__file__).parents[2] / "plugins"
FILES = [
    path for part in ("client", "krita", "gimp") for path in sorted((PLUGINS / part).rglob("*.py"))
]


def texts(path: Path) -> Iterator[str]:
    """All texts in a file but docstrings."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_no_backticks_and_no_terminal_without_a_plain_way(path: Path) -> None:
    for text in texts(path):
        assert "`" not in text, text
        assert "in a terminal once" not in text, text


STATUS_BAR = 76
"""Columns that GIMP's status bar has room for beside the docks, in a window of 1380 pixels."""


@pytest.mark.parametrize("language", ["en", *translations.LANGUAGES])
def test_what_a_new_hints_layer_says_fits_into_the_status_bar(language: str) -> None:
    """What is longer GIMP shows in a window, which takes the keyboard away from painting."""
    catalog = translations.read_catalog("plug-ins", language)
    own = {str(m.id): str(m.string) for m in catalog if m.id}
    name = own.get("Color Hints", "Color Hints")
    tree = ast.parse((PLUGINS / "gimp/handtint/handtint_gimp/hintlayers.py").read_text())
    said = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"
    ]
    assert len(said) == 4
    for sentence in said:
        text = own.get(sentence, sentence).replace("%s", name)
        columns = sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
        assert columns <= STATUS_BAR, text
