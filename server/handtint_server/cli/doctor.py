"""`handtint doctor`: does everything work, and if not, what would help."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handtint_server.translation import _

if TYPE_CHECKING:
    from handtint_server.doctor import Diagnosis, Finding

PACKAGES = ("torch", "numpy", "numba", "pyvips", "pillow", "flask", "waitress", "pydantic")
LOG_LINES = 200
_MARKS = {"ok": "ok", "note": "note", "bad": "BAD"}


@click.command(name="doctor")
@click.option("--server", "server_only", is_flag=True, help="Look at the running server only.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a text file to attach to a bug report; no token and no photo is in it.",
)
def command(server_only: bool, report: Path | None) -> None:
    """Check whether everything works, and say what to do if not.

    The exit code is 0 only if the menu entry of at least one installed editor would give
    colour, or, with --server, if the server answers.
    """
    from handtint_server.doctor import examine
    from handtint_server.editors.environment import Environment

    diagnosis = examine(Environment(), server_only=server_only)
    text = table(diagnosis.findings)
    click.echo(text)
    works = diagnosis.server_answers if server_only else diagnosis.an_editor_works
    click.echo(_verdict(diagnosis, server_only))
    if report is not None:
        report.write_text(report_text(text), "utf-8")
        click.echo(_("Report: %s") % report)
    sys.exit(0 if works else 1)


def table(findings: list[Finding]) -> str:
    """The findings, one a line, each remedy below."""
    width = max(len(f.what) for f in findings)
    lines = []
    for f in findings:
        lines.append(f"{_MARKS[f.state]:<5} {f.what:<{width}}  {f.saw}")
        if f.remedy:
            lines.append(f"{'':<5} {'':<{width}}  -> {f.remedy}")
    return "\n".join(lines)


def _verdict(diagnosis: Diagnosis, server_only: bool) -> str:
    if server_only:
        return _("The server answers.") if diagnosis.server_answers else _("No server can be used.")
    if diagnosis.an_editor_works:
        return _("Ready: Colorize Layer gives colour.")
    return _("No editor is ready to colorize yet; do what the arrows say.")


def report_text(findings: str) -> str:
    """What a bug report needs: versions, findings, the end of the log; scrubbed."""
    from handtint_server import folders

    parts = [
        "Handtint report",
        f"platform {platform.platform()}",
        f"python {sys.version.split()[0]}",
        f"processors {os.cpu_count()}",
    ]
    for name in PACKAGES:
        try:
            parts.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            parts.append(f"{name} is missing")
    variables = sorted(name for name in os.environ if name.startswith("HANDTINT_"))
    parts.append(f"variables set: {', '.join(variables) or 'none'}")
    given = os.environ.get("HANDTINT_LOG_FILE")
    log: Path | str = "the log"
    try:
        log = folders.log_file(Path(given) if given else None)
        lines = log.read_text("utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except (OSError, folders.FolderError):
        lines = ["(no log)"]
    return scrub("\n".join([*parts, "", findings, "", f"end of {log}:", *lines, ""]))


def scrub(text: str) -> str:
    """Without the user's home, and without anything that could be a token."""
    from handtint_server.discovery import FILE, Discovery
    from handtint_server.folders import FolderError, home_folder, runtime_folder

    found = Discovery.read(runtime_folder() / FILE)
    if found is not None:
        with contextlib.suppress(FolderError):
            if token := found.read_token():
                text = text.replace(token, "(token)")
    text = re.sub(r"(?i)(bearer\s+)\S+", r"\1(token)", text)
    text = re.sub(r"\b[A-Za-z0-9_-]{40,}\b", "(long word)", text)
    with contextlib.suppress(FolderError):
        home = home_folder(os.environ)
        if home != Path(home.anchor):  # as in containers
            text = re.sub(re.escape(str(home)) + r"(?![\w.-])", "~", text)
    return text
