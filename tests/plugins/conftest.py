"""The plug-ins' client as an importable package, and a real server in its own process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "plugins"))
sys.path.insert(0, str(ROOT / "tests" / "support"))

import run_in_gimp  # noqa: E402
from run_in_gimp import Gimp  # noqa: E402
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


@dataclass
class GimpAndServer:
    """A GIMP with the plug-in installed, and the server that it finds."""

    gimp: Gimp
    server: ServerProcess


def need_gimp() -> None:
    """Skip where there is no GIMP to test in; fail where the caller counts on one."""
    if problem := run_in_gimp.missing():
        if os.environ.get("HANDTINT_NEED_EDITORS"):
            pytest.fail(problem)
        pytest.skip(problem)


@pytest.fixture(scope="module")
def in_gimp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GimpAndServer]:
    """One GIMP and one `handtint serve` for a whole file of tests."""
    need_gimp()
    work = tmp_path_factory.mktemp("gimp")
    folders = {
        "HANDTINT_RUNTIME_DIR": str(work / "runtime"),
        "HANDTINT_HOME": str(work / "data"),
    }
    gimp = Gimp(work, **folders)
    with ServerProcess(work / "runtime", work / "data") as server:
        yield GimpAndServer(gimp, server)
