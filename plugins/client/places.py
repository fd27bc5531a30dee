"""Where files lie on this machine, and what they say (docs/http-api.md, section 1)."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any, Mapping
from urllib.parse import urlsplit

from .errors import BadSetting
from .translation import _

CONNECTION, DISCOVERY, SETTING = "connection.json", "server.json", "client.json"
FORMAT = 1

Environ = Mapping[str, str]


def runtime_folder(environ: Environ = os.environ, platform: str = sys.platform) -> str:
    """The folder where a server announces itself."""
    given = environ.get("HANDTINT_RUNTIME_DIR")
    if given:
        return given
    if platform == "win32":
        return os.path.join(_local_app_data(environ), "Temp", "handtint")
    if platform == "darwin":
        return os.path.join(_home(environ), "Library", "Caches", "TemporaryItems", "handtint")
    base = environ.get("XDG_RUNTIME_DIR")
    if not base:
        base = "/run/user/%d" % os.getuid()
        if not os.path.isdir(base):
            base = "/tmp/runtime-%d" % os.getuid()
    return os.path.join(base, "handtint")


def data_folder(environ: Environ = os.environ, platform: str = sys.platform) -> str:
    """The folder of `connection.json` and of the user's setting.

    The first one that holds a `connection.json`, else the platform's own.
    """
    given = environ.get("HANDTINT_HOME")
    if given:
        return given
    folders = []
    if environ.get("SNAP_USER_COMMON"):
        folders.append(os.path.join(environ["SNAP_USER_COMMON"], "handtint"))
    if platform == "win32":
        own = os.path.join(_local_app_data(environ), "handtint")
    elif platform == "darwin":
        own = os.path.join(_home(environ), "Library", "Application Support", "handtint")
    else:
        data = environ.get("XDG_DATA_HOME") or os.path.join(_home(environ), ".local", "share")
        own = os.path.join(data, "handtint")
    folders.append(own)
    for folder in folders:
        if os.path.isfile(os.path.join(folder, CONNECTION)):
            return folder
    return own


def _home(environ: Environ) -> str:
    return environ.get("HOME") or os.path.expanduser("~")


def _local_app_data(environ: Environ) -> str:
    return environ.get("LOCALAPPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Local")


def read_private(path: str, by_hand: bool = False) -> dict[str, Any] | None:
    """A JSON object that the user's own programs wrote; None if there is none.

    by_hand: users may have written it, too, and need not name the format.
    A file that belongs to someone else is none: in a shared folder anybody could leave one
    and be sent the photos.
    """
    try:
        with open(path, "rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            content = json.loads(file.read(1 << 20).decode("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    return content if content.get("format", FORMAT if by_hand else None) == FORMAT else None


def write_private(path: str, content: dict[str, Any]) -> None:
    """Write JSON that only the user can read, whole or not at all; raises OSError."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    temporary = path + ".new"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(json.dumps(content, indent=1).encode("utf-8"))
    os.replace(temporary, path)


@dataclass(frozen=True)
class Endpoint:
    """A server to send to.  url: without a final slash.  ca_file: own CA for https, or ""."""

    url: str
    token: str
    ca_file: str = ""

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine itself."""
    return name == "localhost" or name == "::1" or name.startswith("127.")


@dataclass(frozen=True)
class Announcement:
    """A server that announced itself in a `server.json`."""

    endpoint: Endpoint
    api: int
    instance: str


def read_announcement(path: str) -> Announcement | None:
    """The server that `server.json` at a path names; None if it names none."""
    content = read_private(path)
    if content is None:
        return None
    try:
        url = str(content["url"]).rstrip("/")
        # The token file of a mirror is named as the host sees it; the copy lies beside.
        beside = os.path.join(os.path.dirname(path), "token")
        token_file = beside if os.path.isfile(beside) else str(content["token_file"])
        with open(token_file, encoding="ascii") as file:
            token = file.read().strip()
        api, instance = int(content["api"]), str(content["instance"])
    except (KeyError, ValueError, TypeError, OSError):
        return None
    if not is_loopback(urlsplit(url).hostname or ""):
        return None
    return Announcement(Endpoint(url, token), api, instance)


@dataclass(frozen=True)
class Connection:
    """What `handtint install` left about the server, from `connection.json`."""

    version: str
    start: list[str]
    can_start: bool
    start_by_hand: str
    discovery: list[str]


def read_connection(folder: str) -> Connection | None:
    """`connection.json` of a data folder; None if `handtint install` did not write one."""
    content = read_private(os.path.join(folder, CONNECTION))
    if content is None:
        return None
    try:
        return Connection(
            version=str(content.get("version", "")),
            start=[str(word) for word in content["start"]],
            can_start=bool(content["can_start"]) and bool(content["start"]),
            start_by_hand=str(content["start_by_hand"]),
            discovery=[str(path) for path in content["discovery"]],
        )
    except (KeyError, TypeError):
        return None


@dataclass(frozen=True)
class ServerSetting:
    """The user's own choice of a server; an empty url means automatic.

    timeout: seconds without a sign of life after which a call is given up.
    """

    url: str = ""
    token: str = ""
    ca_file: str = ""
    timeout: float = 30.0

    @property
    def automatic(self) -> bool:
        """Whether the plug-in finds or starts the server itself."""
        return not self.url

    def endpoint(self) -> Endpoint:
        """The server of a setting that is not automatic; raises BadSetting.

        An address without a scheme, such as `host:8765`, means http.
        """
        url = self.url if "://" in self.url else "http://" + self.url
        parts = urlsplit(url)
        try:
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # a port that is no number
            usable = False
        if not usable or parts.query or parts.fragment or parts.username:
            raise BadSetting(
                _(
                    "The server address %s cannot be used. Enter one such as "
                    "https://photos.example.org:8443 in the field Address, under Server."
                )
                % self.url
            )
        if not self.token.isascii() or not self.token.isprintable():
            raise BadSetting(_("The token of the server setting holds characters no token has."))
        if self.ca_file and not os.path.isfile(self.ca_file):
            raise BadSetting(_("The certificate file %s does not exist.") % self.ca_file)
        return Endpoint(url.rstrip("/"), self.token.strip(), self.ca_file)


def read_setting(folder: str) -> ServerSetting:
    """The user's setting in a data folder; the automatic one if there is none.

    Raises BadSetting for a file that is damaged, so that a photo never goes to another
    server than the one chosen.
    """
    path = os.path.join(folder, SETTING)
    if not os.path.exists(path):
        return ServerSetting()
    content = read_private(path, by_hand=True)
    try:
        if content is None:
            raise ValueError("not a setting")
        return ServerSetting(
            url=str(content.get("url", "")),
            token=str(content.get("token", "")),
            ca_file=str(content.get("ca_file", "")),
            timeout=min(max(float(content.get("timeout", ServerSetting.timeout)), 0.5), 3600.0),
        )
    except (ValueError, TypeError) as error:
        raise BadSetting(
            _(
                "The server setting in %s cannot be read. Choose the server again under Server, or "
                "delete the file."
            )
            % path
        ) from error


def write_setting(folder: str, setting: ServerSetting) -> None:
    """Keep the user's setting; raises BadSetting."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "url": setting.url.strip(),
        "token": setting.token.strip(),
        "ca_file": setting.ca_file.strip(),
        "timeout": setting.timeout,
    }
    path = os.path.join(folder, SETTING)
    try:
        write_private(path, content)
    except OSError as error:
        raise BadSetting(
            _("The server setting cannot be kept: %(reason)s (%(path)s).")
            % {"reason": error.strerror or error, "path": path}
        ) from error
