"""Krita's window in the language of the environment: the docker, a dialog, right to left too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import handtint_probe as probe
from handtint.announce import DOCKER_ID
from handtint.client.state import ServerState
from handtint.core import core
from handtint.dialogs import OptionsDialog
from handtint.qt import QtCore, QtWidgets

from krita import Krita

APP = Krita.instance()


def docker() -> Any:
    return next(d for d in APP.dockers() if d.objectName() == DOCKER_ID)


def buttons(widget: Any) -> list[str]:
    kinds = QtWidgets.QAbstractButton
    found = [b for b in widget.findChildren(kinds) if b.isVisible() and b.text()]
    return [b.text().replace("&", "") for b in found]


def outside(widget: Any) -> list[str]:
    """Texts of buttons that are cut off: narrower than their words, or beyond the docker."""
    area = widget.rect()
    cut = []
    for button in widget.findChildren(QtWidgets.QAbstractButton):
        if not button.isVisible() or not button.text():
            continue
        place = button.mapTo(widget, QtCore.QPoint(0, 0))
        shown = QtCore.QRect(place, button.size())
        if button.width() < button.minimumSizeHint().width() or not area.contains(shown):
            cut.append(button.text())
    return cut


def steps() -> Iterator[Any]:
    APP.activeWindow().qwindow().showMaximized()
    yield 1500
    for other in APP.dockers():
        if other.objectName() in ("ColorSelectorNg", "PresetDocker"):
            other.setVisible(False)
    docker().setVisible(True)
    docker().raise_()
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    yield 500
    probe.VALUES["docker"] = buttons(docker())
    probe.VALUES["state"] = core().server.state.words
    probe.VALUES["entry"] = APP.action("handtint_colorize").text().replace("&", "")
    probe.VALUES["tip"] = APP.action("handtint_colorize").toolTip()
    probe.VALUES["cut off"] = outside(docker())
    probe.screenshot("language-docker")

    APP.action("handtint_colorize_options").trigger()
    yield lambda: any(
        isinstance(w, OptionsDialog) and w.isVisible()
        for w in QtWidgets.QApplication.topLevelWidgets()
    )
    yield 500
    probe.screenshot("language-options")
    for widget in QtWidgets.QApplication.topLevelWidgets():
        if isinstance(widget, OptionsDialog):
            widget.close()

    QtWidgets.QApplication.setLayoutDirection(QtCore.Qt.LayoutDirection.RightToLeft)
    yield 1500
    probe.VALUES["cut off, right to left"] = outside(docker())
    probe.screenshot("language-right-to-left")
    QtWidgets.QApplication.setLayoutDirection(QtCore.Qt.LayoutDirection.LeftToRight)
    yield 500
    probe.note("language")
