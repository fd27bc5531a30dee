"""server.json and token: how clients of the same user find the server, and only they."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from .folders import FolderError, make_private, write_private
from .model import HandtintError
from .settings import API_VERSION

FORMAT = 1
FILE, TOKEN, LOCK, MIRRORS = "server.json", "token", "lock", "mirrors.json"
_MOST_BYTES = 65536  # of an answer to the question who is there


class AlreadyRunningError(HandtintError):
    """Another server of this user has the runtime folder."""


@dataclass(frozen=True)
class Discovery:
    """The content of ``server.json``."""

    url: str
    pid: int
    version: str
    api: int
    instance: str
    token_file: str
    started: str
    format: int = FORMAT

    @classmethod
    def read(cls, path: Path) -> Discovery | None:
        """From a file; None if there is none or it is not one of ours."""
        try:
            data = json.loads(path.read_text("utf-8"))
            if data.get("format") != FORMAT:
                return None
            return cls(**{name: data[name] for name in cls.__dataclass_fields__})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def read_token(self) -> str:
        """The token; raises FolderError."""
        try:
            return Path(self.token_file).read_text("ascii").strip()
        except (OSError, ValueError) as error:
            raise FolderError(f"the token {self.token_file} cannot be read: {error}.") from error

    @property
    def process_exists(self) -> bool:
        """Whether its process is there; another one may have taken its number since."""
        return process_exists(self.pid)

    @property
    def is_running(self) -> bool:
        """Whether it runs: another program may have taken its number, and its port."""
        try:
            return self.process_exists and instance_at(self.url) == self.instance
        except OSError:
            return False


def instance_at(url: str) -> str:
    """The instance of this machine's server at a URL, asked without any token.

    Empty if something else answers.  Raises OSError if nothing does.
    """
    try:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    except (http.client.HTTPException, ValueError):
        return ""
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/v1/health")
            return str(json.loads(connection.getresponse().read(_MOST_BYTES))["instance"])
        except (http.client.HTTPException, ValueError, KeyError, TypeError):
            return ""


def process_exists(pid: int) -> bool:
    """Whether a process with this number runs."""
    if pid <= 0:
        return False
    if os.name == "nt":  # os.kill would end it
        import ctypes

        kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
        handle = kernel.OpenProcess(0x1000, False, pid)
        if handle:
            kernel.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_mirrors(home: Path) -> list[Path]:
    """The folders that `handtint install` asked the server to mirror discovery into."""
    try:
        listed = json.loads((home / MIRRORS).read_text("utf-8"))
        return [Path(p) for p in listed["folders"] if isinstance(p, str) and Path(p).is_absolute()]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_mirrors(home: Path, folders: Iterable[Path]) -> None:
    """The list for `read_mirrors`; raises FolderError."""
    make_private(home)
    unique = list(dict.fromkeys(str(f) for f in folders))
    write_private(home / MIRRORS, json.dumps({"folders": unique}, indent=1).encode())


class Publication:
    """The runtime folder of a server: its lock, then its files.

    The lock belongs to the operating system, so it is released however the process ends.  Only
    its holder may replace the files of a server that has ended.
    """

    def __init__(self, folder: Path, mirrors: Iterable[Path] = ()) -> None:
        self.folder = folder
        self._mirrors = list(mirrors)
        self._lock: IO[bytes] | None = None
        self._instance = ""
        self._written: list[Path] = []  # folders

    def lock(self, wait: float = 5.0) -> None:
        """Take the folder.

        Raises AlreadyRunningError, with the other server's URL once that is there (after at most
        ``wait`` seconds), or FolderError.
        """
        make_private(self.folder)
        path = self.folder / LOCK
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            file = os.fdopen(os.open(path, flags, 0o600), "r+b")
        except OSError as error:
            raise FolderError(f"{path} cannot be written: {error.strerror or error}.") from error
        deadline = time.monotonic() + wait
        while not _try_lock(file):
            other = Discovery.read(self.folder / FILE)
            if other is not None and other.process_exists:
                file.close()
                raise AlreadyRunningError(f"Handtint is already running at {other.url}.")
            if time.monotonic() > deadline:
                file.close()
                raise AlreadyRunningError(
                    f"another Handtint server is starting or ending ({path} is locked)."
                )
            time.sleep(0.05)
        self._lock = file

    def publish(self, url: str, token: str, version: str, instance: str) -> None:
        """Write token and server.json, here and in the mirrors.  Raises FolderError.

        A mirror with the files of a running server, which has another runtime folder, stays its.
        """
        self._instance = instance
        started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for folder in [self.folder, *self._mirrors]:
            other = Discovery.read(folder / FILE)
            if folder != self.folder and other is not None and other.is_running:
                continue
            discovery = Discovery(
                url=url,
                pid=os.getpid(),
                version=version,
                api=API_VERSION,
                instance=instance,
                token_file=str(folder / TOKEN),
                started=started,
            )
            try:
                make_private(folder)
                self._written.append(folder)
                write_private(folder / TOKEN, token.encode() + b"\n")
                content = json.dumps(asdict(discovery), indent=1).encode()
                write_private(folder / FILE, content)
            except FolderError:
                # An editor that has been removed takes its folder with it.
                if folder == self.folder:
                    raise

    def withdraw(self) -> None:
        """Remove the files, unless they are another server's by now, and give the folder up."""
        for folder in self._written:
            found = Discovery.read(folder / FILE)
            if found is not None and found.instance != self._instance:
                continue
            for name in (FILE, TOKEN):
                with contextlib.suppress(OSError):
                    (folder / name).unlink()
        self._written.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read_or_make_token(path: Path, make: Any) -> str:
    """The token in a file of the administrator's; made there if the file does not exist.

    Raises FolderError, also for a file that others can read or that is too short.
    """
    try:
        text = path.read_text("ascii").strip()
        mode = path.stat().st_mode
    except FileNotFoundError:
        token = str(make())
        write_private(path, token.encode() + b"\n")
        return token
    except (OSError, ValueError) as error:
        raise FolderError(f"the token file {path} cannot be read: {error}.") from error
    if os.name == "posix" and mode & 0o004:
        raise FolderError(f"everyone can read the token file {path}: chmod 600 it.")
    if len(text) < 16 or not text.isprintable() or " " in text:
        raise FolderError(f"the token file {path} needs at least 16 characters without spaces.")
    return text
