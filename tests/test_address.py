"""The project's address stands in one place, and everything that names it is made from that."""

from __future__ import annotations

import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hatchling")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def hook() -> Any:
    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_stands_once() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    home = tomllib.loads(text)["tool"]["hatch"]["metadata"]["hooks"]["custom"]["home"]
    assert text.count(home) == 1
    for part in ("model", "server", "plugins"):
        for path in (ROOT / part).rglob("*.py"):
            assert home not in path.read_text("utf-8"), path
    assert home not in (ROOT / "README.md").read_text("utf-8")


def test_links_and_description_are_made_from_it(hook: Any) -> None:
    metadata: dict[str, Any] = {}
    hook.AddressHook(str(ROOT), {"home": "https://code.example/x"}).update(metadata)
    assert metadata["urls"]["Repository"] == "https://code.example/x"
    assert all(url.startswith("https://code.example/x") for url in metadata["urls"].values())
    text = metadata["readme"]["text"]
    assert "](https://code.example/x/blob/main/docs/install.md)" in text
    assert "](docs/" not in text
    assert "![" not in text


def test_what_is_whole_stays(hook: Any) -> None:
    text = "[a](https://b.example/c) [d](#e) ![f](g.jpg)\n\n[h](i.md#j)\n"
    found = hook.description_of(text, "https://x/")
    assert found == "[a](https://b.example/c) [d](#e) [h](https://x/i.md#j)\n"
