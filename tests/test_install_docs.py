"""The lines that the docs give for installing, run as a new user would, and install.py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREE = (
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "LICENSE",
    "LICENSE-weights.md",
    "NOTICE",
    "install.py",
)
FOLDERS = ("model", "server", "plugins")


def lines_of(document: str, heading: str) -> list[str]:
    """The first block of commands below a heading."""
    text = (ROOT / document).read_text("utf-8").split(f"\n{heading}\n", 1)[1]
    block = re.search(r"^```\n([^`]*)^```|((?:^    .+\n)+)", text, re.MULTILINE)
    assert block is not None, document
    return [line.strip() for line in (block[1] or block[2]).splitlines()]


README = lines_of("README.md", "## Install")


def test_all_pages_say_the_same() -> None:
    assert lines_of("docs/install.md", "## In a terminal") == README
    for editor, other in (("gimp", "krita"), ("krita", "gimp")):
        own = [line for line in README if not line.endswith(f"install {other}")]
        assert lines_of(f"docs/{editor}.md", "## Install") == own
    assert README[0] == "python3 -m venv ~/handtint"


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))])
def test_no_page_installs_what_is_not_published(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.name == "install.md":
        text = re.sub(r"## Once it is published\n.*?(?=\n## )", "", text, flags=re.DOTALL)
    found = re.findall(r"(?:pip|pipx|uv tool) install (?:-\S+ )*handtint\b", text)
    assert found == []


def run(home: Path, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
    """A program with a home of its own and nothing of this environment's Python."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HANDTINT", "PYTHON", "XDG"))}
    return subprocess.run(
        [str(word) for word in words],
        cwd=home / "source",
        env={
            **kept,
            "HOME": str(home),
            "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
            "HANDTINT_RUNTIME_DIR": str(home / "runtime"),
            **more,
        },
        capture_output=True,
        text=True,
        timeout=1500,
    )


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.skipif(os.name == "nt", reason="the lines for Linux and macOS")
def test_from_nothing_to_ready(tmp_path: Path) -> None:
    """install.py where nothing is, then the lines of the docs on top of it."""
    home = tmp_path / "home"
    source = home / "source"
    source.mkdir(parents=True)
    for name in TREE:
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    (home / ".local/share/krita").mkdir(parents=True)
    base = getattr(sys, "_base_executable", sys.executable)

    done = run(home, base, "install.py", "--torch", "pypi")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Done. Restart the editor" in done.stdout
    plugin = home / ".config/GIMP/3.0/plug-ins/handtint/handtint.py"
    assert plugin.is_file()
    plugin.unlink()

    folder = tmp_path / "bin"  # python3 is the one that runs the tests
    folder.mkdir()
    (folder / "python3").symlink_to(base)
    path = f"{folder}:{os.environ['PATH']}"
    done = run(home, "sh", "-e", "-c", "\n".join(README), PATH=path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert plugin.is_file()
    assert (home / ".local/share/krita/pykrita/handtint/__init__.py").is_file()
    found = run(home, home / "handtint/bin/handtint", "doctor")
    assert "version 0." in found.stdout
    assert "NOT" not in found.stdout
    assert re.search(r"^ok +Model ", found.stdout, re.MULTILINE), found.stdout
    assert re.search(r"^ok +Krita ", found.stdout, re.MULTILINE), found.stdout


def test_install_needs_a_wheel_or_the_source(tmp_path: Path) -> None:
    shutil.copy(ROOT / "install.py", tmp_path)
    done = subprocess.run(
        [sys.executable, tmp_path / "install.py", "--folder", tmp_path / "handtint"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "no handtint-....whl beside install.py" in done.stderr
    assert not (tmp_path / "handtint").exists()
