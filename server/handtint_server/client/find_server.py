"""Which server a command means: the one at a URL, or the one that runs for this user."""

from __future__ import annotations

from pathlib import Path

import requests

from ..discovery import FILE, Discovery
from ..folders import runtime_folder
from ..model import BadOption
from .http import FAULTS
from .wire import Unreachable

LOCAL = "local"
"""Instead of a URL: the server that runs for this user."""


def instance_at(url: str) -> str | None:
    """The instance of this machine's server at a URL, asked without any token.

    None if something else answers.  Raises Unreachable.
    """
    with requests.Session() as session:
        session.trust_env = False  # no proxy lies between us and this machine
        try:
            answer = session.get(f"{url}/v1/health", timeout=(5, 30), allow_redirects=False)
        except (*FAULTS, ValueError) as error:
            raise Unreachable(f"the server at {url} cannot be reached.") from error
    try:
        return str(answer.json()["instance"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_the_announced_one(announced: Discovery) -> bool:
    """Whether a server's file is not stale: its process may have ended, and another program have
    taken its number, and its port, which must not get the token."""
    if not announced.process_exists:
        return False
    try:
        return instance_at(announced.url) == announced.instance
    except Unreachable:
        return False


def local_server(runtime_dir: Path | None = None) -> Discovery:
    """The running server of this user; raises Unreachable if there is none."""
    announced = Discovery.read(runtime_folder(runtime_dir) / FILE)
    if announced is None or not _is_the_announced_one(announced):
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
    if announced is not None and named and _is_the_announced_one(announced):
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
