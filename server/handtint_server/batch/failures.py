"""The list of the photos that failed."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import TYPE_CHECKING

from handtint_model.errors import BadOption
from handtint_model.files.target import reason

from ..sentences import shown_path

if TYPE_CHECKING:
    from .plan import Outcome

_HEAD = ("photo", "error")


class FailureList:
    """A CSV of the photos that failed, written as they do; no file while there is none.

    path: None for no list at all.  An earlier run's list is replaced at the first failure,
    or removed at the end of a run without one.  Raises BadOption where the path is a file that is
    no such list.  problem: why it cannot be written, once that is known; the run goes on without
    it.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        # A device, such as /dev/null, and a pipe are written to but never removed.
        self._ordinary = path is not None and path.is_file()
        if path is not None and self._ordinary and not _is_list(path):
            raise BadOption(
                f"{shown_path(path)} is no list of photos that failed, so it is not replaced; "
                "name another file with --failures."
            )
        self.count = 0
        self.problem = ""

    def __enter__(self) -> FailureList:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not (self.path is None or kind or self.count or self.problem) and self._ordinary:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def add(self, outcome: Outcome) -> None:
        """Append a photo that failed; does nothing for others."""
        if self.path is None or self.problem or not outcome.error:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a" if self.count else "w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                if not self.count:
                    writer.writerow(_HEAD)
                writer.writerow([shown_path(outcome.job.source), outcome.error])
        except OSError as error:
            self.problem = f"{shown_path(self.path)} cannot be written: {reason(error)}."
            return
        self.count += 1


def _is_list(path: Path) -> bool:
    """Whether a file is an earlier run's list, or empty, as `mktemp` makes it."""
    with path.open("rb") as file:
        first = file.readline(100)
    line = first.decode("utf-8-sig", "replace").rstrip("\r\n")
    return not first or line == ",".join(_HEAD)
