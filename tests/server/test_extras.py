"""What a user of the program does not need is not needed: the extras' packages are missing here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import pictures

EXTRAS = ("skimage", "matplotlib", "ray", "cv2", "pytest", "hypothesis", "babel")

RUN = f"""
import sys
for name in {EXTRAS!r}:
    sys.modules[name] = None  # as if it were not installed
from handtint_server.cli import main
sys.exit(main(sys.argv[1:]))
"""


def handtint(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_colorize_needs_no_extra(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(pictures.png(pictures.photo()))
    done = handtint(tmp_path, "colorize", "photo.png", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "photo.colorized.png").is_file()


@pytest.mark.slow
def test_evaluate_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(pictures.png(pictures.photo()))
    done = handtint(tmp_path, "evaluate", "--photos", "photo.png", "--baselines-only")
    assert done.returncode == 1
    assert "pip install 'handtint[train]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_module_of_the_server_imports_without(tmp_path: Path) -> None:
    code = RUN.split("from handtint_server.cli")[0] + (
        "import importlib, pkgutil, handtint_server\n"
        "for m in pkgutil.walk_packages(handtint_server.__path__, 'handtint_server.'):\n"
        "    if '.plugins' not in m.name and not m.name.endswith('__main__'):\n"
        "        importlib.import_module(m.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
