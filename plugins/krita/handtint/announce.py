"""Messages where the docker is hidden: over the picture, but not in the way."""

from __future__ import annotations

from typing import Any

from krita import Krita

from .qt import QtCore, QtGui, QtWidgets

SECONDS, SECONDS_OF_ERROR = 4, 8


def docker_is_seen() -> bool:
    """Whether a docker of Handtint shows messages: then nothing else has to."""
    from .docker import DOCKER_ID

    for docker in Krita.instance().dockers():
        if docker.objectName() == DOCKER_ID:
            return bool(docker.isVisible() and not docker.visibleRegion().isEmpty())
    return False


def announce(text: str, error: bool) -> None:
    """Show a message over the picture, unless the docker shows it."""
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    if view is None or docker_is_seen():
        return
    milliseconds = 1000 * (SECONDS_OF_ERROR if error else SECONDS)
    view.showFloatingMessage(text, QtGui.QIcon(), milliseconds, 1)
    QtCore.QTimer.singleShot(0, let_the_mouse_through)


def floating_messages() -> list[Any]:
    """Krita's messages that are on the screen."""
    widgets = QtWidgets.QApplication.allWidgets()
    return [w for w in widgets if w.metaObject().className() == "KisFloatingMessage"]


def let_the_mouse_through() -> None:
    """One paints through a message that lies over the picture."""
    for widget in floating_messages():
        widget.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        if widget.isWindow():
            shown = widget.isVisible()
            widget.setWindowFlag(QtCore.Qt.WindowType.WindowTransparentForInput)
            widget.setVisible(shown)
