"""What the routes share: engines, cache, progress, limits, and the way of one request."""

from __future__ import annotations

import gc
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..decode import photo
from ..engine import out_of_memory
from ..engine.devices import describe, engine_devices, free_unused, trim_heaps
from ..engine.photo_cache import Entry, Fingerprint, PhotoCache, wait_for
from ..engine.progress import Ticket, Tickets
from ..engine.workers import Engines, Load
from ..http.memory_limiter import Budget
from ..http.multipart import MAX_PARTS
from ..metrics import Metrics
from ..model import BadImage, ColorizeOptions
from ..settings import API_VERSION, Settings
from .errors import Problem, problem_from
from .schemas import (
    MAX_POINTS,
    CacheInfo,
    Defaults,
    EngineInfo,
    Health,
    Info,
    LimitsInfo,
    PhotoRequest,
    QueueInfo,
    WeightsInfo,
)

if TYPE_CHECKING:
    from handtint_model import Colorizer, EncodedPhoto

    from ..decode.photo import Source
    from ..engine.out_of_memory import Encoding
    from ..http.multipart import Part

log = logging.getLogger("handtint.service")

MAX_REQUEST_JSON = 2 << 20

Act = Callable[["Colorizer", "EncodedPhoto"], Any]
"""What a route does with an encoded photo, on the engine's thread."""


class Service:
    """The state of one server."""

    def __init__(self, settings: Settings, load: Load) -> None:
        self.settings = settings
        self.instance = secrets.token_hex(8)
        self.metrics = Metrics()
        self.budget = Budget(settings.memory)
        self.tickets = Tickets(settings.work_timeout)
        self.cache = PhotoCache(settings.cache_mb << 20)
        self.fingerprint = Fingerprint(settings.server_name)
        self._closed = threading.Event()
        self._sessions = 0
        self.engines = Engines(
            load,
            lambda: engine_devices(settings.device),
            settings.places,
            settings.idle_unload * 60,
            on_fault=self.metrics.faults.inc,
            on_unload=self._on_unload,
        )
        gauge = self.metrics.gauge
        gauge("handtint_cache_bytes", "Bytes of cached photos.", lambda: self.cache.nbytes)
        gauge("handtint_cache_photos", "Cached photos.", lambda: len(self.cache))
        gauge("handtint_cache_hits", "Photos found in the cache.", lambda: self.cache.hits)
        gauge("handtint_cache_misses", "Photos encoded.", lambda: self.cache.misses)
        gauge("handtint_places_taken", "Requests that hold a place.", lambda: self.engines.taken)
        gauge("handtint_memory_in_flight_bytes", "Bodies and answers.", lambda: self.budget.used)

    def start(self) -> None:
        """Load the model in the background."""
        self.engines.start()
        threading.Thread(target=self._trim, name="handtint-trim", daemon=True).start()

    def _trim(self) -> None:
        """After work, and every ten seconds during it, let go of freed memory.

        Errors hold their frames, and so their arrays, in cycles that only the collector
        finds; what the libraries made at their start is set apart, so that it is quick.
        """
        self.engines.first_load.wait()
        gc.collect()
        gc.freeze()
        trimmed_at, trimmed = time.monotonic(), 0
        while not self._closed.wait(1.0):
            count, now = self._sessions, time.monotonic()
            if count != trimmed and (self.engines.taken == 0 or now - trimmed_at > 10):
                gc.collect()
                trim_heaps()
                trimmed_at, trimmed = now, count

    def close(self, seconds: float = 5.0) -> bool:
        """End: running work is waited for, then cancelled; whether it ended in time."""
        self._closed.set()
        ended = self.engines.stop(seconds)
        if not ended:
            self.tickets.cancel_all()
            ended = self.engines.stop(2.0)
        self.fingerprint.close()
        self.cache.clear()
        return ended

    def _on_unload(self, number: int) -> None:
        self.cache.drop_engine(number)
        threading.Thread(target=free_unused, daemon=True).start()

    @contextmanager
    def session(
        self, route: str, request_id: str | None, gone: Callable[[], bool]
    ) -> Iterator[Ticket]:
        """The way of one request: its ticket, its place, its line in log and metrics."""
        ticket = self.tickets.open(request_id, gone)
        started = time.perf_counter()
        code = "ok"
        try:
            with self.engines.place():
                yield ticket
        except BaseException as error:
            problem = problem_from(error) or Problem("internal", "")
            code = problem.code
            ticket.end("cancelled" if code == "cancelled" else "failed")
            raise
        else:
            ticket.end("done")
        finally:
            self._sessions += 1
            seconds = time.perf_counter() - started
            self.metrics.requests.labels(route, code).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            for step, milliseconds in ticket.timings.items():
                self.metrics.step_seconds.labels(step).observe(milliseconds / 1000)
            log.info(
                "%s %s",
                route,
                code,
                extra={
                    "request_id": ticket.request_id,
                    "ms": round(seconds * 1000, 1),
                    "steps": {k: round(v, 1) for k, v in ticket.timings.items()},
                },
            )

    def refused(self, code: str) -> None:
        """A request was refused by its header section."""
        self.metrics.refused.labels(code).inc()
        log.debug("refused: %s", code)

    def find_source(
        self, request: PhotoRequest, parts: dict[str, Part], ticket: Ticket, body_bytes: int
    ) -> Source:
        """The photo of a request: decoded, or known.  Raises Problem."""
        image, plane = parts.get("image"), parts.get("plane")
        if sum(x is not None for x in (image, plane, request.image_id)) != 1:
            raise Problem(
                "bad_request",
                "Send exactly one of the part image, the part plane, and image_id.",
                errors=[{"field": "image_id", "message": "exactly one of image, plane, image_id"}],
            )
        if plane is None and "profile" in parts:
            raise Problem("bad_multipart", "The part profile belongs to the part plane.")
        if plane is None and request.raw_layout is not None:
            raise Problem("bad_plane", "The request describes a plane, but there is none.")
        if request.image_id is not None:
            known = self.cache.find_source(request.image_id)
            if known is None:
                raise Problem(
                    "image_unknown",
                    "The server no longer holds this photo: send its pixels again.",
                )
            return known
        started = time.perf_counter()
        ticket.report("decode", 0.0)
        limit = self.settings.max_pixels
        try:
            if image is not None:
                decoded = photo.from_file(image, limit, ticket.report)
            else:
                assert plane is not None
                decoded = photo.from_plane(
                    request, plane, parts.get("profile"), limit, ticket.report, body_bytes
                )
        except BadImage as error:
            raise photo.image_problem(error, request.raw_layout) from error
        named = decoded.named(self.fingerprint.image_id(decoded.description, list(decoded.content)))
        ticket.timings["decode"] = (time.perf_counter() - started) * 1000
        return named

    def run(
        self, photo: Source, options: ColorizeOptions, ticket: Ticket, act: Act
    ) -> tuple[Any, Encoding, bool]:
        """Encode the photo if need be, and act on it.

        Returns what `act` returned, the encoding that it was done with, and whether that
        was cached.
        """
        size = options.render_size
        key = (photo.image_id, size)

        def encode_and_act(colorizer: Colorizer, number: int) -> Any:
            started = time.perf_counter()
            made = out_of_memory.encode(
                colorizer, self.engines.spare, photo.luminance, photo.alpha, size, ticket.report
            )
            ticket.timings["encode"] = (time.perf_counter() - started) * 1000
            entry = Entry(photo, made, number)
            self.cache.land(key, entry)
            return act_on(entry, colorizer, number)

        def act_on(entry: Entry, colorizer: Colorizer, number: int) -> Any:
            last = entry
            try:
                value, made = out_of_memory.paint(
                    entry.made, self.engines.spare, photo.alpha, size, ticket.report, act
                )
                if made is not entry.made:
                    last = Entry(photo, made, number)
                    self.cache.replace(key, entry, last)
                return value, made
            finally:
                self.cache.weigh(key, last)

        while True:
            flight, mine, entry = self.cache.join(key)
            if flight is not None and mine:
                try:
                    return *self.engines.run(encode_and_act, ticket), False
                except BaseException as error:
                    self.cache.land(key, None, error)
                    raise
            if flight is not None:
                entry = wait_for(flight, ticket.check)
            if entry is not None:
                return *self.engines.run(partial(act_on, entry), ticket, entry.engine), True

    def health(self) -> Health:
        """For `GET /v1/health`."""
        return Health.model_construct(
            status=self.engines.status,
            api=API_VERSION,
            version=__version__,
            instance=self.instance,
        )

    def info(self) -> Info:
        """For `GET /v1/info`."""
        engines, defaults, limits = self.engines, ColorizeOptions(), self.settings
        return Info(
            version=__version__,
            api=API_VERSION,
            engines=[
                EngineInfo.model_construct(
                    device=worker.device,
                    name=describe(worker.device) if engines.first_load.is_set() else "",
                    state=worker.state,
                    problem=worker.problem,
                )
                for worker in engines.workers
            ],
            weights=WeightsInfo(id=engines.weights_id, record=engines.record),
            defaults=Defaults(
                vividness=defaults.vividness,
                strength=defaults.strength,
                render_size=defaults.render_size,
            ),
            limits=LimitsInfo(
                body_bytes=limits.max_body,
                pixels=limits.max_pixels,
                hint_pixels=limits.max_pixels,
                points=MAX_POINTS,
                parts=MAX_PARTS,
                request_bytes=MAX_REQUEST_JSON,
            ),
            cache=CacheInfo(
                photos=len(self.cache), bytes=self.cache.nbytes, limit_bytes=self.cache.limit
            ),
            queue=QueueInfo(
                running=engines.running,
                waiting=max(engines.taken - engines.running, 0),
                places=engines.places,
            ),
        )
