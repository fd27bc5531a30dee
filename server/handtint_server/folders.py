"""Where things lie: runtime folder, data folder, logs (docs/http-api.md, section 1)."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from .model import HandtintError

APP = "handtint"


class FolderError(HandtintError):
    """A folder or file of the server's own cannot be used."""


def runtime_folder(
    given: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> Path:
    """The folder of ``server.json`` and ``token``; not created.

    Raises FolderError if the only one left lies in a folder of another user's.
    """
    if given is None and (variable := environ.get("HANDTINT_RUNTIME_DIR")):
        given = Path(variable)
    if given is not None:
        return given.absolute()
    if platform == "win32":
        return _local_app_data(environ) / "Temp" / APP
    if platform == "darwin":
        return home_folder(environ) / "Library" / "Caches" / "TemporaryItems" / APP
    # Not platformdirs': its rules differ by its version, and the plug-ins must come to the
    # same folder without it.
    base = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    if not environ.get("XDG_RUNTIME_DIR") and not base.is_dir():
        base = Path(f"/tmp/runtime-{os.getuid()}")
        refuse_foreign(base)
    return base / APP


def data_folder(
    given: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> Path:
    """The folder of ``connection.json`` and of the list of mirrors; not created."""
    if given is None and (variable := environ.get("HANDTINT_HOME")):
        given = Path(variable)
    if given is not None:
        return given.absolute()
    if platform == "win32":
        return _local_app_data(environ) / APP
    if platform == "darwin":
        return home_folder(environ) / "Library" / "Application Support" / APP
    shared = environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else home_folder(environ) / ".local" / "share") / APP


def home_folder(environ: Mapping[str, str]) -> Path:
    """The user's home; raises FolderError if there is none."""
    given = environ.get("HOME") or environ.get("USERPROFILE")
    if given:
        return Path(given)
    try:
        return Path.home()
    except (RuntimeError, KeyError) as error:
        raise FolderError(
            "this user has no home folder; set HOME, or HANDTINT_HOME and HANDTINT_RUNTIME_DIR."
        ) from error


def _local_app_data(environ: Mapping[str, str]) -> Path:
    given = environ.get("LOCALAPPDATA")
    return Path(given) if given else home_folder(environ) / "AppData" / "Local"


def refuse_foreign(folder: Path) -> None:
    """Raise FolderError if a folder is there and is not this user's own."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise FolderError(f"the folder {folder} cannot be used: {error.strerror}.") from error
    if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode):
        raise FolderError(f"{folder} belongs to someone else; choose another with --runtime-dir.")


def log_file(given: Path | None = None) -> Path:
    """The log file; not created."""
    if given is not None:
        return given.absolute()
    try:
        return Path(platformdirs.user_log_dir(APP, appauthor=False)).expanduser() / "server.log"
    except (RuntimeError, KeyError) as error:
        raise FolderError("this user has no home folder; choose one with --log-file.") from error


def make_private(folder: Path) -> None:
    """Create a folder that only the user can enter; raises FolderError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            status = folder.lstat()
            if status.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
                raise FolderError(f"{folder} belongs to someone else; choose another folder.")
            if status.st_mode & stat.S_ISVTX:
                raise FolderError(f"{folder} is for everyone; choose a folder of its own in it.")
            if status.st_mode & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise FolderError(
            f"the folder {folder} cannot be used: {error.strerror or error}; "
            "choose one with --runtime-dir."
        ) from error


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only the user can read, whole or not at all; raises FolderError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FolderError(f"{path} cannot be written: {error.strerror or error}.") from error
