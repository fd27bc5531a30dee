"""Which editors are there, and where each looks for plug-ins (docs/http-api.md, section 1).

Everything is derived from an environment that is passed in, so that tests can make one up.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..folders import data_folder

EDITORS = ("gimp", "krita")
TITLES = {"gimp": "GIMP", "krita": "Krita"}
FLATPAK = {"gimp": "org.gimp.GIMP", "krita": "org.kde.krita"}
NEWEST_GIMP = "3.0"  # assumed where GIMP is there but has never been started
_GIMP_VERSION = re.compile(r"3\.\d+\Z")
_RUN_SECONDS = 20.0


@dataclass(frozen=True)
class Environment:
    """What the places depend on."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platform: str = sys.platform

    @property
    def home(self) -> Path:
        """The user's home."""
        return Path(self.environ.get("HOME") or self.environ.get("USERPROFILE") or Path.home())

    def folder(self, variable: str, *default: str) -> Path:
        """The folder that a variable names, or one below the home."""
        given = self.environ.get(variable)
        return Path(given) if given else self.home.joinpath(*default)

    @property
    def data(self) -> Path:
        """The data folder of Handtint for programs outside sandboxes."""
        return data_folder(None, self.environ, self.platform)

    def which(self, name: str) -> Path | None:
        """A program of the search path."""
        found = shutil.which(name, path=self.environ.get("PATH", os.defpath))
        return Path(found) if found else None


@dataclass(frozen=True)
class Target:
    """A place where an editor looks for plug-ins.

    root: GIMP's ``plug-ins`` folder, or Krita's resource folder.  data: where
    ``connection.json`` goes.  kritarc: Krita's settings.  sandbox: "flatpak", "snap" or "".
    """

    editor: str
    title: str
    root: Path
    data: Path
    kritarc: Path | None = None
    sandbox: str = ""

    @property
    def folder(self) -> Path:
        """The plug-in's own folder."""
        return self.root / "handtint" if self.editor == "gimp" else self.root / "pykrita/handtint"

    def path_of(self, name: str) -> Path:
        """Where a file of the installation (`plugins/package.py`) goes."""
        if self.editor == "krita" and not name.startswith("actions/"):
            return self.root / "pykrita" / name
        return self.root / name


def find_targets(editor: str, env: Environment) -> list[Target]:
    """The places of every installed version of an editor; empty if there is none."""
    if editor == "gimp":
        return _gimp(env)
    from . import krita

    return krita.targets(env)


def given_target(editor: str, folder: Path, env: Environment) -> Target:
    """A place that the user names: the editor's settings folder, or its plug-ins folder."""
    folder = folder.absolute()
    title = f"{TITLES[editor]} in {folder}"
    if editor == "gimp":
        root = folder if folder.name == "plug-ins" else folder / "plug-ins"
        return Target(editor, title, root, env.data)
    from . import krita

    root = folder.parent if folder.name == "pykrita" else folder
    return Target(editor, title, root, env.data, krita.kritarc_of(env))


def _gimp(env: Environment) -> list[Target]:
    targets = []
    if given := env.environ.get("GIMP3_DIRECTORY"):
        return [Target("gimp", "GIMP (GIMP3_DIRECTORY)", Path(given) / "plug-ins", env.data)]
    if env.platform == "win32":
        base = env.folder("APPDATA", "AppData", "Roaming") / "GIMP"
    elif env.platform == "darwin":
        base = env.home / "Library" / "Application Support" / "GIMP"
    else:
        base = env.folder("XDG_CONFIG_HOME", ".config") / "GIMP"
    for version in _versions(base, lambda: _native_gimp(env)):
        targets.append(Target("gimp", f"GIMP {version}", base / version / "plug-ins", env.data))
    app = env.home / ".var" / "app" / FLATPAK["gimp"]
    base = app / "config" / "GIMP"
    for version in _versions(base, lambda: NEWEST_GIMP if flatpak_is_there(env, "gimp") else None):
        root = base / version / "plug-ins"
        title = f"GIMP {version} (Flatpak)"
        targets.append(Target("gimp", title, root, app / "data" / "handtint", sandbox="flatpak"))
    snap = env.home / "snap" / "gimp"
    base = snap / "current" / ".config" / "GIMP"
    for version in _versions(base, lambda: NEWEST_GIMP if snap.is_dir() else None):
        root = base / version / "plug-ins"
        title = f"GIMP {version} (Snap)"
        targets.append(Target("gimp", title, root, snap / "common" / "handtint", sandbox="snap"))
    return targets


def _versions(base: Path, otherwise: Callable[[], str | None]) -> list[str]:
    """The 3.x folders that GIMP has made, or the version that `otherwise` knows of."""
    found = sorted(p.name for p in _children(base) if _GIMP_VERSION.match(p.name))
    if not found:
        version = otherwise()
        found = [version] if version else []
    return found


def _children(folder: Path) -> list[Path]:
    try:
        return [p for p in folder.iterdir() if p.is_dir()]
    except OSError:
        return []


def _native_gimp(env: Environment) -> str | None:
    """The version of a GIMP that has not been started yet."""
    if env.platform == "darwin":
        return NEWEST_GIMP if Path("/Applications/GIMP.app").exists() else None
    if env.platform == "win32":
        programs = Path(env.environ.get("PROGRAMFILES", r"C:\Program Files"))
        return NEWEST_GIMP if (programs / "GIMP 3").exists() else None
    for name in ("gimp-console", "gimp", "gimp-3.2", "gimp-3.0", "gimp-3"):
        program = env.which(name)
        version = program_version(program) if program else None
        if version and version.startswith("3."):
            return ".".join(version.split(".")[:2])
    return None


def program_version(program: Path) -> str | None:
    """What ``--version`` says, as ``3.0.4``; None if it says nothing."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_RUN_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+\.\d+(\.\d+)?", answer.stdout)
    return found[0] if found else None


def flatpak_is_there(env: Environment, editor: str) -> bool:
    """Whether an editor is there as Flatpak."""
    if (env.home / ".var" / "app" / FLATPAK[editor]).is_dir():
        return True
    places = (env.home / ".local/share/flatpak/app", Path("/var/lib/flatpak/app"))
    return env.platform == "linux" and any((p / FLATPAK[editor]).is_dir() for p in places)
