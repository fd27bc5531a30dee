"""Photos of a batch, coloured by a running server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handtint_model.files import Photo
from handtint_model.types import Hints, Progress

from ..client.client import Client
from ..client.find_server import find_server
from ..client.wire import ClientError, Rejected, Unreachable
from .pipeline import BatchResult, RunFailed
from .plan import BatchSettings

_ENDS_THE_RUN = frozenset({"token_missing", "token_wrong", "host_refused", "model_failed"})


@dataclass(frozen=True)
class ServerBackend:
    """A server that colorizes; see `pipeline.Backend`."""

    url: str
    token: str
    _threads: threading.local = field(default_factory=threading.local)

    @classmethod
    def connect(cls, url: str, token_file: Path | None) -> ServerBackend:
        """The server that `find_server` finds; asked once, so that a wrong token shows now.

        Raises ClientError if it does not answer.
        """
        backend = cls(*find_server(url, token_file))
        backend._client().info()
        return backend

    def _client(self) -> Client:
        """The client of the calling thread."""
        client: Client | None = getattr(self._threads, "client", None)
        if client is None:
            client = self._threads.client = Client(self.url, self.token)
        return client

    def encode(self, photo: Photo, settings: BatchSettings, progress: Progress) -> Any:
        """Nothing: the server encodes when it colorizes."""
        return None

    def colorize(
        self,
        photo: Photo,
        encoded: Any,
        hints: Hints | None,
        settings: BatchSettings,
        progress: Progress,
    ) -> BatchResult:
        """The server's answer for a photo; raises RunFailed if it answers no more."""
        options = settings.options
        try:
            answer = self._client().colorize(
                photo.luminance,
                hints,
                alpha=photo.alpha,
                progress=progress,
                vividness=options.vividness,
                strength=options.strength,
                render_size=options.render_size,
                alternative=options.alternative,
            )
        except Unreachable as error:
            raise RunFailed(str(error)) from error
        except Rejected as error:
            if error.code in _ENDS_THE_RUN:
                raise RunFailed(str(error)) from error
            raise
        if answer.pixels.shape != (*photo.luminance.shape, 3):
            raise ClientError("the server's answer has another size than the photo.")
        return BatchResult(answer.pixels, answer.note, answer.weights)
