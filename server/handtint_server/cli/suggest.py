"""`handtint suggest`: likely colours for a place in a photo."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handtint_model.errors import BadOption, HandtintError
from handtint_model.types import RENDER_SIZES, ColorizeOptions, lies_inside
from handtint_server.cli.shared import was_typed, weights_option
from handtint_server.sentences import shown_path

if TYPE_CHECKING:
    from handtint_model.files import Photo
    from handtint_model.types import Hints

DEFAULTS = ColorizeOptions()
MOST = 32  # docs/http-api.md, section 7; `Colorizer.suggest`


def _place(_: click.Context, __: click.Parameter, text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"a place is written X,Y, for example 120,80, not {text!r}."
        ) from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise click.BadParameter("a place needs finite coordinates.")
    return x, y


@click.command(name="suggest")
@click.argument("photo", type=click.Path(path_type=Path))
@click.argument("place", metavar="X,Y", callback=_place)
@click.option(
    "-n", "count", type=click.IntRange(1, MOST), default=9, show_default=True, help="How many."
)
@click.option(
    "--hints",
    "hint_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PNG|JSON",
    help="Hints already given, which count too.",
)
@click.option(
    "--render-size",
    type=click.IntRange(*RENDER_SIZES),
    default=DEFAULTS.render_size,
    show_default=True,
    help="Pixels of the short side that the network sees.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or mps.")
@weights_option
@click.option(
    "--server",
    metavar="URL|local",
    help="Ask a running server; local: the one that runs for you.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the server's token is; a local server's is found by itself.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def command(
    photo: Path,
    place: tuple[float, float],
    count: int,
    hint_path: Path | None,
    render_size: int,
    device: str,
    weights: Path | None,
    server: str | None,
    token_file: Path | None,
    as_json: bool,
) -> None:
    """List the likeliest colours at X,Y, in pixels from the top left of PHOTO.

    Each line is a colour that --point takes, and its probability.
    """
    if server is None and token_file is not None:
        raise click.UsageError("--token-file belongs to --server.")
    typed = weights is not None and was_typed("weights")
    if server is not None and (typed or device != "auto"):
        raise click.UsageError("--server uses the server's own device and weights.")
    from handtint_model import files as image_io

    try:
        picture = image_io.read_photo(photo)
    except HandtintError as error:
        raise type(error)(f"{shown_path(photo)}: {error}") from error
    height, width = picture.luminance.shape
    x, y = place
    if not lies_inside(x, y, (width, height)):
        raise BadOption(f"the place {x:g},{y:g} lies outside the photo of {width} x {height}.")
    hints = None
    if hint_path is not None:
        from handtint_model.files.hint_files import read_hints

        hints = read_hints(hint_path, (width, height))
    inside = (min(max(x, 0.0), width - 1), min(max(y, 0.0), height - 1))
    if server is not None:
        rows = _ask(server, token_file, picture, inside, hints, count, render_size)
    else:
        import handtint_model

        colorizer = handtint_model.load_colorizer(weights, device=device)
        encoded = colorizer.encode(picture.luminance, render_size=render_size, alpha=picture.alpha)
        suggestions = colorizer.suggest(encoded, inside, hints, n=count)
        rows = [("#{:02x}{:02x}{:02x}".format(*s.rgb), s.probability) for s in suggestions]
    if as_json:
        click.echo(json.dumps([{"color": c, "probability": round(p, 6)} for c, p in rows]))
        return
    for color, probability in rows:
        # With hints most colours of the nine are hardly likely any more, but none is impossible.
        shown = f"{probability:.1%}" if probability >= 0.0005 else "<0.1%"
        click.echo(f"{color}  {shown:>6}")


def _ask(
    url: str,
    token_file: Path | None,
    picture: Photo,
    place: tuple[float, float],
    hints: Hints | None,
    count: int,
    render_size: int,
) -> list[tuple[str, float]]:
    """(colour, probability) as a server suggests them."""
    from handtint_server.client import Client
    from handtint_server.client.find_server import find_server

    with Client(*find_server(url, token_file)) as client:
        _, suggestions = client.suggest(
            picture.luminance,
            place,
            hints,
            alpha=picture.alpha,
            n=count,
            render_size=render_size,
        )
    return [(s.color, s.probability) for s in suggestions]
