"""Which photos to colorize, where each result goes, and with which hints."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from handtint_model.errors import BadHint, BadImage, BadOption
from handtint_model.files import formats as image_formats
from handtint_model.types import ColorizeOptions, Hints, check_point, parse_color

from ..sentences import shown_path
from .hint_folder import HintFolder
from .search import MARK, MOST_NOTES, find_photos, head_of

_LONGEST_NAME = 255  # bytes, on every usual file system

Point = tuple[float, float, str]


@dataclass(frozen=True)
class HintSource:
    """Where the hints of a photo come from; both may be given, points lie on top.

    within: a gray picture of the photo's size; all these hints are kept inside it.
    """

    points: tuple[Point, ...] = ()
    radius: float = 4.0
    path: Path | None = None  # a file, or a folder with NAME.EXT.hints.json or ...png
    within: Path | None = None


@dataclass(frozen=True)
class PhotoJob:
    """One photo to colorize."""

    source: Path
    target: Path
    hint_file: Path | None = None


@dataclass(frozen=True)
class BatchSettings:
    """What holds for every photo of a run; small, and can be sent to other processes."""

    options: ColorizeOptions = field(default_factory=ColorizeOptions)
    hints: HintSource = field(default_factory=HintSource)
    save_hints: bool = False
    overwrite: bool = False
    max_pixels: int = 400_000_000
    page: int | None = None  # of TIFF files with several, from 1
    mark: bool = True  # say in the result that it was colorized
    references: tuple[Path, ...] = ()  # photos in color to take colors from
    beside: bool = False  # also a picture with the original at the result's left


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    error: a sentence, empty if all went well.  note: what was done otherwise than asked.
    """

    job: PhotoJob
    error: str = ""
    skipped: bool = False
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class BatchPlan:
    """What a run will do.

    failed: photos and folders that cannot be a job, with the reason.  notes: sentences on
    folders that are links, and on hint files that belong to no photo.  skipped: how many files
    of each kind are no photos.
    """

    jobs: list[PhotoJob]
    failed: list[Outcome]
    notes: tuple[str, ...] = ()
    skipped: Counter[str] = field(default_factory=Counter)


def plan(
    paths: Sequence[Path], out: Path | None, hints: HintSource, *, beside: bool = False
) -> BatchPlan:
    """What to do for the given files and folders.

    out: None puts each result beside its photo; a name with a picture's extension is the
    one result's file; any other is a folder, in which the tree of the sources is rebuilt.
    beside: each photo makes a second picture, at `beside_path`.
    Raises BadOption if the request as a whole makes no sense.
    """
    search = find_photos(paths)
    photos = search.photos
    linked = [
        f"{shown_path(place)}: a link to a folder is not followed; name it to have it colorized."
        for place in search.linked[:MOST_NOTES]
    ]
    if not photos and not search.unreadable:
        places = ", ".join(map(shown_path, paths))
        raise BadOption(" ".join((f"there are no pictures in {places}.", *linked)))
    single = out is not None and not out.is_dir() and _names_picture(out)
    if single and (len(photos) > 1 or paths[0].is_dir()):
        name = shown_path(out or "")
        raise BadOption(f"the target {name} is one file; several photos need a folder after -o.")
    folder = _check_hints(hints, photos)
    failed = [
        Outcome(PhotoJob(place, place), f"this folder cannot be read: {error.strerror or error}.")
        for place, error in search.unreadable
    ]
    jobs: list[PhotoJob] = []
    taken: dict[str, Path] = {}
    for source, base in photos:
        target = out if single and out is not None else _result_path(source, base, out)
        job = PhotoJob(source, target, hints.path if folder is None else folder.file_for(source))
        written = {
            os.path.normcase(path.absolute()): path
            for path in ((target, beside_path(target)) if beside else (target,))
        }
        if clashes := taken.keys() & written.keys():
            key = min(clashes)
            other, name = shown_path(taken[key]), shown_path(written[key])
            reason = f"its result would have the name of the one of {other}: {name}."
            failed.append(Outcome(job, reason))
            continue
        taken.update(dict.fromkeys(written, source))
        jobs.append(job)
    notes = (*linked, *(folder.notes if folder else ()))
    return BatchPlan(jobs, failed, notes, search.skipped)


def _check_hints(hints: HintSource, photos: Sequence[tuple[Path, Path]]) -> HintFolder | None:
    """The folder of hints, if one is named; raises BadOption for hints of one photo only."""
    is_folder = hints.path is not None and hints.path.is_dir()
    if len(photos) > 1:
        if hints.points:
            raise BadOption("--point colours one photo; with several use --hints FOLDER.")
        if hints.path is not None and not is_folder:
            raise BadOption("one hint file belongs to one photo; with several use --hints FOLDER.")
        if hints.within is not None:
            raise BadOption("--within belongs to one photo; with several use --hints FOLDER.")
    return HintFolder(hints.path, photos) if hints.path is not None and is_folder else None


def is_wanted(job: PhotoJob, *, overwrite: bool) -> bool:
    """Whether a photo has no result yet, or none with its newest hints.

    Newer hints count only for a result under the name that Handtint gives: a file that the user
    named may be anything, the photo itself, too.
    """
    if overwrite:
        return True
    try:
        made = job.target.stat().st_mtime_ns
        if job.hint_file is None or not _is_named_as_result(job.target):
            return False
        return not job.target.samefile(job.source) and job.hint_file.stat().st_mtime_ns > made
    except OSError:
        return True


def check_beside(job: PhotoJob, settings: BatchSettings) -> None:
    """Raise BadOption where --beside would replace a picture that no earlier run has made.

    One with the name of a result may be left of an interrupted run, and is replaced.
    """
    path = beside_path(job.target)
    if not path.exists():
        return
    name = shown_path(path)
    if path.samefile(job.source):
        raise BadOption(f"--beside: {name} is the photo itself; give the result another name.")
    if not settings.overwrite and not _is_named_as_result(path):
        raise BadOption(f"--beside: {name} exists already; add --overwrite to make it anew.")


def _is_named_as_result(path: Path) -> bool:
    return path.stem.endswith(MARK)


def notes_on_done(jobs: Iterable[PhotoJob]) -> list[str]:
    """A sentence for each photo that is newer than the result that it is passed over for.

    It was changed since, or the result is another photo's: of a folder colorized before it into
    the same one, whose photos have the same names.
    """
    newer = []
    for job in jobs:
        with contextlib.suppress(OSError):
            if job.source.stat().st_mtime_ns > job.target.stat().st_mtime_ns:
                newer.append(job)
    notes = [
        f"{shown_path(job.source)}: it is newer than {shown_path(job.target)}, which was left as "
        "it is; if that is another photo's result or an old one, take another folder or add "
        "--overwrite."
        for job in newer[:MOST_NOTES]
    ]
    if more := len(newer) - len(notes):
        notes.append(f"{more} more photos are newer than the results of their names.")
    return notes


def beside_path(target: Path) -> Path:
    """Where --beside puts original and result: ``NAME.beside.colorized.EXT``, or
    ``NAME.beside.EXT`` for a result that was named so."""
    stem = target.stem.removesuffix(MARK)
    mark = MARK if target.stem.endswith(MARK) else ""
    return target.with_name(shortened(stem, f".beside{mark}{target.suffix}"))


def _names_picture(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in image_formats.PICTURE_EXTENSIONS:
        image_formats.by_extension(path)  # refuses .gif and the like, with a sentence
        return True
    return False


def _result_path(source: Path, base: Path, out: Path | None) -> Path:
    """``NAME.colorized.EXT``; EXT is the source's unless that says another format.

    Of formats that are only read the results are PNG.  What follows the last dot of "St. Petersburg
    1910" or "box12.001" is part of the name.
    """
    known = source.suffix.lower() in image_formats.PICTURE_EXTENSIONS
    stem, extension = (source.stem, source.suffix) if known else (source.name, "")
    try:
        kind = image_formats.detect(head_of(source))
        if image_formats.is_read_only(kind):
            kind = image_formats.by_name("png")
        if extension.lower() not in kind.extensions:
            extension = kind.extensions[0]
    except BadImage:
        pass  # reading it will say what is wrong
    name = shortened(stem, f"{MARK}{extension}")
    folder = source.parent if out is None else out / source.parent.relative_to(base)
    return folder / name


def shortened(stem: str, ending: str) -> str:
    """A name that file systems take: the stem is cut, by bytes, if it has to be."""
    room = _LONGEST_NAME - len(os.fsencode(ending))
    data = os.fsencode(stem)
    while len(data) > room:
        stem = stem[:-1]
        data = os.fsencode(stem)
    return stem + ending


def parse_point(text: str) -> Point:
    """``X,Y,#RRGGBB`` to (x, y, "#rrggbb"); raises BadHint."""
    parts = [part.strip() for part in text.split(",")]
    try:
        x, y = float(parts[0]), float(parts[1])
        (color,) = parts[2:]
    except (ValueError, IndexError):
        raise BadHint(
            f"a point is written X,Y,#RRGGBB, for example 120,80,#c04030, not {text!r}."
        ) from None
    red, green, blue = parse_color(color)
    return x, y, f"#{red:02x}{green:02x}{blue:02x}"


def read_job_hints(job: PhotoJob, settings: BatchSettings, size: tuple[int, int]) -> Hints | None:
    """The hints of a job's photo of (width, height) `size`, or None; raises BadHint."""
    from handtint_model.files.hint_files import read_hints, read_mask

    hints = Hints()
    if job.hint_file is not None:
        hints += read_hints(job.hint_file, size)
    for x, y, _ in settings.hints.points:
        check_point(x, y, size)
    hints += Hints.from_points(settings.hints.points, radius=settings.hints.radius)
    if settings.hints.within is not None:
        hints = hints.within(read_mask(settings.hints.within, size))
    for path in settings.references:
        hints += reference_hints(path)
    return hints or None


def reference_hints(path: Path) -> Hints:
    """The colors of a photo; raises BadHint with its name."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise BadHint(f"{shown_path(path)}: {error.strerror or error}.") from error
    return _reference_hints(path, changed)


@lru_cache(maxsize=8)
def _reference_hints(path: Path, changed: int) -> Hints:
    """changed: when the file was, so that a newer one is read anew."""
    from handtint_model.files import read_reference

    try:
        return Hints.from_reference(read_reference(path))
    except BadHint as error:
        raise BadHint(f"{shown_path(path)}: {error}") from error
