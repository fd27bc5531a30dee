"""The one check that every request passes before it is routed, and before its body is kept.

Every page in the user's browser and every user of the machine can reach a server on loopback.
Therefore:

- Host must name this server: a page that rebinds its own name to 127.0.0.1 sends that name.
- Requests of web pages are refused (Origin, Sec-Fetch-Site; ``null`` is an origin, too).
- Every route but health needs the token.

``http.server`` checks at the end of the header section; the WSGI layer in ``api.app`` checks
again, so that the application is safe behind any other WSGI server.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from ..settings import HOST
from .problem import Problem

OPEN_PATH = "/v1/health"
"""The only path that needs no token."""

GetHeader = Callable[[str], "str | None"]
"""Value of a header field by its lower-case name, or None."""

_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH", "TRACE"})


def new_token() -> str:
    """A bearer token with 256 bits of randomness."""
    return secrets.token_urlsafe(32)


def is_loopback(name: str) -> bool:
    """Whether a host name or address, brackets allowed, means this machine itself."""
    bare = name.strip("[]").rstrip(".").lower()
    if bare == "localhost":
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


def _is_address(name: str, address: str) -> bool:
    """Whether a host is this address, brackets allowed."""
    try:
        return ip_address(name.strip("[]")) == ip_address(address)
    except ValueError:
        return False


def split_host(value: str) -> tuple[str, int | None] | None:
    """``name:port`` taken apart, in lower case; None if it is not of that form."""
    match = HOST.match(value)
    if match is None:
        return None
    port = match["port"]
    return match["name"].lower(), int(port) if port else None


@dataclass(frozen=True)
class Gate:
    """Who may ask.

    token: the bearer token.  port: the server's own port.  allowed_hosts: further
    ``name`` (any port) or ``name:port`` that Host may hold.  address: where it listens; no page
    can rebind a name to one, as it is none.
    """

    token: str
    port: int
    allowed_hosts: tuple[str, ...] = ()
    address: str = ""

    def host_allowed(self, value: str) -> bool:
        """Whether a Host field names this server."""
        parts = split_host(value)
        if parts is None:
            return False
        name, port = parts
        own = is_loopback(name) or _is_address(name, self.address)
        if own and (port if port is not None else 80) == self.port:
            return True
        for allowed in self.allowed_hosts:
            allowed_parts = split_host(allowed)
            if allowed_parts is None:
                continue
            if allowed_parts[0] == name and allowed_parts[1] in (None, port):
                return True
        return False

    def refuse(self, method: str, path: str, get: GetHeader) -> Problem | None:
        """Why a request is refused, or None if it may go on to the routes."""
        host = get("host")
        if host is None or not self.host_allowed(host):
            return Problem(
                "host_refused",
                "The Host field does not name this server: use the URL from server.json, or "
                "start the server with --allowed-host.",
            )
        origin = get("origin")
        if origin is not None and not self._own_origin(origin):
            return Problem("origin_refused", "Web pages have no access to this server.")
        if get("sec-fetch-site") not in (None, "none", "same-origin"):
            return Problem("origin_refused", "Web pages have no access to this server.")
        if method not in _METHODS:
            return Problem("not_implemented", "The server does not know this method.")
        if path == OPEN_PATH and method in ("GET", "HEAD"):
            return None
        return self._check_token(get("authorization"))

    def _own_origin(self, origin: str) -> bool:
        scheme, separator, rest = origin.partition("://")
        return separator != "" and scheme in ("http", "https") and self.host_allowed(rest)

    def _check_token(self, value: str | None) -> Problem | None:
        where = "send the content of the file named in server.json as Authorization: Bearer TOKEN."
        if value is None:
            return Problem("token_missing", f"The token is missing: {where}")
        scheme, _, given = value.partition(" ")
        # Compared as bytes: compare_digest refuses non-ASCII text.
        if scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode("utf-8", "surrogateescape"), self.token.encode()
        ):
            return None
        return Problem(
            "token_wrong",
            f"The token is wrong; a restarted server has a new one: {where}",
        )
