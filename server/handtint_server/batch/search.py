"""Which photos lie below files and folders, and what else does."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from handtint_model.files import formats as image_formats

MARK = ".colorized"
"""What a result's name has before its extension; files so named are never sources."""
HINT_ENDINGS = (".hints.json", ".hints.png")
FAILURES = "handtint-failures.csv"

MOST_NOTES = 20
"""Sentences of one kind that are told at most."""

# What network drives, systems and archivers keep beside photos: thumbnails, and what was deleted.
_NOT_PHOTOS = frozenset(
    ("@eadir", "@tmp", "#recycle", "#snapshot", "__macosx", "$recycle.bin", "thumbs.db")
)


@dataclass
class Search:
    """What was found.

    photos: each with the folder that the search began in.  skipped: how many files of each
    kind are no photos.  unreadable: folders that could not be looked into, and why.  linked:
    folders that are only links; they are not followed, as they may lead round in a circle.
    """

    photos: list[tuple[Path, Path]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[Path, OSError]] = field(default_factory=list)
    linked: list[Path] = field(default_factory=list)


def find_photos(paths: Iterable[Path]) -> Search:
    """Each photo below the given files and folders, once.

    A file that is named is always taken; reading it reports what is wrong.  In folders,
    hidden files, earlier results and hint files are no photos, and neither is what is no
    picture by its content or its name.
    """
    search = Search()
    seen = set()
    for path in paths:
        below = _below(path, search) if path.is_dir() else [(path, path.parent)]
        for photo, base in below:
            key = os.path.realpath(photo)
            if key not in seen:
                seen.add(key)
                search.photos.append((photo, base))
    if search.linked:
        search.skipped["linked folder"] = len(search.linked)
    return search


def _below(folder: Path, search: Search) -> Iterator[tuple[Path, Path]]:
    def note(error: OSError) -> None:
        search.unreadable.append((Path(error.filename or folder), error))

    for place, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not _is_aside(name))
        search.linked += (Path(place, name) for name in folders if Path(place, name).is_symlink())
        for name in sorted(names):
            path = Path(place, name)
            if _is_aside(name) or is_result(path) or name == FAILURES:
                continue
            if is_special(path):
                search.skipped["no regular file"] += 1
            elif _looks_like_picture(path):
                yield path, folder
            else:
                search.skipped[path.suffix.lower() or "without an ending"] += 1


def _is_aside(name: str) -> bool:
    return name.startswith(".") or name.lower() in _NOT_PHOTOS


def is_result(path: Path) -> bool:
    """Whether a name is that of a result or of a hint file."""
    return path.stem.endswith(MARK) or path.name.endswith(HINT_ENDINGS)


def is_special(path: Path) -> bool:
    """Whether this is a pipe, a socket or a device: opening one may wait without end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False  # reading it says what is wrong
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def head_of(path: Path) -> bytes:
    """The first bytes of a file, for `formats.detect`; none of what cannot be read."""
    try:
        if not is_special(path):
            with path.open("rb") as file:
                return file.read(image_formats.HEAD_BYTES)
    except OSError:
        pass  # reading it says what is wrong
    return b""


def _looks_like_picture(path: Path) -> bool:
    if path.suffix.lower() in image_formats.PICTURE_EXTENSIONS:
        return True
    return image_formats.is_supported(head_of(path))
