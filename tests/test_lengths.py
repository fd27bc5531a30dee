"""A file does one thing and stays below 400 lines, a function below 60."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path
    for part in ("model/handtint_model", "server/handtint_server", "plugins")
    for path in (ROOT / part).rglob("*.py")
)
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of(function: Function) -> int:
    """From the line of `def` to the last one, arguments and docstring included."""
    return (function.end_lineno or 0) - function.lineno + 1


def test_lines_are_counted() -> None:
    tree = ast.parse('@d\ndef f(a,\n      b):\n    """Doc\n\n    more."""\n    return a\n')
    assert isinstance(tree.body[0], ast.FunctionDef)
    assert lines_of(tree.body[0]) == 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_short_enough(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < LONGEST_FILE
    long = {
        node.name: lines_of(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, Function) and lines_of(node) >= LONGEST_FUNCTION
    }
    assert long == {}
