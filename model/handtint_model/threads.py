"""Work in horizontal strips, on several threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import lru_cache
from itertools import islice

POOL = "handtint-render"


def thread_count() -> int:
    """Threads for rendering: ``HANDTINT_THREADS``, else the processors this process may use."""
    chosen = os.environ.get("HANDTINT_THREADS", "")
    if chosen.isdigit() and int(chosen) > 0:
        return int(chosen)
    if hasattr(os, "sched_getaffinity"):
        return min(16, len(os.sched_getaffinity(0)))
    return min(16, os.cpu_count() or 1)


def strips(length: int, width: int, pixels: int) -> list[tuple[int, int]]:
    """(start, stop) of strips of at most so many pixels, at least one row each."""
    rows = max(1, pixels // max(1, width))
    return [(top, min(top + rows, length)) for top in range(0, length, rows)]


@lru_cache(maxsize=4)
def _pool(_process: int, threads: int) -> ThreadPoolExecutor:
    """Threads are kept: starting them would take as long as a small photo's work.

    A forked process has none of its parent's.
    """
    return ThreadPoolExecutor(threads, POOL)


def in_threads(
    work: Callable[[int, int], None],
    parts: Iterable[tuple[int, int]],
    done: Callable[[float], None] | None = None,
    elsewhere: bool = False,
) -> None:
    """Call work(start, stop) for every part, on several threads.

    done is called on the calling thread with the share that is finished.  If it or work raises,
    the rest is not done and the exception is raised again.  elsewhere: never on the calling
    thread, even if there is a single part, unless it is one of these threads.
    """
    parts = list(parts)
    few = min(thread_count(), len(parts)) <= 1 and not elsewhere
    if few or threading.current_thread().name.startswith(POOL):
        for number, part in enumerate(parts, 1):
            work(*part)
            if done is not None:
                done(number / len(parts))
        return
    pool = _pool(os.getpid(), thread_count())
    waiting = iter(parts)
    # Only a few parts ahead, so that a caller who stops does not wait for the rest.
    running = {pool.submit(work, *part) for part in islice(waiting, 2 * thread_count())}
    finished = 0
    try:
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                future.result()
                finished += 1
                if done is not None:
                    done(finished / len(parts))
            running |= {pool.submit(work, *part) for part in islice(waiting, len(ended))}
    finally:
        # Wait for what runs: after an error the caller may free the arrays that it writes into.
        for future in running:
            future.cancel()
        wait(running)
