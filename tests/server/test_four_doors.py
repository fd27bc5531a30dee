"""One engine, four doors: the same photo and hints give the same pixels, whoever asks.

GIMP and Krita are the fourth: tests/plugins/test_four_doors.py.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from handtint_model import Colorizer, Hints
from handtint_server.client import Client

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import four_doors  # noqa: E402
from server_process import ServerProcess, quiet_environment  # noqa: E402

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("doors")
    four_doors.write(path)
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The shipped weights, in a process of its own, behind a socket."""
    work = tmp_path_factory.mktemp("server")
    with ServerProcess(work / "runtime", work / "home", "--device", "cpu") as running:
        yield running


def by_cli(folder: Path, server: ServerProcess) -> np.ndarray:
    out = folder / "cli.png"
    words = ["colorize", folder / "photo.png", "--hints", folder / "hints.png", "-o", out]
    done = subprocess.run(
        [sys.executable, "-m", "handtint_server", *map(str, words), "--device", "cpu"],
        capture_output=True,
        text=True,
        env=quiet_environment(),
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    return np.asarray(Image.open(out))


def by_http_with_files(folder: Path, server: ServerProcess) -> np.ndarray:
    """As curl does it: two PNG files up, one down."""
    files = {
        "image": ("photo.png", (folder / "photo.png").read_bytes()),
        "hints": ("hints.png", (folder / "hints.png").read_bytes()),
        "request": (None, json.dumps({"output": "png"}), "application/json"),
    }
    answer = requests.post(
        server.url + "/v1/colorize",
        headers={"Authorization": f"Bearer {server.token}"},
        files=files,
        timeout=400,
    )
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def by_http_with_planes(folder: Path, server: ServerProcess) -> np.ndarray:
    """As the plug-ins do it, by the Python client: raw pixels both ways."""
    photo, hints = (np.asarray(Image.open(folder / name)) for name in ("photo.png", "hints.png"))
    client = Client(server.url, server.token)
    return np.asarray(client.colorize(photo, Hints.from_rgba(hints)).pixels)


DOORS = {"cli": by_cli, "http png": by_http_with_files, "http raw": by_http_with_planes}


@pytest.mark.parametrize("door", list(DOORS))
def test_the_same_pixels(
    colorizer: Colorizer, folder: Path, server: ServerProcess, door: str
) -> None:
    photo, hints = four_doors.write(folder)
    wanted = four_doors.by_python(colorizer, photo, hints)
    found = DOORS[door](folder, server)
    assert four_doors.table(door, found, wanted) <= four_doors.ROUNDING
    # The hints are in it: a door that lost them would agree with nothing above.
    plain = colorizer.colorize(colorizer.encode(photo))
    assert np.abs(found.astype(int) - plain).max() > 40
