"""The two dialogs.  Imported only where there is a window: they need Gtk."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gimp, GimpUi, Gio, Gtk  # noqa: E402

from . import alternatives, layers, manual, settings  # noqa: E402
from .choosing import Chooser  # noqa: E402
from .client import BadSetting, ClientError, ServerSetting, data_folder, read_setting, write_setting  # noqa: E402
from .client.driver import Job  # noqa: E402
from .client.translation import _  # noqa: E402
from .job import ColorizeJob  # noqa: E402
from .panel.loop import Loop, Timer, safely  # noqa: E402

NAME = "handtint"


def ask_options(
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    image: Gimp.Image,
    active: Gimp.Layer,
) -> bool:
    """The options dialog: fills config, keeps the server setting; whether to go on."""
    GimpUi.init(NAME)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Colorize Layer"))
    dialog.set_ok_label(_("Colori_ze"))
    for name, title in (("strength", _("Hint stren_gth, %")), ("vividness", _("_Vividness, %"))):
        entry = dialog.get_scale_entry(name, 100.0)  # per cent; 0..1 is what scripts give
        entry.get_label().set_text_with_mnemonic(title)
    dialog.set_sensitive("strength", True, config, "use-hints", False)
    dialog.fill(["use-hints", "strength", "vividness", "output", "area", "mark"])
    others = AlternativesFrame(image, layers.photo_of(image, active), config)
    dialog.get_content_area().pack_start(others, False, False, 6)
    others.show_all()
    server = ServerFrame()
    dialog.get_content_area().pack_start(server, False, False, 6)
    server.show_all()
    manual.put_into(dialog, "options")
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
        others.stop()
        dialog.destroy()


RENEW_MS = 400
"""Milliseconds after which thumbnails follow a change."""


class AlternativesFrame(Gtk.Expander):
    """Other colorings, asked for when it is opened, and the reference; chosen ones go to config."""

    def __init__(self, image: Gimp.Image, photo: Gimp.Layer, config: Gimp.ProcedureConfig) -> None:
        super().__init__(label=_("Alte_rnatives"), use_underline=True)
        self.set_border_width(12)
        self._image, self._photo, self._config = image, photo, config
        self._job: Job | None = None
        self._found: alternatives.Found | None = None
        self._asked: Any = None
        self._chooser = Chooser(
            lambda number: config.set_property("alternative", number),
            lambda reference: config.set_property("reference", reference),
        )
        self._chooser.set_margin_top(6)
        self.add(self._chooser)
        self._timer = Timer(self._ask)
        self._show()
        self.connect("notify::expanded", safely(self._on_change))
        self._handler = config.connect("notify", safely(self._on_change))

    def stop(self) -> None:
        """The dialog closes: what is asked for is given up."""
        self._config.disconnect(self._handler)
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    def _show(self) -> None:
        chosen = settings.Settings.of(self._config)
        self._chooser.show_choice(chosen.alternative)
        self._chooser.show_reference(self._image, self._photo, chosen.reference)

    def _on_change(self, *_: Any) -> None:
        self._show()
        if self.get_expanded() and self._wanted() != self._asked:
            self._timer.start(RENEW_MS if self._asked is not None else 0)

    def _wanted(self) -> Any:
        now = settings.Settings.of(self._config)
        return now.vividness, now.strength, now.use_hints, now.reference

    def _ask(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._asked = self._wanted()
        if not self._photo.is_valid():
            return
        try:
            work = ColorizeJob.of(self._image, self._photo, settings.Settings.of(self._config))
        except ClientError as error:
            self._chooser.say(str(error))
            return
        self._job = Job(
            Loop(),
            alternatives.thumbnails(work, self._found),
            self._done,
            lambda error: self._chooser.say(str(error)),
            lambda text, fraction: self._chooser.say(text),
        ).start()

    def _done(self, found: alternatives.Found) -> None:
        self._found = found
        self._chooser.say(found.note)
        self._chooser.show_pictures(found.pictures)
        self._show()


class ServerFrame(Gtk.Expander):
    """The setting Server: automatic, or an address with its token."""

    def __init__(self) -> None:
        super().__init__(label=_("Server"))
        self.set_border_width(12)
        self._folder = data_folder()
        problem = ""
        self._kept: ServerSetting | None = None  # stays so if it cannot be read
        try:
            self._kept = read_setting(self._folder)
        except BadSetting as error:
            problem = str(error)
        shown = self._kept or ServerSetting()
        self._timeout = shown.timeout
        grid = Gtk.Grid(column_spacing=12, row_spacing=6, margin_top=6)
        self.add(grid)
        self._automatic = Gtk.RadioButton.new_with_mnemonic(
            None, _("Find or start it on this computer auto_matically")
        )
        self._own = Gtk.RadioButton.new_with_mnemonic_from_widget(
            self._automatic, _("Use a_nother server")
        )
        grid.attach(self._automatic, 0, 0, 2, 1)
        grid.attach(self._own, 0, 1, 2, 1)
        self._url = self._entry(grid, 2, _("A_ddress"), shown.url)
        self._url.set_placeholder_text("https://photos.example.org:8443")
        self._token = self._entry(grid, 3, _("To_ken"), shown.token)
        self._token.set_visibility(False)
        self._ca = self._entry(grid, 4, _("Certi_ficate file (own CA)"), shown.ca_file)
        self._message = Gtk.Label(label=problem, wrap=True, xalign=0.0, max_width_chars=60)
        grid.attach(self._message, 0, 5, 2, 1)
        (self._automatic if shown.automatic else self._own).set_active(True)
        self._own.connect("toggled", self._show_state)
        self._show_state()
        self.set_expanded(bool(problem) or not shown.automatic)

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
        """Keep the setting if it was changed, or could not be read; raises BadSetting."""
        own = self._own.get_active()
        setting = ServerSetting(
            url=self._url.get_text().strip() if own else "",
            token=self._token.get_text().strip() if own else "",
            ca_file=self._ca.get_text().strip() if own else "",
            timeout=self._timeout,
        )
        if own and not setting.url:
            raise BadSetting(_("Enter the server's address, or choose the automatic setting."))
        if own:
            setting.endpoint()
        if setting != self._kept:
            write_setting(self._folder, setting)


ON_A_LAYER = _("You painted on %s. Is this a hint for the colors, or part of the photo?")
ON_A_RESULT = _(
    "You painted on %s. Is this a hint for the colors, or shall the layer stay as it is?"
)


def ask_about_paint(text: str, second: str) -> str:
    """What paint on a layer is: "hints", "photo" (the second button's answer) or "cancel"."""
    return _ask(text, (second, "photo"), (_("These are _hints"), "hints"))


def _ask(text: str, second: tuple[str, str], first: tuple[str, str]) -> str:
    """The answer to a question, or "cancel".  first: text of the usual button and its answer."""
    GimpUi.init(NAME)
    dialog = GimpUi.Dialog(title="Handtint", role=NAME + "-question")
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    dialog.add_button(second[0], Gtk.ResponseType.NO)
    dialog.add_button(first[0], Gtk.ResponseType.YES)
    dialog.set_default_response(Gtk.ResponseType.YES)
    label = Gtk.Label(label=text, wrap=True, xalign=0.0, max_width_chars=60, margin=12)
    dialog.get_content_area().pack_start(label, True, True, 0)
    dialog.show_all()
    answer = dialog.run()
    dialog.destroy()
    # The window has gone from the screen before the work begins.
    while Gtk.events_pending():
        Gtk.main_iteration()
    answers = {Gtk.ResponseType.YES: first[1], Gtk.ResponseType.NO: second[1]}
    return answers.get(answer, "cancel")


def ask_file(folder: str, name: str) -> Gio.File | None:
    """Where to export to; None if the user does not want to."""
    GimpUi.init(NAME)
    dialog = Gtk.FileChooserDialog(
        title=_("Export Colored Picture"), action=Gtk.FileChooserAction.SAVE
    )
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    dialog.add_button(_("_Export"), Gtk.ResponseType.ACCEPT)
    dialog.set_default_response(Gtk.ResponseType.ACCEPT)
    dialog.set_do_overwrite_confirmation(True)
    GimpUi.window_set_transient(dialog)
    if folder:
        dialog.set_current_folder(folder)
    dialog.set_current_name(name)
    label = Gtk.Label(
        label=_("What you see, without hint layers. The name's ending says the kind of file."),
        xalign=0.0,
    )
    dialog.set_extra_widget(label)
    label.show()
    file = dialog.get_file() if dialog.run() == Gtk.ResponseType.ACCEPT else None
    dialog.destroy()
    while Gtk.events_pending():
        Gtk.main_iteration()
    return file
