"""What GIMP is told about the plug-in: procedures, menu entries, arguments with their ranges."""

from __future__ import annotations

import os
from typing import Any, Callable

from gi.repository import Gimp, Gio, GObject

from . import commands
from .client.translation import _
from .settings import CHOICES, MOST_ALTERNATIVES, RANGES, Settings

MENU = "<Image>/Colors/Handtint"
COLORIZE = "plug-in-handtint-colorize"
OPTIONS = "plug-in-handtint-colorize-options"
HINTS = "plug-in-handtint-new-hints-layer"
SUGGEST = "plug-in-handtint-suggest-colors"
EXPORT = "plug-in-handtint-export"
PANEL = "plug-in-handtint-panel"

READWRITE = GObject.ParamFlags.READWRITE


def manual_folder() -> str:
    """Where the help page lies."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "manual")


IN_ORDER = (COLORIZE, OPTIONS, HINTS, SUGGEST, PANEL, EXPORT)
"""As in the menu.  GIMP sorts by path and label, and labels differ from language to language; so
each entry is in a numbered section of its own."""


class Handtint(Gimp.PlugIn):
    """Colors for black-and-white photos, from the Handtint server on this machine."""

    def do_set_i18n(self, name: str) -> bool:
        """GIMP does not translate: the texts are translated here (`client/translation.py`)."""
        return False

    def do_query_procedures(self) -> list[str]:
        """The names of all procedures."""
        self.set_help_domain("handtint", Gio.File.new_for_path(manual_folder()))
        self.add_menu_branch("<Image>/Colors", "_Handtint")
        return list(IN_ORDER)

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """One procedure with everything that GIMP wants to know about it."""
        return {
            COLORIZE: self._colorize,
            OPTIONS: self._options,
            HINTS: self._hints,
            SUGGEST: self._suggest,
            EXPORT: self._export,
            PANEL: self._panel,
        }[name](name)

    def _procedure(
        self, name: str, run: Callable[..., Any], label: str, blurb: str, text: str
    ) -> Gimp.Procedure:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        # Every image and any selection: an entry that is gray says nothing, a sentence does.
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
        procedure.set_documentation(blurb, text, name)
        procedure.set_attribution("The Handtint authors", "The Handtint authors", "2026")
        procedure.set_menu_label(label)  # before the path, or GIMP drops that
        procedure.add_menu_path(f"{MENU}/[{IN_ORDER.index(name) + 1}]")
        return procedure

    def _colorize(self, name: str) -> Gimp.Procedure:
        procedure = self._procedure(
            name,
            commands.run_colorize,
            _("Colori_ze Layer"),
            _("Handtint: color a black-and-white photo, at once, with the settings that it has"),
            _(
                "Inserts a colored layer above the selected photo layer, or replaces the earlier "
                "one. The photo's lightness is kept, pixel by pixel. Colors painted on a Color "
                "Hints layer are obeyed. Takes the settings of the arguments when called by a "
                "script."
            ),
        )
        self._add_settings(procedure)
        procedure.add_layer_return_value(
            "layer", _("Layer"), _("The colored layer"), True, READWRITE
        )
        return procedure

    def _options(self, name: str) -> Gimp.Procedure:
        procedure = self._procedure(
            name,
            commands.run_options,
            _("Colorize with _Options..."),
            _("Handtint: color a black-and-white photo, after a dialog with all settings"),
            _("The same as %s, with a dialog that also holds the choice of a server.") % COLORIZE,
        )
        self._add_settings(procedure)
        procedure.add_layer_return_value(
            "layer", _("Layer"), _("The colored layer"), True, READWRITE
        )
        return procedure

    def _hints(self, name: str) -> Gimp.Procedure:
        procedure = self._procedure(
            name,
            commands.run_hints,
            _("New Color _Hints Layer"),
            _("Handtint: go to the photo's layer to paint color hints on, or add it"),
            _(
                "The layer belongs to the selected photo. Any paint on it is a hint: its "
                "lightness is ignored, gray means neutral, erased paint is no hint. Colorize "
                "Layer obeys the hints."
            ),
        )
        procedure.add_layer_return_value("layer", _("Layer"), _("The hint layer"), True, READWRITE)
        return procedure

    def _suggest(self, name: str) -> Gimp.Procedure:
        procedure = self._procedure(
            name,
            commands.run_suggest,
            _("_Suggest Hint Colors"),
            _("Handtint: show likely colors for a place in the photo"),
            _(
                "The place is the center of the selection, else the center of the stroke that "
                "was painted last. A click on a color makes it the foreground color and gives it "
                "to that stroke. Returns the colors, likeliest first, and their probabilities."
            ),
        )
        procedure.add_string_array_return_value(
            "colors", _("Colors"), _("Likely colors as #rrggbb, likeliest first"), READWRITE
        )
        procedure.add_double_array_return_value(
            "probabilities", _("Probabilities"), _("Their probabilities, 0 to 1"), READWRITE
        )
        return procedure

    def _export(self, name: str) -> Gimp.Procedure:
        procedure = self._procedure(
            name,
            commands.run_export,
            _("_Export Colored Picture..."),
            _("Handtint: write what is seen, without hint layers, to a file"),
            _(
                "The visible layers become one picture; hint layers are left out. The name's "
                "ending says the kind of file. The image itself stays as it is."
            ),
        )
        procedure.add_file_argument(
            "file",
            _("_File"),
            _("The file to write"),
            Gimp.FileChooserAction.SAVE,
            True,
            None,
            READWRITE,
        )
        return procedure

    def _panel(self, name: str) -> Gimp.Procedure:
        return self._procedure(
            name,
            commands.run_panel,
            _("_Panel"),
            _("Handtint: open a panel that stays, with live colors while you paint"),
            _(
                "The panel holds all of Handtint. While its switch Live is on, the colors follow "
                "the hints, the photo and the sliders. Called again it takes up the image that "
                "it was called from."
            ),
        )

    def _add_settings(self, procedure: Gimp.Procedure) -> None:
        default = Settings()
        for name, label, text in (
            ("vividness", _("_Vividness"), _("0: calm, safe colors; 1: the boldest ones")),
            ("strength", _("Hint stren_gth"), _("How far hints count: 0 not at all, 1 as painted")),
        ):
            low, high = RANGES[name]
            procedure.add_double_argument(
                name, label, text, low, high, getattr(default, name), READWRITE
            )
        procedure.add_boolean_argument(
            "use-hints",
            _("_Use hints"),
            _("Obey the colors painted on Color Hints layers"),
            default.use_hints,
            READWRITE,
        )
        procedure.add_int_argument(
            "alternative",
            _("Alte_rnatives"),
            _("0: the usual coloring; 1 to 3: another one, the likeliest first"),
            0,
            MOST_ALTERNATIVES,
            default.alternative,
            READWRITE,
        )
        procedure.add_string_argument(
            "reference",
            _("Co_lors from"),
            _("Path of a photo in color; its colors go where the photo looks alike"),
            default.reference,
            READWRITE,
        )
        procedure.add_boolean_argument(
            "mark",
            _("Mark the _image as colorized"),
            _("The image's metadata say that a trained model has colored it, and which"),
            default.mark,
            READWRITE,
        )
        for name, label, text in (
            ("output", _("Resul_t"), _("Kind of the new layer")),
            ("area", _("_Area"), _("Where the new layer shows")),
        ):
            choice = Gimp.Choice.new()
            for number, (nick, title, detail) in enumerate(CHOICES[name]):
                choice.add(nick, number, title, detail)
            procedure.add_choice_argument(
                name, label, text, choice, getattr(default, name), READWRITE
            )
