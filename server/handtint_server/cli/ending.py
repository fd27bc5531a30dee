"""SIGTERM and a closed terminal end the work like Ctrl-C: in order, without half-written files."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import click

from handtint_server.translation import _

_SIGNALS = ("SIGTERM", "SIGHUP")  # Windows lacks the second one
_SHELLS_BASE = 128  # shells report a signal as 128 and its number
SAME_END = 5.0
"""Seconds in which further signals mean the same end, as a terminal that is closed sends two."""


@contextlib.contextmanager
def ends_in_order() -> Iterator[None]:
    """Within, the signals raise KeyboardInterrupt; then the command exits with 128 + the signal.

    A signal that is ignored stays so: `nohup` wants the work to go on. Further signals soon after
    do not disturb the tidying up. In a thread, which cannot have a say in signals, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, float]] = []  # those that were raised, and when

    def stop(number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not caught or now - caught[-1][1] > SAME_END:
            caught.append((number, now))
            raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {n: old for n, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    except (KeyboardInterrupt, OSError):
        if not caught:
            raise
        with contextlib.suppress(OSError):  # the terminal may be gone
            click.echo(_("Stopped."), err=True)
        click.get_current_context().exit(_SHELLS_BASE + caught[0][0])
    finally:
        for number, old in before.items():
            signal.signal(number, old)
