"""Which hint file of a folder belongs to which photo.

The folder mirrors the tree of the photos, and a hint file has the photo's whole name:
``1950/a.png.hints.json`` belongs to ``1950/a.png``.  ``a.hints.json``, as earlier versions
wrote it, is read too, and so is a file that lies right in the folder, if only one photo can be
meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..sentences import shown_path
from .search import HINT_ENDINGS, MOST_NOTES


class HintFolder:
    """The hint files of a folder, matched with photos.  notes: sentences on those left over."""

    def __init__(self, folder: Path, photos: Sequence[tuple[Path, Path]]) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._files: dict[Path, Path] = {}
        relative = {photo: photo.relative_to(base) for photo, base in photos}
        wanted: dict[Path, list[Path]] = defaultdict(list)
        for photo, name in relative.items():
            for key in {name, name.with_suffix(""), Path(name.name), Path(name.stem)}:
                wanted[key].append(photo)
        for file in sorted(folder.rglob("*")):
            photo_name = _key(file.relative_to(folder))
            if photo_name is not None and file.is_file():
                self._match(file, photo_name, wanted.get(photo_name, []), relative)
        if len(photos) < 2:
            self.notes.clear()  # one photo was named: the others' hints are of no interest
        elif len(self.notes) > MOST_NOTES:
            more = len(self.notes) - MOST_NOTES
            self.notes[MOST_NOTES:] = [f"{more} more hint files were not used."]

    def _match(self, file: Path, key: Path, photos: list[Path], relative: dict[Path, Path]) -> None:
        # A whole name in its place decides, then a name without its ending in its place.
        exact = [photo for photo in photos if relative[photo] == key]
        photos = exact or [p for p in photos if relative[p].with_suffix("") == key] or photos
        name = shown_path(file)
        if not photos:
            self.notes.append(f"the hint file {name} belongs to no photo here.")
        elif len(photos) > 1:
            several = ", ".join(shown_path(photo) for photo in photos[:3])
            self.notes.append(
                f"the hint file {name} fits several photos ({several}) and was not used; give it "
                f"the place and the whole name of one, like {photos[0].name}{HINT_ENDINGS[0]}."
            )
        else:
            photo = photos[0]
            before = self._files.get(photo)
            if before is None or (exact and _key_of(before, self.folder) != relative[photo]):
                self._files[photo], file = file, before or file
            if before is not None:
                self.notes.append(
                    f"the hint file {shown_path(file)} was not used; "
                    f"{shown_path(self._files[photo])} belongs to the same photo."
                )

    def file_for(self, photo: Path) -> Path | None:
        """The hint file of a photo, if there is one."""
        return self._files.get(photo)


def _key(file: Path) -> Path | None:
    """The photo that a hint file names, with or without its ending; None for other files."""
    for ending in HINT_ENDINGS:
        if file.name.endswith(ending) and len(file.name) > len(ending):
            return file.with_name(file.name.removesuffix(ending))
    return None


def _key_of(file: Path, folder: Path) -> Path | None:
    return _key(file.relative_to(folder))
