"""Copying a plug-in into an editor's folder, with a list of what was copied.

The list, ``handtint-install.json`` in the plug-in's folder, lets the next installation
remove what it no longer has, `uninstall` remove exactly what is ours, and `doctor` tell
another version or a changed file.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .. import __version__
from ..model import HandtintError
from .environment import Target
from .krita import enable_in_kritarc

MANIFEST = "handtint-install.json"
FORMAT = 1


class InstallError(HandtintError):
    """A plug-in could not be installed or removed."""


@dataclass(frozen=True)
class Manifest:
    """What an installation has put where: SHA-256 by name."""

    version: str
    files: dict[str, str]

    @classmethod
    def read(cls, target: Target) -> Manifest | None:
        """That of an installation; None if there is none of ours."""
        try:
            data = json.loads((target.folder / MANIFEST).read_text("utf-8"))
            if data["format"] != FORMAT:
                return None
            files = {str(k): str(v) for k, v in data["files"].items() if _is_plain(str(k))}
            return cls(str(data["version"]), files)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def changed(self, target: Target) -> list[str]:
        """The files that are gone or are not what was installed."""
        return [name for name, digest in self.files.items() if _digest(target, name) != digest]


def _is_plain(name: str) -> bool:
    """Whether a name stays inside the installation."""
    return not (name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name)


def _digest(target: Target, name: str) -> str:
    try:
        return hashlib.sha256(target.path_of(name).read_bytes()).hexdigest()
    except OSError:
        return ""


def plugin_sources() -> Path:
    """The folder ``plugins`` of this installation; raises InstallError."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "plugins", here.parents[3] / "plugins"):
        if (folder / "package.py").is_file():
            return folder
    raise InstallError("this installation of Handtint came without its plug-ins; install it anew.")


def plugin_files(editor: str) -> dict[str, Path]:
    """What an installation holds: name -> source; raises InstallError."""
    sources = plugin_sources()
    found: dict[str, Path] = _package(sources).files(editor, sources)
    if not found:
        raise InstallError(f"this installation of Handtint came without its {editor} plug-in.")
    return found


def _package(sources: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("handtint_plugin_package", sources / "package.py")
    if spec is None or spec.loader is None:
        raise InstallError("this installation of Handtint came without its plug-ins.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def install(target: Target) -> Manifest:
    """Copy the plug-in, replace an older one, remove what that had more; raises InstallError."""
    files = plugin_files(target.editor)
    before = Manifest.read(target)
    digests: dict[str, str] = {}
    try:
        for name, source in files.items():
            data = source.read_bytes()
            path = target.path_of(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.new")
            temporary.write_bytes(data)
            # GIMP takes a plug-in only if its main file may be executed.
            executable = source.stat().st_mode & 0o100 or name == "handtint/handtint.py"
            is_main = target.editor == "gimp" and executable
            temporary.chmod(0o755 if is_main else 0o644)
            temporary.replace(path)
            digests[name] = hashlib.sha256(data).hexdigest()
        manifest = Manifest(__version__, digests)
        content = {"format": FORMAT, "version": __version__, "files": digests}
        (target.folder / MANIFEST).write_text(json.dumps(content, indent=1), "utf-8")
    except OSError as error:
        raise InstallError(
            f"{error.filename or target.root} cannot be written: {error.strerror or error}."
        ) from error
    if before is not None:
        _remove(target, [name for name in before.files if name not in digests])
    if target.kritarc is not None:
        enable_in_kritarc(target.kritarc, True)
    return manifest


def uninstall(target: Target) -> bool:
    """Remove what `install` has put there and nothing else; false if there was nothing."""
    manifest = Manifest.read(target)
    if manifest is None:
        return False
    _remove(target, list(manifest.files))
    (target.folder / MANIFEST).unlink(missing_ok=True)
    _remove_empty(target.folder)
    if target.kritarc is not None and target.kritarc.exists():
        enable_in_kritarc(target.kritarc, None)
    return True


def _remove(target: Target, names: list[str]) -> None:
    for name in names:
        path = target.path_of(name)
        with contextlib.suppress(OSError):
            path.unlink()
        # what Python has compiled of it
        for compiled in path.parent.joinpath("__pycache__").glob(f"{path.stem}.*.pyc"):
            with contextlib.suppress(OSError):
                compiled.unlink()
    folders = {folder for name in names for folder in target.path_of(name).parents}
    for folder in sorted(folders, reverse=True):
        if target.folder in (folder, *folder.parents):
            _remove_empty(folder / "__pycache__")
            _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
