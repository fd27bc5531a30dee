"""A systemd user service, for editors whose sandbox cannot start the server."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

UNIT_COMMAND = "systemctl --user enable --now handtint"

_HEAD = "# Written by `handtint install`; `handtint uninstall` removes it.\n"


def unit_path() -> Path:
    """Where the user's own services lie."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "systemd" / "user" / "handtint.service"


def write_unit(start: list[str]) -> None:
    """Describe the server as a service where there is systemd; it is not enabled."""
    path = unit_path()
    # sd_booted(3): the folder is there where systemd runs, not only where it is installed.
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        return
    if path.exists() and not path.read_text("utf-8").startswith(_HEAD):
        return  # the user's own
    text = (
        f"{_HEAD}[Unit]\nDescription=Handtint, colour for black-and-white photographs\n\n"
        f"[Service]\nExecStart={_quote(start)}\nRestart=on-failure\n"
        # Another server that runs already, wrong usage: starting again changes nothing.
        "RestartPreventExitStatus=2 3 6\n\n[Install]\nWantedBy=default.target\n"
    )
    if path.exists() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    _reload()


def _quote(command: list[str]) -> str:
    """As systemd.syntax(7) wants it; % and $ would be taken for variables."""
    return " ".join(shlex.quote(w).replace("%", "%%").replace("$", "$$") for w in command)


def remove_unit() -> None:
    """Disable and remove the service, if it is the one `write_unit` made."""
    path = unit_path()
    if not path.is_file() or not path.read_text("utf-8").startswith(_HEAD):
        return
    _systemctl("disable", "--now", "handtint")
    path.unlink()
    _reload()


def _reload() -> None:
    _systemctl("daemon-reload")


def _systemctl(*arguments: str) -> None:
    """Best effort: there may be no session to talk to."""
    program = shutil.which("systemctl")
    if program is None:
        return
    try:
        subprocess.run(
            [program, "--user", *arguments], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return
