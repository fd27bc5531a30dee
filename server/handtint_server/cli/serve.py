"""`handtint serve`: run the server in the foreground."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import click

from handtint_server.sentences import sentence
from handtint_server.settings import BadSetting, Settings, table

EXIT_FAILED = 1
EXIT_RUNNING = 3
EXIT_ADDRESS = 4
EXIT_MODEL = 5
EXIT_FOLDER = 6


def _options(command: Any) -> Any:
    """A flag and an environment variable for every setting."""
    for row in reversed(table()):
        kind: Any = row.kind
        if row.choices:
            kind = click.Choice(row.choices)
        elif row.kind is Path:
            kind = click.Path(path_type=Path)
        elif row.kind is int:
            kind = click.IntRange(_whole(row.low), _whole(row.high))
        elif row.kind is float:
            kind = click.FloatRange(row.low, row.high)
        flag = row.kind is bool
        decorate = click.option(
            row.flag,
            row.name,
            type=None if flag else kind,
            is_flag=flag,
            default=row.default,
            multiple=row.multiple,
            envvar=row.variable,
            show_default=not flag and not row.multiple and row.default not in (None, ""),
            help=row.text,
        )
        command = decorate(command)
    return command


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


@click.command(name="serve")
@_options
def command(**given: Any) -> None:
    """Run the server that GIMP, Krita and scripts use.

    It listens on this machine only, writes server.json and token for the plug-ins, and ends
    with Ctrl-C or SIGTERM.  Every option can also be set by its HANDTINT_... variable.

    Exit codes: 0 ended in order, 2 wrong usage, 3 already running, 4 address not
    available, 5 weights or device at fault, 6 a folder or the token file cannot be used.
    """
    try:
        settings = Settings(**given)
    except BadSetting as error:
        raise click.UsageError(sentence(error)) from error
    sys.exit(serve(settings))


def serve(settings: Settings) -> int:
    """Run a server; the exit code."""
    # Read when NumPy and SciPy are loaded.  The products in a request are small, and OpenBLAS's
    # threads wait for the next one at full speed: an editor needs that processor to paint.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from handtint_server import folders, logs
    from handtint_server.discovery import AlreadyRunningError
    from handtint_server.model import HandtintError
    from handtint_server.process import limit_libvips, limit_malloc
    from handtint_server.runner import AddressError, Runner

    limit_malloc()
    limit_libvips()
    try:
        log_path = logs.configure(folders.log_file(settings.log_file), settings.log_level)
        runner = Runner(settings)
    except AlreadyRunningError as error:
        click.echo(sentence(error), err=True)
        return EXIT_RUNNING
    except AddressError as error:
        click.echo(sentence(error), err=True)
        return EXIT_ADDRESS
    except folders.FolderError as error:
        click.echo(sentence(error), err=True)
        return EXIT_FOLDER
    except HandtintError as error:
        click.echo(sentence(error), err=True)
        return EXIT_FAILED
    runner.handle_signals()
    watcher = threading.Thread(target=_watch_model, args=(runner, log_path), daemon=True)
    try:
        return runner.run(on_listening=watcher.start)
    except folders.FolderError as error:
        click.echo(sentence(error), err=True)
        return EXIT_FOLDER


def _watch_model(runner: Any, log_path: Path | None) -> None:
    """Print the start-up screen once the model is loaded; end if it cannot be."""
    engines = runner.service.engines
    engines.first_load.wait()
    if engines.status == "failed":
        runner.stop(EXIT_MODEL)  # the log, which is on the terminal too, says why
        return
    click.echo(_screen(runner, log_path))


def _screen(runner: Any, log_path: Path | None) -> str:
    from handtint_server.engine.devices import describe

    settings, engines = runner.settings, runner.service.engines
    devices = ", ".join(f"{w.device} ({describe(w.device)})" for w in engines.workers)
    if runner.publication is not None:
        connect = (
            "GIMP, Krita and `handtint colorize` find it by themselves; "
            f"token in {runner.publication.folder / 'token'}"
        )
    elif settings.token_file is not None:
        connect = f"with the URL and the token in {settings.token_file}"
    else:
        connect = f"with the URL and the token {runner.token}"
    lines = [
        f"Handtint {settings.version} is ready.  Stop with Ctrl-C.",
        f"  URL      {runner.url}",
        f"  Device   {devices}",
        f"  Model    weights {engines.weights_id}",
        f"  Connect  {connect}",
        f"  Logs     {log_path or 'on this terminal only'}",
    ]
    if settings.allow_remote:
        lines.append(
            "  Remote   other machines can reach it; whoever has the token can use it, and "
            "without TLS in front the token and the photos travel readable."
        )
    return "\n".join(lines)
