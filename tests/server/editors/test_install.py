"""`handtint install`, `uninstall`: real files in a made-up home."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from handtint_server.discovery import Publication, read_mirrors
from handtint_server.editors import connection, installer
from handtint_server.editors.environment import Environment
from handtint_server.editors.places import find_targets, given_target


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def environment(home: Path, platform: str = "linux", **more: str) -> Environment:
    return Environment({"HOME": str(home), "PATH": str(home / "bin"), **more}, platform)


def handtint(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    variables = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("XDG", "HANDTINT"))},
        "HOME": str(home),
        "HANDTINT_RUNTIME_DIR": str(home / "runtime"),
        "PATH": str(home / "bin"),
        **more,
    }
    return subprocess.run(
        [sys.executable, "-m", "handtint_server", *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=250,
    )


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


GIMP_PLACES = {
    "linux": ".config/GIMP/3.0",
    "darwin": "Library/Application Support/GIMP/3.0",
    "win32": "AppData/Roaming/GIMP/3.0",
}


@pytest.mark.parametrize("platform", list(GIMP_PLACES))
def test_gimp_by_platform(home: Path, platform: str) -> None:
    assert find_targets("gimp", environment(home, platform)) == []
    (home / GIMP_PLACES[platform]).mkdir(parents=True)
    (target,) = find_targets("gimp", environment(home, platform))
    assert target.folder == home / GIMP_PLACES[platform] / "plug-ins" / "handtint"


def test_several_gimps(home: Path) -> None:
    for place in (
        ".config/GIMP/2.10",
        ".config/GIMP/3.0",
        ".config/GIMP/3.2",
        ".var/app/org.gimp.GIMP/config/GIMP/3.0",
        "snap/gimp/current/.config/GIMP/3.0",
    ):
        (home / place).mkdir(parents=True)
    targets = find_targets("gimp", environment(home))
    titles = ["GIMP 3.0", "GIMP 3.2", "GIMP 3.0 (Flatpak)", "GIMP 3.0 (Snap)"]
    assert [t.title for t in targets] == titles
    assert targets[2].data == home / ".var/app/org.gimp.GIMP/data/handtint"
    assert targets[3].data == home / "snap/gimp/common/handtint"


def test_gimp_that_was_never_started(home: Path) -> None:
    program = home / "bin" / "gimp"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho GNU Image Manipulation Program version 3.2.1\n")
    program.chmod(0o755)
    (target,) = find_targets("gimp", environment(home, PATH=f"{home}/bin:/bin:/usr/bin"))
    assert target.title == "GIMP 3.2"
    program.write_text("#!/bin/sh\necho GNU Image Manipulation Program version 2.10.34\n")
    assert find_targets("gimp", environment(home, PATH=f"{home}/bin:/bin:/usr/bin")) == []


@pytest.mark.parametrize(
    ("platform", "root", "kritarc"),
    [
        ("linux", ".local/share/krita", ".config/kritarc"),
        ("darwin", "Library/Application Support/krita", "Library/Preferences/kritarc"),
        ("win32", "AppData/Roaming/krita", "AppData/Local/kritarc"),
    ],
)
def test_krita_by_platform(home: Path, platform: str, root: str, kritarc: str) -> None:
    (home / root).mkdir(parents=True)
    (target,) = find_targets("krita", environment(home, platform))
    assert (target.root, target.kritarc) == (home / root, home / kritarc)


def test_sandboxed_kritas(home: Path) -> None:
    (home / ".var/app/org.kde.krita").mkdir(parents=True)
    (home / "snap/krita").mkdir(parents=True)
    flatpak, snap = find_targets("krita", environment(home))
    assert flatpak.folder == home / ".var/app/org.kde.krita/data/krita/pykrita/handtint"
    assert snap.folder == home / "snap/krita/current/.local/share/krita/pykrita/handtint"
    assert {flatpak.sandbox, snap.sandbox} == {"flatpak", "snap"}


def test_gimp_install_update_uninstall(home: Path) -> None:
    env = environment(home)
    (home / ".config/GIMP/3.0/plug-ins/other").mkdir(parents=True)
    (home / ".config/GIMP/3.0/plug-ins/other/other.py").write_text("mine")
    (target,) = find_targets("gimp", env)
    before = files_below(home)
    installer.install(target)
    main = target.folder / "handtint.py"
    assert stat.S_IMODE(main.stat().st_mode) == 0o755  # else GIMP does not see it
    assert main.read_text().startswith("#!")
    assert (target.folder / "handtint_gimp" / "client" / "protocol.py").is_file()
    manifest = installer.Manifest.read(target)
    assert manifest is not None
    assert manifest.changed(target) == []
    # an older version had a file more, and the user has changed one
    extra = target.folder / "handtint_gimp" / "old.py"
    extra.write_text("old")
    main.write_text("changed")
    assert manifest.changed(target) == ["handtint/handtint.py"]
    record = json.loads((target.folder / installer.MANIFEST).read_text())
    record["files"]["handtint/handtint_gimp/old.py"] = "0" * 64
    (target.folder / installer.MANIFEST).write_text(json.dumps(record))
    (target.folder / "notes.txt").write_text("the user's own")
    installer.install(target)
    assert not extra.exists()
    assert main.read_text().startswith("#!")
    assert installer.uninstall(target)
    assert not installer.uninstall(target)
    left = files_below(home)
    assert left.pop(".config/GIMP/3.0/plug-ins/handtint/notes.txt") == b"the user's own"
    assert left == before


def test_a_manifest_cannot_remove_foreign_files(home: Path) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    precious = home / ".config/GIMP/3.0/precious"
    precious.write_text("mine")
    (target,) = find_targets("gimp", environment(home))
    target.folder.mkdir(parents=True)
    names = ["../precious", "/etc/passwd", "..\\precious", "handtint/../../precious"]
    content = {"format": 1, "version": "0", "files": dict.fromkeys(names, "0")}
    (target.folder / installer.MANIFEST).write_text(json.dumps(content))
    assert installer.uninstall(target)
    assert precious.read_text() == "mine"


KRITARC = "theme=Dark\n\n[python]\nenable_other=true\n# a comment\n\n[zoom]\nfactor=1\n"


def test_krita_install_and_uninstall(home: Path) -> None:
    (home / ".local/share/krita").mkdir(parents=True)
    kritarc = home / ".config" / "kritarc"
    kritarc.parent.mkdir()
    kritarc.write_text(KRITARC)
    before = files_below(home)
    (target,) = find_targets("krita", environment(home))
    installer.install(target)
    installer.install(target)
    root = home / ".local/share/krita"
    for name in ("pykrita/handtint.desktop", "pykrita/handtint/__init__.py"):
        assert (root / name).is_file()
    assert (root / "actions" / "handtint.action").is_file()
    lines = kritarc.read_text().splitlines()
    assert lines.count("enable_handtint=true") == 1
    assert lines.index("enable_handtint=true") == lines.index("[python]") + 1
    assert [x for x in lines if x != "enable_handtint=true"] == KRITARC.splitlines()
    assert installer.uninstall(target)
    assert files_below(home) == before


@pytest.mark.parametrize("text", [None, "", "[python]\nenable_handtint=false\n", "a=b\n"])
def test_kritarc_in_any_state(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "config" / "kritarc"
    if text is not None:
        path.parent.mkdir()
        path.write_text(text)
    installer.enable_in_kritarc(path, True)
    lines = path.read_text().splitlines()
    assert lines[lines.index("[python]") + 1] == "enable_handtint=true"
    assert "enable_handtint=false" not in lines


def test_connection_and_mirror(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that runs already, and one that starts later, both reach a sandboxed editor."""
    runtime = home / "runtime"
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(runtime))
    env = environment(home)
    (home / ".var/app/org.gimp.GIMP/config/GIMP/3.0").mkdir(parents=True)
    (target,) = find_targets("gimp", env)
    running = Publication(runtime)
    running.lock()
    running.publish("http://127.0.0.1:1", "t" * 43, "0.1.0", "abc")
    path = connection.write_connection(target, env)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = json.loads(path.read_text())
    assert content["start"][0] == sys.executable
    assert content["can_start"] is False
    mirror = Path(content["discovery"][0])
    assert mirror.parent == target.data
    found = json.loads(mirror.read_text())
    assert Path(found["token_file"]).read_text() == "t" * 43 + "\n"
    assert Path(found["token_file"]).parent == target.data
    assert stat.S_IMODE(Path(found["token_file"]).stat().st_mode) == 0o600
    running.withdraw()
    later = Publication(runtime, read_mirrors(env.data))
    later.lock()
    later.publish("http://127.0.0.1:2", "u" * 43, "0.1.0", "def")
    assert json.loads(mirror.read_text())["url"] == "http://127.0.0.1:2"
    later.withdraw()
    assert not mirror.exists()
    connection.remove_connection(target.data, env)
    assert not path.exists()
    assert read_mirrors(env.data) == []


@pytest.mark.slow
def test_commands(home: Path) -> None:
    missing = handtint(home, "install", "gimp")
    assert missing.returncode == 1
    assert "--editor-dir" in missing.stderr
    assert "Traceback" not in missing.stderr
    given = home / "my-gimp"
    done = handtint(home, "install", "gimp", "--editor-dir", str(given))
    assert done.returncode == 0, done.stderr
    assert "Restart GIMP" in done.stdout
    assert (given / "plug-ins/handtint/handtint.py").is_file()
    assert (home / ".local/share/handtint/connection.json").is_file()
    gone = handtint(home, "uninstall", "gimp", "--editor-dir", str(given))
    assert gone.returncode == 0, gone.stderr
    assert not (given / "plug-ins/handtint").exists()
    assert not (home / ".local/share/handtint/connection.json").exists()
    again = handtint(home, "uninstall", "gimp", "--editor-dir", str(given))
    assert "not installed" in again.stdout


def test_given_folders(home: Path) -> None:
    env = environment(home)
    for folder in (home / "x", home / "x" / "plug-ins"):
        assert given_target("gimp", folder, env).folder == home / "x/plug-ins/handtint"
    for folder in (home / "k", home / "k" / "pykrita"):
        assert given_target("krita", folder, env).folder == home / "k/pykrita/handtint"


def test_folder_that_cannot_be_written(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(installer.InstallError, match="cannot be written"):
        installer.install(given_target("gimp", home / "file" / "x", environment(home)))


def test_unit_has_the_interpreter(home: Path) -> None:
    systemctl = home / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text("#!/bin/sh\n")
    systemctl.chmod(0o755)
    env = environment(home)
    path = connection.install_unit(env)
    assert path == home / ".config/systemd/user/handtint.service"
    text = path.read_text()
    assert f"ExecStart={sys.executable} -m handtint_server serve\n" in text
    assert connection.start_by_hand(env) == "systemctl --user enable --now handtint"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("weights", ["", "/tmp/own weights 100%.safetensors"])
def test_systemd_takes_the_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str
) -> None:
    monkeypatch.setenv("HANDTINT_WEIGHTS", weights)
    unit = tmp_path / "handtint.service"
    unit.write_text(connection.unit_text())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "handtint" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    if weights:
        assert '--weights "/tmp/own weights 100%%.safetensors"' in unit.read_text()


def palette_of(path: Path) -> list[tuple[int, int, int, str]]:
    """The colors of a .gpl file, read as GIMP does."""
    first, name, *lines = path.read_text(encoding="utf-8").splitlines()
    assert first == "GIMP Palette"
    assert name.startswith("Name: Handtint ")
    colors = []
    for line in lines:
        if not line.startswith(("Columns:", "#")):
            values, label = line.split("\t")
            red, green, blue = map(int, values.split())
            colors.append((red, green, blue, label))
    return colors


@pytest.mark.slow
def test_palettes_come_and_go(home: Path) -> None:
    places = {"gimp": home / ".config/GIMP/3.0", "krita": home / ".local/share/krita"}
    for editor, place in places.items():
        (place / "palettes").mkdir(parents=True)
        (place / "palettes" / "mine.gpl").write_text("GIMP Palette\nName: Mine\n")
        done = handtint(home, "install", editor)
        assert done.returncode == 0, done.stderr
        found = sorted((place / "palettes").glob("handtint-*.gpl"))
        assert len(found) == 4
        for path in found:
            colors = palette_of(path)
            assert len(colors) > 20
            assert all(0 <= value <= 255 for color in colors for value in color[:3])
            assert len({label for *_, label in colors}) == len(colors)  # each has a name of its own
        assert handtint(home, "uninstall", editor).returncode == 0
        assert [p.name for p in (place / "palettes").iterdir()] == ["mine.gpl"]
