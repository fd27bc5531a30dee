"""Where GIMP 3 looks for plug-ins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from handtint_server import folders

from .base import InstallError, Place, installed_roots

TITLE = "GIMP"
AFTER = "Restart GIMP; the entries are in its menu Colors."

_VERSION = re.compile(r"3\.\d+\Z")
_FLATPAK, _SNAP = "org.gimp.GIMP", "gimp"


def find(editor_dir: Path | None = None) -> list[Place]:
    """Every GIMP 3 of this user, or the one whose settings folder is given.

    Raises InstallError if there is none.
    """
    if editor_dir is not None:
        return [_place("GIMP", _settings_folder(editor_dir))]
    places = []
    given = os.environ.get("GIMP3_DIRECTORY")
    if given and Path(given).is_dir():
        places.append(_place("GIMP", Path(given).absolute()))
    for base in _native_bases():
        places += [_place(f"GIMP {folder.name}", folder) for folder in _versions(base)]
    places += _sandboxed()
    if not places:
        places = _never_started()
    unique = {place.root: place for place in places}
    return list(unique.values())


def find_installed(editor_dir: Path | None = None) -> list[Place]:
    """Every place that the plug-in was installed to, also where GIMP is gone since."""
    return [
        Place("gimp", label, root, data)
        for root, data, label in installed_roots("gimp")
        if editor_dir is None or root == _settings_folder(editor_dir) / "plug-ins"
    ]


def _settings_folder(given: Path) -> Path:
    given = given.expanduser().absolute()
    return given.parent if given.name == "plug-ins" else given


def _place(label: str, folder: Path, data: Path | None = None) -> Place:
    sandboxed = data is not None
    return Place(
        "gimp", label, folder / "plug-ins", data or folders.data_folder(), sandboxed=sandboxed
    )


def _versions(base: Path) -> list[Path]:
    """The settings folders below a base, one for each minor version that was started."""
    if not base.is_dir():
        return []
    return sorted(folder for folder in base.iterdir() if _VERSION.match(folder.name))


def _native_bases() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA") or str(home / "AppData" / "Roaming")
        return [Path(roaming) / "GIMP"]
    if sys.platform == "darwin":
        return [home / "Library" / "Application Support" / "GIMP"]
    config = os.environ.get("XDG_CONFIG_HOME") or str(home / ".config")
    return [Path(config) / "GIMP"]


def _sandboxed() -> list[Place]:
    """GIMP from Flatpak and Snap, which have settings folders of their own."""
    home = Path.home()
    places = []
    flatpak = home / ".var" / "app" / _FLATPAK
    data = flatpak / "data" / folders.APP
    for folder in _versions(flatpak / "config" / "GIMP"):
        places.append(_place(f"GIMP {folder.name} (Flatpak)", folder, data))
    snap = home / "snap" / _SNAP
    for folder in _versions(snap / "current" / ".config" / "GIMP"):
        data = snap / "common" / folders.APP
        places.append(_place(f"GIMP {folder.name} (Snap)", folder, data))
    return places


def _never_started() -> list[Place]:
    """A GIMP that has no settings folder yet.

    Its folder may be made beforehand only where there is no older one to take settings from.
    """
    version = _program_version()
    base = _native_bases()[0]
    if version and not base.exists():
        return [_place(f"GIMP {version}", base / version)]
    hint = f"GIMP {version} was never started: start" if version else "No GIMP 3 was found: start"
    raise InstallError(
        f"{hint} GIMP once, close it and run this again, or name the folder that holds its "
        "plug-ins folder with --editor-dir (GIMP shows it in Preferences > Folders > Plug-ins)."
    )


def _program_version() -> str:
    """Such as "3.0", of the GIMP on the path; "" if there is none of version 3."""
    for name in ("gimp", "gimp-3", "gimp-console"):
        program = shutil.which(name)
        if program is None:
            continue
        try:
            told = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=30, check=False
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            continue
        match = re.search(r"\b(3\.\d+)\.\d+", told)
        if match:
            return match[1]
    return ""
