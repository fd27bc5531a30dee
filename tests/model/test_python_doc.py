"""docs/python.md against the code: its names, its signatures, and its examples, which are run.

The signatures are generated; write them anew with::

    .venv/bin/python tests/model/test_python_doc.py
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import handtint_model
from handtint_model import types

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "python.md"
NOT_FOR_USERS = {"geometry", "guide", "heads", "results"}
"""Fields of `EncodedPhoto` that the colorizer needs."""

WIDTH = 100


def sections() -> dict[str, str]:
    """The text of each name's section."""
    parts = re.split(r"^### `(\w+)`\n", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, flags=re.DOTALL)


# --- signatures, from the code -------------------------------------------------------------


class Written(str):
    """An annotation as it is written in the code, without quotes."""

    def __repr__(self) -> str:
        return str(self)


def signature(head: str, function: Any, indent: str = "") -> str:
    """A function's signature on one line, or one parameter a line."""
    found = inspect.signature(function)
    given = [
        p.replace(annotation=Written(p.annotation))
        for n, p in found.parameters.items()
        if n not in ("self", "cls")
    ]
    answer = Written(found.return_annotation)
    whole = f"{indent}{head}{inspect.Signature(given, return_annotation=answer)}"
    if len(whole) <= WIDTH:
        return whole
    lines = [str(parameter) for parameter in given]
    named = [p.kind is p.KEYWORD_ONLY for p in given]
    if True in named:
        lines.insert(named.index(True), "*")
    inside = "".join(f"{indent}    {line},\n" for line in lines)
    return f"{indent}{head}(\n{inside}{indent}) -> {answer}"


def alias(name: str) -> str:
    """A type alias as it is written."""
    for node in ast.parse(inspect.getsource(types)).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == name:
            assert node.value is not None
            return f"{name} = {ast.unparse(node.value)}"
    raise AssertionError(name)


def members(cls: type) -> list[str]:
    """Fields, properties and methods that are no one's secret."""
    lines = []
    if dataclasses.is_dataclass(cls):
        for field in dataclasses.fields(cls):
            if field.name.startswith("_") or field.name in NOT_FOR_USERS:
                continue
            plain = field.default is not dataclasses.MISSING
            made = field.default_factory is not dataclasses.MISSING
            default = f" = {field.default!r}" if plain else " = ..." if made else ""
            lines.append(f"    {field.name}: {field.type}{default}")
    for name, value in vars(cls).items():
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            lines.append(f"    {name} -> {inspect.signature(value.fget).return_annotation}")
        elif isinstance(value, (classmethod, staticmethod)):
            lines.append(signature(f"{cls.__name__}.{name}", value.__func__, "    "))
        elif inspect.isfunction(value):
            lines.append(signature(name, value, "    "))
    return lines


def described(name: str) -> str:
    """What the code says of a name."""
    value = getattr(handtint_model, name)
    if inspect.isfunction(value):
        return signature(name, value) + "\n"
    if name in ("Plane", "Progress"):
        return alias(name) + "\n"
    base = value.__bases__[0]
    head = f"class {name}" + ("" if base is object else f"({base.__name__})")
    return "\n".join([head, *members(value)]) + "\n"


# --- the tests -----------------------------------------------------------------------------


def test_every_public_name_has_its_section() -> None:
    assert sorted(sections()) == sorted(handtint_model.__all__)


@pytest.mark.parametrize("name", handtint_model.__all__)
def test_signatures_are_those_of_the_code(name: str) -> None:
    assert blocks(sections()[name], "text") == [described(name)]


def test_every_name_has_an_example_that_uses_it() -> None:
    for name, text in sections().items():
        examples = blocks(text, "python")
        assert len(examples) == 1, name
        assert re.search(rf"\b{name}\b", examples[0]), name


@pytest.mark.slow
def test_the_examples_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "examples" / "coffee-gray.png", tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, example in enumerate(
        blocks(DOCUMENT.read_text(encoding="utf-8"), "python"), start=1
    ):
        exec(compile(example, f"example {number}", "exec"), names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["color.png", "photo.png"]


def write() -> None:
    """Put the signatures of the code into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in handtint_model.__all__:
        pattern = rf"(### `{name}`\n(?:(?!\n### ).)*?```text\n)(.*?)(```)"
        new = described(name)
        text = re.sub(pattern, lambda m, new=new: m[1] + new + m[3], text, flags=re.DOTALL)
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
