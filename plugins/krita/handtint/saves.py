"""Files that are written while a picture is shown without colour: they have none either.

Krita tells only when a file is complete, and writes in the background: by then the colours may be
shown again.  So its entries for saving are listened to, too.
"""

from __future__ import annotations

from typing import Any

from krita import Krita

from .nodes import alive
from .qt import safely
from .shown import Compare

OWN_FORMATS = (".kra", ".krz")
ENTRIES = ("file_save", "file_save_as")


class Saves:
    """Knows which files were begun while their picture was compared with its photo."""

    def __init__(self, compare: Compare) -> None:
        self._compare = compare
        self._entries: list[Any] = []
        self._begun: list[Any] = []

    def listen(self) -> None:
        """Listen to the window that is in front; each has entries of its own."""
        for name in ENTRIES:
            action = Krita.instance().action(name)
            if action is not None and not any(action is known for known in self._entries):
                action.triggered.connect(safely(self._on_save))
                self._entries.append(action)

    def _on_save(self, *_: Any) -> None:
        """Krita has taken a copy of the picture by now, and writes that."""
        document = self._compare.document
        if document is not None and document == Krita.instance().activeDocument():
            self._begun = [*(of for of in self._begun if alive(of) and of != document), document]

    def without_color(self, path: str) -> Any:
        """The document whose file was just written without colours, or None."""
        for document in self._begun:
            if alive(document) and document.fileName() == path:
                self._begun.remove(document)
                return document
        document = self._compare.document
        if document is None:
            return None
        is_it = document.fileName() == path or document == Krita.instance().activeDocument()
        return document if is_it else None
