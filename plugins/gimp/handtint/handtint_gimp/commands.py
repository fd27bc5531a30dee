"""The four commands, from GIMP's call to its return values."""

from __future__ import annotations

import sys
import traceback
from dataclasses import asdict
from typing import Any, Callable

from gi.repository import Gimp, GLib, GObject

from . import effects, hints, insert, layers, memory
from . import settings as kept
from .client import Answer, ClientError, Session, protocol, strokes, transport
from .pixels import Reader
from .problem import Problem
from .progress import Bar


class Cancelled(Exception):
    """The user closed the dialog; not a fault."""


def _answering(
    work: Callable[..., list[GObject.Value]],
) -> Callable[..., Gimp.ValueArray]:
    """A run function for GIMP: whatever happens becomes a status and one sentence."""

    def run(
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: list[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        data: Any,
    ) -> Gimp.ValueArray:
        status = Gimp.PDBStatusType
        try:
            values = work(procedure, run_mode, image, drawables, config)
        except Cancelled:
            return procedure.new_return_values(status.CANCEL, None)
        except (Problem, ClientError) as error:
            text = str(error)
        except Exception as error:  # an uncaught one would reach the user as "execution error"
            traceback.print_exc(file=sys.stderr)
            text = "A fault in the Handtint plug-in: %s: %s. Please report it." % (
                type(error).__name__,
                error,
            )
        else:
            Gimp.displays_flush()
            answer = procedure.new_return_values(status.SUCCESS, None)
            for place, value in enumerate(values, 1):  # 0 is the status
                answer.remove(place)
                answer.insert(place, value)
            return answer
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(text))

    return run


# --- Colorize Layer ------------------------------------------------------------------------


def _run_colorize(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    settings = kept.Settings.of(config) if run_mode == Gimp.RunMode.NONINTERACTIVE else kept.last()
    return [GObject.Value(Gimp.Layer, colorize(image, drawables, settings))]


def _run_options(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        settings = kept.Settings.of(config)
    elif run_mode == Gimp.RunMode.WITH_LAST_VALS:
        settings = kept.last()
    else:
        from . import dialogs  # needs Gtk, which a run without a window does not have

        # What cannot be colorized is said before the user chooses anything.
        layers.check_mode(image)
        layers.photo_of(image, layers.active_layer(drawables))
        kept.last().put_into(config)
        if not dialogs.ask_options(procedure, config):
            raise Cancelled
        settings = kept.Settings.of(config)
        kept.keep(settings)
    return [GObject.Value(Gimp.Layer, colorize(image, drawables, settings))]


def colorize(
    image: Gimp.Image, drawables: list[Gimp.Drawable], settings: kept.Settings
) -> Gimp.Layer:
    """The whole of Colorize Layer: read, ask, insert; raises Problem or ClientError."""
    layers.check_mode(image)
    photo = layers.photo_of(image, layers.active_layer(drawables))
    bar = Bar("Colorize Layer")
    results = layers.results_of(image, photo)
    paint = hints.collect(layers.hints_of(image, photo), photo) if settings.use_hints else None
    with effects.applied(image, photo) as seen:
        reader = _reader(image, photo, seen)

        def request(source: protocol.Photo, session: Session, request_id: str) -> Any:
            far = session.endpoint is not None and not session.endpoint.loopback
            return protocol.colorize(
                source,
                paint.crop(deflate=far) if paint else None,
                vividness=settings.vividness,
                strength=settings.strength,
                answer_layout=reader.answer_layout,
                request_id=request_id,
            )

        answer = _ask(reader, results, request, bar)
        sent = reader.fingerprint()
    picture = protocol.read_picture(answer, (reader.width, reader.height))
    note = {
        "sent": sent,
        "hints": strokes.pack_sums(paint.sums) if paint else "",
        "settings": asdict(settings),
    }
    bar.close()
    bar.clock.enter("insert")
    layer = insert.insert(image, photo, results, picture, settings, note)
    bar.clock.tell(picture.timing)
    if picture.note:  # such as: on the CPU, because the GPU ran out of memory
        Gimp.message(picture.note)
    return layer


def _reader(image: Gimp.Image, photo: Gimp.Layer, seen: tuple[Gimp.Layer, int, int]) -> Reader:
    return Reader(image, seen[0], (photo.get_width(), photo.get_height()), *seen[1:])


def _ask(reader: Reader, results: layers.Results, request: Callable[..., Any], bar: Bar) -> Answer:
    """Send a request about a photo, by its id where the server may know it."""
    session = Session("gimp")
    request_id = protocol.new_request_id()
    flow = session.ask_about(
        reader.plane(),
        _known_id(results, reader),
        lambda source: request(source, session, request_id),
    )
    return transport.run(flow, bar)[0]


def _known_id(results: layers.Results, reader: Reader) -> str:
    """The server's id of the photo, if the pixels are still those that were sent."""
    if not results:
        return ""
    result = results[0][1]
    return result.image_id if result.image_id and result.sent == reader.fingerprint() else ""


# --- New Color Hints Layer -----------------------------------------------------------------


def _run_hints(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    layer = new_hints_layer(image, drawables)
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        Gimp.message("Press P and paint colors on %s, then Colorize Layer." % layer.get_name())
    return [GObject.Value(Gimp.Layer, layer)]


def new_hints_layer(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> Gimp.Layer:
    """A transparent layer on top, bound to the photo and as large; selected."""
    layers.check_mode(image)
    photo = layers.photo_of(image, layers.active_layer(drawables))
    image.undo_group_start()
    try:
        if image.get_base_type() == Gimp.ImageBaseType.GRAY:
            image.convert_rgb()
        layer = Gimp.Layer.new(
            image,
            layers.HINTS_NAME,
            photo.get_width(),
            photo.get_height(),
            Gimp.ImageType.RGBA_IMAGE,
            100.0,
            Gimp.LayerMode.NORMAL,
        )
        layer.fill(Gimp.FillType.TRANSPARENT)
        image.insert_layer(layer, None, 0)
        _, x, y = photo.get_offsets()
        layer.set_offsets(x, y)
        memory.write_hints_photo(layer, memory.make_photo_key(layers.all_layers(image), photo))
        image.set_selected_layers([layer])
    finally:
        image.undo_group_end()
    return layer


# --- Suggest Hint Colors -------------------------------------------------------------------


def _run_suggest(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    settings = kept.Settings() if run_mode == Gimp.RunMode.NONINTERACTIVE else kept.last()
    found = suggest(image, drawables, settings)
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        from . import dialogs

        dialogs.show_suggestions(found)
    colors = GObject.Value(GObject.TYPE_STRV, [item.color for item in found])
    chances = GObject.Value(Gimp.DoubleArray)
    Gimp.value_set_double_array(chances, [item.probability for item in found])
    return [colors, chances]


def suggest(
    image: Gimp.Image, drawables: list[Gimp.Drawable], settings: kept.Settings
) -> list[Any]:
    """Likely colours, likeliest first; raises Problem or ClientError."""
    layers.check_mode(image)
    photo = layers.photo_of(image, layers.active_layer(drawables))
    results = layers.results_of(image, photo)
    paint = hints.collect(layers.hints_of(image, photo), photo)
    place, paint = _place(image, photo, results, paint)
    bar = Bar("Suggest Hint Colors")
    with effects.applied(image, photo) as seen:

        def request(source: protocol.Photo, session: Session, request_id: str) -> Any:
            return protocol.suggest(
                source,
                place,
                paint.crop() if paint else None,
                vividness=settings.vividness,
                strength=settings.strength,
                request_id=request_id,
            )

        answer = _ask(_reader(image, photo, seen), results, request, bar)
    bar.close()
    return protocol.read_suggestions(answer).colors


def _place(
    image: Gimp.Image,
    photo: Gimp.Layer,
    results: layers.Results,
    paint: hints.Painted | None,
) -> tuple[tuple[int, int], hints.Painted | None]:
    """Where colours are wanted, in the photo's pixels, and the hints to count in."""
    _, photo_x, photo_y = photo.get_offsets()
    size = photo.get_width(), photo.get_height()
    if not Gimp.Selection.is_empty(image):
        place = hints.selection_centre(image)
        x, y = place[0] - photo_x, place[1] - photo_y
        if not (0 <= x < size[0] and 0 <= y < size[1]):
            raise Problem("The selection lies outside the photo. Select a place in the photo.")
        return (x, y), paint
    if paint is not None:
        sums = paint.sums
        new = strokes.new_tiles(sums, strokes.unpack_sums(results[0][1].hints) if results else {})
        where = paint.centre(new)
        if where is not None:
            # The new paint itself would only bring back its own colour.
            return where, paint.without(new, sums)
    raise Problem(
        "Select a place in the photo first (for example with the Rectangle Select tool, R): "
        "likely colors for its center are shown."
    )


run_colorize = _answering(_run_colorize)
run_options = _answering(_run_options)
run_hints = _answering(_run_hints)
run_suggest = _answering(_run_suggest)
