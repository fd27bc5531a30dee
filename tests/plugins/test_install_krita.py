"""`handtint install krita` and `handtint uninstall krita`, as a user runs them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import run_in_krita

import package

pytestmark = pytest.mark.slow

FOLDERS = {
    # label: (resource folder, kritarc, data folder)
    "Krita": (".local/share/krita", ".config/kritarc", ".local/share/handtint"),
    "Krita (Flatpak)": (
        ".var/app/org.kde.krita/data/krita",
        ".var/app/org.kde.krita/config/kritarc",
        ".var/app/org.kde.krita/data/handtint",
    ),
    "Krita (Snap)": (
        "snap/krita/current/.local/share/krita",
        "snap/krita/current/.config/kritarc",
        "snap/krita/common/handtint",
    ),
}
SETTINGS = """ResourceDirectory=

[python]
enable_tenbrushes=true

[theme]
Theme=Krita dark
"""


class User:
    """A user with an empty home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.environ = {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
        home.mkdir()

    def handtint(self, *arguments: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "handtint_server", *map(str, arguments)],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def tree(self) -> set[str]:
        return {p.relative_to(self.home).as_posix() for p in self.home.rglob("*") if p.is_file()}


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path / "ada")


def test_every_krita_gets_it_switched_on_and_loses_it_again(user: User) -> None:
    for resources, kritarc, _ in FOLDERS.values():
        (user.home / resources / "pykrita").mkdir(parents=True)
        path = user.home / kritarc
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SETTINGS)
        path.chmod(0o640)
    before = user.tree()

    told = user.handtint("install", "krita")
    assert "Restart Krita" in told
    assert "systemctl" in told or "handtint_server" in told  # the sandboxes cannot start it
    for label, (resources, kritarc, data) in FOLDERS.items():
        assert label + ":" in told
        root = user.home / resources
        for name in (
            "pykrita/handtint.desktop",
            "pykrita/handtint/__init__.py",
            "pykrita/handtint/Manual.html",
            "pykrita/handtint/client/protocol.py",
            "actions/handtint.action",
        ):
            assert stat.S_IMODE((root / name).stat().st_mode) == 0o644
        lines = (user.home / kritarc).read_text().splitlines()
        assert "enable_handtint=true" in lines
        lines.remove("enable_handtint=true")
        assert lines == SETTINGS.splitlines()
        assert stat.S_IMODE((user.home / kritarc).stat().st_mode) == 0o640
        connection = json.loads((user.home / data / "connection.json").read_text())
        assert connection["can_start"] == (label == "Krita")

    once = {p: (user.home / p).read_bytes() for p in user.tree()}
    user.handtint("install", "krita")
    assert {p: (user.home / p).read_bytes() for p in user.tree()} == once

    user.handtint("uninstall", "krita")
    assert user.tree() == before
    for _, kritarc, _ in FOLDERS.values():
        assert (user.home / kritarc).read_text() == SETTINGS


@pytest.mark.parametrize(
    "settings",
    ["", "A=1\n", "A=1\n\n[theme]\nTheme=Krita dark\n", "[python]\r\nx=1\r\n\r\n[a]\r\n"],
)
def test_kritarc_is_as_before_after_uninstalling(user: User, settings: str) -> None:
    kritarc = user.home / ".config" / "kritarc"
    kritarc.parent.mkdir()
    kritarc.write_bytes(settings.encode())
    user.handtint("install", "krita")
    assert b"enable_handtint=true" in kritarc.read_bytes()
    user.handtint("uninstall", "krita")
    assert (kritarc.read_bytes() if settings else b"") == settings.encode()
    assert kritarc.exists() == bool(settings)


def test_the_resource_folder_chosen_in_krita_is_used(user: User) -> None:
    kritarc = user.home / ".config" / "kritarc"
    kritarc.parent.mkdir()
    chosen = user.home / "art" / "krita"
    chosen.mkdir(parents=True)
    kritarc.write_text(f"ResourceDirectory={chosen}\n")
    user.handtint("install", "krita")
    assert (chosen / "pykrita" / "handtint.desktop").is_file()
    user.handtint("uninstall", "krita")
    assert not (chosen / "pykrita" / "handtint.desktop").exists()
    assert kritarc.read_text() == f"ResourceDirectory={chosen}\n"


def test_a_named_folder(user: User) -> None:
    folder = user.home / "portable"
    user.handtint("install", "krita", "--editor-dir", folder)
    assert (folder / "pykrita" / "handtint" / "docker.py").is_file()
    user.handtint("uninstall", "krita", "--editor-dir", folder)
    assert not list(folder.rglob("*.py"))


def test_no_krita_is_one_sentence(user: User, tmp_path: Path) -> None:
    user.environ["PATH"] = str(tmp_path)
    told = user.handtint("install", "krita", code=1)
    assert told.startswith("No Krita was found")
    assert len(told.strip().splitlines()) == 1


@pytest.mark.krita
def test_kritas_own_importer_takes_the_zip(user: User, tmp_path: Path) -> None:
    run_in_krita.need()
    archive = package.build("krita", tmp_path / "dist")
    with zipfile.ZipFile(archive) as content:
        assert "handtint/__init__.py" in content.namelist()
        assert "handtint/Manual.html" in content.namelist()
    importer = run_in_krita.FOLDER / "usr/share/krita/pykrita/plugin_importer/plugin_importer.py"
    resources = tmp_path / "resources"
    resources.mkdir()
    told = subprocess.run(
        [sys.executable, str(importer), str(archive), str(resources)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.strip() == "Imported plugin: Handtint"
    imported = {p.relative_to(resources).as_posix() for p in resources.rglob("*") if p.is_file()}
    user.handtint("install", "krita", "--editor-dir", user.home / "krita")
    installed = user.home / "krita"
    assert imported <= {
        p.relative_to(installed).as_posix() for p in installed.rglob("*") if p.is_file()
    }
    assert all((resources / p).read_bytes() == (installed / p).read_bytes() for p in imported)
