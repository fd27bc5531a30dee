"""What a plug-in knows about the server, as one value that its docker or panel shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generator

from . import places, protocol
from .errors import (
    BadReply,
    BadSetting,
    ClientError,
    NotRunning,
    OtherVersion,
    ServerLost,
    ServerTimeout,
    ServerUnreachable,
    StartFailed,
)
from .session import Send, Session
from .translation import _

LOOK_TIMEOUT = 5.0


class ServerState(Enum):
    """A state, with the words and the colour of the dot that stand for it."""

    UNKNOWN = (_("Not asked yet"), "#8a8a8a")
    STOPPED = (_("Starts with the first photo"), "#8a8a8a")
    STARTING = (_("Starting"), "#e0a020")
    READY_CPU = (_("Ready on CPU"), "#3fa34d")
    READY_GPU = (_("Ready on GPU"), "#3fa34d")
    BUSY = (_("Busy"), "#3f7fd0")
    NOT_INSTALLED = (_("Not installed"), "#c03a3a")
    WRONG_VERSION = (_("Wrong version"), "#c03a3a")
    UNREACHABLE = (_("Unreachable"), "#c03a3a")

    @property
    def words(self) -> str:
        """For the user."""
        return self.value[0]

    @property
    def color(self) -> str:
        """Of the dot, "#rrggbb"."""
        return self.value[1]

    @property
    def ready(self) -> bool:
        """Whether a request would be taken at once."""
        return self in (ServerState.READY_CPU, ServerState.READY_GPU)


_UNREACHABLE = (
    BadReply,
    BadSetting,
    ServerLost,
    ServerTimeout,
    ServerUnreachable,
    StartFailed,
)


@dataclass(frozen=True)
class ServerView:
    """A state with what else there is to say: the device's name, or the remedy.

    vividness: the server's default, or None if it is not known.
    """

    state: ServerState
    detail: str = ""
    vividness: float | None = None


def view_of_error(error: ClientError) -> ServerView:
    """The state that an error means; errors that say nothing about the server are UNKNOWN."""
    if isinstance(error, NotRunning):
        return ServerView(ServerState.NOT_INSTALLED, str(error))
    if isinstance(error, OtherVersion):
        return ServerView(ServerState.WRONG_VERSION, str(error))
    if isinstance(error, _UNREACHABLE):
        return ServerView(ServerState.UNREACHABLE, str(error))
    return ServerView(ServerState.UNKNOWN, str(error))


def view_of_info(info: dict[str, Any], status: str) -> ServerView:
    """The state of a server that answers.

    info: what `GET /v1/info` says.  status: what `GET /v1/health` says.
    """
    engines = [engine for engine in info.get("engines", []) if isinstance(engine, dict)]
    best = engines[0] if engines else {}
    name = str(best.get("name") or best.get("device") or "")
    if status == "loading":
        return ServerView(ServerState.STARTING, _("Loading the model"))
    if status == "busy":
        return ServerView(ServerState.BUSY, name)
    if status in ("failed", "stopping"):
        problem = str(best.get("problem") or "")
        return ServerView(ServerState.UNREACHABLE, problem or _("The server is ending."))
    on_cpu = str(best.get("device", "cpu")).startswith("cpu")
    return ServerView(ServerState.READY_CPU if on_cpu else ServerState.READY_GPU, name)


def look(session: Session) -> Generator[Any, Any, ServerView]:
    """See what the server is doing, without starting one.  Raises nothing."""
    try:
        endpoint = yield from session.look()
        if endpoint is None:
            connection = places.read_connection(session.folder)
            if connection is not None and connection.can_start:
                return ServerView(ServerState.STOPPED)
            install = "handtint install %s" % session.name
            command = install if connection is None else connection.start_by_hand
            remedy = _("Help shows the steps; the command is: %s") % command
            return ServerView(ServerState.NOT_INSTALLED, remedy)
        answer = yield Send(endpoint, protocol.health(), LOOK_TIMEOUT)
        health = protocol.read_health(answer)
        answer = yield Send(endpoint, protocol.info(), LOOK_TIMEOUT)
        info = protocol.read_info(answer)
        return replace(view_of_info(info, health.status), vividness=_default_vividness(info))
    except ClientError as error:
        return view_of_error(error)


def _default_vividness(info: dict[str, Any]) -> float | None:
    try:
        return min(max(float(info["defaults"]["vividness"]), 0.0), 1.0)
    except (KeyError, TypeError, ValueError):
        return None
