"""Colorize many photos: reading, the network, and rendering with writing overlap.

Two threads read ahead, the calling thread runs the network, two more render and write.
A limit on the bytes in flight keeps a folder of 100-megapixel scans from needing much more
memory than one of them.  A result appears under its name only when it is complete; the next
run skips it, which is how an interrupted run is resumed.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from numpy.typing import NDArray

from handtint_model import files as image_io
from handtint_model.errors import Cancelled, HandtintError
from handtint_model.files import Photo
from handtint_model.files.target import reason
from handtint_model.types import Hints, Progress

from ..engine.out_of_memory import (
    EncodingResult,
    encode_with_fallback,
    is_device_out_of_memory,
    work_with_fallback,
)
from ..memory import is_out_of_memory
from ..process import limit_libvips
from ..sentences import sentence, shown_path
from .marking import marked, write_beside
from .plan import (
    BatchSettings,
    Outcome,
    PhotoJob,
    beside_path,
    check_beside,
    is_wanted,
    read_job_hints,
)
from .saved_hints import check_saved_hints, remove_saved_hints, save_hints

READERS = 2
FINISHERS = 2
MOST_IN_FLIGHT = 8
BYTES_IN_FLIGHT = 1_200_000_000
TOO_LITTLE_MEMORY = "there is too little memory for a picture of this size."
_COPIES = 5  # planes' worth of memory for a photo in flight: Y', R, G, B and room to decode


class RunFailed(HandtintError):
    """No further photo can succeed, whatever it is."""


@dataclass(frozen=True, eq=False)
class BatchResult:
    """rgb: (H, W, 3) in the photo's depth.  note: what was done otherwise than asked, or empty.

    weights: the id of those that were used.
    """

    rgb: NDArray[Any]
    note: str = ""
    weights: str = ""


class Backend(Protocol):
    """What turns photos into colour: this machine's colorizer, or a server."""

    def encode(self, photo: Photo, settings: BatchSettings, progress: Progress) -> Any:
        """The network's part, called by one thread only; what it returns goes to `colorize`."""

    def colorize(
        self,
        photo: Photo,
        encoded: Any,
        hints: Hints | None,
        settings: BatchSettings,
        progress: Progress,
    ) -> BatchResult:
        """The result; called by several threads."""


@dataclass(frozen=True)
class LocalBackend:
    """The colorizer of this process, a `handtint_model.Colorizer`.

    cpu_colorizer: gives one on the processor, for photos that the device has no memory for.
    """

    colorizer: Any
    cpu_colorizer: Callable[[], Any]

    @classmethod
    def load(cls, weights: Path | str | None, device: str) -> LocalBackend:
        """On the embedded weights or a file's; raises like `handtint_model.load_colorizer`."""
        import handtint_model

        limit_libvips()
        lock = threading.Lock()
        loaded: list[Any] = []

        def cpu_colorizer() -> Any:
            with lock:
                if not loaded:
                    loaded.append(handtint_model.load_colorizer(weights, device="cpu"))
                return loaded[0]

        return cls(handtint_model.load_colorizer(weights, device=device), cpu_colorizer)

    def encode(self, photo: Photo, settings: BatchSettings, progress: Progress) -> EncodingResult:
        """The encoded photo."""
        size = settings.options.render_size
        return encode_with_fallback(
            self.colorizer, self.cpu_colorizer, photo.luminance, photo.alpha, size, progress
        )

    def colorize(
        self,
        photo: Photo,
        encoded: EncodingResult,
        hints: Hints | None,
        settings: BatchSettings,
        progress: Progress,
    ) -> BatchResult:
        """The rendered result."""
        options = settings.options

        def work(colorizer: Any, photo: Any) -> NDArray[Any]:
            rgb: NDArray[Any] = colorizer.colorize(
                photo,
                hints,
                vividness=options.vividness,
                strength=options.strength,
                options=replace(options, render_size=photo.render_size),
                progress=progress,
            )
            return rgb

        rgb, result = work_with_fallback(
            encoded, self.cpu_colorizer, photo.alpha, options.render_size, progress, work
        )
        return BatchResult(rgb, result.note, result.colorizer.weights_id)


@dataclass(eq=False)
class _PhotoTask:
    """A photo that has been read and has no result yet."""

    job: PhotoJob
    photo: Photo
    hints: Hints | None
    encoded: Any = None
    bytes: int = 0  # in flight, as the limiter counts them


def colorize_one(job: PhotoJob, settings: BatchSettings, backend: Backend) -> Outcome:
    """Colorize one photo in the calling thread."""

    def ignore(stage: str, fraction: float) -> None:
        """Progress that nobody sees."""

    def work() -> Outcome:
        task = _read(job, settings, ignore)
        task.encoded = backend.encode(task.photo, settings, ignore)
        return _finish(task, settings, backend, ignore)

    start = time.perf_counter()
    outcome = Outcome(job, skipped=True)
    if is_wanted(job, overwrite=settings.overwrite):
        outcome = _guarded(job, work)
    return replace(outcome, seconds=time.perf_counter() - start)


def _read(job: PhotoJob, settings: BatchSettings, progress: Progress) -> _PhotoTask:
    if settings.beside:
        check_beside(job, settings)
    limits = image_io.ReadLimits(settings.max_pixels, settings.page)
    photo = image_io.read_photo(job.source, limits, progress=progress)
    height, width = photo.luminance.shape
    image_io.check_target(job.target, (width, height), photo.meta, alpha=photo.alpha)
    if settings.beside:
        wide = (2 * width, height)
        image_io.check_target(beside_path(job.target), wide, photo.meta, alpha=photo.alpha)
    hints = read_job_hints(job, settings, (width, height))
    if settings.save_hints and not settings.overwrite:
        check_saved_hints(job, hints, (width, height))
    return _PhotoTask(job, photo, hints)


def _finish(
    task: _PhotoTask, settings: BatchSettings, backend: Backend, progress: Progress
) -> Outcome:
    job, photo = task.job, task.photo
    result = backend.colorize(photo, task.encoded, task.hints, settings, progress)
    task.encoded = None
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HandtintError(f"the result's folder cannot be made: {reason(error)}.") from error
    painted = task.hints is not None and bool(task.hints.all_patches())
    if settings.save_hints and painted:
        # Before the result: hints that are newer would ask for it to be made again.
        height, width = photo.luminance.shape
        save_hints(job, task.hints or Hints(), (width, height))
    meta = marked(photo.meta, settings, task.hints, result.weights)
    if settings.beside:  # first: once the result is there, the photo counts as done
        write_beside(job.target, photo, result.rgb, meta, progress)
    image_io.write_photo(job.target, result.rgb, meta, alpha=photo.alpha, progress=progress)
    if settings.save_hints and not painted and settings.overwrite:
        remove_saved_hints(job)
    notes = (result.note, *photo.meta.notes, *image_io.notes_on(job.target, photo.meta))
    return Outcome(job, note=" ".join(sentence(note) for note in notes if note))


def _guarded(job: PhotoJob, action: Any) -> Any:
    """The action's result, or an Outcome with its error; what ends the whole run is raised."""
    try:
        return action()
    except (Cancelled, RunFailed):
        raise
    except HandtintError as error:
        return Outcome(job, str(error))
    except MemoryError:
        return Outcome(job, TOO_LITTLE_MEMORY)
    except RuntimeError as error:
        if not (is_device_out_of_memory(error) or is_out_of_memory(error)):
            raise
        return Outcome(job, TOO_LITTLE_MEMORY)
    except OSError as error:
        if is_out_of_memory(error):
            return Outcome(job, TOO_LITTLE_MEMORY)
        where = f"{shown_path(error.filename)}: " if error.filename else ""
        return Outcome(job, f"{where}{error.strerror or error}.")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        return Outcome(job, f"a name or text cannot be written: {error.reason}.")


class _InFlightLimiter:
    """Limits the bytes and photos in flight; one photo is always let in, however large."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.used = 0
        self.photos = 0
        self.changed = threading.Condition()

    def reserve(self, amount: int, stop: threading.Event) -> None:
        with self.changed:
            while self.photos and not stop.is_set():
                if self.photos < MOST_IN_FLIGHT and self.used + amount <= self.total:
                    break
                self.changed.wait(0.5)
            self.used += amount
            self.photos += 1

    def release(self, amount: int) -> None:
        with self.changed:
            self.used -= amount
            self.photos -= 1
            self.changed.notify_all()


@dataclass(eq=False)
class Pipeline:
    """Colorizes jobs; iterate over it once for the outcomes, in the order they come.

    Leaving the with statement early, by KeyboardInterrupt for example, stops what is under
    way and waits until no file is being written.
    """

    jobs: Sequence[PhotoJob]
    settings: BatchSettings
    backend: Backend
    bytes_in_flight: int = BYTES_IN_FLIGHT
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _readers: list[threading.Thread] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._limiter = _InFlightLimiter(self.bytes_in_flight)
        self._waiting = iter(self.jobs)
        # Photos that wait for the network, outcomes, and errors that end the run.
        self._events: queue.Queue[_PhotoTask | Outcome | BaseException] = queue.Queue()
        self._finishers = ThreadPoolExecutor(FINISHERS, thread_name_prefix="handtint-finish")

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._readers:
            thread.join()
        self._finishers.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[Outcome]:
        for number in range(min(READERS, len(self.jobs))):
            thread = threading.Thread(target=self._read_all, name=f"handtint-read-{number}")
            thread.start()
            self._readers.append(thread)
        done = 0
        while done < len(self.jobs):
            try:
                # Short waits keep Ctrl-C quick on every platform.
                item = self._events.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, _PhotoTask):
                self._encode(item)
            else:
                done += 1
                yield item

    def _read_all(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                job = next(self._waiting, None)
            if job is None:
                return
            try:
                self._events.put(self._read_one(job))
            except BaseException as error:  # raised where the run is iterated over
                self._events.put(error)
                return

    def _read_one(self, job: PhotoJob) -> _PhotoTask | Outcome:
        if not is_wanted(job, overwrite=self.settings.overwrite):
            return Outcome(job, skipped=True)

        def measure() -> int:
            limits = image_io.ReadLimits(self.settings.max_pixels, self.settings.page)
            info = image_io.inspect_photo(job.source, limits)
            return info.pixels * info.dtype.itemsize * _COPIES

        amount = _guarded(job, measure)
        if isinstance(amount, Outcome):
            return amount
        self._limiter.reserve(amount, self._stop)
        task: _PhotoTask | Outcome | None = None
        try:
            self._check("read", 0.0)
            task = _guarded(job, lambda: _read(job, self.settings, self._check))
        finally:
            if not isinstance(task, _PhotoTask):
                self._limiter.release(amount)
        if isinstance(task, _PhotoTask):
            task.bytes = amount
        return task

    def _encode(self, task: _PhotoTask) -> None:
        def work() -> None:
            task.encoded = self.backend.encode(task.photo, self.settings, self._check)

        fault = _guarded(task.job, work)
        if fault is not None:
            self._leave(task, fault)
        else:
            self._finishers.submit(self._finish_one, task)

    def _finish_one(self, task: _PhotoTask) -> None:
        outcome: Outcome | BaseException
        try:
            outcome = _guarded(
                task.job, lambda: _finish(task, self.settings, self.backend, self._check)
            )
        except BaseException as error:  # raised where the run is iterated over
            outcome = error
        self._leave(task, outcome)

    def _leave(self, task: _PhotoTask, outcome: Outcome | BaseException) -> None:
        self._limiter.release(task.bytes)
        self._events.put(outcome)

    def _check(self, stage: str, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled("the run was stopped.")
