"""Which server a command means: the one at a URL, or the one that runs for this user."""

from __future__ import annotations

from pathlib import Path

from ..discovery import FILE, Discovery
from ..folders import runtime_folder
from ..model import BadOption
from .wire import Unreachable

LOCAL = "local"
"""Instead of a URL: the server that runs for this user."""


def local_server(runtime_dir: Path | None = None) -> Discovery:
    """The running server of this user; raises Unreachable if there is none."""
    announced = Discovery.read(runtime_folder(runtime_dir) / FILE)
    if announced is None or not announced.is_running:
        raise Unreachable("no Handtint server is running; start one with: handtint serve")
    return announced


def find_server(url: str, token_file: Path | None) -> tuple[str, str]:
    """(URL, token) of the server at a URL, or of ``local``.

    Raises BadOption if there is no token, Unreachable if no local server runs.
    """
    if url == LOCAL:
        local = local_server()
        return local.url, local.read_token() if token_file is None else _read_token(token_file)
    if token_file is not None:
        return url, _read_token(token_file)
    announced = Discovery.read(runtime_folder(None) / FILE)
    named = announced is not None and announced.url.rstrip("/") == url.rstrip("/")
    if announced is not None and named and announced.is_running:
        return url, announced.read_token()
    raise BadOption("say with --token-file where the token of this server is.")


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadOption(f"the token file {path} cannot be read.") from error
    if not token.isascii() or not token.isprintable():
        raise BadOption(f"the token file {path} holds no token.")
    return token
