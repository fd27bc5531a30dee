"""What needs a process of its own: start-up, interruption, memory."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

COMMAND = [sys.executable, "-m", "handtint_server"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def test_help_and_version_import_nothing_heavy():
    script = (
        "import sys, contextlib, io\n"
        "from handtint_server.cli import main\n"
        "for line in (['--version'], ['--help'], ['colorize', '--help'], ['suggest', '--help']):\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "        assert main(line) == 0, line\n"
        "    assert 'handtint' in out.getvalue().lower() or 'PHOTO' in out.getvalue()\n"
        "heavy = {'torch', 'numba', 'pyvips', 'scipy', 'requests', 'flask'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_an_unknown_command_is_wrong_usage():
    done = subprocess.run(
        [*COMMAND, "colourise"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert "colourise" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_leaves_no_half_written_file_and_the_next_run_goes_on(tmp_path, tiny_weights):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200), dtype=np.uint8)
    count = 40
    for i in range(count):
        Image.fromarray(np.roll(noise, i)).save(photos / f"{i:02}.png", compress_level=0)
    command = [*COMMAND, "colorize", photos, "-o", out, "--weights", tiny_weights]
    command = [*map(str, command), "--device", "cpu"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    deadline = time.monotonic() + 200
    while len(list(out.glob("*.png"))) < 3:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "goes on from here" in err
    finished = sorted(out.iterdir())
    assert 3 <= len(finished) < count
    for path in finished:  # nothing but whole results: no temporary files either
        assert path.name.endswith(".colorized.png")
        with Image.open(path) as picture:
            picture.load()
    times = {p: p.stat().st_mtime_ns for p in finished}
    for path in sorted(photos.iterdir())[10:]:
        path.unlink()
    done = subprocess.run(
        command, capture_output=True, text=True, env=ENVIRONMENT, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list(out.glob("*.png"))) >= 10
    assert all(p.stat().st_mtime_ns == at for p, at in times.items())
