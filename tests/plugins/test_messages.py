"""The words that users read: no marks of programmers' texts in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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
