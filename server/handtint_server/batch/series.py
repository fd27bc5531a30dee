"""A series alike: photos one after another, each taking the colors of the results before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from handtint_model.errors import BadHint

from .pipeline import Backend, colorize_one
from .plan import BatchSettings, Outcome, PhotoJob, is_wanted, reference_hints

REMEMBERED = 3
"""Results before a photo whose colors it takes, besides the first."""


@dataclass(eq=False)
class SeriesRun:
    """Colorizes jobs so that what belongs together has the same colors.

    Photos with hints come first, so that what is painted on one counts on the others; the rest
    keep their order.  A photo takes colors from the first result (or ``like``, a result from
    before) and from the last three.  Results that exist count, too.  Iterate over it once.
    """

    jobs: Sequence[PhotoJob]
    settings: BatchSettings
    backend: Backend
    like: Path | None = None
    _results: list[Path] = field(default_factory=list, init=False)

    def __enter__(self) -> SeriesRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is under way between two photos."""

    def __iter__(self) -> Iterator[Outcome]:
        if self.like is not None:
            self._results.append(self.like)
        for job in sorted(self.jobs, key=lambda job: job.hint_file is None):
            wanted = is_wanted(job, overwrite=self.settings.overwrite)
            outcome = None
            if wanted:
                outcome = colorize_one(job, self._settings(), self.backend)
            if outcome is None or not outcome.error:
                self._remember(job.target)
            if outcome is not None:
                yield outcome

    def _settings(self) -> BatchSettings:
        """Those of the next photo."""
        # A photo that was named is the first reference of all; a server takes four of them.
        named = self.settings.references
        latest = self._results[1:][-max(1, REMEMBERED - len(named)) :]
        return replace(self.settings, references=(*named, *self._results[:1], *latest))

    def _remember(self, result: Path) -> None:
        try:
            reference_hints(result)
        except BadHint:
            return  # gray all over: nothing to take from it
        self._results.append(result)
