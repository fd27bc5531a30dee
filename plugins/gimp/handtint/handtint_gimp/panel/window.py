"""The panel's window: shows what `Core` holds and calls it.

The same parts in the same order as in Krita's docker.  Nothing in it moves when a message or
progress appears: each has a place that stays.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gdk, GimpUi, GLib, Gtk  # noqa: E402

from .. import dialogs, manual  # noqa: E402
from ..client import BadSetting  # noqa: E402
from ..client.colors import legible  # noqa: E402
from ..client.translation import _  # noqa: E402
from .alternatives import Alternatives  # noqa: E402
from .core import CHOOSE_PANEL, Core  # noqa: E402
from .loop import safely  # noqa: E402
from .widgets import Dot, Fraction, Swatches  # noqa: E402

TITLE = "Handtint"
ERROR_COLOR = "#e05050"
MESSAGE_HEIGHT = 76
"""Pixels for a message of four lines."""

WIDTH = 340


class Window(Gtk.Window):
    """One for the process; `closed` is called when it has been closed."""

    def __init__(self, core: Core, closed: Callable[[], None]) -> None:
        super().__init__(title=TITLE)
        self._core, self._closed = core, closed
        self._alternatives = Alternatives(core, self)
        self.set_role("handtint-panel")
        self.set_type_hint(Gdk.WindowTypeHint.UTILITY)
        self.set_resizable(False)
        # Ctrl+Z and the keys of the tools shall go to GIMP, also after a click here.
        self.set_focus_on_map(False)
        self.set_accept_focus(False)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=8)
        column.set_size_request(WIDTH, -1)
        self.add(column)
        for part in (self._make_state(), self._make_message(), self._make_buttons()):
            column.pack_start(part, False, False, 0)
        for part in self._make_settings():
            column.pack_start(part, False, False, 0)
        self._swatches = Swatches(safely(core.suggester.choose), self._note_pressing)
        column.pack_start(Gtk.Separator(), False, False, 0)
        column.pack_start(self._swatches, False, False, 0)
        self._map = Gtk.Image(no_show_all=True)
        self._map.get_accessible().set_name(_("Where a hint helps: the hatched places"))
        column.pack_start(self._map, False, False, 0)
        self.connect("delete-event", safely(self._on_delete))
        self.connect("focus-out-event", safely(self._on_focus_out))
        self.connect("button-press-event", lambda *_: False)
        column.show_all()
        core.listen(self.show_state)
        self.show_state()

    def open(self) -> None:
        """Show it above the window that it was called from."""
        GimpUi.window_set_transient(self)
        if sys.platform in ("win32", "darwin"):
            self.set_keep_above(True)  # where the line above does nothing
        self.show()

    def come_to_the_front(self) -> None:
        """Called a second time: with the keyboard, until another window has it."""
        self.set_accept_focus(True)
        self.present_with_time(Gdk.CURRENT_TIME)

    # --- parts -----------------------------------------------------------------------------

    def _make_state(self) -> Gtk.Widget:
        """The server's state; while something runs, its progress in the same place."""
        row = _row()
        self._dot = Dot()
        self._state = Gtk.Label(xalign=0.0, ellipsize=3, hexpand=True)
        self._bar = Gtk.ProgressBar(valign=Gtk.Align.CENTER, hexpand=True)
        self._bar.get_accessible().set_name(_("Progress"))
        server = _button(
            _("_Server..."), _("The server: automatic, or an address"), self._on_server
        )
        cancel = _button(_("C_ancel"), _("Stop; the picture stays as it is"), self._core.cancel)
        self._at_rest, self._at_work = Gtk.Stack(), Gtk.Stack()
        for stack, widgets in (
            (self._at_rest, (self._state, self._bar)),
            (self._at_work, (server, cancel)),
        ):
            for name, widget in zip(("rest", "work"), widgets):
                stack.add_named(widget, name)
        row.pack_start(self._dot, False, False, 0)
        row.pack_start(self._at_rest, True, True, 0)
        row.pack_start(self._at_work, False, False, 0)
        help_button = manual.help_button("panel")
        help_button.set_focus_on_click(False)
        row.pack_start(help_button, False, False, 0)
        return row

    def _make_message(self) -> Gtk.Widget:
        row = _row()
        self._message = Gtk.Label(xalign=0.0, yalign=0.0, wrap=True, selectable=True)
        self._message.set_can_focus(False)
        area = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        area.set_size_request(-1, MESSAGE_HEIGHT)
        area.add(self._message)
        tip = _("Copy the command of the message, to enter it in a terminal")
        self._copy = _button(_("Cop_y"), tip, self._on_copy)
        self._copy.set_valign(Gtk.Align.START)
        self._copy.set_no_show_all(True)
        row.pack_start(area, True, True, 0)
        row.pack_start(self._copy, False, False, 0)
        return row

    def _make_buttons(self) -> Gtk.Widget:
        row = _row(homogeneous=True)
        self._colorize = _button(
            _("_Colorize Layer"),
            _("Insert a colored copy of the selected layer above it"),
            self._core.colorize,
        )
        new_hints = _button(
            _("New Hints _Layer"),
            _("Go to the layer to paint color hints on; add it if there is none"),
            self._core.new_hints,
        )
        row.pack_start(self._colorize, True, True, 0)
        row.pack_start(new_hints, True, True, 0)
        return row

    def _make_settings(self) -> list[Gtk.Widget]:
        core = self._core
        self._use_hints = _check(
            _("_Use hints"), _("Count the painted hints"), lambda on: core.change(use_hints=on)
        )
        self._live = _check(
            _("Li_ve"),
            _("Color anew whenever the brush is lifted from a hint layer"),
            core.set_live,
        )
        self._show_hints = _check(
            _("Sh_ow hints"),
            _("Show or hide the hint layers; hidden hints count, too"),
            core.viewer.show_hints,
        )
        switches = _row(spacing=12)
        for switch in (self._use_hints, self._live, self._show_hints):
            switches.pack_start(switch, False, False, 0)
        self._strength = Fraction(
            _("Hint stren_gth"),
            _("How far painted hints replace the automatic colors"),
            safely(lambda value: core.change(strength=value)),
        )
        self._vividness = Fraction(
            _("Vivi_dness"),
            _("From calm colors, which are wrong least often, to bold ones"),
            safely(lambda value: core.change(vividness=value)),
        )
        names = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        for part in (self._strength, self._vividness):
            names.add_widget(part.name)
            self._note_pressing(part.slider)
            part.number.connect("button-press-event", safely(self._on_number))
        self._overlay = _check(
            _("Where a hint hel_ps"),
            _("Hatch the places where the colors are least certain, in a small picture below"),
            core.viewer.show_map,
        )
        compare = _button(_("Co_mpare"), _("Hold to see the photo without color"), lambda: None)
        compare.connect("pressed", safely(lambda _: core.viewer.hold()))
        compare.connect("released", safely(lambda _: core.viewer.release()))
        self._note_pressing(compare)
        others = _button(
            _("Alterna_tives..."),
            _("Choose another coloring, or a photo to take colors from"),
            self._alternatives.open,
        )
        last = _row()
        last.pack_start(self._overlay, True, True, 0)
        last.pack_start(others, False, False, 0)
        last.pack_start(compare, False, False, 0)
        return [switches, self._strength, self._vividness, last]

    def _note_pressing(self, widget: Gtk.Widget) -> None:
        """A button that is held here is not a brush."""

        def pressed(down: bool) -> bool:
            self._core.is_pressed = down
            return False

        widget.connect("button-press-event", lambda *_: pressed(True))
        widget.connect("button-release-event", lambda *_: pressed(False))
        widget.connect("grab-broken-event", lambda *_: pressed(False))

    # --- what the user does ----------------------------------------------------------------

    def _on_number(self, *_: Any) -> bool:
        """A number is about to be typed: the window takes the keyboard for that."""
        self.set_accept_focus(True)
        self.present_with_time(Gdk.CURRENT_TIME)
        return False

    def _on_focus_out(self, *_: Any) -> bool:
        self.set_accept_focus(False)
        return False

    def _on_server(self) -> None:
        dialog = Gtk.Dialog(title=_("Server"), transient_for=self, use_header_bar=0)
        dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        dialog.add_button(_("_OK"), Gtk.ResponseType.OK)
        dialog.set_default_response(Gtk.ResponseType.OK)
        frame = dialogs.ServerFrame()
        frame.set_expanded(True)
        dialog.get_content_area().pack_start(frame, True, True, 0)

        def answered(_: Any, response: int) -> None:
            if response == Gtk.ResponseType.OK:
                try:
                    frame.keep()
                except BadSetting as error:
                    frame.complain(str(error))
                    return
                self._core.clear_message()
                self._core.use_new_setting()
            dialog.destroy()
            self._core.tell()

        dialog.connect("response", safely(answered))
        dialog.show_all()

    def _on_copy(self) -> None:
        clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
        clipboard.set_text(self._core.command, -1)
        clipboard.store()

    def _on_delete(self, *_: Any) -> bool:
        """Closed by the user: what Live has done is made a step first."""
        self.hide()
        GLib.idle_add(self._end)
        return True

    def _end(self) -> bool:
        try:
            safely(self._core.close)()
        finally:
            self._closed()
        return False

    # --- what there is to see --------------------------------------------------------------

    def show_state(self) -> None:
        """Show everything as it is now."""
        now = self._core
        image = now.follower.image
        named = image is not None and image.is_valid()
        self.set_title("%s: %s" % (TITLE, image.get_name()) if named else TITLE)
        self._dot.show_color(now.server.state.color)
        self._state.set_text(now.server.state.words)
        self._state.set_tooltip_text(now.server.detail or None)
        self._colorize.set_sensitive(not now.running)
        self._strength.show_value(now.settings.strength)
        self._vividness.show_value(now.settings.vividness)
        _set(self._use_hints, now.settings.use_hints)
        _set(self._live, now.follower.live.on)
        shown = now.viewer.hints_are_shown()
        self._show_hints.set_sensitive(shown is not None)
        _set(self._show_hints, bool(shown))
        _set(self._overlay, now.viewer.map_is_on)
        self._swatches.show_colors(now.suggester.colors, now.suggester.place)
        for stack in (self._at_rest, self._at_work):
            stack.set_visible_child_name("rest" if now.progress is None else "work")
        if now.progress is not None:
            self._bar.set_fraction(now.progress[1])
        self._show_map()
        self._show_message()

    def _show_map(self) -> None:
        found = self._core.viewer.helps
        if found is not None:
            self._map.set_from_pixbuf(found.pixbuf())
        self._map.set_visible(found is not None)

    def _show_message(self) -> None:
        now = self._core
        # The bar is too narrow for words such as "Starting the server, first time only".
        text = now.message or (now.progress[0] if now.progress else "")
        if not text and now.follower.image is None:
            text = _("No picture is open: open a photo.")
            if now.others_are_open():
                text = CHOOSE_PANEL
        if not (text and now.message_is_error):
            self._message.set_text(text)
        else:
            color = legible(ERROR_COLOR, self._ground())
            safe = GLib.markup_escape_text(text)
            self._message.set_markup('<span foreground="%s">%s</span>' % (color, safe))
        self._copy.set_visible(bool(now.command))

    def _ground(self) -> str:
        """The color of the window's ground, as the theme has it."""
        found, color = self.get_style_context().lookup_color("theme_bg_color")
        if not found:
            return "#808080"
        parts = (color.red, color.green, color.blue)
        return "#%02x%02x%02x" % tuple(round(255 * part) for part in parts)


def _row(spacing: int = 6, homogeneous: bool = False) -> Gtk.Box:
    return Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=spacing, homogeneous=homogeneous)


def _button(text: str, tip: str, clicked: Callable[[], Any]) -> Gtk.Button:
    button = Gtk.Button.new_with_mnemonic(text)
    button.set_tooltip_text(tip)
    button.set_focus_on_click(False)
    button.connect("clicked", safely(lambda _: clicked()))
    return button


def _check(text: str, tip: str, changed: Callable[[bool], Any]) -> Gtk.CheckButton:
    box = Gtk.CheckButton.new_with_mnemonic(text)
    box.set_tooltip_text(tip)
    box.set_focus_on_click(False)
    box.connect("toggled", safely(lambda it: it.quiet or changed(it.get_active())))
    box.quiet = False
    return box


def _set(box: Gtk.CheckButton, on: bool) -> None:
    """Set a switch without telling anybody."""
    if box.get_active() != on:
        box.quiet = True
        box.set_active(on)
        box.quiet = False
