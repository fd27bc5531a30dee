"""What a plug-in does to get an answer: find or start the server, ask, wait, ask again.

The steps are generators: they yield what shall be done (`Send`, `Pause`, `Start`) and are
given the outcome, so that a blocking program (`transport.run`) and an event loop can drive
the very same logic.  A driver answers

- `Send` with an `Answer`, or throws a ClientError into the generator,
- `Pause` with None once the seconds have passed,
- `Start` with an object whose `failure()` is None while the process may still come up, and
  afterwards a text, "" if it said nothing.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any, Callable, Generator, TypeVar, Union

from . import places, protocol
from .errors import (
    BadReply,
    Busy,
    ClientError,
    ImageUnknown,
    NotRunning,
    OtherVersion,
    ServerLost,
    ServerTimeout,
    ServerUnreachable,
    StartFailed,
    TokenRefused,
)
from .messages import Answer, Plane, Request
from .translation import N_, _

START_WAIT = 60.0
BUSY_WAIT = 120.0
LOOK_EVERY = 0.1
STARTING = _("Starting the server, first time only")
HEALTH_TIMEOUT = 5.0


@dataclass(frozen=True)
class Send:
    """Send a request and wait for its answer.

    timeout: seconds without a sign of life after which to throw ServerTimeout.  Where
    `request.request_id` is set, any answer about its progress is such a sign.
    """

    endpoint: places.Endpoint
    request: Request
    timeout: float


@dataclass(frozen=True)
class Pause:
    """Wait; text says why, for the user."""

    seconds: float
    text: str


@dataclass(frozen=True)
class Start:
    """Start a program that outlives this one; its output goes to the file `log`."""

    command: list[str]
    log: str


Step = Union[Send, Pause, Start]
T = TypeVar("T")
Flow = Generator[Step, Any, T]


class Session:
    """The way to one server, found once and kept.

    name: of the editor, "gimp" or "krita", for advice.  environ: where folders are looked up.
    start_wait, busy_wait: seconds to wait for a started server, and for a place in a busy one.
    """

    def __init__(
        self,
        name: str,
        environ: places.Environ = os.environ,
        start_wait: float = START_WAIT,
        busy_wait: float = BUSY_WAIT,
    ) -> None:
        self.name = name
        self.environ = environ
        self.folder = places.data_folder(environ)
        self.setting = places.read_setting(self.folder)
        self.start_wait = start_wait
        self.busy_wait = busy_wait
        self.endpoint: places.Endpoint | None = None

    # --- finding the server ----------------------------------------------------------------

    def connect(self) -> Flow[places.Endpoint]:
        """The server to use; it is started if it does not run."""
        if not self.setting.automatic:
            endpoint = self.setting.endpoint()
            yield from self._health(endpoint)
            self.endpoint = endpoint
            return endpoint
        connection = places.read_connection(self.folder)
        paths = self._announcements(connection)
        found = yield from self._find(paths)
        if found is None:
            found = yield from self._start(connection, paths)
        self.endpoint = found
        return found

    def look(self) -> Flow[places.Endpoint | None]:
        """The server that runs already, or None; nothing is started."""
        if not self.setting.automatic:
            endpoint = self.setting.endpoint()
            yield from self._health(endpoint)
            return endpoint
        connection = places.read_connection(self.folder)
        return (yield from self._find(self._announcements(connection)))

    def _announcements(self, connection: places.Connection | None) -> list[str]:
        paths = list(connection.discovery) if connection else []
        paths.append(os.path.join(self.folder, places.DISCOVERY))
        paths.append(os.path.join(places.runtime_folder(self.environ), places.DISCOVERY))
        return list(dict.fromkeys(paths))

    def _find(self, paths: list[str]) -> Flow[places.Endpoint | None]:
        """The first announced server that answers as the one that announced itself."""
        for path in paths:
            announced = places.read_announcement(path)
            if announced is None:
                continue
            try:
                health = yield from self._health(announced.endpoint)
            except (ServerUnreachable, ServerLost, ServerTimeout, BadReply):
                continue  # left behind by a server that is gone
            if health.instance == announced.instance:
                return announced.endpoint
        return None

    def _health(self, endpoint: places.Endpoint) -> Flow[Any]:
        answer = yield Send(endpoint, protocol.health(), min(HEALTH_TIMEOUT, self.setting.timeout))
        health = protocol.read_health(answer)
        if health.api != protocol.API_VERSION:
            raise OtherVersion(
                (
                    _(
                        "The plug-in is too old: the server %(version)s speaks API %(server)d, "
                        "this plug-in API %(own)d. Update the plug-in: enter the command "
                        "handtint install %(name)s and restart %(editor)s."
                    )
                    if health.api > protocol.API_VERSION
                    else _(
                        "The server is too old: the server %(version)s speaks API %(server)d, this "
                        "plug-in API %(own)d. Update the server: install the newest handtint and "
                        "restart the server."
                    )
                )
                % {
                    "version": health.version,
                    "server": health.api,
                    "own": protocol.API_VERSION,
                    "name": self.name,
                    "editor": self.name.upper(),
                }
            )
        return health

    def _start(
        self, connection: places.Connection | None, paths: list[str]
    ) -> Flow[places.Endpoint]:
        if connection is None:
            raise NotRunning(
                _(
                    "The Handtint server is not running and this plug-in does not know how to "
                    "start it. Help shows the steps; the command is: handtint install %s"
                )
                % self.name,
                command="handtint install %s" % self.name,
            )
        if not connection.can_start:
            raise NotRunning(
                _(
                    "The Handtint server is not running and cannot be started from inside this "
                    "sandbox. Help shows how to start it for good; the command is: %s"
                )
                % connection.start_by_hand,
                command=connection.start_by_hand,
            )
        started = yield Start(connection.start, os.path.join(self.folder, "server-start.log"))
        deadline = time.monotonic() + self.start_wait
        while True:
            yield Pause(LOOK_EVERY, STARTING)
            found = yield from self._find(paths)
            if found is not None:
                return found
            failure = started.failure()
            if failure is not None:
                sentence = (
                    _(
                        "The Handtint server could not be started: %(reason)s. This command "
                        "shows more: %(command)s"
                    )
                    if failure
                    else _(
                        "The Handtint server ended as soon as it was started. This command shows "
                        "why: %(command)s"
                    )
                )
                raise StartFailed(
                    sentence % {"reason": failure.rstrip("."), "command": connection.start_by_hand},
                    command=connection.start_by_hand,
                )
            if time.monotonic() > deadline:
                raise StartFailed(
                    _(
                        "The Handtint server did not come up within %(seconds)d s. This command "
                        "shows why: %(command)s"
                    )
                    % {"seconds": self.start_wait, "command": connection.start_by_hand},
                    command=connection.start_by_hand,
                )

    # --- asking ----------------------------------------------------------------------------

    def ask(self, request: Callable[[], Request]) -> Flow[Answer]:
        """Ask for something, finding the server first; `request` makes the message anew.

        Reads the token again where the server has restarted, and waits where it is busy.
        """
        found_again = False
        deadline = None
        while True:
            endpoint = self.endpoint
            if endpoint is None:
                endpoint = yield from self.connect()
            try:
                answer = yield Send(endpoint, request(), self.setting.timeout)
                return protocol.check(answer)
            except (ServerUnreachable, TokenRefused) as error:
                if found_again or not self.setting.automatic:
                    raise self._with_remedy(error) from error
                found_again = True
                self.endpoint = None
            except Busy as error:
                now = time.monotonic()
                deadline = now + self.busy_wait if deadline is None else deadline
                seconds = min(max(error.retry_after or 2.0, 0.1), 30.0)
                if now + seconds > deadline:
                    raise Busy(
                        _(
                            "The Handtint server is still busy after %(seconds)d s: %(reason)s "
                            "Try again when its other work is done."
                        )
                        % {"seconds": self.busy_wait, "reason": error},
                        error.status,
                        error.code,
                        retry_after=error.retry_after,
                    ) from error
                yield Pause(seconds, _("The server is busy: waiting %d s") % max(1, round(seconds)))

    def _with_remedy(self, error: ClientError) -> ClientError:
        if isinstance(error, TokenRefused) and not self.setting.automatic:
            return TokenRefused(
                _(
                    "The server at %s refuses the token. Enter it again in the field Token, under "
                    "Server."
                )
                % self.setting.url,
                error.status,
                error.code,
            )
        if isinstance(error, TokenRefused):
            return TokenRefused(
                _(
                    "The Handtint server refuses the token that it left for this plug-in. Restart "
                    "the server, then try again."
                ),
                error.status,
                error.code,
            )
        return error

    def ask_about(
        self, photo: Plane, image_id: str, request: Callable[[protocol.SentPhoto], Request]
    ) -> Flow[tuple[Answer, str]]:
        """Ask about a photo by its id, and with its pixels if the server asks for them.

        image_id: the id if the server may hold the photo, else "".  Returns the answer and the
        photo's id for later calls.
        """
        if image_id:
            try:
                answer = yield from self.ask(lambda: request(image_id))
                return answer, image_id
            except ImageUnknown:
                pass
        answer = yield from self.ask(lambda: request(photo))
        return answer, answer.headers.get("handtint-image-id", "")


STAGES: dict[str, tuple[str, float, float]] = {
    "send": (N_("Sending the photo"), 0.0, 0.08),
    "decode": (N_("Reading the photo"), 0.08, 0.1),
    "wait": (N_("Waiting for the server"), 0.1, 0.12),
    "load": (N_("Loading the model"), 0.12, 0.2),
    "reduce": (N_("Looking at the photo"), 0.2, 0.25),
    "network": (N_("Looking at the photo"), 0.25, 0.55),
    "render": (N_("Coloring"), 0.55, 0.85),
    "write": (N_("Preparing the answer"), 0.85, 0.9),
    "receive": (N_("Receiving colors"), 0.9, 0.97),
}
"""Text, start and end on the bar of each stage; "send" and "receive" are the client's own."""


def on_the_bar(stage: str, fraction: float) -> tuple[str, float]:
    """Text and place 0..1 on a progress bar; an unknown stage is shown by its name.

    Such a name may be a sentence that is translated already: only its first letter is changed.
    """
    name = stage[:1].upper() + stage[1:]
    text, start, end = STAGES.get(stage, (name or N_("Working"), 0.1, 0.1))
    return _(text), start + (end - start) * min(max(fraction, 0.0), 1.0)
