"""`handtint info`: what a picture says of how it was made."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handtint_model.errors import HandtintError
from handtint_server.sentences import sentence, shown, shown_path

if TYPE_CHECKING:
    from handtint_model.files import PhotoInfo

EXIT_FAILED = 1


@click.command(name="info")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def command(files: tuple[Path, ...], as_json: bool) -> None:
    """Print what pictures say of how they were made: the mark of `handtint colorize`.

    Exit codes: 0 all read, 1 some could not be read.
    """
    from handtint_model import files as image_io

    found: list[dict[str, Any]] = []
    failed = False
    for path in files:
        try:
            described = _described(path, image_io.inspect_photo(path))
        except HandtintError as error:
            failed = True
            click.echo(f"{shown_path(path)}: {shown(sentence(error))}", err=True)
            continue
        found.append(described)
        if not as_json:
            _print(described)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    if failed:
        click.get_current_context().exit(EXIT_FAILED)


def _described(path: Path, info: PhotoInfo) -> dict[str, Any]:
    from handtint_model.files import find_mark

    mark = find_mark(info.meta.xmp)
    return {
        "file": str(path),
        "format": info.format,
        "width": info.width,
        "height": info.height,
        "depth": info.bits,
        "colorized": mark.is_colorized,
        **asdict(mark),
    }


def _print(found: dict[str, Any]) -> None:
    click.echo(f"{shown_path(Path(found['file']))}: ", nl=False)
    size = f"{found['width']} x {found['height']}"
    bits = "1 bit" if found["depth"] == 1 else f"{found['depth']} bits"
    click.echo(f"{found['format'].upper()}, {size} pixels, {bits}")
    if found["source_type"]:
        note = " (colorized by a trained model)" if found["colorized"] else ""
        click.echo(f"  source type: {shown(found['source_type'])}{note}")
    if found["creator_tool"]:
        click.echo(f"  creator tool: {shown(found['creator_tool'])}")
    for entry in found["history"]:
        click.echo(f"  history: {shown(entry)}")
    if not (found["source_type"] or found["history"]):
        click.echo("  it does not say how it was made.")
