"""Colorize Layer: read, ask, insert."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Callable

from gi.repository import Gimp

from . import asking, effects, footprint, insert, layers, memory, misplaced, turn
from . import settings as kept
from .client import Flow, Pause, Picture, strokes, transport
from .client.translation import _
from .job import ColorizeJob, ask_for_picture
from .pixels import Reader
from .problem import Problem
from .progress import Bar


def settings_of(image: Gimp.Image, active: Gimp.Layer) -> kept.Settings:
    """The settings of the picture that a layer stands for; raises Problem."""
    photo = layers.photo_of(image, active)
    chosen = memory.wanted(photo)
    if chosen is not None:
        return kept.of_picture(chosen)
    results = layers.results_of(image, photo)
    own = [found for layer, found in results if layer.get_id() == active.get_id()]
    current = [found for _, found in results if found.pixels]
    first = next(iter(own + current + [found for _, found in results]), None)
    return kept.of_picture(first.settings if first else None)


@dataclass(frozen=True)
class Done:
    """What a run has made.  notes: what the user shall know about it.

    job, picture, sent: what it was made of; picture None if the run before had made it.
    """

    layer: Gimp.Layer
    notes: tuple[str, ...]
    job: ColorizeJob
    picture: Picture | None = None
    sent: str = ""


def colorize(
    image: Gimp.Image, active: Gimp.Layer, settings: kept.Settings, interactive: bool
) -> Gimp.Layer:
    """The whole of Colorize Layer, blocking; raises Problem, Cancelled or ClientError."""
    bar = Bar(_("Colorize Layer"))

    def inserting() -> None:
        bar.close()
        bar.clock.enter("insert")

    done = transport.run(flow(image, active, settings, interactive, inserting), bar)
    if done.picture is not None:
        bar.clock.tell(done.picture.timing)
    for text in done.notes:
        Gimp.message(text)
    return done.layer


def flow(
    image: Gimp.Image,
    active: Gimp.Layer,
    settings: kept.Settings,
    interactive: bool,
    inserting: Callable[[], None],
) -> Flow[Done]:
    """The steps of Colorize Layer.

    interactive: whether the user may be asked about paint in a wrong place.  inserting: called
    before the image is changed, when it is too late for Cancel.
    """
    with turn.wanted(image) as has_come:
        waited = False
        while not has_come():
            waited = True
            yield Pause(turn.LOOK_EVERY, turn.WAITING)
        photo = layers.photo_of(image, active if active.is_valid() else _photo_left(image))
        job = ColorizeJob.of(image, photo, settings)
        if waited and (there := _done_already(job)) is not None:
            inserting()
            return Done(there, (), job)
        seen, chosen = _seen(job), memory.wanted(photo)
        if interactive and (yield from misplaced.move_from_result(job)):
            job = ColorizeJob.of(image, photo, settings)
            seen = _seen(job)
        job, picture, sent = yield from _ask_until_it_fits(job, seen)
        job = replace(job, results=layers.results_of(image, photo))  # as they are now
        inserting()
        before = job.results[0][1] if job.results else None
        new = strokes.new_tiles(job.sums, strokes.unpack_sums(before.hints) if before else {})
        fresh = {tile: value for tile, value in job.sums.items() if tile in new}
        note = {
            "sent": sent,
            "hints": strokes.pack_sums(job.sums) if job.paint else "",
            "fresh": strokes.pack_sums(fresh) if fresh else (before.fresh if before else ""),
            "settings": asdict(settings),
        }
        put = insert.insert(image, photo, job.results, picture, settings, note)
        if memory.wanted(photo) == chosen:  # else the user has chosen others meanwhile
            memory.note_wanted(photo, None)
    # The server's note is such as: on the CPU, because the GPU ran out of memory.
    notes = tuple(text for text in (picture.note, put.note) if text)
    return Done(put.layer, notes, job, picture, sent)


TRIES = 2
"""How often a photo is sent that is changed each time while the server works."""


def _seen(job: ColorizeJob) -> tuple[Any, ...]:
    """Equal while the picture of a photo would fit it."""
    image, photo = job.image, job.photo
    if not (image.is_valid() and photo.is_valid()):
        raise Problem(_("The photo was removed meanwhile: nothing was changed."))
    # Its look holds its size, too.
    return (*photo.get_offsets(), footprint.kind_of(image), memory.look_of(photo))


def _ask_until_it_fits(
    job: ColorizeJob, seen: tuple[Any, ...]
) -> Flow[tuple[ColorizeJob, Picture, str]]:
    """The picture, and what it was made of: everything anew if the photo was changed meanwhile.

    Such as by Crop, Rotate, Flip or Scale.  seen: the photo as the job has it.
    """
    for _try in range(TRIES):
        now = _seen(job)
        if now != seen:
            job, seen = ColorizeJob.of(job.image, job.photo, job.settings), now
        picture, sent = yield from ask_for_picture(job)
        if _seen(job) == seen:
            return job, picture, sent
    raise Problem(_("The photo was changed meanwhile: nothing was changed. Try again."))


def _photo_left(image: Gimp.Image) -> Gimp.Layer:
    """What is selected now: the layer that this run was started on was replaced meanwhile."""
    return layers.active_layer(image.get_selected_layers())


def _done_already(job: ColorizeJob) -> Gimp.Layer | None:
    """The result that the run before has made, if it is what this run would make."""
    if not job.results or insert.limits(job.image):
        return None
    layer, result = job.results[0]
    if not result.pixels or result.settings != asdict(job.settings):
        return None
    if strokes.unpack_sums(result.hints) != job.sums:
        return None
    with effects.applied(job.image, job.photo) as seen:
        reader: Reader = asking.reader_of(job.image, job.photo, seen)
        return layer if reader.fingerprint() == result.sent else None
