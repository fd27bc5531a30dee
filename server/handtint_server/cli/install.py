"""`handtint install`: put a plug-in into its editor."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from handtint_server.installer.names import EDITORS


@click.command(name="install")
@click.argument("editor", type=click.Choice(EDITORS))
@click.option(
    "--editor-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Settings folder of the editor, where it is not found by itself.",
)
def command(editor: str, editor_dir: Path | None) -> None:
    """Install the plug-in for GIMP or Krita, or bring it up to date.

    Every version of the editor that this user has gets it, those from Flatpak and Snap, too.
    """
    from handtint_server.errors import sentence
    from handtint_server.installer import base, editors
    from handtint_server.model import HandtintError

    try:
        places = editors.find(editor, editor_dir)
        for place in places:
            files = base.install(place)
            click.echo(f"{place.label}: {len(files)} files in {place.root}")
    except HandtintError as error:
        click.echo(sentence(error), err=True)
        sys.exit(1)
    click.echo(editors.advice(editor, places))
