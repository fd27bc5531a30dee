"""The photos of an evaluation: files, folders and tar shards, one after another."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BadImage

SUFFIXES = frozenset({".avif", ".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True)
class PhotoFile:
    """One photo on disk, read when asked.

    name: member name in a tar, path below the given folder, or file name.
    path: the file or tar that holds it.  start, size: its bytes there; size -1 is to the end.
    """

    name: str
    path: Path
    start: int = 0
    size: int = -1

    def open(self) -> Image.Image:
        """The decoded photo as an sRGB picture of mode RGB; raises BadImage."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                data = file.read(self.size)
            with Image.open(io.BytesIO(data)) as image:
                return image.convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise BadImage(
                f"the photo {self.name} cannot be read: it is damaged or of an unknown format."
            ) from error

    def read(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 sRGB at the stored size; raises BadImage."""
        return np.asarray(self.open())


def find_photos(paths: Sequence[Path]) -> list[PhotoFile]:
    """The photos at ``paths``: picture files, tar shards, folders of either (searched deeply).

    Order: as given, and by name inside a folder or shard.  Raises BadImage for a path that
    does not exist or holds no photo.
    """
    found: list[PhotoFile] = []
    for path in paths:
        here = _find(path)
        if not here:
            raise BadImage(
                f"there is no photo in {path}; give picture files, folders or tar shards."
            )
        found += here
    return found


def _find(path: Path) -> list[PhotoFile]:
    if path.is_dir():
        found = []
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() == ".tar":
                found += _members(file)
            elif file.suffix.lower() in SUFFIXES:
                found.append(PhotoFile(file.relative_to(path).as_posix(), file))
        return found
    if not path.is_file():
        raise BadImage(f"there is no file or folder {path}.")
    if path.suffix.lower() == ".tar":
        return _members(path)
    return [PhotoFile(path.name, path)]


def _members(path: Path) -> list[PhotoFile]:
    try:
        with tarfile.open(path, "r:") as shard:
            found = [
                PhotoFile(member.name, path, member.offset_data, member.size)
                for member in shard
                if member.isfile() and Path(member.name).suffix.lower() in SUFFIXES
            ]
    except (OSError, tarfile.TarError) as error:
        raise BadImage(f"the tar shard {path} cannot be read: {error}.") from error
    return sorted(found, key=lambda photo: photo.name)


def evenly(photos: Sequence[PhotoFile], limit: int | None) -> list[PhotoFile]:
    """At most ``limit`` photos, evenly spaced, so that every source is represented."""
    if limit is None or limit >= len(photos):
        return list(photos)
    return [photos[i * len(photos) // limit] for i in range(limit)]
