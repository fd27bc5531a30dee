"""Where Krita looks for plug-ins, and the switch in its settings."""

from __future__ import annotations

import re
from pathlib import Path

from ..model import HandtintError
from .environment import FLATPAK, Environment, Target, flatpak_is_there

_STORE = "49800Krita_RESOURCEID_fk0jdzqhdzsjj"  # Krita's package in the Microsoft Store
_GROUP, _KEY = "[python]", "enable_handtint"
_SECTION = re.compile(r"\s*\[[^\]]*\]")


class KritarcError(HandtintError):
    """Krita's settings cannot be read or changed."""


def targets(env: Environment) -> list[Target]:
    """The resource folders of every Krita of this user."""
    return _native(env) + _sandboxed(env)


def kritarc_of(env: Environment) -> Path:
    """The settings of a Krita outside sandboxes."""
    if env.platform == "win32":
        return env.folder("LOCALAPPDATA", "AppData", "Local") / "kritarc"
    if env.platform == "darwin":
        return env.home / "Library" / "Preferences" / "kritarc"
    return env.folder("XDG_CONFIG_HOME", ".config") / "kritarc"


def _native(env: Environment) -> list[Target]:
    """Krita from a package, an installer or an AppImage, which all share their folders."""
    kritarc = kritarc_of(env)
    if env.platform == "win32":
        root = env.folder("APPDATA", "AppData", "Roaming") / "krita"
        program = Path(env.environ.get("PROGRAMFILES", r"C:\Program Files")) / "Krita (x64)"
        there = program.exists()
    elif env.platform == "darwin":
        root = env.home / "Library" / "Application Support" / "krita"
        there = Path("/Applications/krita.app").exists()
    else:
        root = env.folder("XDG_DATA_HOME", ".local", "share") / "krita"
        there = env.which("krita") is not None
    found = []
    if there or root.is_dir() or kritarc.is_file():
        found.append(Target("krita", "Krita", chosen_root(kritarc) or root, env.data, kritarc))
    if env.platform == "win32":
        cache = env.folder("LOCALAPPDATA", "AppData", "Local") / "Packages" / _STORE / "LocalCache"
        if cache.is_dir():
            title, root = "Krita (Microsoft Store)", cache / "Roaming" / "krita"
            found.append(Target("krita", title, root, env.data, cache / "Local" / "kritarc"))
    return found


def _sandboxed(env: Environment) -> list[Target]:
    """Krita from Flatpak and Snap, which have folders of their own."""
    found = []
    if flatpak_is_there(env, "krita"):
        app = env.home / ".var" / "app" / FLATPAK["krita"]
        kritarc = app / "config" / "kritarc"
        root = chosen_root(kritarc) or app / "data" / "krita"
        data = app / "data" / "handtint"
        found.append(Target("krita", "Krita (Flatpak)", root, data, kritarc, "flatpak"))
    snap = env.home / "snap" / "krita"
    if snap.is_dir():
        kritarc = snap / "current" / ".config" / "kritarc"
        root = chosen_root(kritarc) or snap / "current" / ".local" / "share" / "krita"
        data = snap / "common" / "handtint"
        found.append(Target("krita", "Krita (Snap)", root, data, kritarc, "snap"))
    return found


def chosen_root(kritarc: Path) -> Path | None:
    """The resource folder that the user has chosen in Krita's settings, if there is one."""
    for line in _read(kritarc).splitlines():
        if line.startswith("["):
            break  # the choice stands before the first group
        name, _, value = line.partition("=")
        chosen = Path(value.strip())
        if name.strip() == "ResourceDirectory" and chosen.is_absolute() and chosen.is_dir():
            return chosen
    return None


def _read(kritarc: Path) -> str:
    try:
        # newline="": line ends stay as they are.
        with kritarc.open(encoding="utf-8", newline="", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise KritarcError(f"{kritarc} cannot be read: {error.strerror or error}.") from error


def enable_in_kritarc(kritarc: Path, enabled: bool | None) -> None:
    """Set ``[python] enable_handtint``, or with None take it out; every other byte stays.

    Raises KritarcError.
    """
    before = _read(kritarc)
    after = _switched(before, enabled)
    if after == before:
        return
    target = kritarc.resolve()  # a link into somebody's dotfiles stays a link
    temporary = target.with_name(target.name + ".handtint")
    try:
        if not after:
            target.unlink()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        temporary.write_bytes(after.encode("utf-8", "surrogateescape"))
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise KritarcError(f"{kritarc} cannot be written: {error.strerror or error}.") from error


def _switched(text: str, enabled: bool | None) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    setting = None if enabled is None else f"{_KEY}={str(enabled).lower()}"
    lines = text.splitlines(keepends=True)
    group = next((i for i, line in enumerate(lines) if line.strip() == _GROUP), None)
    if group is None:
        if setting is None:
            return text
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += end
        gap = [end] if lines else []
        return "".join([*lines, *gap, _GROUP + end, setting + end])
    last = group + 1
    while last < len(lines) and not _SECTION.match(lines[last]):
        last += 1
    inside = lines[group + 1 : last]
    kept = [line for line in inside if line.partition("=")[0].strip() != _KEY]
    if setting is not None:
        if setting in (line.strip() for line in inside) and len(kept) == len(inside) - 1:
            return text
        kept.insert(0, setting + end)
    elif not any(line.strip() for line in kept):
        head = lines[:group]  # the group was the plug-in's alone, and so was the gap
        if head and not head[-1].strip():
            head.pop()
        return "".join(head + lines[last:])
    return "".join([*lines[: group + 1], *kept, *lines[last:]])
