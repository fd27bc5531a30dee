"""`handtint colorize --engine ray` on a cluster of two workers on this machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("ray", reason="Ray is not installed (pip install 'handtint[ray]')")

CAT = Path(__file__).parents[2] / "data" / "photos" / "cat-gray.png"
pytestmark = [pytest.mark.timeout(1200), pytest.mark.slow]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    plane = np.array(Image.open(CAT))
    for i in range(24):
        Image.fromarray(np.roll(plane, 10 * i, 1)).save(folder / f"{i:02}.png")
    (folder / "broken.png").write_bytes(b"broken")
    return folder


def command(photos, out, weights, *more):
    start = [sys.executable, "-m", "handtint_server", "colorize", photos, "-o", out]
    return [*map(str, [*start, "--weights", weights, "--device", "cpu", *more])]


def results(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*.png"))}


def workers_of(mark):
    """Process ids of Ray's workers that run our colorizer, by a variable they inherit."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            title = (process / "cmdline").read_bytes()
            ours = title.startswith(b"ray::") and b"_Worker" in title
            if ours and mark.encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds workers in /proc")
def test_same_bytes_and_a_killed_worker_loses_nothing(tmp_path, photos, tiny_weights):
    plain, spread = tmp_path / "plain", tmp_path / "spread"
    done = subprocess.run(
        command(photos, plain, tiny_weights), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr  # broken.png

    mark = f"HANDTINT_TEST_MARK={tmp_path.name}-{os.getpid()}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        command(photos, spread, tiny_weights, "--engine", "ray", "--workers", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, name: value},
    )
    killed = None
    while process.poll() is None and killed is None:
        if len(list(spread.glob("*.png"))) >= 2 and (alive := workers_of(mark)):
            killed = alive[0]
            os.kill(killed, signal.SIGKILL)
        time.sleep(0.01)
    out, err = process.communicate(timeout=900)
    assert killed is not None, err
    assert process.returncode == 1, err
    assert "24 colorized, 1 failed" in out
    assert results(spread) == results(plain)
    assert sorted(p.name for p in spread.iterdir() if p.suffix != ".png") == [
        "handtint-failures.csv"
    ]
