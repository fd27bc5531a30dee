"""The editors by name, and what the places of their plug-ins are derived from.

Everything is derived from an `Environment` that is passed in, so that tests can make one up.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..folders import data_folder, home_folder

EDITORS = ("gimp", "krita")
TITLES = {"gimp": "GIMP", "krita": "Krita"}
FLATPAK = {"gimp": "org.gimp.GIMP", "krita": "org.kde.krita"}
_RUN_SECONDS = 20.0


@dataclass(frozen=True)
class Environment:
    """What the places depend on."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platform: str = sys.platform

    @property
    def home(self) -> Path:
        """The user's home."""
        return home_folder(self.environ)

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
    named: whether the user named it with ``--editor-dir``.
    """

    editor: str
    title: str
    root: Path
    data: Path
    kritarc: Path | None = None
    sandbox: str = ""
    named: bool = False

    @property
    def install_command(self) -> str:
        """What the user types to install the plug-in here."""
        where = f" --editor-dir {shlex.quote(str(self.root))}" if self.named else ""
        return f"handtint install {self.editor}{where}"

    @property
    def folder(self) -> Path:
        """The plug-in's own folder."""
        return self.root / "handtint" if self.editor == "gimp" else self.root / "pykrita/handtint"

    def path_of(self, name: str) -> Path:
        """Where a file of the installation (`plugins/package.py`) goes."""
        if self.editor == "gimp" and name.startswith("palettes/"):
            return self.root.parent / name
        if self.editor == "krita" and not name.startswith(("actions/", "palettes/")):
            return self.root / "pykrita" / name
        return self.root / name


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
