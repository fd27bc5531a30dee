"""Handtint's own help page, which is installed with the plug-in."""

from __future__ import annotations

import os
from typing import Any

from gi.repository import Gio, Gtk

from .client.translation import _

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "manual")


def page(anchor: str = "") -> str:
    """The page's address; anchor: one of its chapters."""
    file = Gio.File.new_for_path(os.path.join(FOLDER, "en", "index.html"))
    return str(file.get_uri()) + ("#" + anchor if anchor else "")


def help_button(anchor: str) -> Gtk.Button:
    """A button that opens the page in the user's browser."""
    button = Gtk.Button.new_with_mnemonic(_("_Help"))

    def show(*_: Any) -> None:
        try:
            Gtk.show_uri_on_window(button.get_toplevel(), page(anchor), 0)
        except Exception as error:  # no browser: say where the page lies
            button.set_tooltip_text("%s (%s)" % (page(anchor), error))

    button.connect("clicked", show)
    button.show()
    return button


def put_into(dialog: Gtk.Dialog, anchor: str) -> None:
    """Our Help button in the place of GIMP's, which opens GIMP's manual."""
    gimps = dialog.get_widget_for_response(Gtk.ResponseType.HELP)
    area = gimps.get_parent() if gimps is not None else dialog.get_action_area()
    if gimps is not None:
        area.remove(gimps)
    button = help_button(anchor)
    area.pack_start(button, False, False, 0)
    area.set_child_secondary(button, True)
