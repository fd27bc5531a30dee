"""Copies plug-ins into editors and takes them out again; tells them about the server.

What was written is kept in ``installed.json`` in the data folder, so that uninstalling
removes exactly that.  Beside the plug-in, an editor gets a ``connection.json`` in a data
folder that it can read (docs/http-api.md, section 1.2), and the server a list of the folders
to mirror its discovery into (1.3).
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from handtint_server import __version__, discovery, folders

from .sources import PluginFile, plugin_files
from .unit import UNIT_COMMAND, remove_unit, unit_path, write_unit

CONNECTION, MANIFEST = "connection.json", "installed.json"
FORMAT = 1
IDLE_UNLOAD_MINUTES = 10


class InstallError(folders.FolderError):
    """A plug-in cannot be installed or removed."""


@dataclass(frozen=True)
class Place:
    """Where an editor looks for plug-ins.

    label: for people, such as "GIMP 3.0 (Flatpak)".  root: folder that the plug-in's files
    are put under, by their paths in the ZIP.  data: folder, readable for the editor, of
    connection.json.  sandboxed: the editor can neither start programs nor see the runtime
    folder.
    """

    editor: str
    label: str
    root: Path
    data: Path
    sandboxed: bool = False
    moved: tuple[tuple[str, str], ...] = field(default=())
    """(prefix in the ZIP, prefix below `root`) where the two differ."""

    def target(self, name: str) -> Path:
        """Where a file of the ZIP goes."""
        for old, new in self.moved:
            if name.startswith(old):
                name = new + name[len(old) :]
                break
        return self.root / PurePosixPath(name)

    def enable(self) -> None:
        """What the editor needs besides the files; most need nothing.  Raises InstallError."""

    def disable(self) -> None:
        """Take back what `enable` did.  Raises InstallError."""


def install(place: Place) -> list[Path]:
    """Put a plug-in where its editor looks, or bring it up to date; the files written.

    Raises InstallError.  Files of an earlier version that are gone are removed.
    """
    home = folders.data_folder()
    try:
        wanted = {place.target(file.name): file for file in plugin_files(place.editor)}
        manifest = _read_manifest(home)
        for path, file in wanted.items():
            _write(path, file)
        before = [Path(p) for p in manifest.get(str(place.root), {}).get("files", [])]
        _remove([path for path in before if path not in wanted], place.root)
        manifest[str(place.root)] = {
            "editor": place.editor,
            "label": place.label,
            "data": str(place.data),
            "files": [str(path) for path in wanted],
        }
        _write_manifest(home, manifest)
        _connect(place, home, manifest)
        place.enable()
    except OSError as error:
        raise InstallError(
            f"{error.filename or place.root} cannot be written: {error.strerror or error}."
        ) from error
    return list(wanted)


def uninstall(place: Place) -> list[Path]:
    """Take a plug-in out; the files removed, none if it was not there.  Raises InstallError."""
    home = folders.data_folder()
    manifest = _read_manifest(home)
    entry = manifest.pop(str(place.root), None)
    if entry is None:
        return []
    files = [Path(p) for p in entry["files"]]
    try:
        place.disable()
        removed = _remove(files, place.root)
        _write_manifest(home, manifest)
        data = Path(entry["data"])
        if not any(other["data"] == entry["data"] for other in manifest.values()):
            for name in (CONNECTION, discovery.FILE, discovery.TOKEN):
                # The server's own runtime folder is never a data folder of an editor.
                with contextlib.suppress(FileNotFoundError):
                    (data / name).unlink()
        _write_mirrors(home, manifest)
        if not manifest:
            for name in (MANIFEST, discovery.MIRRORS):
                with contextlib.suppress(FileNotFoundError):
                    (home / name).unlink()
            remove_unit()
        for folder in {data, home}:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only if nothing of the user's is left in it
    except OSError as error:
        raise InstallError(
            f"{error.filename or place.root} cannot be removed: {error.strerror or error}."
        ) from error
    return removed


def installed_files(place: Place) -> list[Path]:
    """What is installed at a place according to the manifest; empty if nothing is."""
    entry = _read_manifest(folders.data_folder()).get(str(place.root), {})
    return [Path(p) for p in entry.get("files", [])]


def installed_roots(editor: str) -> list[tuple[Path, Path, str]]:
    """(root, data folder, label) of every place an editor's plug-in was installed to."""
    manifest = _read_manifest(folders.data_folder())
    return [
        (Path(root), Path(entry["data"]), str(entry["label"]))
        for root, entry in manifest.items()
        if entry["editor"] == editor
    ]


# --- files ---------------------------------------------------------------------------------


def _write(path: Path, file: PluginFile) -> None:
    """Whole or not at all: the editor may start the plug-in at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(file.data)
    temporary.chmod(0o755 if file.executable else 0o644)
    temporary.replace(path)


def _remove(files: list[Path], root: Path) -> list[Path]:
    """Remove files and the folders that this leaves empty, with what Python cached in them."""
    removed = []
    parents: set[Path] = set()
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            removed.append(path)
        parents.update(p for p in path.parents if root in p.parents)
    for folder in sorted(parents, key=lambda p: len(p.parts), reverse=True):
        cache = folder / "__pycache__"
        if cache.is_dir():
            stems = {path.stem for path in files if path.parent == folder}
            for compiled in cache.iterdir():
                if compiled.name.split(".")[0] in stems:
                    compiled.unlink()
        for emptied in (cache, folder):
            with contextlib.suppress(OSError):
                emptied.rmdir()
    return removed


def _read_manifest(home: Path) -> dict[str, Any]:
    try:
        content = json.loads((home / MANIFEST).read_text("utf-8"))
        if content["format"] != FORMAT:
            raise InstallError(f"{home / MANIFEST} is of a newer handtint: update handtint first.")
        places: dict[str, Any] = content["places"]
        return places
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallError(
            f"{home / MANIFEST} cannot be read ({error}): remove it and install again."
        ) from error


def _write_manifest(home: Path, places: dict[str, Any]) -> None:
    folders.make_private(home)
    content = {"format": FORMAT, "places": places}
    folders.write_private(home / MANIFEST, json.dumps(content, indent=1).encode())


# --- the server ----------------------------------------------------------------------------


def start_command() -> list[str]:
    """What starts a server in the background, in this very environment."""
    command = [sys.executable, "-m", "handtint_server", "serve"]
    command += ["--idle-unload", str(IDLE_UNLOAD_MINUTES)]
    for flag, variable in (("--runtime-dir", "HANDTINT_RUNTIME_DIR"), ("--home", "HANDTINT_HOME")):
        if value := os.environ.get(variable):
            command += [flag, str(Path(value).absolute())]
    return command


def start_by_hand() -> str:
    """The one command that a user is shown."""
    if unit_path().is_file():
        return UNIT_COMMAND
    command = start_command()
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _connect(place: Place, home: Path, manifest: dict[str, Any]) -> None:
    """Tell the editor about the server, and the server about the editor."""
    write_unit(start_command())
    announced = [place.data / discovery.FILE]
    if not place.sandboxed:
        announced.append(folders.runtime_folder() / discovery.FILE)
    content = {
        "format": FORMAT,
        "version": __version__,
        "start": start_command(),
        "can_start": not place.sandboxed,
        "start_by_hand": start_by_hand(),
        "discovery": [str(path) for path in announced],
    }
    folders.make_private(place.data)
    folders.write_private(place.data / CONNECTION, json.dumps(content, indent=1).encode())
    _write_mirrors(home, manifest)


def _write_mirrors(home: Path, manifest: dict[str, Any]) -> None:
    discovery.write_mirrors(home, [Path(entry["data"]) for entry in manifest.values()])
