"""The `handtint` command: one file a command, imported only when it is used."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from inspect import cleandoc

import click

from handtint_server.cli.shared import WEIGHTS_VARIABLE
from handtint_server.translation import N_, _

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it

# name: (module in this package, one line for `handtint --help`)
COMMANDS = {
    "colorize": ("colorize", N_("Colorize photos: files, or folders of them.")),
    "info": ("info", N_("Print what a picture says of how it was made.")),
    "suggest": ("suggest", N_("List likely colours for a place in a photo.")),
    "serve": ("serve", N_("Run the server that GIMP, Krita and scripts use.")),
    "install": ("install", N_("Install the plug-in for GIMP or Krita.")),
    "uninstall": ("uninstall", N_("Remove the plug-in from GIMP or Krita.")),
    "doctor": ("doctor", N_("Check whether everything works, and say what to do if not.")),
    "train": ("train", N_("Train the network.")),
    "evaluate": ("evaluate", N_("Measure the colorizer on photos.")),
}


def _in_the_users_language(command: click.Command) -> click.Command:
    """A command with its help texts translated."""
    if command.help:
        command.help = _(re.sub(r"(?<!\n)\n(?!\n)", " ", cleandoc(command.help)))
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            param.help = _(param.help)
    return command


class _LazyGroup(click.Group):
    """A group whose commands are imported on use, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return _in_the_users_language(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(text)) for name, (_module, text) in COMMANDS.items()])


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"handtint {metadata.version('handtint')}")
        ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version and exit.",
)
@click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    help="Weights for every command that colorizes, instead of the embedded ones; "
    "with install: for the server that the editor starts.",
)
def cli(weights: str | None) -> None:
    """Colour for black-and-white photographs, on your own machine."""
    if weights is not None:
        # Programs that a command starts have it as well.
        os.environ[WEIGHTS_VARIABLE] = weights


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's) and return its exit code.

    What a person can put right ends in one sentence on stderr: exit code 2 for wrong
    usage, 1 for anything else, 130 after Ctrl-C.
    """
    _write_whatever_there_is()
    try:
        result = _in_the_users_language(cli).main(
            arguments, prog_name="handtint", standalone_mode=False
        )
    except click.exceptions.Abort:
        click.echo(_("Stopped."), err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone; the flush at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        message = _explained(error)
        if message is None:
            raise
        click.echo(message, err=True)
        return EXIT_FAILED
    return result if isinstance(result, int) else 0


def _write_whatever_there_is() -> None:
    """Let names that the terminal's encoding lacks come out escaped, not as an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and getattr(stream, "errors", "") in (
            "strict",
            "surrogateescape",
        ):
            reconfigure(errors="backslashreplace")


def _explained(error: Exception) -> str | None:
    """The sentence for what a person can put right; None for a mistake of ours."""
    from handtint_server.memory import TOO_LITTLE_MEMORY, is_out_of_memory
    from handtint_server.sentences import sentence, shown, shown_path

    if is_out_of_memory(error):  # first: it may keep the next import from working too
        return sentence(TOO_LITTLE_MEMORY)
    from handtint_model.errors import HandtintError

    if isinstance(error, HandtintError):
        return shown(sentence(error))
    if isinstance(error, OSError):
        where = f"{shown_path(error.filename)}: " if error.filename else ""
        return f"{where}{error.strerror or error}."
    return None
