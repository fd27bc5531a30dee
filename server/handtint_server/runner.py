"""A server from its settings to its end: socket, discovery, signals, an orderly stop."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .api.app import create_app
from .api.service import Service
from .discovery import Publication, read_mirrors, read_or_make_token
from .folders import data_folder, runtime_folder
from .http.gate import Gate, is_loopback, new_token
from .http.server import make_server
from .model import HandtintError
from .process import Housekeeper
from .settings import Settings

if TYPE_CHECKING:
    from .engine.workers import Load

log = logging.getLogger("handtint.runner")

FINISH_SECONDS = 10.0
FLUSH_SECONDS = 2.0


class AddressError(HandtintError):
    """The server cannot listen where it was told to."""


def bind(settings: Settings) -> socket.socket:
    """A bound socket; raises AddressError."""
    if not is_loopback(settings.host) and not settings.allow_remote:
        raise AddressError(
            f"{settings.host} is reachable from other machines; say --allow-remote if that "
            "is meant (docs/headless.md tells what it means)."
        )
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, ValueError) as error:  # ValueError: no name of a host could be so
        raise AddressError(f"{settings.host} is no address of this machine.") from error
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        # On Windows SO_REUSEADDR would let two servers have one port.
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        where = f"{settings.host} port {settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise AddressError(
                f"{where} is taken by another program; choose another with --port, or 0 for "
                "a free one."
            ) from error
        raise AddressError(f"cannot listen on {where}: {error.strerror}.") from error
    return listening


class Runner:
    """One server.  `start` makes it reachable, `run` serves until `stop` or a signal."""

    def __init__(self, settings: Settings, load: Load | None = None) -> None:
        self.settings = settings
        self.publication: Publication | None = None
        if settings.discovery:
            folder = runtime_folder(settings.runtime_dir)
            mirrors = read_mirrors(data_folder(settings.home))
            self.publication = Publication(folder, mirrors)
            self.publication.lock()
        try:
            if settings.token_file is not None:
                self.token = read_or_make_token(settings.token_file, new_token)
            else:
                self.token = new_token()
            self.socket = bind(settings)
        except BaseException:
            self._withdraw()
            raise
        address, port = self.socket.getsockname()[:2]
        gate = Gate(self.token, port, settings.allowed_host, address)
        self.app = create_app(settings, load, gate)
        self.service: Service = self.app.extensions["handtint"]
        self.server = make_server(
            self.app, settings, gate, self.service.memory_limiter, self.socket, self._count_refusal
        )
        host = settings.host if is_loopback(settings.host) else address
        if host in ("0.0.0.0", "::", ""):
            host = "127.0.0.1"
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._housekeeper = Housekeeper(
            self.service.engines.first_load,
            lambda: self.service.finished,
            lambda: self.service.engines.taken > 0,
        )
        self._stopper: threading.Thread | None = None
        self.exit_code = 0

    def _count_refusal(self, problem: Any) -> None:
        self.service.refused(problem.code)

    def publish(self) -> None:
        """Write the discovery files."""
        if self.publication is not None:
            self.publication.publish(
                self.url, self.token, self.settings.version, self.service.instance
            )

    def run(self, on_listening: Callable[[], None] = lambda: None) -> int:
        """Serve until the end; the exit code."""
        try:
            self.publish()
            on_listening()
            log.info("serving at %s", self.url)
            self._housekeeper.start()
            if self.settings.exit_idle:
                watch = threading.Thread(target=self._end_when_idle, name="handtint-exit-idle")
                watch.daemon = True
                watch.start()
            self.server.run()
        finally:
            self._housekeeper.stop()
            self.stop()
            if self._stopper is not None:
                self._stopper.join()
        return self.exit_code

    def _end_when_idle(self) -> None:
        """Stop once nobody has asked for anything for `exit_idle` minutes."""
        seconds = self.settings.exit_idle * 60
        while self._stopper is None:
            idle = self.service.idle_seconds
            if idle >= seconds and not self.server.answering and not self.server.receiving:
                log.info("no request for %g minutes: ending", self.settings.exit_idle)
                self.stop()
                return
            time.sleep(min(max(seconds - idle, 0.05), 1.0))

    def handle_signals(self) -> None:
        """SIGTERM and Ctrl-C end the server in order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())

    def stop(self, exit_code: int = 0) -> None:
        """End: take nothing new, finish what runs within a few seconds; returns at once."""
        if self._stopper is None:
            self.exit_code = exit_code
            self._stopper = threading.Thread(target=self._stop, name="handtint-stop")
            self._stopper.start()

    def _stop(self) -> None:
        log.info("stopping")
        try:
            self.server.stop_listening()
            self._withdraw()
            if not self.service.close(FINISH_SECONDS):
                log.warning("some work did not end in time")
            deadline = time.monotonic() + FLUSH_SECONDS
            while self.server.answering and time.monotonic() < deadline:
                time.sleep(0.02)
        finally:
            self.server.end()

    def _withdraw(self) -> None:
        if self.publication is not None:
            self.publication.withdraw()
