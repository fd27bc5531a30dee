"""Where GIMP looks for plug-ins."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from .environment import FLATPAK, Environment, Target, flatpak_is_there, program_version

NEWEST_GIMP = "3.0"  # assumed where GIMP is there but has never been started
_GIMP_VERSION = re.compile(r"3\.\d+\Z")


def targets(env: Environment) -> list[Target]:
    """The plug-ins folders of every GIMP of this user."""
    found = []
    if given := env.environ.get("GIMP3_DIRECTORY"):
        return [Target("gimp", "GIMP (GIMP3_DIRECTORY)", Path(given) / "plug-ins", env.data)]
    if env.platform == "win32":
        base = env.folder("APPDATA", "AppData", "Roaming") / "GIMP"
    elif env.platform == "darwin":
        base = env.home / "Library" / "Application Support" / "GIMP"
    else:
        base = env.folder("XDG_CONFIG_HOME", ".config") / "GIMP"
    for version in _versions(base, lambda: _native_gimp(env)):
        found.append(Target("gimp", f"GIMP {version}", base / version / "plug-ins", env.data))
    app = env.home / ".var" / "app" / FLATPAK["gimp"]
    base = app / "config" / "GIMP"
    for version in _versions(base, lambda: NEWEST_GIMP if flatpak_is_there(env, "gimp") else None):
        root = base / version / "plug-ins"
        title = f"GIMP {version} (Flatpak)"
        found.append(Target("gimp", title, root, app / "data" / "handtint", sandbox="flatpak"))
    snap = env.home / "snap" / "gimp"
    base = snap / "current" / ".config" / "GIMP"
    for version in _versions(base, lambda: NEWEST_GIMP if snap.is_dir() else None):
        root = base / version / "plug-ins"
        title = f"GIMP {version} (Snap)"
        found.append(Target("gimp", title, root, snap / "common" / "handtint", sandbox="snap"))
    return found


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
