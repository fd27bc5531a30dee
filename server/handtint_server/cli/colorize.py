"""`handtint colorize`: photos in, colour photos out."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from handtint_model.errors import BadOption, HandtintError
from handtint_model.types import ALTERNATIVES, RENDER_SIZES, ColorizeOptions
from handtint_server.batch.failures import FailureList
from handtint_server.batch.plan import (
    BatchSettings,
    HintSource,
    is_wanted,
    parse_point,
    plan,
    reference_hints,
)
from handtint_server.batch.search import FAILURES
from handtint_server.cli.shared import was_typed, weights_option
from handtint_server.sentences import sentence, shown, shown_path
from handtint_server.translation import _

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from handtint_server.batch.pipeline import Backend
    from handtint_server.batch.plan import Outcome, PhotoJob, Point

DEFAULTS = ColorizeOptions()
EXIT_FAILED = 1


def _points(
    _context: click.Context, _param: click.Parameter, texts: tuple[str, ...]
) -> tuple[Point, ...]:
    try:
        return tuple(parse_point(text) for text in texts)
    except HandtintError as error:
        raise click.BadParameter(str(error)) from error


@click.command(name="colorize")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|FOLDER..."
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="A file, or a folder for several results; beside each photo if not given.",
)
@click.option(
    "--point",
    "points",
    multiple=True,
    callback=_points,
    metavar="X,Y,#RRGGBB",
    help="A colour for a place, in pixels from the top left; may be repeated.",
)
@click.option(
    "--radius",
    type=click.FloatRange(0.5, 1000),
    default=4.0,
    show_default=True,
    help="How far from its place a point colours, in pixels.",
)
@click.option(
    "--hints",
    "hint_path",
    type=click.Path(path_type=Path, exists=True),
    metavar="PNG|JSON|FOLDER",
    help="A painted layer with transparency, a hints.json, or a folder like that of the photos "
    "that holds NAME.EXT.hints.json or NAME.EXT.hints.png for some.",
)
@click.option(
    "--within",
    "mask_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="MASK",
    help="Keep --point and --hints inside a mask: a picture of the photo's size, white inside.",
)
@click.option("--save-hints", is_flag=True, help="Save the hints used as NAME.EXT.hints.json.")
@click.option(
    "--vividness",
    type=click.FloatRange(0, 1),
    default=DEFAULTS.vividness,
    show_default=True,
    help="0 is calm and least often wrong, 1 is boldest.",
)
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=DEFAULTS.strength,
    show_default=True,
    help="How far hints are followed.",
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
    help="Let a running server colorize; local: the one that runs for you.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the server's token is; a local server's is found by itself.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="ray: spread the photos over a Ray cluster (pip install 'handtint[ray]').",
)
@click.option(
    "--workers", type=click.IntRange(1), help="With --engine ray: colorizers; default: what fits."
)
@click.option("--overwrite", is_flag=True, help="Make results anew that exist already.")
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=BatchSettings().max_pixels,
    show_default=True,
    help="Refuse photos with more pixels.",
)
@click.option("--page", type=click.IntRange(1), help="Which page of a TIFF with several; from 1.")
@click.option(
    "--alternative",
    type=click.IntRange(0, ALTERNATIVES - 1),
    default=DEFAULTS.alternative,
    show_default=True,
    help="Another coloring that holds together: 1 to 3, the likeliest first; 0 is the usual one.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PHOTO",
    help="A photo in colour whose colours are taken where it looks alike; hints lie over them.",
)
@click.option(
    "--alike",
    is_flag=True,
    help="Keep what belongs together in the same colours over all photos: each takes those of the "
    "results before it.",
)
@click.option(
    "--like",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="RESULT",
    help="As --alike, beginning with the colours of an earlier result.",
)
@click.option(
    "--beside",
    is_flag=True,
    help="Also write original and result side by side in one picture, NAME.beside.colorized.EXT.",
)
@click.option(
    "--no-mark",
    is_flag=True,
    help="Do not say in the result that it was colorized, and how.",
)
@click.option(
    "--failures",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV of the photos that failed, for several; default: handtint-failures.csv in the "
    "folder.",
)
def command(
    paths: tuple[Path, ...],
    out: Path | None,
    points: tuple[Point, ...],
    radius: float,
    hint_path: Path | None,
    mask_path: Path | None,
    save_hints: bool,
    vividness: float,
    strength: float,
    render_size: int,
    device: str,
    weights: Path | None,
    server: str | None,
    token_file: Path | None,
    engine: str,
    workers: int | None,
    overwrite: bool,
    max_pixels: int,
    page: int | None,
    alternative: int,
    reference: Path | None,
    alike: bool,
    like: Path | None,
    beside: bool,
    no_mark: bool,
    failures: Path | None,
) -> None:
    """Colorize photos: PNG, JPEG, WebP and TIFF, 8 or 16 bits or float, gray or toned.

    The result of NAME.EXT is NAME.colorized.EXT beside it, or in the folder after -o.  It
    has the depth, profile, EXIF, resolution and transparency of its source.  In folders,
    photos whose result exists are passed over, so the same command goes on where an
    interrupted one stopped.

    Exit codes: 0 all done, 1 some photos failed, 2 wrong usage, 130 interrupted.
    """
    _check_usage(server, token_file, engine, weights, device)
    settings = BatchSettings(
        options=ColorizeOptions(vividness, strength, render_size, alternative),
        hints=HintSource(
            points, radius, hint_path, None if mask_path is None else mask_path.absolute()
        ),
        save_hints=save_hints,
        overwrite=overwrite,
        max_pixels=max_pixels,
        page=page,
        mark=not no_mark,
        references=() if reference is None else (reference,),
        beside=beside,
    )
    for path in filter(None, (reference, like)):
        reference_hints(path)  # what is wrong with it is told once, before the work
    alike = alike or like is not None
    if alike and engine == "ray":
        raise click.UsageError("--alike works photo by photo: leave out --engine ray.")
    planned = plan(paths, out, settings.hints)
    jobs, failed = planned.jobs, planned.failed
    several = len(jobs) + len(failed) > 1
    pending = [job for job in jobs if is_wanted(job, overwrite=overwrite)]
    if not several and jobs and not pending:
        name = shown_path(jobs[0].target)
        raise BadOption(f"the result {name} exists already; add --overwrite to make it anew.")
    report = Report(len(jobs) + len(failed), len(jobs) - len(pending), several)
    failures = failures or (out or next(filter(Path.is_dir, paths), Path())) / FAILURES
    for note in planned.notes:
        report.tell(sentence(note))
    with closing(report), FailureList(failures if several else None) as failure_list:
        report.show_all(failed, failure_list)
        if pending:
            if alike:
                backend = _backend(server, token_file, weights, device)
                made = _series(jobs, settings, backend, like)
            else:
                made = _run(pending, settings, engine, server, token_file, weights, device, workers)
            with made as run:
                report.start()
                report.show_all(run, failure_list)
    if several or planned.skipped:
        click.echo(report.summary(failure_list, planned.skipped))
    if report.faults:
        click.get_current_context().exit(EXIT_FAILED)


def _check_usage(
    server: str | None, token_file: Path | None, engine: str, weights: Path | None, device: str
) -> None:
    """Raise UsageError for options that do not go together."""
    if server is None and token_file is not None:
        raise click.UsageError("--token-file belongs to --server.")
    typed = weights is not None and was_typed("weights")
    if server is not None and (engine == "ray" or typed or device != "auto"):
        raise click.UsageError("--server uses the server's own device, weights and engine.")


def _run(
    jobs: list[PhotoJob],
    settings: BatchSettings,
    engine: str,
    server: str | None,
    token_file: Path | None,
    weights: Path | None,
    device: str,
    workers: int | None,
) -> AbstractContextManager[Iterable[Outcome]]:
    """The run that was asked for; heavy imports happen here."""
    if engine == "ray":
        from handtint_server.batch.ray_run import RayRun

        return RayRun(jobs, settings, weights=weights, device=device, workers=workers)
    from handtint_server.batch.pipeline import Pipeline

    return Pipeline(jobs, settings, _backend(server, token_file, weights, device))


def _backend(
    server: str | None, token_file: Path | None, weights: Path | None, device: str
) -> Backend:
    if server is not None:
        from handtint_server.batch.server_backend import ServerBackend

        return ServerBackend.connect(server, token_file)
    from handtint_server.batch.pipeline import LocalBackend

    return LocalBackend.load(weights, device)


def _series(
    jobs: list[PhotoJob], settings: BatchSettings, backend: Backend, like: Path | None
) -> AbstractContextManager[Iterable[Outcome]]:
    """One photo after another, with the colours of those before."""
    from handtint_server.batch.series import SeriesRun

    return SeriesRun(jobs, settings, backend, like)


class Report:
    """What the terminal shows: results, faults, and for several photos one progress bar."""

    def __init__(self, total: int, skipped: int, several: bool) -> None:
        self.several = several
        self.skipped = skipped
        self.done = self.faults = 0
        # Photos done before do not count for the rate, nor does loading the network.
        self.bar = tqdm(total=total, initial=skipped, unit="photo", disable=not several)

    def start(self) -> None:
        """The run begins now."""
        self.bar.unpause()

    def tell(self, message: str) -> None:
        """Print a line above the bar."""
        tqdm.write(message, file=sys.stderr)

    def show_all(self, outcomes: Iterable[Outcome], failures: FailureList) -> None:
        """Show outcomes as they come, and list those that failed."""
        for outcome in outcomes:
            self.show(outcome)
            before = failures.problem
            failures.add(outcome)
            if failures.problem != before:
                self.tell(failures.problem)

    def show(self, outcome: Outcome) -> None:
        """Count an outcome and print its error or note, or the result's name."""
        if message := outcome.error or outcome.note:
            self.tell(f"{shown_path(outcome.job.source)}: {shown(message)}")
        if outcome.error:
            self.faults += 1
        elif outcome.skipped:
            self.skipped += 1
        else:
            self.done += 1
            if not self.several:
                click.echo(shown_path(outcome.job.target))
        self.bar.update()

    def close(self) -> None:
        """Close the bar; after an interruption, say how to go on."""
        self.bar.close()
        if self.several and sys.exc_info()[0] is KeyboardInterrupt:
            done = _("%d done; the same command goes on from here.") % self.done
            click.echo(done, err=True)

    def summary(self, failures: FailureList, skipped: Counter[str]) -> str:
        """One line at the end.  skipped: files that are no photos, by kind."""
        parts = [_("%d colorized") % self.done]
        if self.skipped:
            parts.append(_("%d done before") % self.skipped)
        if self.faults and failures.path and failures.count:
            where = {"count": self.faults, "path": shown_path(failures.path)}
            parts.append(_("%(count)d failed (see %(path)s)") % where)
        elif self.faults:
            parts.append(_("%d failed") % self.faults)
        if skipped:
            kinds = ", ".join(f"{shown(kind)} {n}" for kind, n in skipped.most_common())
            over = {"count": sum(skipped.values()), "kinds": kinds}
            parts.append(_("%(count)d passed over (%(kinds)s)") % over)
        return ", ".join(parts) + "."
