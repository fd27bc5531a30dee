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


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from its first statement to its end, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_lines_are_counted() -> None:
    tree = ast.parse('def f(a,\n      b):\n    """Doc\n\n    more."""\n    x = 1\n\n    return x\n')
    assert isinstance(tree.body[0], ast.FunctionDef)
    assert body_lines(tree.body[0]) == 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_short_enough(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < LONGEST_FILE
    long = {
        node.name: body_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and body_lines(node) >= LONGEST_FUNCTION
    }
    assert long == {}
