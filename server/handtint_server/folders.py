"""Where things lie: runtime folder, data folder, logs (docs/http-api.md, section 1)."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import platformdirs

from .model import HandtintError

APP = "handtint"


class FolderError(HandtintError):
    """A folder or file of the server's own cannot be used."""


def runtime_folder(given: Path | None = None) -> Path:
    """The folder of ``server.json`` and ``token``; not created."""
    if given is None and (variable := os.environ.get("HANDTINT_RUNTIME_DIR")):
        given = Path(variable)
    if given is not None:
        return given.absolute()
    with warnings.catch_warnings():
        # platformdirs warns where XDG_RUNTIME_DIR is unset; its fallback is what we want.
        warnings.simplefilter("ignore")
        try:
            return Path(platformdirs.user_runtime_dir(APP, appauthor=False))
        except OSError as error:
            raise FolderError(
                f"the runtime folder cannot be used: {error}; choose one with --runtime-dir."
            ) from error


def data_folder(given: Path | None = None) -> Path:
    """The folder of ``connection.json`` and of the list of mirrors; not created."""
    if given is None and (variable := os.environ.get("HANDTINT_HOME")):
        given = Path(variable)
    return given.absolute() if given else Path(platformdirs.user_data_dir(APP, appauthor=False))


def log_file(given: Path | None = None) -> Path:
    """The log file; not created."""
    if given is not None:
        return given.absolute()
    return Path(platformdirs.user_log_dir(APP, appauthor=False)) / "server.log"


def make_private(folder: Path) -> None:
    """Create a folder that only the user can enter; raises FolderError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            status = folder.lstat()
            if status.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
                raise FolderError(f"{folder} belongs to someone else; choose another folder.")
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
