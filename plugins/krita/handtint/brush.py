"""Whether the user is painting, and when the brush was lifted."""

from __future__ import annotations

import contextlib
from typing import Any, Callable

from .qt import QtCore, QtGui, QtWidgets, safely

_CANVAS_CLASSES = ("KisOpenGLCanvas2", "KisQPainterCanvas")
_Event = QtCore.QEvent.Type
_DOWN = (_Event.MouseButtonPress, _Event.TabletPress)
_MOVE = (_Event.MouseMove, _Event.TabletMove)
_UP = (_Event.MouseButtonRelease, _Event.TabletRelease)


def canvas_widget(window: Any) -> Any:
    """The widget of the canvas that a Krita window works on, or None.

    Only the widgets of its current view are looked at: a main window has thousands, and
    wrapping all of them for Python takes 50 ms, in which nobody can paint.
    """
    if window is None:
        return None
    middle = window.qwindow().centralWidget()
    area = middle.findChild(QtWidgets.QMdiArea) if middle is not None else None
    view = area.currentSubWindow() if area is not None else None
    if view is None:
        return None
    for widget in view.findChildren(QtWidgets.QWidget):
        if widget.metaObject().className() in _CANVAS_CLASSES and widget.isVisible():
            return widget
    return None


class Brush(QtCore.QObject):
    """Watches one canvas for pressing and lifting, by mouse, pen or finger.

    lifted: called right after the brush was lifted.  path: the box around where it went, in
    the canvas' own pixels.  presses: how often it was put down.  Only the canvas is watched: a
    filter on the whole program would run for every event that Krita has.
    """

    def __init__(self, lifted: Callable[[], None]) -> None:
        super().__init__()
        self._lifted = lifted
        self._canvas: Any = None
        self._pen_is_down = False
        self.path = QtCore.QRectF()
        self.presses = 0

    def watch(self, canvas: Any) -> None:
        """Watch a canvas widget instead of the one before; None: none.

        Call it now and then: Krita's own filter keeps what it uses, and moves to the front
        whenever a view becomes active.
        """
        if canvas is not None and canvas is self._canvas:
            canvas.installEventFilter(self)
            return
        if self._canvas is not None:
            with contextlib.suppress(RuntimeError):  # its window was closed
                self._canvas.removeEventFilter(self)
        self._canvas = canvas
        self._pen_is_down = False
        if canvas is not None:
            canvas.installEventFilter(self)

    @property
    def is_down(self) -> bool:
        """Whether a button or pen is held down: nothing slow may be done now."""
        if QtGui.QGuiApplication.mouseButtons() != QtCore.Qt.MouseButton.NoButton:
            return True
        return self._pen_is_down

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802  (Qt's name)
        """Qt's hook; never keeps an event from Krita."""
        kind = event.type()
        if kind in _MOVE:
            self._follow(event)
        elif kind in _DOWN:
            self._pen_is_down = kind == _Event.TabletPress
            self.presses += 1
            self.path = QtCore.QRectF()
            self._follow(event)
        elif kind in _UP:
            self._pen_is_down = False
            self._follow(event)
            QtCore.QTimer.singleShot(0, safely(self._lifted))
        return False

    def _follow(self, event: Any) -> None:
        # The same in Qt 6, and in Qt 5 of pens and of mice.
        for name in ("position", "posF", "localPos"):
            if hasattr(event, name):
                place = getattr(event, name)()
                around = QtCore.QRectF(place.x() - 1, place.y() - 1, 2, 2)
                self.path = self.path.united(around)
                return
