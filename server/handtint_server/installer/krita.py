"""Where Krita looks for plug-ins, and how one is switched on."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from handtint_server import folders

from .base import InstallError, Place, installed_roots

TITLE = "Krita"
AFTER = (
    "Restart Krita; the entries are in its menu Tools > Scripts, the docker in Settings > "
    "Dockers > Handtint."
)

_FLATPAK, _SNAP = "org.kde.krita", "krita"
_STORE = "49800Krita_RESOURCEID_fk0jdzqhdzsjj"  # Krita's package in the Microsoft Store
_GROUP, _KEY = "[python]", "enable_handtint"

# Krita keeps the descriptions of menu entries beside the folder of the plug-ins.
_MOVED = (("actions/", "actions/"), ("", "pykrita/"))


@dataclass(frozen=True)
class KritaPlace(Place):
    """A Krita.  config: its kritarc, where plug-ins are switched on."""

    config: Path = Path()

    def enable(self) -> None:
        """Switch the plug-in on; Krita leaves new ones off."""
        _set_enabled(self.config, True)

    def disable(self) -> None:
        """Take the switch out again."""
        _set_enabled(self.config, False)


def find(editor_dir: Path | None = None) -> list[Place]:
    """Every Krita of this user, or the one whose resource folder is given.

    Raises InstallError if there is none.
    """
    if editor_dir is not None:
        return [_place("Krita", _resource_folder(editor_dir), _native_config())]
    places = _native() + _sandboxed()
    if not places:
        raise InstallError(
            "No Krita was found: start Krita once, close it and run this again, or name its "
            "resource folder with --editor-dir (Krita shows it in Settings > Manage Resources > "
            "Open Resource Folder)."
        )
    return list(places)


def find_installed(editor_dir: Path | None = None) -> list[Place]:
    """Every place that the plug-in was installed to, also where Krita is gone since."""
    known = {place.root: place for place in _native() + _sandboxed()}
    places: list[Place] = []
    for root, data, label in installed_roots("krita"):
        if editor_dir is not None and root != _resource_folder(editor_dir):
            continue
        config = known[root].config if root in known else _native_config()
        places.append(_place(label, root, config, data))
    return places


def _resource_folder(given: Path) -> Path:
    given = given.expanduser().absolute()
    return given.parent if given.name == "pykrita" else given


def _place(
    label: str, root: Path, config: Path, data: Path | None = None, sandboxed: bool = False
) -> KritaPlace:
    return KritaPlace(
        "krita",
        label,
        root,
        data or folders.data_folder(),
        sandboxed=sandboxed,
        moved=_MOVED,
        config=config,
    )


def _native_config() -> Path:
    home = Path.home()
    if sys.platform == "win32":
        return _local_app_data() / "kritarc"
    if sys.platform == "darwin":
        return home / "Library" / "Preferences" / "kritarc"
    return Path(os.environ.get("XDG_CONFIG_HOME") or str(home / ".config")) / "kritarc"


def _local_app_data() -> Path:
    return Path(os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local"))


def _native() -> list[KritaPlace]:
    """Krita from a package, an installer or an AppImage, which all share their folders."""
    home = Path.home()
    config = _native_config()
    if sys.platform == "win32":
        root = Path(os.environ.get("APPDATA") or str(home / "AppData" / "Roaming")) / "krita"
    elif sys.platform == "darwin":
        root = home / "Library" / "Application Support" / "krita"
    else:
        root = Path(os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")) / "krita"
    places = []
    if root.is_dir() or config.is_file() or shutil.which("krita"):
        places.append(_place("Krita", _chosen_root(config) or root, config))
    if sys.platform == "win32":
        cache = _local_app_data() / "Packages" / _STORE / "LocalCache"
        if cache.is_dir():
            label = "Krita (Microsoft Store)"
            places.append(_place(label, cache / "Roaming" / "krita", cache / "Local" / "kritarc"))
    return places


def _sandboxed() -> list[KritaPlace]:
    """Krita from Flatpak and Snap, which have folders of their own."""
    home = Path.home()
    places = []
    flatpak = home / ".var" / "app" / _FLATPAK
    if flatpak.is_dir():
        config = flatpak / "config" / "kritarc"
        root = _chosen_root(config) or flatpak / "data" / "krita"
        data = flatpak / "data" / folders.APP
        places.append(_place("Krita (Flatpak)", root, config, data, sandboxed=True))
    snap = home / "snap" / _SNAP
    if snap.is_dir():
        own_home = snap / "current"
        config = own_home / ".config" / "kritarc"
        root = _chosen_root(config) or own_home / ".local" / "share" / "krita"
        data = snap / "common" / folders.APP
        places.append(_place("Krita (Snap)", root, config, data, sandboxed=True))
    return places


def _chosen_root(config: Path) -> Path | None:
    """The resource folder that the user has chosen in Krita's settings, if there is one."""
    for line in _read(config).splitlines():
        if line.startswith("["):
            break  # the choice stands before the first group
        name, _, value = line.partition("=")
        chosen = Path(value.strip())
        if name.strip() == "ResourceDirectory" and chosen.is_absolute() and chosen.is_dir():
            return chosen
    return None


def _read(config: Path) -> str:
    try:
        # newline="": line ends stay as they are.
        with config.open(encoding="utf-8", newline="", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InstallError(f"{config} cannot be read: {error.strerror or error}.") from error


def _set_enabled(config: Path, on: bool) -> None:
    """Add the switch to kritarc or take it out; every other byte stays.

    Raises InstallError.
    """
    before = _read(config)
    after = _switched(before, on)
    if after == before:
        return
    target = config.resolve()  # a link into somebody's dotfiles stays a link
    if not after:
        target.unlink()
        return
    temporary = target.with_name(target.name + ".handtint")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        temporary.write_bytes(after.encode("utf-8", "surrogateescape"))
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InstallError(f"{config} cannot be written: {error.strerror or error}.") from error


def _switched(text: str, on: bool) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    group = next((i for i, line in enumerate(lines) if line.strip() == _GROUP), None)
    if group is None:
        if not on:
            return text
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += end
        gap = [end] if lines else []
        return "".join([*lines, *gap, _GROUP + end, f"{_KEY}=true{end}"])
    last = group + 1
    while last < len(lines) and not lines[last].startswith("["):
        last += 1
    inside = lines[group + 1 : last]
    kept = [line for line in inside if line.partition("=")[0].strip() != _KEY]
    if on:
        if f"{_KEY}=true" in (line.strip() for line in inside):
            return text
        kept.insert(0, f"{_KEY}=true{end}")
    elif not any(line.strip() for line in kept):
        head = lines[:group]  # the group was the plug-in's alone, and so was the gap
        if head and not head[-1].strip():
            head.pop()
        return "".join(head + lines[last:])
    return "".join([*lines[: group + 1], *kept, *lines[last:]])
