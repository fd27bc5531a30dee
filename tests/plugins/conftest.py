"""The plug-ins' client as an importable package, and a real server in its own process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "plugins"))
sys.path.insert(0, str(ROOT / "tests" / "support"))

from server_process import ServerProcess  # noqa: E402


@pytest.fixture
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """(runtime folder, data folder), both new, named by the environment."""
    runtime, home = tmp_path / "runtime", tmp_path / "home"
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("HANDTINT_HOME", str(home))
    return runtime, home


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One `handtint serve` for a whole file of tests."""
    folder = tmp_path_factory.mktemp("server")
    with ServerProcess(folder / "runtime", folder / "home") as server:
        yield server
