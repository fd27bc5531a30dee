"""HTTP between the client and one server: what goes wrong is one of the client's errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.auth import AuthBase

from .. import __version__
from ..http.gate import is_loopback
from .wire import ClientError, Unreachable, rejected

FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError)
"""What requests raises where a connection breaks, or for a host or a token that cannot be sent."""


class _Bearer(AuthBase):
    """The token of each request; with a mere header field, an entry in .netrc would replace it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def host_of(url: str) -> str:
    """The host of a server's URL; raises ClientError for what is no such URL."""
    if not url.startswith(("http://", "https://")):
        raise ClientError(f"a server's URL begins with http:// or https://, not {url!r}.")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host.encode("idna")
        valid = host != "" and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ClientError(f"{url!r} is no URL of a server.")
    return host


class Http:
    """A connection to one server; see `client.Client` for the arguments."""

    def __init__(self, url: str, token: str, *, ca: Path | str | None, timeout: float) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout
        host = host_of(self.url)
        # Passed with each request, as REQUESTS_CA_BUNDLE would override the session's own.
        self._verify = None if ca is None else str(ca)
        self._auth = _Bearer(token)
        # No proxy lies between us and this machine.
        self._trust_env = not is_loopback(host)
        if not self._trust_env and ca is None:
            self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or None
        self._session = self._new_session()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = self._trust_env
        session.auth = self._auth
        session.headers["User-Agent"] = f"handtint/{__version__}"
        session.headers["Accept-Encoding"] = "identity"
        return session

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        """One exchange; raises Unreachable and Rejected."""
        try:
            response = self._session.request(
                method,
                self.url + path,
                timeout=(10.0, self.timeout),
                allow_redirects=False,
                verify=self._verify,
                **more,
            )
        except requests.exceptions.SSLError as error:
            raise ClientError(
                f"the certificate of {self.url} is not trusted; name its authority's file."
            ) from error
        except FAULTS as error:
            raise Unreachable(f"the server at {self.url} cannot be reached.") from error
        if response.status_code != 200:
            raise rejected(response)
        return response

    def send_apart(self, method: str, path: str) -> requests.Response:
        """A short request on a connection of its own, while the other one is in use.

        Raises what is in `FAULTS`.
        """
        with self._new_session() as session:
            return session.request(
                method, self.url + path, timeout=5, allow_redirects=False, verify=self._verify
            )
