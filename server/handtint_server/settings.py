"""One table of settings: drives the flags of `handtint serve`, HANDTINT_* and the docs.

Each field of `Settings` is a setting.  `cli/serve.py` makes a flag of it (``--log-level``)
that is also read from the environment (``HANDTINT_LOG_LEVEL``); ``docs/serve.md`` has the
table, and a test compares it with `table`.
"""

# ruff: noqa: RUF009  (`_setting` makes a dataclasses.field)

from __future__ import annotations

import contextlib
import os
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from . import __version__

API_VERSION = 1
HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?\Z")
"""A host as a Host field has it, with or without a port."""
_SERVER_NAME = re.compile(r"[A-Za-z0-9._-]{0,27}\Z")
"""What leaves room for 36 digits in the 64 characters of an image id."""
MIB = 1 << 20


class BadSetting(ValueError):
    """A setting that no server could run with; no error of the model's, which is heavy to load."""


def _setting(default: Any, text: str, **more: Any) -> Any:
    """A field with its help text; `choices`, `low` and `high` bound it."""
    return field(default=default, metadata={"help": text, **more})


def memory_bytes(
    cgroups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> int:
    """Memory of the machine, of its container or of this process, whichever is least.

    4 GiB where the platform does not tell.  cgroups, own: where Linux says what a container may
    take (version 2: memory.max; version 1: memory/memory.limit_in_bytes).
    """
    try:
        limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):
        limits = [4096 * MIB]
    for path in _limit_files(cgroups, own):
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            limits.append(int(path.read_text("ascii")))
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            limits.append(soft)
    return min(limits)


def _limit_files(cgroups: Path, own: Path) -> Iterator[Path]:
    """The files with the limits of this process's group and of those above it."""
    yield cgroups / "memory.max"
    yield cgroups / "memory" / "memory.limit_in_bytes"
    try:
        lines = own.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        _, controllers, name = [*line.split(":", 2), "", ""][:3]
        unified = not controllers
        root = cgroups if unified else cgroups / "memory"
        if not unified and "memory" not in controllers.split(","):
            continue
        group = Path(name.lstrip("/"))
        for part in (group, *group.parents):
            yield root / part / ("memory.max" if unified else "memory.limit_in_bytes")


@dataclass(frozen=True)
class Settings:
    """Everything that can be set about a server; section 12 of docs/http-api.md.

    Raises BadSetting for names that no request could hold.
    """

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(0, "Port to listen on; 0 takes a free one.", low=0, high=65535)
    allow_remote: bool = _setting(
        False, "Listen beyond this machine, if --host says so; read docs/headless.md first."
    )
    allowed_host: tuple[str, ...] = _setting(
        (), "A further name, or name:port, that clients may reach the server by; repeatable."
    )
    device: str = _setting(
        "auto", "auto, cpu, cuda, cuda:N or mps; several with commas: one engine each."
    )
    weights: Path | None = _setting(None, "Weights file instead of the embedded one.")
    token_file: Path | None = _setting(
        None, "File with the token to demand; made if it does not exist. Default: a new token "
        "every start."
    )  # fmt: skip
    discovery: bool = _setting(True, "Write server.json and token so that plug-ins find this.")
    runtime_dir: Path | None = _setting(None, "Folder of server.json and token.")
    home: Path | None = _setting(None, "Data folder of Handtint.")
    server_name: str = _setting(
        "", "Short name put before image ids, for several servers behind a proxy."
    )
    places: int = _setting(
        8, "Requests that may wait or run; more get 503 with Retry-After.", low=1, high=256
    )
    cache_mb: int = _setting(1024, "Memory for photos seen before.", low=0, high=1 << 20)
    memory_mb: int = _setting(
        0,
        "Memory for bodies and answers in flight; 0: half the machine's or container's, at least "
        "2048.",
        low=0,
        high=1 << 20,
    )
    max_body_mb: int = _setting(2048, "Largest body of a request.", low=1, high=1 << 16)
    max_megapixels: float = _setting(
        250.0, "Largest photo, hint crop or mask.", low=0.001, high=10_000
    )
    receive_timeout: float = _setting(300.0, "Seconds for a request to arrive.", low=1, high=86400)
    work_timeout: float = _setting(600.0, "Seconds of work for a request.", low=1, high=86400)
    connections: int = _setting(200, "Open connections at most.", low=8, high=10_000)
    idle_unload: float = _setting(
        0.0, "Minutes without work after which the model's memory is freed; 0: never.",
        low=0, high=100_000,
    )  # fmt: skip
    exit_idle: float = _setting(
        0.0, "Minutes without a request after which the server ends; 0: never. The plug-ins set "
        "it for a server that they start.", low=0, high=100_000,
    )  # fmt: skip
    log_file: Path | None = _setting(None, "Log file (JSON lines, rotated).")
    log_level: str = _setting(
        "info", "How much to log.", choices=("debug", "info", "warning", "error")
    )

    def __post_init__(self) -> None:
        if not _SERVER_NAME.match(self.server_name):
            raise BadSetting(
                f"--server-name takes up to 27 letters, digits, points, hyphens and underscores, "
                f"not {self.server_name!r}."
            )
        for name in self.allowed_host:
            if not HOST.match(name):
                raise BadSetting(
                    f"--allowed-host takes a name, or name:port, without http:// and without a "
                    f"path, not {name!r}."
                )

    @property
    def max_body(self) -> int:
        """Bytes of the largest body."""
        return self.max_body_mb * MIB

    @property
    def max_pixels(self) -> int:
        """Pixels of the largest photo, hint crop or mask."""
        return int(self.max_megapixels * 1_000_000)

    @property
    def memory(self) -> int:
        """Bytes that all bodies and answers in flight may hold."""
        return self.memory_mb * MIB or max(memory_bytes() // 2, 2048 * MIB)

    @property
    def version(self) -> str:
        """Of the server."""
        return __version__


@dataclass(frozen=True)
class Row:
    """A line of the table of settings."""

    name: str
    flag: str
    variable: str
    kind: type
    default: Any
    text: str
    choices: tuple[str, ...] | None
    low: float | None
    high: float | None
    multiple: bool


def table() -> list[Row]:
    """The settings in order, as flags, variables and docs need them."""
    hints = typing.get_type_hints(Settings)
    rows = []
    for f in fields(Settings):
        kind, multiple = hints[f.name], False
        if isinstance(kind, types.UnionType):  # Path | None
            kind = next(k for k in typing.get_args(kind) if k is not type(None))
        elif typing.get_origin(kind) is tuple:
            kind, multiple = str, True
        dashed = f.name.replace("_", "-")
        flag = f"--{dashed}"
        if kind is bool and f.default is True:
            flag = f"--{dashed}/--no-{dashed}"
        rows.append(
            Row(
                name=f.name,
                flag=flag,
                variable=f"HANDTINT_{f.name.upper()}",
                kind=kind,
                default=f.default,
                text=f.metadata["help"],
                choices=f.metadata.get("choices"),
                low=f.metadata.get("low"),
                high=f.metadata.get("high"),
                multiple=multiple,
            )
        )
    return rows


def markdown_table() -> str:
    """The table of ``docs/serve.md``."""
    lines = ["| flag | variable | default | |", "|---|---|---|---|"]
    for row in table():
        default = "" if row.default in (None, (), "") else row.default
        if row.kind is bool:
            default = "yes" if row.default else "no"
        choices = f" One of {', '.join(row.choices)}." if row.choices else ""
        lines.append(f"| `{row.flag}` | `{row.variable}` | {default} | {row.text}{choices} |")
    return "\n".join(lines) + "\n"
