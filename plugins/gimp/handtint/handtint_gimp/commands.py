"""The commands, from GIMP's call to its return values."""

from __future__ import annotations

import sys
import traceback
from typing import Any, Callable

from gi.repository import Gimp, GLib, GObject

from . import colorizing, export, hintlayers, layers, misplaced, scratch, suggesting
from . import settings as kept
from .client import ClientError
from .client.translation import _
from .problem import Cancelled, Problem


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
            scratch.delete_left()
            values = work(procedure, run_mode, image, drawables, config)
        except Cancelled:
            return procedure.new_return_values(status.CANCEL, None)
        except (Problem, ClientError) as error:
            text = str(error)
        except Exception as error:  # an uncaught one would reach the user as "execution error"
            traceback.print_exc(file=sys.stderr)
            text = _("A fault in the Handtint plug-in: %(kind)s: %(fault)s. Please report it.") % {
                "kind": type(error).__name__,
                "fault": error,
            }
        else:
            Gimp.displays_flush()
            answer = procedure.new_return_values(status.SUCCESS, None)
            for place, value in enumerate(values, 1):  # 0 is the status
                answer.remove(place)
                answer.insert(place, value)
            return answer
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(text))

    return run


# --- the commands ----------------------------------------------------------------------------


def _run_colorize(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    active = _active(image, drawables, run_mode)
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        settings = kept.Settings.of(config)
    else:
        settings = colorizing.settings_of(image, active)
    return _colorize(image, active, settings, run_mode)


def _run_options(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    active = _active(image, drawables, run_mode)
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        settings = kept.Settings.of(config)
    else:
        # What cannot be colorized is said before the user chooses anything.
        settings = colorizing.settings_of(image, active)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            from . import dialogs  # needs Gtk, which a run without a window does not have

            settings.put_into(config)
            if not dialogs.ask_options(procedure, config, image, active):
                raise Cancelled
            settings = kept.Settings.of(config)
            kept.keep(settings)
    return _colorize(image, active, settings, run_mode)


def _active(
    image: Gimp.Image, drawables: list[Gimp.Drawable], run_mode: Gimp.RunMode
) -> Gimp.Layer:
    """The active layer, after the user was asked about paint in a wrong place."""
    layers.check_mode(image)
    active = layers.active_layer(drawables)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        misplaced.settle(image, active)
    return active


def _colorize(
    image: Gimp.Image, active: Gimp.Layer, settings: kept.Settings, run_mode: Gimp.RunMode
) -> list[GObject.Value]:
    interactive = run_mode == Gimp.RunMode.INTERACTIVE
    return [GObject.Value(Gimp.Layer, colorizing.colorize(image, active, settings, interactive))]


def _run_hints(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    layer, text = hintlayers.go_to(image, layers.active_layer(drawables))
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        Gimp.message(text)
    return [GObject.Value(Gimp.Layer, layer)]


def _run_suggest(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    active = layers.active_layer(drawables)
    layers.check_mode(image)
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        settings = kept.Settings()
    else:
        settings = colorizing.settings_of(image, active)
    found, place = suggesting.suggest(image, active, settings)
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        from . import swatches

        swatches.show(image, found, place)
    colors = GObject.Value(GObject.TYPE_STRV, [item.color for item in found])
    chances = GObject.Value(Gimp.DoubleArray)
    Gimp.value_set_double_array(chances, [item.probability for item in found])
    return [colors, chances]


def _run_export(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    file = config.get_property("file")
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        from . import dialogs

        file = dialogs.ask_file(*export.suggested_name(image))
        if file is None:
            raise Cancelled
    elif file is None:
        raise Problem(_("No file was given."))
    export.export(image, file, run_mode)
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        Gimp.message(_("Exported without hint layers: %s") % file.get_basename())
    return []


def _run_panel(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
) -> list[GObject.Value]:
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        raise Problem(
            _("The panel needs GIMP's window; scripts use %s.") % "plug-in-handtint-colorize"
        )
    from .panel import start

    start.run(image)
    return []


run_colorize = _answering(_run_colorize)
run_options = _answering(_run_options)
run_hints = _answering(_run_hints)
run_suggest = _answering(_run_suggest)
run_export = _answering(_run_export)
run_panel = _answering(_run_panel)
