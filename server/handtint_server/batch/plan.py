"""Which photos to colorize, where each result goes, and with which hints."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handtint_model.errors import BadHint, BadImage, BadOption, HandtintError
from handtint_model.files import formats as image_formats
from handtint_model.types import ColorizeOptions, Hints, parse_color

MARK = ".colorized"
"""What a result's name has before its extension; files so named are never sources."""
HINT_ENDINGS = (".hints.json", ".hints.png")

Point = tuple[float, float, str]


@dataclass(frozen=True)
class HintSource:
    """Where the hints of a photo come from; both may be given, points lie on top."""

    points: tuple[Point, ...] = ()
    radius: float = 4.0
    path: Path | None = None  # a file, or a folder with NAME.hints.json or NAME.hints.png

    def file_for(self, photo: Path) -> Path | None:
        """The hint file of a photo, if there is one."""
        if self.path is None or not self.path.is_dir():
            return self.path
        for ending in HINT_ENDINGS:
            candidate = self.path / f"{photo.stem}{ending}"
            if candidate.exists():
                return candidate
        return None


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


def find_photos(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Each photo below the given files and folders, once, with the folder it was found in.

    A file that is named is always taken; reading it reports what is wrong.  In folders,
    hidden files, earlier results and hint files are skipped, and so is what is no picture by
    its content or its name.
    """
    seen = set()
    for path in paths:
        for photo, base in _below(path) if path.is_dir() else [(path, path.parent)]:
            key = os.path.realpath(photo)
            if key not in seen:
                seen.add(key)
                yield photo, base


def _below(folder: Path) -> Iterator[tuple[Path, Path]]:
    def refuse(error: OSError) -> None:
        raise HandtintError(f"{error.filename}: {error.strerror}.") from error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and not is_result(path) and _looks_like_picture(path):
                yield path, folder


def is_result(path: Path) -> bool:
    """Whether a name is that of a result or of a hint file."""
    return path.stem.endswith(MARK) or path.name.endswith(HINT_ENDINGS)


def _looks_like_picture(path: Path) -> bool:
    if path.suffix.lower() in image_formats.PICTURE_EXTENSIONS:
        return True
    try:
        with path.open("rb") as file:
            return image_formats.is_supported(file.read(image_formats.HEAD_BYTES))
    except OSError:
        return False


def plan(
    paths: Sequence[Path], out: Path | None, hints: HintSource
) -> tuple[list[PhotoJob], list[Outcome]]:
    """The jobs of a run, and the photos that cannot be one, with the reason.

    out: None puts each result beside its photo; a name with a picture's extension is the
    one result's file; any other is a folder, in which the tree of the sources is rebuilt.
    Raises BadOption if the request as a whole makes no sense.
    """
    photos = list(find_photos(paths))
    if not photos:
        raise BadOption(f"there are no pictures in {', '.join(str(p) for p in paths)}.")
    single = out is not None and not out.is_dir() and _names_picture(out)
    if single and (len(photos) > 1 or paths[0].is_dir()):
        raise BadOption(f"{out} is one file; several photos need a folder after -o.")
    if len(photos) > 1:
        if hints.points:
            raise BadOption("--point colours one photo; with several use --hints FOLDER.")
        if hints.path is not None and not hints.path.is_dir():
            raise BadOption("one hint file belongs to one photo; with several use --hints FOLDER.")
    jobs: list[PhotoJob] = []
    failed: list[Outcome] = []
    taken: dict[str, Path] = {}
    for source, base in photos:
        target = out if single and out is not None else _result_path(source, base, out)
        job = PhotoJob(source, target, hints.file_for(source))
        key = os.path.normcase(target.absolute())
        if key in taken:
            reason = f"its result would have the name of the one of {taken[key]}: {target}."
            failed.append(Outcome(job, reason))
            continue
        taken[key] = source
        jobs.append(job)
    return jobs, failed


def _names_picture(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in image_formats.PICTURE_EXTENSIONS:
        image_formats.by_extension(path)  # refuses .gif and the like, with a sentence
        return True
    return False


def _result_path(source: Path, base: Path, out: Path | None) -> Path:
    """``NAME.colorized.EXT``; EXT is the source's unless that says another format."""
    extension = source.suffix
    try:
        with source.open("rb") as file:
            kind = image_formats.detect(file.read(image_formats.HEAD_BYTES))
        if extension.lower() not in kind.extensions:
            extension = kind.extensions[0]
    except (OSError, BadImage):
        pass  # reading it will say what is wrong
    name = f"{source.stem}{MARK}{extension}"
    folder = source.parent if out is None else out / source.parent.relative_to(base)
    return folder / name


def parse_point(text: str) -> Point:
    """``X,Y,#RRGGBB`` to (x, y, "#rrggbb"); raises BadHint."""
    parts = [part.strip() for part in text.split(",")]
    try:
        x, y = float(parts[0]), float(parts[1])
        (colour,) = parts[2:]
    except (ValueError, IndexError):
        raise BadHint(
            f"a point is written X,Y,#RRGGBB, for example 120,80,#c04030, not {text!r}."
        ) from None
    red, green, blue = parse_color(colour)
    return x, y, f"#{red:02x}{green:02x}{blue:02x}"


def read_job_hints(job: PhotoJob, settings: BatchSettings, size: tuple[int, int]) -> Hints | None:
    """The hints of a job's photo of (width, height) `size`, or None; raises BadHint."""
    from handtint_model.files.hint_files import read_hints

    width, height = size
    hints = Hints()
    if job.hint_file is not None:
        hints += read_hints(job.hint_file, size)
    for x, y, _ in settings.hints.points:
        if not (0 <= x <= width and 0 <= y <= height):
            raise BadHint(f"the point {x:g},{y:g} lies outside the photo of {width} x {height}.")
    hints += Hints.from_points(settings.hints.points, radius=settings.hints.radius)
    return hints or None


class FailureList:
    """A CSV of the photos that failed, written as they do; no file while there is none.

    path: None for no list at all.  An earlier run's list is replaced at the first failure,
    or removed at the end of a run without one.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.count = 0

    def __enter__(self) -> FailureList:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.path is not None and kind is None and not self.count:
            self.path.unlink(missing_ok=True)

    def add(self, outcome: Outcome) -> None:
        """Append a photo that failed; does nothing for others."""
        if self.path is None or not outcome.error:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a" if self.count else "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if not self.count:
                writer.writerow(["photo", "error"])
            writer.writerow([str(outcome.job.source), outcome.error])
        self.count += 1
