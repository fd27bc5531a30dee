"""connection.json, the list of mirrors and the systemd unit: how a plug-in gets its server."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from dataclasses import asdict, replace
from pathlib import Path

from .. import __version__
from ..discovery import FILE, MIRRORS, TOKEN, Discovery, read_mirrors, write_mirrors
from ..folders import FolderError, make_private, runtime_folder, write_private
from .environment import Environment, Target

FORMAT = 1
CONNECTION = "connection.json"
UNIT = "handtint.service"


def start_command() -> list[str]:
    """The absolute command that starts a server, with the weights that HANDTINT_WEIGHTS names.

    An editor that is started from the desktop does not have the variables of this shell.
    """
    weights = os.environ.get("HANDTINT_WEIGHTS")
    given = ["--weights", str(Path(weights).resolve())] if weights else []
    return [sys.executable, "-m", "handtint_server", "serve", *given]


def unit_text() -> str:
    """The systemd user unit for this interpreter, from the template beside this file."""
    template = Path(__file__).with_name(UNIT).read_text("utf-8")
    command = " ".join(_escaped(word) for word in start_command())
    lines = [
        f"ExecStart={command}" if line.startswith("ExecStart=") else line
        for line in template.splitlines()
    ]
    return "\n".join(lines) + "\n"


def _escaped(word: str) -> str:
    """A word of ExecStart (systemd.service, "Command lines")."""
    word = word.replace("%", "%%").replace("$", "$$")
    if any(c in word for c in " \"\\'"):
        word = '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return word


def unit_path(env: Environment) -> Path:
    """Where the user's systemd looks."""
    return env.folder("XDG_CONFIG_HOME", ".config") / "systemd" / "user" / UNIT


def install_unit(env: Environment) -> Path | None:
    """Write the unit; its path, or None where there is no systemd."""
    if env.platform != "linux" or env.which("systemctl") is None:
        return None
    path = unit_path(env)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(unit_text(), "utf-8")
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def start_by_hand(env: Environment) -> str:
    """The one command that starts a server, for people."""
    if unit_path(env).exists() and env.which("systemctl") is not None:
        return "systemctl --user enable --now handtint"
    return shlex.join(start_command()) if os.name == "posix" else " ".join(start_command())


def write_connection(target: Target, env: Environment) -> Path:
    """Leave connection.json for a target and have the server mirror discovery there.

    Raises FolderError.
    """
    runtime = runtime_folder()
    content = {
        "format": FORMAT,
        "version": __version__,
        "start": start_command(),
        "can_start": not target.sandbox,
        "start_by_hand": start_by_hand(env),
        "discovery": [str(target.data / FILE), str(runtime / FILE)],
    }
    make_private(target.data)
    path = target.data / CONNECTION
    write_private(path, json.dumps(content, indent=1).encode())
    mirrors = read_mirrors(env.data)
    if target.data not in mirrors:
        write_mirrors(env.data, [*mirrors, target.data])
    _mirror_now(target.data, runtime)
    return path


def _mirror_now(folder: Path, runtime: Path) -> None:
    """A server that already runs has read its list of mirrors: copy for it."""
    found = Discovery.read(runtime / FILE)
    if found is None or not found.process_exists or folder == runtime:
        return
    with contextlib.suppress(FolderError):
        write_private(folder / TOKEN, found.read_token().encode() + b"\n")
        copy = replace(found, token_file=str(folder / TOKEN))
        write_private(folder / FILE, json.dumps(asdict(copy), indent=1).encode())


def remove_connection(data: Path, env: Environment) -> None:
    """Take connection.json and the mirror away.  Raises FolderError."""
    for name in (CONNECTION, FILE, TOKEN):
        with contextlib.suppress(OSError):
            (data / name).unlink()
    mirrors = [folder for folder in read_mirrors(env.data) if folder != data]
    if mirrors:
        write_mirrors(env.data, mirrors)
    else:
        with contextlib.suppress(OSError):
            (env.data / MIRRORS).unlink()
        with contextlib.suppress(OSError):
            unit_path(env).unlink()
    for folder in (data, env.data):
        with contextlib.suppress(OSError):
            folder.rmdir()  # stays if something of the user's is in it
