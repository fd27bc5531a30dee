"""Messages where the docker is hidden: at the lower edge of the window, and not in the way.

Krita's own messages over the picture are windows, which keep the mouse from what is below them.
"""

from __future__ import annotations

from typing import Any

from krita import Krita

from .qt import QtCore, QtWidgets, safely

DOCKER_ID = "handtint_docker"

SECONDS, SECONDS_OF_ERROR = 5, 12
WIDTH = 460
MARGIN = 12


def docker_is_seen() -> bool:
    """Whether a docker of Handtint shows messages: then nothing else has to."""
    for docker in Krita.instance().dockers():
        if docker.objectName() == DOCKER_ID:
            return bool(docker.isVisible() and not docker.visibleRegion().isEmpty())
    return False


class Notice(QtWidgets.QLabel):
    """A text at the lower left of a window, which the mouse goes through, for some seconds."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self.setObjectName("handtint_notice")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setWordWrap(True)
        self.setAutoFillBackground(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        self.setMargin(8)
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(safely(self.hide))

    def tell(self, text: str, seconds: int) -> None:
        """Show a text, or hide if there is none."""
        if not text:
            self.hide()
            return
        self.setText(text)
        middle = self.parent().centralWidget()
        place = middle.mapTo(self.parent(), middle.rect().bottomLeft())
        width = min(WIDTH, max(100, middle.width() - 2 * MARGIN))
        height = self.heightForWidth(width)
        self.setGeometry(place.x() + MARGIN, place.y() - height - 2 * MARGIN, width, height)
        self.show()
        self.raise_()
        self._timer.start(1000 * seconds)


_NOTICES: list = []
"""Held here: of a widget that only Qt holds Python forgets the class, and it would not be found."""


def notice_of(window: Any) -> Notice:
    """The one of a main window."""
    for notice in [*_NOTICES]:
        try:
            if notice.parent() is window:
                return notice
        except RuntimeError:  # its window is gone
            _NOTICES.remove(notice)
    _NOTICES.append(Notice(window))
    return _NOTICES[-1]


def announce(text: str, error: bool) -> None:
    """Show a message at the window's edge, unless the docker shows it; "" takes one away."""
    window = Krita.instance().activeWindow()
    if window is None or window.qwindow() is None or window.qwindow().centralWidget() is None:
        return
    shown = "" if docker_is_seen() else text
    notice_of(window.qwindow()).tell(shown, SECONDS_OF_ERROR if error else SECONDS)
