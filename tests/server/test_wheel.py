"""The wheel by itself: built from the sdist, installed into an empty folder, and used there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from handtint_server import __version__
from handtint_server.editors.installer import plugin_files

from . import pictures

# Several programs, each of which imports torch.
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
ROOT = Path(__file__).parents[2]
SOURCES = (
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "LICENSE",
    "LICENSE-weights.md",
    "NOTICE",
)
FOLDERS = ("model", "server", "plugins")
SDIST = "import hatchling.build as b, sys; print(b.build_sdist(sys.argv[1]))"


def run(*command: object, cwd: Path, **environ: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel as a user gets it who builds from the sdist."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in SOURCES:
        shutil.copy(ROOT / name, tree)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    # what editors and Python leave in a tree that has been used
    (tree / "plugins" / "client" / "__pycache__").mkdir()
    (tree / "plugins" / "client" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"")
    (tree / "server" / "handtint_server" / "__pycache__").mkdir()
    (tree / "server" / "handtint_server" / "__pycache__" / "x.pyc").write_bytes(b"")
    name = run(sys.executable, "-c", SDIST, folder, cwd=tree).splitlines()[-1]
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder / "sdist", filter="data")
    (unpacked,) = (folder / "sdist").iterdir()
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel")
    run(*pip, "--no-deps", "--no-build-isolation", ".", "-w", folder, cwd=unpacked)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-index")
    run(*pip, "--no-deps", "--target", folder, wheel, cwd=folder)
    return folder


def handtint(installed: Path, home: Path, *arguments: object) -> str:
    return run(
        sys.executable,
        "-m",
        "handtint_server",
        *arguments,
        cwd=home,
        PYTHONPATH=str(installed),
        HOME=str(home),
        HANDTINT_RUNTIME_DIR=str(home / "runtime"),
        HANDTINT_HOME=str(home / "data"),
        XDG_CONFIG_HOME=str(home / ".config"),
        XDG_DATA_HOME=str(home / ".local/share"),
    )


def test_it_holds_what_the_tree_holds(wheel: Path) -> None:
    expected = {}
    for top, package in (("model", "handtint_model"), ("server", "handtint_server")):
        for path in (ROOT / top / package).rglob("*"):
            if path.suffix in (".py", ".typed", ".json", ".safetensors", ".service", ".mo"):
                expected[path.relative_to(ROOT / top).as_posix()] = path
    for path in (ROOT / "plugins").rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        wanted = path.is_file() and "__pycache__" not in path.parts and path.suffix != ".po"
        if wanted and not hidden:
            expected["handtint_server/" + path.relative_to(ROOT).as_posix()] = path
    assert "handtint_model/weights/default.safetensors" in expected
    assert "handtint_model/evaluation/bin_frequencies.json" in expected
    with zipfile.ZipFile(wheel) as archive:
        names = {n for n in archive.namelist() if ".dist-info/" not in n}
        assert names == set(expected)
        for name, path in expected.items():
            assert archive.read(name) == path.read_bytes(), name
        licenses = {n.rpartition("/")[2] for n in archive.namelist() if "/licenses/" in n}
    assert licenses == {"LICENSE", "LICENSE-weights.md", "NOTICE"}
    assert wheel.name == f"handtint-{__version__}-py3-none-any.whl"


def test_it_installs_the_plugins(installed: Path, tmp_path: Path) -> None:
    (tmp_path / ".config/GIMP/3.0").mkdir(parents=True)
    (tmp_path / ".local/share/krita").mkdir(parents=True)
    beside = ("actions/", "palettes/")  # what does not lie in the folder of the plug-ins

    def place_of(folder: str, plugins: str, name: str) -> Path:
        return tmp_path / folder / ("" if name.startswith(beside) else plugins) / name

    where = {
        "gimp": partial(place_of, ".config/GIMP/3.0", "plug-ins"),
        "krita": partial(place_of, ".local/share/krita", "pykrita"),
    }
    for editor, place in where.items():
        handtint(installed, tmp_path, "install", editor)
        for name, source in plugin_files(editor).items():
            assert place(name).read_bytes() == source.read_bytes(), name
    assert where["gimp"]("handtint/handtint.py").stat().st_mode & 0o111 == 0o111
    found = handtint(installed, tmp_path, "doctor")
    assert "Ready" in found


def test_it_colors(installed: Path, tmp_path: Path) -> None:
    """With the embedded weights, from the installed files."""
    (tmp_path / "photo.png").write_bytes(pictures.png(pictures.photo()))
    handtint(installed, tmp_path, "colorize", "photo.png", "--device", "cpu")
    with Image.open(tmp_path / "photo.colorized.png") as result:
        assert result.mode == "RGB"
    where = run(
        sys.executable,
        "-c",
        "import handtint_model, handtint_server; "
        "print(handtint_model.__file__, handtint_server.__file__)",
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert where.count(str(installed)) == 2
