"""Undo and redo leave the active layer as it is, and a new hint layer stays active.

Krita activates a layer that an undo brings back, the neighbour of one that it takes away, and,
some time later, the mask that was put on a new layer: the next stroke would go to where the user
does not want it.
"""

from __future__ import annotations

from typing import Any, Callable

from krita import Krita

from .nodes import alive, by_uid, uid
from .qt import QtCore, QtGui, safely, timer

CHECK_MS = 60
CHECKS = 8
"""Krita works in the background: for so many checks afterwards the layer is set back, unless the
user clicks."""


class ActiveLayer:
    """Remembers the active layer of the document that is worked on.

    undone: called after each undo or redo.
    """

    def __init__(self, undone: Callable[[], None]) -> None:
        self._undone = undone
        self._document: Any = None
        self._uid = ""
        self._left = 0
        self._listening: set[str] = set()
        self._timer = timer(CHECK_MS, self._keep)

    def note(self, document: Any, node: Any) -> None:
        """Be told the active layer, again and again."""
        self._listen()
        if self._left == 0 and node is not None:
            self._document, self._uid = document, uid(node)

    def chosen(self, document: Any, node: Any) -> None:
        """The plug-in has activated a layer itself."""
        self._left = 0
        self.note(document, node)

    def hold(self, document: Any, node: Any) -> None:
        """Activate a layer, and keep it active while Krita would activate another one."""
        document.setActiveNode(node)
        self._document, self._uid = document, uid(node)
        self._left = CHECKS
        self._timer.start()

    def _listen(self) -> None:
        for name in ("edit_undo", "edit_redo"):
            action = Krita.instance().action(name)
            if action is not None and name not in self._listening:
                action.triggered.connect(safely(self._on_undo))
                self._listening.add(name)

    def _on_undo(self, *_: Any) -> None:
        self._left = CHECKS
        self._timer.start()
        self._undone()

    def _keep(self) -> None:
        self._left -= 1
        clicks = QtGui.QGuiApplication.mouseButtons() != QtCore.Qt.MouseButton.NoButton
        if self._left <= 0 or clicks or not alive(self._document):
            self._left = 0
            self._timer.stop()
            return
        wanted = by_uid(self._document, self._uid) if self._uid else None
        if wanted is not None and self._document.activeNode() != wanted:
            self._document.setActiveNode(wanted)
