"""`handtint colorize`: photos in, colour photos out."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handtint_model.errors import BadOption, HandtintError
from handtint_model.types import ALTERNATIVES, RENDER_SIZES, ColorizeOptions
from handtint_server.batch.failures import FailureList
from handtint_server.batch.plan import (
    BatchSettings,
    HintSource,
    is_wanted,
    notes_on_done,
    parse_point,
    plan,
    reference_hints,
)
from handtint_server.batch.search import FAILURES
from handtint_server.cli.ending import ends_in_order
from handtint_server.cli.report import Report
from handtint_server.cli.shared import was_typed, weights_option
from handtint_server.sentences import sentence, shown_path

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class Arguments:
    """What was asked for: the arguments and options of `command`, under their names."""

    paths: tuple[Path, ...]
    out: Path | None
    points: tuple[Point, ...]
    radius: float
    hint_path: Path | None
    mask_path: Path | None
    save_hints: bool
    vividness: float
    strength: float
    render_size: int
    device: str
    weights: Path | None
    server: str | None
    token_file: Path | None
    engine: str
    workers: int | None
    overwrite: bool
    max_pixels: int
    page: int | None
    alternative: int
    reference: Path | None
    alike: bool
    like: Path | None
    beside: bool
    no_mark: bool
    failures: Path | None

    @property
    def settings(self) -> BatchSettings:
        """What every photo of the batch is colorized with."""
        mask = None if self.mask_path is None else self.mask_path.absolute()
        return BatchSettings(
            options=ColorizeOptions(
                self.vividness, self.strength, self.render_size, self.alternative
            ),
            hints=HintSource(self.points, self.radius, self.hint_path, mask),
            save_hints=self.save_hints,
            overwrite=self.overwrite,
            max_pixels=self.max_pixels,
            page=self.page,
            mark=not self.no_mark,
            references=() if self.reference is None else (self.reference,),
            beside=self.beside,
        )

    @property
    def goes_photo_by_photo(self) -> bool:
        """Whether each photo takes colours from the results before it."""
        return self.alike or self.like is not None

    @property
    def failure_list(self) -> Path:
        """Where the photos that failed are listed."""
        return (
            self.failures or (self.out or next(filter(Path.is_dir, self.paths), Path())) / FAILURES
        )


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
def command(**given: Any) -> None:
    """Colorize photos: PNG, JPEG, WebP and TIFF, 8 or 16 bits or float, gray or toned.

    The result of NAME.EXT is NAME.colorized.EXT beside it, or in the folder after -o.  It
    has the depth, profile, EXIF, resolution and transparency of its source.  In folders,
    photos whose result exists are passed over, so the same command goes on where an
    interrupted one stopped.

    Exit codes: 0 all done, 1 some photos failed, 2 wrong usage, 130 interrupted.
    """
    with ends_in_order():
        _colorize(Arguments(**given))


def _colorize(asked: Arguments) -> None:
    """Plan the batch, run it and report; the exit code says whether photos failed."""
    _check_usage(asked)
    for path in filter(None, (asked.reference, asked.like)):
        reference_hints(path)  # what is wrong with it is said once, before the work
    settings = asked.settings
    planned = plan(asked.paths, asked.out, settings.hints, beside=settings.beside)
    jobs, failed = planned.jobs, planned.failed
    several = len(jobs) + len(failed) > 1
    pending = [job for job in jobs if is_wanted(job, overwrite=asked.overwrite)]
    if not several and jobs and not pending:
        name = shown_path(jobs[0].target)
        raise BadOption(f"the result {name} exists already; add --overwrite to make it anew.")
    failure_list = FailureList(asked.failure_list if several else None)
    report = Report(len(jobs) + len(failed), len(jobs) - len(pending), several)
    waiting = set(pending)
    done = notes_on_done(job for job in jobs if job not in waiting)
    for note in (*planned.notes, *done):
        report.tell(sentence(note))
    with closing(report), failure_list:
        report.show_all(failed, failure_list)
        if pending:
            # A series looks at the results that exist, too.
            made = _run(jobs if asked.goes_photo_by_photo else pending, settings, asked)
            with made as run:
                report.start()
                report.show_all(run, failure_list)
    if several or planned.skipped:
        click.echo(report.summary(failure_list, planned.skipped))
    if report.faults:
        click.get_current_context().exit(EXIT_FAILED)


def _check_usage(asked: Arguments) -> None:
    """Raise UsageError for options that do not go together."""
    if asked.server is None and asked.token_file is not None:
        raise click.UsageError("--token-file belongs to --server.")
    if asked.mask_path is not None and asked.hint_path is None and not asked.points:
        raise click.UsageError("--within keeps --point and --hints inside a mask: give some.")
    ray = asked.engine == "ray"
    typed = asked.weights is not None and was_typed("weights")
    if asked.server is not None and (ray or typed or asked.device != "auto"):
        raise click.UsageError("--server uses the server's own device, weights and engine.")
    if ray and asked.goes_photo_by_photo:
        raise click.UsageError("--alike works photo by photo: leave out --engine ray.")


def _run(
    jobs: list[PhotoJob], settings: BatchSettings, asked: Arguments
) -> AbstractContextManager[Iterable[Outcome]]:
    """The run that was asked for; heavy imports happen here."""
    if asked.engine == "ray":
        from handtint_server.batch.ray_run import RayRun

        return RayRun(
            jobs, settings, weights=asked.weights, device=asked.device, workers=asked.workers
        )
    backend = _backend(asked)
    if asked.goes_photo_by_photo:
        from handtint_server.batch.series import SeriesRun

        return SeriesRun(jobs, settings, backend, asked.like)
    from handtint_server.batch.pipeline import Pipeline

    return Pipeline(jobs, settings, backend)


def _backend(asked: Arguments) -> Backend:
    if asked.server is not None:
        from handtint_server.batch.server_backend import ServerBackend

        return ServerBackend.connect(asked.server, asked.token_file)
    from handtint_server.batch.pipeline import LocalBackend

    return LocalBackend.load(asked.weights, asked.device)
