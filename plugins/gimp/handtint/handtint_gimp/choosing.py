"""The four colorings to choose from and the reference, in the dialog and beside the panel."""

from __future__ import annotations

import os
from typing import Any, Callable

from gi.repository import GdkPixbuf, Gimp, GLib, Gtk

from . import references
from .alternatives import COUNT
from .client import Picture
from .client.references import FILE, split
from .client.translation import _

WIDTH, HEIGHT = 144, 108
"""Pixels of a thumbnail."""

OTHER_FILE = "other-file"


def title(number: int) -> str:
    """What a coloring is called."""
    return _("Usual") if number == 0 else _("Alternative %d") % number


class Chooser(Gtk.Box):
    """Four thumbnails, what is to be said of them, and the reference.

    chosen: called with the number of a coloring that was clicked.  refer: called with the
    reference that was chosen, "" for none.
    """

    def __init__(self, chosen: Callable[[int], None], refer: Callable[[str], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._chosen, self._refer = chosen, refer
        self._quiet = False
        self._entries: list[tuple[str, str]] = []
        self._reference = ""
        self.buttons: list[Any] = []
        self._pictures: list[Any] = []
        self.pack_start(self._make_grid(), False, False, 0)
        self._words = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
        self.pack_start(self._words, False, False, 0)
        self.pack_start(self._make_reference(), False, False, 0)

    def _make_grid(self) -> Gtk.Widget:
        grid = Gtk.Grid(column_spacing=4, row_spacing=4)
        for number in range(COUNT):
            picture = Gtk.Image()
            picture.set_size_request(WIDTH, HEIGHT)
            column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
            column.pack_start(picture, False, False, 0)
            column.pack_start(Gtk.Label(label=title(number)), False, False, 0)
            button = Gtk.ToggleButton(sensitive=False)
            button.add(column)
            button.set_focus_on_click(False)
            button.set_tooltip_text(_("Make this coloring the result"))
            button.get_accessible().set_name(
                _("Coloring %(number)d of %(count)d: %(title)s")
                % {"number": number + 1, "count": COUNT, "title": title(number)}
            )
            button.connect("toggled", self._on_toggled, number)
            grid.attach(button, number % 2, number // 2, 1, 1)
            self.buttons.append(button)
            self._pictures.append(picture)
        return grid

    def _make_reference(self) -> Gtk.Widget:
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        label = Gtk.Label.new_with_mnemonic(_("Co_lors from"))
        self.reference = Gtk.ComboBoxText(hexpand=True)
        self.reference.set_tooltip_text(
            _("Another layer or a file in color; its colors go where the photo looks alike")
        )
        self.reference.get_accessible().set_name(
            _("Reference: the photo that colors are taken from")
        )
        self.reference.connect("changed", self._on_reference)
        label.set_mnemonic_widget(self.reference)
        row.pack_start(label, False, False, 0)
        row.pack_start(self.reference, True, True, 0)
        return row

    # --- what the user does ----------------------------------------------------------------

    def _on_toggled(self, button: Any, number: int) -> None:
        if self._quiet:
            return
        self.show_choice(number)
        self._chosen(number)

    def _on_reference(self, *_: Any) -> None:
        if self._quiet:
            return
        chosen = self.reference.get_active_id()
        if chosen == OTHER_FILE:
            path = self._ask_file()
            if not path:
                self._select(self._reference)
                return
            chosen = references.of_file(path)
        self._refer(chosen or "")

    def _ask_file(self) -> str:
        """The path of a picture; "" if the user does not want one."""
        dialog = Gtk.FileChooserDialog(
            title=_("Reference"),
            action=Gtk.FileChooserAction.OPEN,
            transient_for=self.get_toplevel(),
            modal=True,
        )
        dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        dialog.add_button(_("_Open"), Gtk.ResponseType.ACCEPT)
        dialog.set_default_response(Gtk.ResponseType.ACCEPT)
        kind, name = split(self._reference)
        if kind == FILE:
            dialog.set_current_folder(os.path.dirname(name))
        path = dialog.get_filename() if dialog.run() == Gtk.ResponseType.ACCEPT else ""
        dialog.destroy()
        return str(path or "")

    # --- what there is to see --------------------------------------------------------------

    def show_pictures(self, pictures: list[Picture]) -> None:
        """Thumbnails, the usual coloring first; none: they are on their way."""
        for number, (button, shown) in enumerate(zip(self.buttons, self._pictures)):
            known = number < len(pictures)
            button.set_sensitive(known)
            if known:
                shown.set_from_pixbuf(_pixbuf(pictures[number]))
            else:
                shown.clear()

    def show_choice(self, number: int) -> None:
        """Which coloring is the result's."""
        self._quiet = True
        for place, button in enumerate(self.buttons):
            button.set_active(place == number)
        self._quiet = False

    def say(self, text: str) -> None:
        """Progress, or what went wrong."""
        self._words.set_text(text)

    def show_reference(self, image: Gimp.Image, photo: Gimp.Layer | None, reference: str) -> None:
        """None, the image's layers, a file; the one in use is chosen."""
        entries = [("", _("None"))]
        if photo is not None and photo.is_valid():
            entries += [
                (references.of_layer(layer), str(layer.get_name()))
                for layer in references.choices(image, photo)
            ]
        used = references.layer_of(image, reference)
        reference = references.of_layer(used) if used is not None else reference
        if split(reference)[0] and reference not in [name for name, _text in entries]:
            entries.append((reference, references.name_of(image, reference)))
        entries.append((OTHER_FILE, _("File...")))
        if entries != self._entries:
            self._entries = entries
            self._quiet = True
            self.reference.remove_all()
            for name, text in entries:
                self.reference.append(name, text)
            self._quiet = False
        self._reference = reference
        self._select(reference)

    def _select(self, reference: str) -> None:
        self._quiet = True
        self.reference.set_active_id(reference if split(reference)[0] else "")
        self._quiet = False


def _pixbuf(picture: Picture) -> Any:
    """A thumbnail in the size that it is shown in."""
    data = GLib.Bytes.new(bytes(picture.data))
    kind = GdkPixbuf.Colorspace.RGB
    size = (picture.width, picture.height)
    whole = GdkPixbuf.Pixbuf.new_from_bytes(data, kind, False, 8, *size, 3 * picture.width)
    part = min(WIDTH / picture.width, HEIGHT / picture.height)
    shown = (max(1, round(side * part)) for side in size)
    return whole.scale_simple(*shown, GdkPixbuf.InterpType.BILINEAR)
