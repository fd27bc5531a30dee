"""The menu entries under Tools > Scripts > Handtint, and the questions."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from krita import Extension, Krita

from .client.translation import _
from .core import NO_PICTURE, core
from .dialogs import ExportDialog, GrayQuestion, OptionsDialog, PaintQuestion, PngQuestion
from .nodes import alive
from .qt import QtCore, QtWidgets, safely
from .settings import first_time

# No colon in the texts: Krita's search shows only what is before it.
ACTIONS = (
    (
        "handtint_colorize",
        _("&Colorize Layer (Handtint)"),
        "colorize",
        _("Insert a colored copy of the active layer above it"),
    ),
    (
        "handtint_colorize_options",
        _("Colorize with &Options (Handtint)..."),
        "options",
        _("Choose vividness, hint strength and server first"),
    ),
    (
        "handtint_new_hints",
        _("&New Color Hints Layer (Handtint)"),
        "new_hints",
        _("Go to the layer to paint color hints on; add it if there is none"),
    ),
    (
        "handtint_show_hints",
        _("&Show or Hide Hints (Handtint)"),
        "show_hints",
        _("Show or hide the hint layers; hidden hints count, too"),
    ),
    (
        "handtint_compare",
        _("Com&pare with and without Color (Handtint)"),
        "compare",
        _("Show the photo without color, and back"),
    ),
    (
        "handtint_export",
        _("&Export Colored Picture (Handtint)..."),
        "export",
        _("Write the picture without hints to a file"),
    ),
    ("handtint_docker", _("Show &Docker (Handtint)"), "show_docker", _("Show the docker")),
)
MENU = "handtint_menu"
SHOW_AFTER_MS = 3000
"""Krita has arranged its window by then."""

ROOM_EVERY_MS, ROOM_TRIES = 300, 60
"""How often, and how many times, room is made for the docker after the installation."""

LEAST_HEIGHT = {"KisLayerBox": 183, "ColorSelectorNg": 120}
"""Dockers above that give room, and the pixels of height that they keep."""

COLORLESS = _("The photo without color; the same entry shows the colors again.")


class HandtintExtension(Extension):  # type: ignore[misc]
    """Krita makes one and asks it for actions for every window."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._dialogs: list[Any] = []

    def setup(self) -> None:
        """Krita's hook at its start."""
        core().ask_about_gray = self._ask_about_gray
        core().ask_about_png = self._ask_about_png
        core().questions.ask = self._ask_about_paint
        core().show_question = self._show_question
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.imageSaved.connect(safely(self._on_saved))

    def createActions(self, window: Any) -> None:  # noqa: N802  (Krita's name)
        """Krita's hook for each window."""
        entry = window.createAction(MENU, "&Handtint", "tools/scripts")
        menu = QtWidgets.QMenu(MENU, window.qwindow())
        entry.setMenu(menu)
        for name, text, call, tip in ACTIONS:
            action = window.createAction(name, text, "tools/scripts/" + MENU)
            # What the file of actions says is English, and may have been read before this.
            action.setText(text)
            action.setToolTip(tip)
            action.triggered.connect(safely(getattr(self, "_" + call)))
        QtCore.QTimer.singleShot(SHOW_AFTER_MS, safely(self._show_docker_once))

    def _colorize(self, *_: Any) -> None:
        core().colorize()

    def _new_hints(self, *_: Any) -> None:
        core().new_hints()

    def _show_hints(self, *_: Any) -> None:
        core().viewer.show_hints(not core().viewer.hints_are_shown())

    def _compare(self, *_: Any) -> None:
        viewer = core().viewer
        viewer.compare(not viewer.compares)
        if viewer.compares:
            core().say(COLORLESS)

    def _options(self, *_: Any) -> None:
        if Krita.instance().activeDocument() is None:
            core().say(NO_PICTURE, error=True)
            return
        core().follower.follow()
        self._keep(OptionsDialog(self._window())).show()

    def _export(self, *_: Any) -> None:
        document = Krita.instance().activeDocument()
        if document is None:
            core().say(NO_PICTURE, error=True)
            return
        self._keep(ExportDialog(self._window(), document)).show()

    # --- the docker ------------------------------------------------------------------------

    def _show_docker_once(self) -> None:
        """After the installation: where the brushes are, so that all of it is seen."""
        if first_time("docker_was_shown"):
            window, docker = self._window(), self._docker("handtint_docker")
            brushes = self._docker("PresetDocker")
            if window is None or docker is None:
                return
            docker.setVisible(True)
            if brushes is not None and brushes.isVisible():
                window.tabifyDockWidget(brushes, docker)
            docker.raise_()
            self._make_room_later(window, docker, ROOM_TRIES)

    def _show_docker(self, *_: Any) -> None:
        docker = self._docker("handtint_docker")
        if docker is not None:
            docker.setVisible(True)
            docker.raise_()

    def _make_room_later(self, window: Any, docker: Any, tries: int) -> None:
        """Until there is room: Krita may still be building its window, or enlarging it."""

        def look() -> None:
            if docker.isVisible() and docker.height() < docker.needed_height:
                self._make_room(window, docker)
                if tries > 1:
                    self._make_room_later(window, docker, tries - 1)

        QtCore.QTimer.singleShot(ROOM_EVERY_MS, safely(look))

    def _make_room(self, window: Any, docker: Any) -> None:
        """As high as it needs to be, at the cost of layers and colours."""
        more = max(0, docker.needed_height - docker.height())
        docks, heights = [docker], [docker.needed_height]
        for name, least in LEAST_HEIGHT.items():
            other = self._docker(name)
            if other is None or not other.isVisible():
                continue
            gives = min(more, max(0, other.height() - least))
            more -= gives
            docks.insert(0, other)
            heights.insert(0, other.height() - gives)
        window.resizeDocks(docks, heights, QtCore.Qt.Orientation.Vertical)

    @staticmethod
    def _docker(name: str) -> Any:
        found = (d for d in Krita.instance().dockers() if d.objectName() == name)
        return next(found, None)

    # --- questions -------------------------------------------------------------------------

    def _ask_about_gray(self, answered: Any) -> None:
        if self._is_shown(GrayQuestion):
            core().answer_first()
        else:
            self._keep(GrayQuestion(self._window(), answered)).show()

    def _ask_about_png(self, color: Any, answered: Any) -> None:
        if self._is_shown(PngQuestion):
            core().answer_first()
        else:
            self._keep(PngQuestion(self._window(), color, answered)).show()

    def _ask_about_paint(self, found: Any, answered: Any) -> None:
        self._keep(PaintQuestion(self._window(), found, answered)).show()

    def _on_saved(self, path: str) -> None:
        """A file without colours is written again; one for others that shows hints: say so."""
        if core().viewer.wrote(path):
            return
        document = Krita.instance().activeDocument()
        if os.path.splitext(path)[1].lower() in (".kra", ".krz", ".ora", "") or not alive(document):
            return
        core().viewer.warn_of_helpers(document, path)

    @staticmethod
    def _window() -> Any:
        window = Krita.instance().activeWindow()
        return window.qwindow() if window is not None else None

    def _shown(self) -> list[Any]:
        """The dialogs that are on the screen; those of a window that was closed are not."""
        found = []
        for dialog in self._dialogs:
            with contextlib.suppress(RuntimeError):
                if dialog.isVisible():
                    found.append(dialog)
        return found

    def _is_shown(self, kind: Any) -> bool:
        return any(isinstance(dialog, kind) for dialog in self._shown())

    def _show_question(self) -> None:
        for dialog in self._shown():
            if isinstance(dialog, QtWidgets.QMessageBox):
                dialog.raise_()
                dialog.activateWindow()

    def _keep(self, dialog: Any) -> Any:
        """Python would drop a dialog that nobody waits for."""
        self._dialogs = [*self._shown(), dialog]
        return dialog
