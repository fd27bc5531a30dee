"""How a result gets to its place: under a temporary name beside it until it is complete."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from functools import lru_cache
from pathlib import Path

TEMPORARY_SUFFIX = ".handtint-part"
_LONGEST = 255  # bytes of a name on every usual file system
_STALE_SECONDS = 24 * 3600.0  # no result takes a day to be written
_KEPT_BYTES = 100  # of a result's name in that of its temporary file

_REASONS = {
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "there is no permission to write there",
    errno.EROFS: "the disk is write-protected",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.EEXIST: "there is a file of that name",
    errno.EISDIR: "there is a folder of that name",
    errno.EFBIG: "the file system takes no file of this size",
}


def temporary_stem(name: str) -> str:
    """How the names of a result's temporary files begin; at most 102 bytes."""
    kept = os.fsencode(name)[:_KEPT_BYTES]
    with contextlib.suppress(UnicodeDecodeError):
        return f".{kept.decode('utf-8')}."
    # Cut inside a character, or no UTF-8 at all.
    return f".{kept.decode('utf-8', 'ignore')}."


def temporary_beside(path: Path) -> Path:
    """A new name for a temporary file in the folder of a result."""
    return path.with_name(f"{temporary_stem(path.name)}{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")


def remove_stale(path: Path) -> None:
    """Delete what killed processes left of a result: its temporary files older than a day."""
    wanted = re.escape(temporary_stem(path.name)) + "[0-9a-f]{8}" + re.escape(TEMPORARY_SUFFIX)
    for part in _left_in(path.parent.absolute()):
        with contextlib.suppress(OSError):
            old = time.time() - part.lstat().st_mtime > _STALE_SECONDS
            if old and re.fullmatch(wanted, part.name):
                part.unlink()


@lru_cache(maxsize=64)
def _left_in(folder: Path) -> tuple[Path, ...]:
    """The temporary files of a folder, listed once: with many photos on a network drive that takes
    seconds, and what comes later is not stale."""
    try:
        return tuple(part for part in folder.iterdir() if part.name.endswith(TEMPORARY_SUFFIX))
    except OSError:
        return ()


def put_in_place(part: Path, path: Path) -> None:
    """Give a complete file its final name.

    An existing file is replaced and its mode kept. A symbolic link is followed, and stays a link.
    A device or a pipe is never replaced: root may write in /dev, too.
    """
    real = Path(os.path.realpath(path)) if path.is_symlink() else path
    with contextlib.suppress(FileNotFoundError):
        mode = real.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise OSError(errno.EINVAL, "what has that name is no ordinary file", str(path))
    with contextlib.suppress(OSError):
        part.chmod(stat.S_IMODE(real.stat().st_mode))
    if real.parent == path.parent:
        part.replace(real)
        return
    try:
        part.replace(real)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The link leads to another disk: copy there, then rename.
        import shutil

        near = temporary_beside(real)
        try:
            shutil.copyfile(part, near)
            with contextlib.suppress(OSError):
                shutil.copymode(part, near)
            near.replace(real)
        finally:
            with contextlib.suppress(OSError):
                near.unlink()
        part.unlink()


def reason(error: Exception, path: Path | None = None) -> str:
    """Why a file cannot be written, in words, without a full stop.

    libvips does not say it. So we try to write to the folder and take the system's reason.
    """
    if not isinstance(error, OSError):
        found = _try_folder(path) if path is not None else None
        if found is None:
            detail = str(getattr(error, "detail", error))
            lines = [line.strip() for line in detail.splitlines() if line.strip()]
            return lines[-1].rstrip(".") if lines else "libvips gave no reason"
        error = found
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def _try_folder(path: Path) -> OSError | None:
    """The error that comes when a little is written beside a result; None if it works."""
    part = temporary_beside(path)
    try:
        if len(os.fsencode(path.name)) > _LONGEST:
            return OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        with part.open("xb") as file:
            file.write(bytes(1 << 20))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return None
