"""Drives flows (generators) from the event loop of a program with a window.

The flows of `session` yield `Send`, `Pause` and `Start`, those of a plug-in also `Tick` and
`Until`.  Nothing here waits: Krita holds back its layers' signals in a nested event loop, and
GIMP's panel would not follow the mouse.

The event loop is whatever has

- `timer(call)`: something with `start(milliseconds)` and `stop()` that calls once, and again
  only if started again,
- `send(endpoint, request, timeout, done, failed, report)`: something with `abort()`; calls
  `done` with an Answer or `failed` with a ClientError, later.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any, Callable, Generator

from . import transport
from .errors import ClientError
from .messages import Answer
from .session import Pause, Send, Start
from .steps import Tick, Until
from .translation import _

UNTIL_MS = 10

Flow = Generator[Any, Any, Any]


class Unexpected(ClientError):
    """A fault of the plug-in itself."""


def _no_report(text: str, fraction: float) -> None:
    pass


class Job:
    """A flow on its way.

    done: called with what the flow returns.  failed: called with the ClientError it raised.
    report: called with a text and 0..1.  starting: called when a server is started.  None of
    them is called after `cancel`.
    """

    def __init__(
        self,
        loop: Any,
        flow: Flow,
        done: Callable[[Any], None],
        failed: Callable[[ClientError], None],
        report: Callable[[str, float], None] = _no_report,
        starting: Callable[[], None] = lambda: None,
    ) -> None:
        self._loop = loop
        self._flow = flow
        self._done, self._failed, self._tell = done, failed, report
        self._furthest = 0.0
        self._starting = starting
        self._call: Any = None
        self._until: Until | None = None
        self._inside = False
        self._timer = loop.timer(self._on_timer)
        self.over = False

    def start(self) -> Job:
        """Begin, from the event loop."""
        self._timer.start(0)
        return self

    def cancel(self) -> None:
        """Stop at once; the flow's `finally` clauses run, a request is given up."""
        if self.over:
            return
        self._end()
        if self._inside:
            return  # called from within the flow: it is dropped at its next step
        self._flow.close()

    def _end(self) -> None:
        self.over = True
        self._timer.stop()
        if self._call is not None:
            self._call.abort()
            self._call = None

    def _on_timer(self) -> None:
        if self._inside:  # a call to the editor has let events through
            self._timer.start(UNTIL_MS)
            return
        if self._until is not None and not self._until.ready():
            self._timer.start(UNTIL_MS)
            return
        self._until = None
        self._advance()

    def _on_answer(self, answer: Answer) -> None:
        self._call = None
        self._advance(answer)

    def _on_error(self, error: ClientError) -> None:
        self._call = None
        self._advance(error=error)

    def _advance(self, value: Any = None, error: ClientError | None = None) -> None:
        while not self.over:
            self._inside = True
            try:
                step = self._flow.throw(error) if error is not None else self._flow.send(value)
            except StopIteration as end:
                self._finish(self._done, end.value)
                return
            except ClientError as raised:
                self._finish(self._failed, raised)
                return
            except Exception as fault:
                traceback.print_exc(file=sys.stderr)
                problem = Unexpected(
                    _(
                        "The Handtint plug-in met a fault of its own (%(kind)s: %(fault)s): "
                        "nothing more was changed. Please report it."
                    )
                    % {"kind": type(fault).__name__, "fault": fault}
                )
                self._finish(self._failed, problem)
                return
            finally:
                self._inside = False
            if self.over:
                self._flow.close()
                return
            value = error = None
            if isinstance(step, Start):
                self._starting()
                try:
                    value = transport.start(step)
                except ClientError as raised:
                    error = raised
                continue
            self._wait_for(step)
            return

    def _report(self, text: str, fraction: float) -> None:
        """Pass progress on; the bar never goes back, whatever has to be done again."""
        self._furthest = max(self._furthest, fraction)
        self._tell(text, self._furthest)

    def _wait_for(self, step: Any) -> None:
        if isinstance(step, Send):
            self._call = self._loop.send(
                step.endpoint,
                step.request,
                step.timeout,
                self._on_answer,
                self._on_error,
                self._report,
            )
        elif isinstance(step, Pause):
            if step.text:
                self._report(step.text, 0.0)
            self._timer.start(int(step.seconds * 1000))
        elif isinstance(step, Until):
            self._until = step
            self._timer.start(0)
        else:
            assert isinstance(step, Tick), step
            if step.text:
                self._report(step.text, step.fraction)
            self._timer.start(0)

    def _finish(self, callback: Callable[[Any], None], value: Any) -> None:
        if not self.over:
            self._end()
            callback(value)


class SideJobs:
    """Jobs beside the command; a newer one of the same name takes its place."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._jobs: dict[str, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def runs(self, name: str) -> bool:
        """Whether one of this name runs."""
        return name in self._jobs

    def run(
        self,
        name: str,
        flow: Flow,
        done: Callable[[Any], None],
        failed: Callable[[ClientError], None],
    ) -> None:
        """Run a flow."""
        self.stop(name)

        def finish(call: Callable[[Any], None]) -> Callable[[Any], None]:
            def finished(value: Any) -> None:
                self._jobs.pop(name, None)
                call(value)

            return finished

        self._jobs[name] = Job(self._loop, flow, finish(done), finish(failed)).start()

    def stop(self, name: str) -> None:
        """Stop it, if it runs."""
        job = self._jobs.pop(name, None)
        if job is not None:
            job.cancel()
