"""HTTP by hand: for requests that no library would send."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any

from .conftest import SECONDS


class Answer:
    """An answer taken apart."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if data else 0
        self.fields = [line.partition(": ")[::2] for line in lines[1:]]

    @property
    def headers(self) -> dict[str, str]:
        return {k.lower(): v for k, v in self.fields}

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def complete(self) -> bool:
        """Whether all of it came before the connection was closed."""
        return self.status > 0 and len(self.body) >= int(self.headers.get("content-length", 0))

    @property
    def code(self) -> str:
        """The code of a problem; '' for anything else."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.json()["code"])


def connect(port: int, timeout: float = SECONDS) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout)


def read_answer(connection: socket.socket) -> Answer:
    """One answer with Content-Length, or what came before the end."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length" and len(body) >= int(value):
                    return Answer(data)
        try:
            chunk = connection.recv(1 << 16)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            return Answer(data)
        data += chunk


def exchange(port: int, request: bytes, timeout: float = SECONDS) -> Answer:
    """Send bytes, read an answer."""
    with connect(port, timeout) as connection:
        # A refusal may come, and the connection be closed, before all is sent.
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        return read_answer(connection)


def head(method: str, path: str, *fields: str) -> bytes:
    """A header section."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode("latin-1")
