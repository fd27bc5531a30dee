"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

WEIGHTS_VARIABLE = "HANDTINT_WEIGHTS"

weights_option = click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=WEIGHTS_VARIABLE,
    help="Weights to use instead of the embedded ones.",
)


def was_typed(name: str) -> bool:
    """Whether an option stands on the command line, and not only in a variable."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE
