"""One queue and one worker thread for each device: the only place where the model runs.

A job is a function of (colorizer, engine number).  Jobs for a cached photo go to the engine
that encoded it, all others to whichever is free first.  What a job raises is raised to the
thread that waits for it.  An unexpected error is logged and counted, and the worker goes on;
after two in a row it loads the model again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..http.problem import Problem
from ..memory import TOO_LITTLE_MEMORY, is_out_of_memory
from ..model import BadCheckpoint, Cancelled, DeviceProblem, HandtintError
from ..sentences import sentence
from .progress import RequestTicket

if TYPE_CHECKING:
    from handtint_model import Colorizer

log = logging.getLogger("handtint.engine")

Load = Callable[[str], "Colorizer"]
"""Loads the model for a device."""

Work = Callable[["Colorizer", int], Any]

_RETRY_LOAD_SECONDS = 30.0


class EngineJob:
    """Work for a colorizer, with its outcome once `done` is set."""

    def __init__(self, work: Work, ticket: RequestTicket, engine: int | None) -> None:
        self.work = work
        self.ticket = ticket
        self.engine = engine
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = threading.Event()
        self.queued = time.perf_counter()

    def finish(self, result: Any = None, error: BaseException | None = None) -> None:
        """Hand over the outcome."""
        self.result, self.error = result, error
        self.done.set()


class Worker(threading.Thread):
    """The engine of one device."""

    def __init__(self, pool: Engines, number: int, device: str) -> None:
        super().__init__(name=f"handtint-engine-{number}", daemon=True)
        self.pool = pool
        self.number = number
        self.wanted_device = device
        self.colorizer: Colorizer | None = None
        self.device = device
        self.state = "loading"
        self.problem = ""
        self.faults_in_a_row = 0
        self.failed_at = 0.0

    def run(self) -> None:
        """Work until the engines stop."""
        while not self.pool.finished:
            try:
                self._loop()
            except BaseException:  # the thread must outlive everything but the end
                log.exception("engine loop failed and is started again")
                self.pool.on_fault()

    def _loop(self) -> None:
        if self.colorizer is None and self.state == "loading":
            self._try_load()
        while True:
            job = self.pool.take(self)
            if job is None:
                if self.pool.finished:
                    return
                self._unload("idle")
                continue
            self._run(job)

    def _run(self, job: EngineJob) -> None:
        ticket = job.ticket
        ticket.timings["wait"] = (time.perf_counter() - job.queued) * 1000
        result: Any = None
        error: BaseException | None = None
        try:
            ticket.check()
            if self.colorizer is None:
                ticket.report("load", 0.0)
                self._load()
            self.state = "busy"
            assert self.colorizer is not None
            result = job.work(self.colorizer, self.number)
            self.faults_in_a_row = 0
            self.problem = ""
        except BaseException as raised:
            error = raised
            self._note_failure(raised, ticket)
        finally:
            if self.state == "busy":
                self.state = "ready"
            # First: who has an answer must not be told that the work for it still runs.
            self.pool.release()
            job.finish(result, error)
        if error is None and self.colorizer is not None:
            self.pool.prepare(self.colorizer)

    def _note_failure(self, error: BaseException, ticket: RequestTicket) -> None:
        """Log and count an unexpected error; after two in a row unload the model."""
        problem = self.pool.problem_from(error)
        if problem is not None:
            if problem.code == "out_of_memory":
                log.warning("request %s ran out of memory", ticket.request_id)
            return
        self.faults_in_a_row += 1
        self.problem = f"Request {ticket.request_id} failed: {type(error).__name__}."
        log.error("request %s failed", ticket.request_id, exc_info=error)
        self.pool.on_fault()
        if self.faults_in_a_row >= 2:
            self._unload("two faults in a row")
            self.faults_in_a_row = 0

    def _try_load(self) -> None:
        try:
            self._load()
        except BaseException as error:
            if self.pool.problem_from(error) is None:
                log.error("the model could not be loaded", exc_info=error)

    def _load(self) -> None:
        """Load the model; raises what `load_colorizer` raises, at most every half minute."""
        now = time.monotonic()
        if self.state == "failed" and now - self.failed_at < _RETRY_LOAD_SECONDS:
            raise Problem("model_failed", self.problem, retry_after=30)
        self.state = "loading"
        started = time.perf_counter()
        try:
            self.colorizer = self.pool.load(self.wanted_device)
        except BaseException as error:
            self.state, self.failed_at = "failed", now
            self.problem = "The model could not be loaded."
            if isinstance(error, HandtintError):
                self.problem = sentence(error)
            elif is_out_of_memory(error):
                self.problem = sentence(TOO_LITTLE_MEMORY)
            if isinstance(error, BadCheckpoint | DeviceProblem):
                log.error("%s", self.problem)
            self.pool.first_load.set()
            raise
        self.device = str(self.colorizer.device)
        self.state, self.problem = "ready", ""
        self.pool.weights_id = str(self.colorizer.weights_id)
        self.pool.record = dict(self.colorizer.record)
        seconds = time.perf_counter() - started
        log.info("model %s on %s after %.1f s", self.pool.weights_id, self.device, seconds)
        self.pool.first_load.set()

    def _unload(self, why: str) -> None:
        if self.colorizer is None:
            return
        log.info("model unloaded: %s", why)
        self.colorizer = None
        self.pool.drop_cpu_colorizer()
        self.pool.on_unload(self.number)
        self.state = "unloaded"


class Engines:
    """The queue, its places and its workers.

    load: loads the model for a device.  devices: gives the device names, one worker each.
    places: requests that may wait or run.  problem_from: the answer to an expected error, None
    for an unexpected one.  idle_unload: seconds without work after which models are dropped;
    0: never.  on_fault, on_unload: called after an unexpected error, and with the number of an
    engine whose model was dropped.
    """

    def __init__(
        self,
        load: Load,
        devices: Callable[[], list[str]],
        places: int,
        problem_from: Callable[[BaseException], Problem | None],
        idle_unload: float = 0.0,
        on_fault: Callable[[], None] = lambda: None,
        on_unload: Callable[[int], None] = lambda number: None,
    ) -> None:
        self.load = load
        self.places = places
        self.problem_from = problem_from
        self.on_fault = on_fault
        self.on_unload = on_unload
        self.stopping = False  # no new request gets a place
        self.finished = False  # no worker takes another job
        self.weights_id = ""
        self.record: dict[str, Any] = {}
        self.first_load = threading.Event()
        self.workers: list[Worker] = []
        self._devices = devices
        self._idle = idle_unload
        self._queue: deque[EngineJob] = deque()
        self._changed = threading.Condition()
        self._taken = 0
        self._running = 0
        self._mean_ms = 1000.0
        self._prepared = False
        self._cpu_colorizer: Colorizer | None = None
        self._cpu_lock = threading.Lock()

    def start(self) -> None:
        """Find the devices and start their workers, in the background."""
        threading.Thread(target=self._start, name="handtint-devices", daemon=True).start()

    def _start(self) -> None:
        try:
            names = self._devices()
        except BaseException:
            log.exception("no device could be found; the CPU is used")
            names = ["cpu"]
        with self._changed:
            if self.stopping:
                return
            self.workers = [Worker(self, i, name) for i, name in enumerate(names)]
            for worker in self.workers:
                worker.start()

    def prepare(self, colorizer: Colorizer) -> None:
        """Load what the first hint will need, once, while the user looks at the photo."""
        with self._changed:
            prepared, self._prepared = self._prepared, True
        if not prepared:
            threading.Thread(target=colorizer.prepare, name="handtint-prepare", daemon=True).start()

    def cpu_colorizer(self) -> Colorizer:
        """A colorizer on the processor, for what a graphics card has no memory for."""
        with self._cpu_lock:
            if self._cpu_colorizer is None:
                self._cpu_colorizer = self.load("cpu")
            return self._cpu_colorizer

    def drop_cpu_colorizer(self) -> None:
        """Free it; the next call of `cpu_colorizer` loads it again."""
        with self._cpu_lock:
            self._cpu_colorizer = None

    @property
    def running(self) -> int:
        """Jobs in work."""
        return self._running

    @property
    def taken(self) -> int:
        """Places taken."""
        return self._taken

    @property
    def status(self) -> str:
        """``ready``, ``loading``, ``busy``, ``failed`` or ``stopping``, for the health route."""
        states = [worker.state for worker in self.workers]
        if self.stopping:
            return "stopping"
        if states and all(state == "failed" for state in states):
            return "failed"
        if not states or all(state in ("loading", "failed") for state in states):
            return "loading"
        return "busy" if self._taken >= self.places else "ready"

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places; raises Problem (busy, stopping) if none is free."""
        with self._changed:
            if self.stopping:
                raise Problem("stopping", "The server is ending.", retry_after=5)
            if self._taken >= self.places:
                workers = max(len(self.workers), 1)
                wait = self._mean_ms / 1000 * self._taken / workers / 2
                raise Problem(
                    "busy",
                    "All places are taken: wait and send it again.",
                    retry_after=int(min(max(wait, 1), 30)),
                )
            self._taken += 1
        started = time.perf_counter()
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                spent = (time.perf_counter() - started) * 1000
                self._mean_ms += 0.1 * (spent - self._mean_ms)
                self._changed.notify_all()

    def run(self, work: Work, ticket: RequestTicket, engine: int | None = None) -> Any:
        """Run work on an engine and wait for its result.

        Raises what the work raises; Cancelled if the request is given up while it waits.
        """
        job = EngineJob(work, ticket, engine)
        ticket.report("wait", 0.0)
        with self._changed:
            if self.finished:
                raise Problem("stopping", "The server is ending.", retry_after=5)
            self._queue.append(job)
            self._changed.notify_all()
        while not job.done.wait(0.05):
            try:
                ticket.check()
            except BaseException as error:
                if self._withdraw(job):
                    raise
                # It runs already: it stops at its next report, and keeps its place until then.
                if isinstance(error, Cancelled):
                    ticket.cancel()
        if isinstance(job.error, Exception):
            raise job.error
        if job.error is not None:  # SystemExit and the like must not end this thread
            raise RuntimeError("the work was broken off") from job.error
        return job.result

    def _withdraw(self, job: EngineJob) -> bool:
        with self._changed:
            try:
                self._queue.remove(job)
            except ValueError:
                return False
            return True

    def take(self, worker: Worker) -> EngineJob | None:
        """The next job for a worker; None once idle for too long, or at the end."""
        with self._changed:
            waits = self._idle if self._idle and worker.colorizer is not None else None
            self._changed.wait_for(lambda: self.finished or self._next(worker) is not None, waits)
            job = self._next(worker)
            if job is not None:
                self._queue.remove(job)
                self._running += 1
                if job.ticket.state == "waiting":
                    job.ticket.state = "running"
            return job

    def _next(self, worker: Worker) -> EngineJob | None:
        others = any(w.state != "failed" for w in self.workers if w is not worker)
        for job in self._queue:
            if job.engine == worker.number:
                return job
            if job.engine is None and not (worker.state == "failed" and others):
                return job
        return None

    def release(self) -> None:
        """Count a job as ended."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def stop(self, seconds: float) -> bool:
        """Take no more work and wait for what runs; whether all of it ended in time."""
        with self._changed:
            self.stopping = True
            self._changed.notify_all()
            ended = self._changed.wait_for(lambda: self._taken == 0, seconds)
            self.finished = True
            self._changed.notify_all()
        for worker in self.workers:
            worker.join(0.5)
        return ended
