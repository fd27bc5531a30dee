"""`handtint uninstall`: take a plug-in out of its editor."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from handtint_server.installer.names import EDITORS


@click.command(name="uninstall")
@click.argument("editor", type=click.Choice(EDITORS))
@click.option(
    "--editor-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Only from the editor with this settings folder.",
)
def command(editor: str, editor_dir: Path | None) -> None:
    """Remove what `handtint install` put into GIMP or Krita, and nothing else."""
    from handtint_server.errors import sentence
    from handtint_server.installer import base, editors
    from handtint_server.model import HandtintError

    try:
        places = editors.find_installed(editor, editor_dir)
        for place in places:
            files = base.uninstall(place)
            click.echo(f"{place.label}: {len(files)} files removed from {place.root}")
    except HandtintError as error:
        click.echo(sentence(error), err=True)
        sys.exit(1)
    if not places:
        click.echo(f"The plug-in for {editors.title(editor)} is not installed there.")
