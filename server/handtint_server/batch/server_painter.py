"""Photos of a batch, coloured by a running server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handtint_model.errors import BadOption
from handtint_model.image_io import Photo
from handtint_model.types import Hints, Progress

from ..client.client import Client
from ..client.wire import ClientError, Rejected, Unreachable
from ..discovery import FILE, Discovery
from ..folders import runtime_folder
from .pipeline import Painted, RunFailed
from .plan import Settings

LOCAL = "local"
"""Instead of a URL: the server that runs for this user."""
_USELESS_TO_GO_ON = frozenset({"token_missing", "token_wrong", "host_refused", "model_failed"})


def find_server(url: str, token_file: Path | None) -> tuple[str, str]:
    """(URL, token) of the server at a URL, or of ``local``.

    Raises BadOption if there is no token, Unreachable if no local server runs.
    """
    found = Discovery.read(runtime_folder(None) / FILE)
    if url == LOCAL:
        if found is None or not found.process_exists:
            raise Unreachable("no Handtint server is running; start one with: handtint serve")
        url = found.url
    if token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadOption(f"the token file {token_file} cannot be read.") from error
        if not token.isascii() or not token.isprintable():
            raise BadOption(f"the token file {token_file} holds no token.")
        return url, token
    if found is not None and found.url.rstrip("/") == url.rstrip("/"):
        return url, found.read_token()
    raise BadOption("say with --token-file where the token of this server is.")


@dataclass(frozen=True)
class ServerPainter:
    """A server that paints; see `Painter`."""

    url: str
    token: str
    _threads: threading.local = field(default_factory=threading.local)

    @classmethod
    def connect(cls, url: str, token_file: Path | None) -> ServerPainter:
        """The server that `find_server` finds; asked once, so that a wrong token shows now.

        Raises ClientError if it does not answer.
        """
        painter = cls(*find_server(url, token_file))
        painter._client().info()
        return painter

    def _client(self) -> Client:
        """The client of the calling thread."""
        client: Client | None = getattr(self._threads, "client", None)
        if client is None:
            client = self._threads.client = Client(self.url, self.token)
        return client

    def encode(self, photo: Photo, settings: Settings, progress: Progress) -> Any:
        """Nothing: the server encodes when it paints."""
        return None

    def paint(
        self,
        photo: Photo,
        encoded: Any,
        hints: Hints | None,
        settings: Settings,
        progress: Progress,
    ) -> Painted:
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
            )
        except Unreachable as error:
            raise RunFailed(str(error)) from error
        except Rejected as error:
            if error.code in _USELESS_TO_GO_ON:
                raise RunFailed(str(error)) from error
            raise
        if answer.pixels.shape != (*photo.luminance.shape, 3):
            raise ClientError("the server's answer has another size than the photo.")
        return Painted(answer.pixels, answer.note)
