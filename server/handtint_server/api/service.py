"""What the routes share: engines, cache, progress, limits, and the course of one request."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..decode import photo as decode_photo
from ..engine.devices import describe, engine_devices, free_unused
from ..engine.out_of_memory import encode_with_fallback, work_with_fallback
from ..engine.photo_cache import CachedPhoto, Fingerprint, PendingEncoding, PhotoCache, wait_for
from ..engine.progress import RequestTicket, RequestTickets
from ..engine.workers import Engines, Load
from ..http.memory_limiter import MemoryLimiter
from ..http.multipart import MAX_PARTS
from ..http.problem import Problem
from ..metrics import Metrics
from ..model import BadImage, ColorizeOptions, kernels_in_use
from ..settings import API_VERSION, Settings
from .errors import problem_from
from .schemas import (
    MAX_POINTS,
    MAX_REQUEST_JSON,
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

    from ..decode.photo import PhotoSource
    from ..engine.out_of_memory import EncodingResult
    from ..http.multipart import Part

log = logging.getLogger("handtint.service")

Work = Callable[["Colorizer", "EncodedPhoto"], Any]
"""What a route does with an encoded photo, on the engine's thread."""


class Service:
    """The state of one server."""

    def __init__(self, settings: Settings, load: Load) -> None:
        self.settings = settings
        self.instance = secrets.token_hex(8)
        self.metrics = Metrics()
        self.memory_limiter = MemoryLimiter(settings.memory)
        self.tickets = RequestTickets(settings.work_timeout)
        self.cache = PhotoCache(settings.cache_mb << 20)
        self.fingerprint = Fingerprint(settings.server_name)
        self.finished = 0  # requests that have ended, and models that were unloaded
        self._last_request = time.monotonic()
        self.engines = Engines(
            load,
            lambda: engine_devices(settings.device),
            settings.places,
            problem_from,
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
        gauge(
            "handtint_memory_in_flight_bytes",
            "Bodies and answers.",
            lambda: self.memory_limiter.used,
        )

    def start(self) -> None:
        """Load the model in the background."""
        self.engines.start()

    def close(self, seconds: float = 5.0) -> bool:
        """End: wait for running work, then cancel it; returns whether it ended in time."""
        ended = self.engines.stop(seconds)
        if not ended:
            self.tickets.cancel_all()
            ended = self.engines.stop(2.0)
        self.fingerprint.close()
        self.cache.clear()
        return ended

    def _on_unload(self, number: int) -> None:
        self.cache.drop_engine(number)
        self.finished += 1
        threading.Thread(target=free_unused, daemon=True).start()

    @contextmanager
    def request(
        self, route: str, request_id: str | None, client_gone: Callable[[], bool]
    ) -> Iterator[RequestTicket]:
        """Everything around one request: its ticket, its place, its line in log and metrics."""
        ticket = self.tickets.open(request_id, client_gone)
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
            self.finished += 1
            self._record(route, code, ticket, time.perf_counter() - started)

    def _record(self, route: str, code: str, ticket: RequestTicket, seconds: float) -> None:
        """Write a request into metrics and log."""
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

    def note_request(self) -> None:
        """Note that somebody who may ask has asked for something."""
        self._last_request = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        """Seconds since the last request, work or load of the model; 0 while there is any."""
        if self.engines.taken or not self.engines.first_load.is_set():
            self._last_request = time.monotonic()
        return time.monotonic() - self._last_request

    def refused(self, code: str) -> None:
        """Count a request that was refused by its header section."""
        self.metrics.refused.labels(code).inc()
        log.debug("refused: %s", code)

    def find_source(
        self,
        request: PhotoRequest,
        parts: dict[str, Part],
        ticket: RequestTicket,
        body_bytes: int,
    ) -> PhotoSource:
        """The photo of a request: decoded from its parts, or cached.  Raises Problem."""
        image, plane = parts.get("image"), parts.get("plane")
        if sum(x is not None for x in (image, plane, request.image_id)) != 1:
            raise Problem(
                "bad_request",
                "Send exactly one of the part image, the part plane, and image_id.",
                errors=[{"field": "image_id", "message": "exactly one of image, plane, image_id"}],
            )
        if plane is None and "profile" in parts:
            raise Problem("bad_multipart", "The part profile belongs to the part plane.")
        if plane is None and request.raw_format is not None:
            raise Problem("bad_plane", "The request describes a plane, but there is none.")
        if request.image_id is not None:
            cached = self.cache.find_source(request.image_id)
            if cached is None:
                raise Problem(
                    "image_unknown",
                    "The server no longer holds this photo: send its pixels again.",
                )
            return cached
        return self._decode(request, parts, ticket, body_bytes)

    def _decode(
        self,
        request: PhotoRequest,
        parts: dict[str, Part],
        ticket: RequestTicket,
        body_bytes: int,
    ) -> PhotoSource:
        """The photo in part `image` or `plane`."""
        started = time.perf_counter()
        ticket.report("decode", 0.0)
        limit, raw = self.settings.max_pixels, request.raw_format
        try:
            if "image" in parts:
                decoded = decode_photo.from_file(parts["image"], limit, ticket.report)
            else:
                decoded = decode_photo.from_plane(
                    raw, parts["plane"], parts.get("profile"), limit, ticket.report, body_bytes
                )
        except BadImage as error:
            raise decode_photo.image_problem(error, raw) from error
        source = decoded.named(
            self.fingerprint.image_id(decoded.description, list(decoded.content))
        )
        ticket.timings["decode"] = (time.perf_counter() - started) * 1000
        return source

    def run(
        self, source: PhotoSource, render_size: int, ticket: RequestTicket, work: Work
    ) -> tuple[Any, EncodingResult, bool]:
        """Encode the photo unless it is cached, and work on it.

        Returns (what `work` returned, the encoding that it was done with, whether that was
        cached).
        """
        key = (source.image_id, render_size)
        cpu_colorizer = self.engines.cpu_colorizer

        def encode_and_work(pending: PendingEncoding, colorizer: Colorizer, number: int) -> Any:
            started = time.perf_counter()
            result = encode_with_fallback(
                colorizer,
                cpu_colorizer,
                source.luminance,
                source.alpha,
                render_size,
                ticket.report,
            )
            ticket.timings["encode"] = (time.perf_counter() - started) * 1000
            photo = CachedPhoto(source, result, number)
            self.cache.finish(key, pending, photo)
            return work_on(photo, colorizer, number)

        def work_on(photo: CachedPhoto, colorizer: Colorizer, number: int) -> Any:
            latest = photo
            try:
                value, result = work_with_fallback(
                    photo.result, cpu_colorizer, source.alpha, render_size, ticket.report, work
                )
                if result is not photo.result:
                    latest = CachedPhoto(source, result, number)
                    self.cache.replace(key, photo, latest)
                return value, result
            finally:
                self.cache.measure_again(key, latest)

        while True:
            photo, pending, mine = self.cache.find_or_begin(key)
            if pending is not None and mine:
                try:
                    return *self.engines.run(partial(encode_and_work, pending), ticket), False
                except BaseException as error:
                    self.cache.finish(key, pending, None, error)
                    raise
            if pending is not None:
                photo = wait_for(pending, ticket.check)
            if photo is not None:
                return *self.engines.run(partial(work_on, photo), ticket, photo.engine), True

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
            kernels=kernels_in_use() if engines.first_load.is_set() else "",
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
