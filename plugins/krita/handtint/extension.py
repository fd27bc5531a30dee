"""The menu entries under Tools > Scripts."""

from __future__ import annotations

from typing import Any

from krita import Extension, Krita

from .core import core
from .dialogs import GrayQuestion, OptionsDialog

ACTIONS = (
    ("handtint_colorize", "Colorize Layer", "colorize"),
    ("handtint_colorize_options", "Colorize Layer with Options...", "options"),
    ("handtint_new_hints", "New Color Hints Layer", "new_hints"),
)


class HandtintExtension(Extension):  # type: ignore[misc]
    """Krita makes one and asks it for actions for every window."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._dialogs: list[Any] = []

    def setup(self) -> None:
        """Krita's hook at its start."""
        core().ask_about_gray = self._ask_about_gray

    def createActions(self, window: Any) -> None:  # noqa: N802  (Krita's name)
        """Krita's hook for each window."""
        for name, text, call in ACTIONS:
            action = window.createAction(name, text, "tools/scripts")
            action.triggered.connect(getattr(self, "_" + call))

    def _colorize(self, *_: Any) -> None:
        core().colorize()

    def _new_hints(self, *_: Any) -> None:
        core().new_hints()

    def _options(self, *_: Any) -> None:
        if Krita.instance().activeDocument() is None:
            core().say("No picture is open: open a photo and try again.", error=True)
            return
        self._keep(OptionsDialog(self._window())).show()

    def _ask_about_gray(self, answered: Any) -> None:
        self._keep(GrayQuestion(self._window(), answered)).show()

    @staticmethod
    def _window() -> Any:
        window = Krita.instance().activeWindow()
        return window.qwindow() if window is not None else None

    def _keep(self, dialog: Any) -> Any:
        """Python would drop a dialog that nobody waits for."""
        self._dialogs = [dialog]
        return dialog
