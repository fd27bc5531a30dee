"""What `handtint colorize` shows on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from handtint_server.sentences import shown, shown_path
from handtint_server.translation import _

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from handtint_server.batch.failures import FailureList
    from handtint_server.batch.plan import Outcome


class Report:
    """What the terminal shows: results, faults, and for several photos one progress bar."""

    def __init__(self, total: int, skipped: int, several: bool) -> None:
        self.several = several
        self.skipped = skipped
        self.done = self.faults = 0
        # Photos done before do not count for the rate, nor does loading the network.
        self.bar = tqdm(total=total, initial=skipped, unit="photo", disable=not several)

    def start(self) -> None:
        """The run begins now."""
        self.bar.unpause()

    def tell(self, message: str) -> None:
        """Print a line above the bar."""
        tqdm.write(message, file=sys.stderr)

    def show_all(self, outcomes: Iterable[Outcome], failures: FailureList) -> None:
        """Show outcomes as they come, and list those that failed."""
        for outcome in outcomes:
            self.show(outcome)
            before = failures.problem
            failures.add(outcome)
            if failures.problem != before:
                self.tell(failures.problem)

    def show(self, outcome: Outcome) -> None:
        """Count an outcome and print its error or note, or the result's name."""
        if message := outcome.error or outcome.note:
            self.tell(f"{shown_path(outcome.job.source)}: {shown(message)}")
        if outcome.error:
            self.faults += 1
        elif outcome.skipped:
            self.skipped += 1
        else:
            self.done += 1
            if not self.several:
                click.echo(shown_path(outcome.job.target))
        self.bar.update()

    def close(self) -> None:
        """Close the bar; after an interruption, say how to go on."""
        self.bar.close()
        if self.several and sys.exc_info()[0] is KeyboardInterrupt:
            done = _("%d done; the same command goes on from here.") % self.done
            click.echo(done, err=True)

    def summary(self, failures: FailureList, skipped: Counter[str]) -> str:
        """One line at the end.  skipped: files that are no photos, by kind."""
        parts = [_("%d colorized") % self.done]
        if self.skipped:
            parts.append(_("%d done before") % self.skipped)
        if self.faults and failures.path and failures.count:
            where = {"count": self.faults, "path": shown_path(failures.path)}
            parts.append(_("%(count)d failed (see %(path)s)") % where)
        elif self.faults:
            parts.append(_("%d failed") % self.faults)
        if skipped:
            kinds = ", ".join(f"{shown(kind)} {n}" for kind, n in skipped.most_common())
            over = {"count": sum(skipped.values()), "kinds": kinds}
            parts.append(_("%(count)d passed over (%(kinds)s)") % over)
        return ", ".join(parts) + "."
