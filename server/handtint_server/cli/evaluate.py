"""``handtint evaluate``: figures, tables and contact sheets for a set of photos."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handtint_server.cli.shared import weights_option

if TYPE_CHECKING:
    from handtint_model.evaluation.methods import Method
    from handtint_model.evaluation.photos import PhotoFile

SHEET_PHOTOS = 40
SHEET_HINTS = 5


def _numbers(kind: type[int] | type[float]) -> Any:
    """A click callback that turns ``1,2,5`` into a tuple of numbers, each once, in order."""

    def parse(_: click.Context, __: click.Parameter, text: str | None) -> tuple[Any, ...]:
        if not text:
            return ()
        try:
            numbers = tuple(dict.fromkeys(kind(part) for part in text.split(",")))
        except ValueError:
            raise click.BadParameter(f"{text!r} is not a list of numbers such as 0,1,5.") from None
        if min(numbers) < 0:
            raise click.BadParameter("the numbers must not be negative.")
        return numbers

    return parse


def _place(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        x, y = (int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a place such as 120,80.") from None
    return x, y


@click.command(name="evaluate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--photos",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH...",
    help="Picture files, folders or tar shards; several paths may follow.",
)
@click.option(
    "--hints",
    default="0,1,2,5,10,20,50,100",
    show_default=True,
    callback=_numbers(int),
    metavar="N,N",
    help="Numbers of hints.",
)
@click.option(
    "--protocol",
    "protocol_name",
    type=click.Choice(["siggraph17", "icolorit"]),
    default="siggraph17",
    show_default=True,
    help="How photos are sized, hints placed and results scored.",
)
@click.option(
    "--baselines",
    default="gray,levin",
    show_default=True,
    metavar="NAME,NAME",
    help="What to compare with: gray, levin, or none.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), help="At most this many photos, evenly spaced."
)
@click.option(
    "--size",
    type=click.IntRange(min=32),
    help="Pixels per side.  [default: the protocol's, 256 or 224]",
)
@click.option(
    "--vividness",
    callback=_numbers(float),
    metavar="V,V",
    help="One or more, each 0 to 1.  [default: the colorizer's]",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all figures.")
@weights_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--baselines-only", is_flag=True, help="Leave the colorizer out.")
@click.option(
    "--reuse",
    type=click.Path(path_type=Path),
    metavar="JSON",
    help="Take the baselines' figures from an earlier run's --json on the same photos.",
)
@click.option("--profile", is_flag=True, help="Print GFLOP at 256 x 256 and parameters.")
@click.option(
    "--contact-sheet",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="Draw up to 40 of the photos: gray, ours, ours with hints, truth.",
)
@click.option(
    "--held-out",
    is_flag=True,
    help="Only the photos that training keeps out of these (every 67th of a source).",
)
@click.option(
    "--fit-decoding",
    type=click.Path(path_type=Path),
    metavar="WEIGHTS",
    help="Choose the constants of decoding on these photos, and write the weights with them.",
)
@click.option(
    "--worst-tint",
    is_flag=True,
    help="In the contact sheet the photos whose neutrals are tinted worst, the worst first.",
)
@click.option(
    "--show-trust",
    callback=_place,
    metavar="X,Y",
    help="Draw how far a hint at this place of each photo reaches, into the contact sheet "
    "(trust.png without one), and measure nothing.",
)
def command(
    paths: tuple[Path, ...],
    photos: tuple[Path, ...],
    hints: tuple[int, ...],
    protocol_name: str,
    baselines: str,
    limit: int | None,
    size: int | None,
    vividness: tuple[float, ...],
    json_file: Path | None,
    weights: Path | None,
    device: str,
    baselines_only: bool,
    reuse: Path | None,
    profile: bool,
    contact_sheet: Path | None,
    held_out: bool,
    fit_decoding: Path | None,
    worst_tint: bool,
    show_trust: tuple[int, int] | None,
) -> int:
    """Measure how well photos are colorized, with and without hints.

    Each photo is reduced to its luminance and colorized; hints are given the truth's mean
    colour.  The table tells PSNR, colourfulness and the area under the curve of the ab
    error, for the colorizer and for the baselines.
    """
    places = photos + paths
    if not places and not profile:
        raise click.UsageError("name at least one photo, folder or tar shard: --photos PATH...")
    if baselines_only and (profile or show_trust):
        raise click.UsageError("--profile and --show-trust need the colorizer.")
    colorizer = None if baselines_only else _load(weights, device)
    if profile:
        _print_profile(colorizer)
    if not places:
        return 0
    if show_trust is not None:
        _draw_trust(colorizer, places, limit, show_trust, contact_sheet)
        return 0
    if fit_decoding is not None:
        _fit(colorizer, _photos(places, held_out), limit, weights, fit_decoding)
        return 0
    skipped = _measure(
        colorizer, _photos(places, held_out), hints or (0,), protocol_name, baselines, limit, size,
        vividness, json_file, reuse, contact_sheet, worst_tint,
    )  # fmt: skip
    for sentence in skipped:
        click.echo(sentence, err=True)
    return 1 if skipped else 0


def _load(weights: Path | None, device: str) -> Any:
    from handtint_model import load_colorizer

    return load_colorizer(weights, device)


def _measure(
    colorizer: Any,
    everything: list[PhotoFile],
    hints: tuple[int, ...],
    protocol_name: str,
    baselines: str,
    limit: int | None,
    size: int | None,
    vividness: tuple[float, ...],
    json_file: Path | None,
    reuse: Path | None,
    contact_sheet: Path | None,
    worst_tint: bool,
) -> list[str]:
    """Evaluate, print, write; returns a sentence for each photo that could not be read."""
    from tqdm import tqdm

    from handtint_model.evaluation.color_measures import need_scikit_image
    from handtint_model.evaluation.methods import Ours, baseline
    from handtint_model.evaluation.photos import evenly
    from handtint_model.evaluation.protocols import protocol
    from handtint_model.evaluation.report_file import earlier_scores, to_json
    from handtint_model.evaluation.run import evaluate
    from handtint_model.evaluation.tables import by_worst_tint, colors_to_text, to_text

    need_scikit_image()  # before minutes of work

    chosen = evenly(everything, limit)
    rules = protocol(protocol_name, [photo.name for photo in everything])
    names = [name for name in baselines.split(",") if name not in ("", "none")]
    earlier = []
    if reuse is not None:
        earlier = earlier_scores(reuse, names, hints, chosen, rules.name, size or rules.size)
        names = []
    methods: list[Method] = [baseline(name) for name in names]
    if colorizer is not None:
        methods.append(Ours(colorizer, vividness or (None,), with_entropy=True))

    with tqdm(total=len(chosen), unit="photo", disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(done - bar.n)

        report = evaluate(chosen, methods, rules, hints, size=size, progress=progress)
    report.scores[:0] = earlier
    click.echo(to_text(report))
    click.echo()
    click.echo(colors_to_text(report))
    if json_file is not None:
        record = to_json(report)
        if colorizer is not None:
            record |= {"weights": colorizer.weights_id, "device": colorizer.device}
        _write_text(json_file, json.dumps(record, indent=1) + "\n")
    if contact_sheet is not None:
        if worst_tint:
            named = {photo.name: photo for photo in chosen}
            chosen = [named[name] for name in by_worst_tint(report)][:SHEET_PHOTOS]
        _draw_samples(colorizer, chosen, rules, size, vividness, contact_sheet)
    return report.skipped


def _photos(places: tuple[Path, ...], held_out: bool) -> list[PhotoFile]:
    """The photos at these places, or those of them that training keeps out."""
    from handtint_model.evaluation.photos import PhotoFile, find_photos

    if not held_out:
        return find_photos(places)
    from handtint_model.training.photos import index_photos
    from handtint_model.training.samples import hold_out

    _, held = hold_out(index_photos(places))
    return [PhotoFile(ref.name, Path(ref.path), ref.offset, ref.size) for ref in held]


def _fit(
    colorizer: Any, photos: list[PhotoFile], limit: int | None, weights: Path | None, out: Path
) -> None:
    """Choose the constants of decoding, print them, and write weights that hold them."""
    from tqdm import tqdm

    from handtint_model.evaluation.fit_decoding import fit_decoding
    from handtint_model.evaluation.photos import evenly
    from handtint_model.evaluation.protocols import protocol
    from handtint_model.network.checkpoint import save_decoding

    rules = protocol("siggraph17")
    truths = [rules.load(photo.open(), name=photo.name) for photo in evenly(photos, limit)]
    with tqdm(total=len(truths), unit="photo", disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(done - bar.n)

        decoding = fit_decoding(colorizer, truths, progress=progress)
    save_decoding(weights, out, decoding)
    after = decoding.color_smoothing
    of_colors = "none" if after is None else f"{after:g}"
    click.echo(f"smoothing {decoding.smoothing:g}, of the colors {of_colors}, fade {decoding.fade}")
    click.echo("vividness  decision  neutral  gain  boost")
    for v, decision, neutral, gain, boost in decoding.curve:
        click.echo(f"{v:9.3f}  {decision:8.2f}  {neutral:7.2f}  {gain:4.2f}  {boost:5.2f}")
    click.echo(f"weights: {out}")


def _draw_samples(
    colorizer: Any,
    photos: list[Any],
    rules: Any,
    size: int | None,
    vividness: tuple[float, ...],
    path: Path,
) -> None:
    from handtint_model import BadImage
    from handtint_model.evaluation.contact_sheet import save_sheet
    from handtint_model.evaluation.photos import evenly
    from handtint_model.evaluation.sample_sheet import sample_sheet

    truths = []
    for photo in evenly(photos, SHEET_PHOTOS):
        try:
            truths.append(rules.load(photo.open(), size, photo.name))
        except BadImage:
            continue  # reported by the evaluation already
    sheet = sample_sheet(
        colorizer, truths, rules, vividness=vividness or (None,), hints=SHEET_HINTS, levin=True
    )
    save_sheet(sheet, path)
    click.echo(f"contact sheet: {path}")


def _draw_trust(
    colorizer: Any,
    places: tuple[Path, ...],
    limit: int | None,
    place: tuple[int, int],
    sheet: Path | None,
) -> None:
    from handtint_model.evaluation.contact_sheet import save_sheet
    from handtint_model.evaluation.photos import evenly, find_photos
    from handtint_model.evaluation.trust_sheet import trust_sheet

    chosen = evenly(find_photos(places), limit or SHEET_PHOTOS)
    path = sheet or Path("trust.png")
    save_sheet(trust_sheet(colorizer, chosen, place), path)
    click.echo(f"trust sheet: {path}")


def _print_profile(colorizer: Any) -> None:
    from handtint_model.evaluation.cost import measure_cost

    cost = measure_cost(colorizer)
    click.echo(f"{cost.gflop:.2f} GFLOP at 256 x 256 (2 per multiply-add)")
    click.echo(f"{cost.parameters / 1e6:.2f} million parameters")


def _write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
