"""What --save-hints leaves beside a photo, and when it must not.

Hints saved for an earlier result may be an hour's work: nobody has asked to lose them.
"""

from __future__ import annotations

from pathlib import Path

from handtint_model.errors import BadHint, BadOption, WriteFailed
from handtint_model.files.hint_files import dump_hints, read_hints, write_hints
from handtint_model.types import Hints

from ..sentences import shown_path
from .plan import PhotoJob, shortened
from .search import HINT_ENDINGS

Size = tuple[int, int]


def saved_hints_path(photo: Path) -> Path:
    """Where --save-hints puts the hints of a photo."""
    return photo.with_name(shortened(photo.name, HINT_ENDINGS[0]))


def check_saved_hints(job: PhotoJob, hints: Hints | None, size: Size) -> None:
    """Raise BadOption where saving the hints of this result would lose those of an earlier one.

    hints: this result's; without any, what lies there would be taken for them.  size: the photo's.
    """
    saved = _earlier(job)
    if saved is None:
        return
    name = shown_path(saved)
    if hints is None or not hints.all_patches():
        raise BadOption(
            f"--save-hints: this result has no hints, but {name} holds those of an "
            "earlier one; add --overwrite to delete them, or leave out --save-hints."
        )
    if not _holds(saved, hints, size):
        raise BadOption(
            f"--save-hints: {name} holds other hints; add --overwrite to replace them, or leave "
            "out --save-hints."
        )


def save_hints(job: PhotoJob, hints: Hints, size: Size) -> None:
    """Write the hints of a result, unless they lie there already; raises WriteFailed."""
    path = saved_hints_path(job.source)
    if not (path.exists() and _holds(path, hints, size)):
        write_hints(path, hints, size)


def remove_saved_hints(job: PhotoJob) -> None:
    """Delete the hints of an earlier result; raises WriteFailed."""
    saved = _earlier(job)
    try:
        if saved is not None:
            saved.unlink()
    except OSError as error:
        raise WriteFailed(
            f"the earlier hints {shown_path(saved or '')} cannot be deleted: "
            f"{error.strerror or error}."
        ) from error


def _earlier(job: PhotoJob) -> Path | None:
    """Hints saved for an earlier result of a job's photo; None if there are none, or if they are
    what this result was asked to be made with."""
    saved = saved_hints_path(job.source)
    given = job.hint_file
    own = given is not None and given.exists() and saved.exists() and given.samefile(saved)
    return saved if saved.exists() and not own else None


def _holds(saved: Path, hints: Hints, size: Size) -> bool:
    """Whether a file says the same as these hints, perhaps in other words."""
    try:
        return dump_hints(read_hints(saved, size), size) == dump_hints(hints, size)
    except BadHint:
        return False
