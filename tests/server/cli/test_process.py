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


@pytest.mark.slow
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


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_other_ends_leave_no_half_written_file(tmp_path, tiny_weights, number, code):
    """The machine shuts down, or the terminal is closed."""
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000), dtype=np.uint8)
    for i in range(20):
        Image.fromarray(np.roll(noise, i)).save(photos / f"{i:02}.png", compress_level=0)
    command = [*COMMAND, "colorize", photos, "-o", out, "--weights", tiny_weights]
    command = [*map(str, command), "--device", "cpu"]
    before = signal.signal(getattr(signal, number), signal.SIG_DFL)  # nohup's children inherit it
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    finally:
        signal.signal(getattr(signal, number), before)
    deadline = time.monotonic() + 200
    while not (any(out.glob("*.png")) and any(out.glob(".*part"))):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    for _ in range(3):  # a terminal's shell and the system both send it
        process.send_signal(getattr(signal, number))
    _, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert "goes on from here" in err
    assert all(path.name.endswith(".colorized.png") for path in out.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_nohup_is_respected(tmp_path):
    """Who has SIGHUP ignored wants the work to go on after the terminal."""
    script = (
        "import signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from handtint_server.cli.ending import ends_in_order\n"
        "with ends_in_order():\n"
        "    signal.raise_signal(signal.SIGHUP)\n"
        "print('went on')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "went on\n"


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_a_later_signal_ends_what_swallowed_the_first():
    """An exception that comes in a callback of a C library is lost."""
    script = (
        "import signal, sys, click\n"
        "from handtint_server.cli import ending\n"
        "@click.command()\n"
        "def command():\n"
        "    with ending.ends_in_order():\n"
        "        try:\n"
        "            signal.raise_signal(signal.SIGTERM)\n"
        "        except KeyboardInterrupt:\n"
        "            signal.raise_signal(signal.SIGTERM)\n"
        "            print('tidied', flush=True)\n"
        "        ending.SAME_END = 0.0\n"
        "        signal.raise_signal(signal.SIGTERM)\n"
        "        print('never')\n"
        "command()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (143, "tidied\n"), done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_openblas_keeps_to_one_thread_in_the_server(tmp_path):
    """Its threads wait at full speed, on the processor that an editor paints with."""
    script = (
        "import ctypes, sys\n"
        "from pathlib import Path\n"
        "from handtint_server.cli.serve import EXIT_MODEL, serve\n"
        "from handtint_server.settings import Settings\n"
        "folder = Path(sys.argv[1])\n"
        "settings = Settings(runtime_dir=folder, home=folder, device='cuda:99')\n"
        "assert serve(settings) == EXIT_MODEL\n"
        "lines = Path('/proc/self/maps').read_text().splitlines()\n"
        "for path in {line.split()[-1] for line in lines if 'openblas' in line}:\n"
        "    library = ctypes.CDLL(path)\n"
        "    for ending in ('', '64_'):\n"
        "        for prefix in ('', 'scipy_'):\n"
        "            name = prefix + 'openblas_get_num_threads' + ending\n"
        "            if hasattr(library, name):\n"
        "                print(getattr(library, name)())\n"
    )
    free = {
        k: v for k, v in os.environ.items() if k not in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    }
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        env=free,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    threads = done.stdout.split()
    if not threads:
        pytest.skip("NumPy and SciPy use another library")
    assert set(threads) == {"1"}
