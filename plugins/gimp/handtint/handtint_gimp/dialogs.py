"""The two dialogs.  Imported only where there is a window: they need Gtk."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import GdkPixbuf, Gegl, Gimp, GimpUi, Gtk  # noqa: E402

from .client import BadSetting, Setting, data_folder, read_setting, write_setting  # noqa: E402

NAME = "handtint"


def ask_options(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig) -> bool:
    """The options dialog: fills config, keeps the server setting; whether to go on."""
    GimpUi.init(NAME)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, "Colorize Layer")
    for name in ("vividness", "strength"):
        dialog.get_scale_entry(name, 1.0)
    dialog.fill(["vividness", "use-hints", "strength", "output", "area"])
    server = ServerFrame()
    dialog.get_content_area().pack_start(server, False, False, 6)
    server.show_all()
    try:
        while dialog.run():
            try:
                server.keep()
            except BadSetting as error:
                server.complain(str(error))
                continue
            return True
        return False
    finally:
        dialog.destroy()


class ServerFrame(Gtk.Expander):
    """The setting Server: automatic, or an address with its token."""

    def __init__(self) -> None:
        super().__init__(label="Server")
        self.set_border_width(12)
        self._folder = data_folder()
        problem = ""
        try:
            self._setting = read_setting(self._folder)
        except BadSetting as error:
            self._setting, problem = Setting(), str(error)
        grid = Gtk.Grid(column_spacing=12, row_spacing=6, margin_top=6)
        self.add(grid)
        self._automatic = Gtk.RadioButton.new_with_mnemonic(
            None, "Find or start it on this computer a_utomatically"
        )
        self._own = Gtk.RadioButton.new_with_mnemonic_from_widget(
            self._automatic, "Use this a_ddress:"
        )
        grid.attach(self._automatic, 0, 0, 2, 1)
        grid.attach(self._own, 0, 1, 1, 1)
        self._url = self._entry(grid, 1, "", self._setting.url)
        self._url.set_placeholder_text("https://photos.example.org:8443")
        self._token = self._entry(grid, 2, "To_ken", self._setting.token)
        self._token.set_visibility(False)
        self._ca = self._entry(grid, 3, "_Certificate file (own CA)", self._setting.ca_file)
        self._message = Gtk.Label(label=problem, wrap=True, xalign=0.0, max_width_chars=60)
        grid.attach(self._message, 0, 4, 2, 1)
        (self._automatic if self._setting.automatic else self._own).set_active(True)
        self._own.connect("toggled", self._show_state)
        self._show_state()
        self.set_expanded(bool(problem) or not self._setting.automatic)

    def _entry(self, grid: Gtk.Grid, row: int, label: str, text: str) -> Gtk.Entry:
        entry = Gtk.Entry(text=text, width_chars=36, hexpand=True, activates_default=True)
        if label:
            title = Gtk.Label.new_with_mnemonic(label)
            title.set_xalign(1.0)
            title.set_mnemonic_widget(entry)
            grid.attach(title, 0, row, 1, 1)
        grid.attach(entry, 1, row, 1, 1)
        return entry

    def _show_state(self, *_: Any) -> None:
        for entry in (self._url, self._token, self._ca):
            entry.set_sensitive(self._own.get_active())

    def complain(self, text: str) -> None:
        """Show what is wrong with the setting."""
        self._message.set_text(text)
        self.set_expanded(True)

    def keep(self) -> None:
        """Keep the setting if it was changed; raises BadSetting."""
        own = self._own.get_active()
        setting = Setting(
            url=self._url.get_text().strip() if own else "",
            token=self._token.get_text().strip() if own else "",
            ca_file=self._ca.get_text().strip() if own else "",
            timeout=self._setting.timeout,
        )
        if own and not setting.url:
            raise BadSetting("Enter the server's address, or choose the automatic setting.")
        if own:
            setting.endpoint()
        if setting != self._setting:
            write_setting(self._folder, setting)


def show_suggestions(found: list[Any]) -> None:
    """Swatches of likely colours; a click makes one the foreground colour."""
    GimpUi.init(NAME)
    dialog = GimpUi.Dialog(title="Suggest Hint Colors", role=NAME + "-suggest")
    dialog.add_button("_Close", Gtk.ResponseType.CLOSE)
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
    dialog.get_content_area().pack_start(box, True, True, 0)
    chosen = Gtk.Label(label="Click a color to paint with it.", xalign=0.0)
    grid = Gtk.Grid(column_spacing=6, row_spacing=6)
    for place, item in enumerate(found):
        grid.attach(_swatch(item, chosen), place % 3, place // 3, 1, 1)
    box.pack_start(grid, True, True, 0)
    box.pack_start(chosen, False, False, 0)
    dialog.show_all()
    dialog.run()
    dialog.destroy()


def _swatch(item: Any, chosen: Gtk.Label) -> Gtk.Button:
    color = Gegl.Color.new(item.color)
    # Not GIMP's own color area: a click on it starts a drag and does not reach the button.
    area = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, 84, 48)
    area.fill(int(item.color[1:] + "ff", 16))
    button = Gtk.Button()
    inside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
    inside.pack_start(Gtk.Image.new_from_pixbuf(area), True, True, 0)
    inside.pack_start(Gtk.Label(label="%d %%" % round(100 * item.probability)), False, False, 0)
    button.add(inside)
    button.set_tooltip_text(item.color)

    def choose(_: Gtk.Button) -> None:
        Gimp.context_set_foreground(color)
        chosen.set_text("%s is the foreground color now." % item.color)

    button.connect("clicked", choose)
    return button
