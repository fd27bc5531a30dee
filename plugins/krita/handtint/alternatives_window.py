"""The window of alternatives: four colorings to choose from, and the reference."""

from __future__ import annotations

import os
from typing import Any

from . import references
from .client import Picture
from .client.references import split
from .client.translation import _
from .core import core
from .qt import QtCore, QtGui, QtWidgets, safely

COUNT = 4
WIDTH, HEIGHT = 152, 114
"""Pixels of a thumbnail."""

CHOSEN = "QToolButton:checked { border: 3px solid palette(highlight); border-radius: 3px; }"
"""How the one in use is seen: Krita's dark theme hardly shows a pressed button."""

PICTURES = _("Pictures (*.png *.jpg *.tif *.webp)").replace(")", " *.jpeg *.tiff)")


def title(number: int) -> str:
    """What a coloring is called."""
    return _("Usual") if number == 0 else _("Alternative %d") % number


class AlternativesWindow(QtWidgets.QDialog):
    """Stays open beside the picture and shows what belongs to the active photo."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Alternatives"))
        self.setObjectName("handtint_alternatives")
        self._core = core()
        self._shown: Any = None
        self._file_dialog: Any = None
        column = QtWidgets.QVBoxLayout(self)
        column.addLayout(self._make_pictures())
        column.addLayout(self._make_reference())
        self._core.listen(self._show)

    def _make_pictures(self) -> Any:
        grid = QtWidgets.QGridLayout()
        self.buttons: list[Any] = []
        for number in range(COUNT):
            button = QtWidgets.QToolButton()
            button.setCheckable(True)
            button.setIconSize(QtCore.QSize(WIDTH, HEIGHT))
            button.setText(title(number))
            button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setStyleSheet(CHOSEN)
            button.setToolTip(_("Make this coloring the result"))
            button.setAccessibleName(
                _("Coloring %(number)d of %(count)d: %(title)s")
                % {"number": number + 1, "count": COUNT, "title": title(number)}
            )
            button.clicked.connect(lambda *_, n=number: self._on_click(n))
            grid.addWidget(button, number // 2, number % 2)
            self.buttons.append(button)
        return grid

    def _make_reference(self) -> Any:
        row = QtWidgets.QHBoxLayout()
        label = QtWidgets.QLabel(_("Co&lors from"))
        self.reference = QtWidgets.QComboBox()
        self.reference.setAccessibleName(_("Reference: the photo that colors are taken from"))
        self.reference.setToolTip(
            _("Another layer or a file in color; its colors go where the photo looks alike")
        )
        self.reference.activated.connect(safely(self._on_reference))
        label.setBuddy(self.reference)
        row.addWidget(label)
        row.addWidget(self.reference, 1)
        return row

    # --- what the user does ----------------------------------------------------------------

    def showEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Qt's hook."""
        super().showEvent(event)
        self._core.alternatives.open()
        self._show()

    def hideEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Qt's hook."""
        self._core.alternatives.close()
        super().hideEvent(event)

    def _on_click(self, number: int) -> None:
        self._core.alternatives.choose(number)
        self._show()

    def _on_reference(self, place: int) -> None:
        chosen = self.reference.itemData(place)
        if chosen is not None:
            self._core.alternatives.choose_reference(chosen)
            self._show()
            return
        self._show_reference()  # until a file is chosen, what was chosen before
        kind, name = split(self._core.settings.reference)
        folder = os.path.dirname(name) if kind == references.FILE else ""
        self._file_dialog = QtWidgets.QFileDialog(self, _("Reference"), folder)
        self._file_dialog.setNameFilters([PICTURES, _("All files (*)")])
        self._file_dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        self._file_dialog.fileSelected.connect(safely(self.use_file))
        self._file_dialog.show()

    def use_file(self, path: str) -> None:
        """Take a file as the reference."""
        self._core.alternatives.choose_reference(references.of_file(path))
        self._show()

    # --- what there is to see --------------------------------------------------------------

    def _show(self) -> None:
        if not self.isVisible():
            return
        now = self._core
        now.alternatives.look()
        for number, button in enumerate(self.buttons):
            button.setChecked(number == now.settings.alternative)
            button.setEnabled(number < len(now.alternatives.pictures))
        if now.alternatives.pictures is not self._shown:
            self._shown = now.alternatives.pictures
            empty = QtGui.QPixmap(WIDTH, HEIGHT)
            empty.fill(QtCore.Qt.GlobalColor.transparent)
            icons = [_pixmap(picture) for picture in self._shown]
            for number, button in enumerate(self.buttons):
                known = number < len(icons)
                button.setIcon(QtGui.QIcon(icons[number] if known else empty))
        if not self.reference.view().isVisible():
            self._show_reference()

    def _show_reference(self) -> None:
        """None, the document's layers, a file; the one in use is chosen."""
        document, photo = self._core.follower.document_and_photo()
        entries = [(_("None"), "")]
        if photo is not None:
            entries += [
                (node.name(), references.of_layer(node))
                for node in references.choices(document, photo)
            ]
        now = self._core.settings.reference
        kind = split(now)[0]
        used = references.layer_of(document, now) if document is not None else None
        now = references.of_layer(used) if used is not None else now
        if kind and now not in [value for _text, value in entries]:
            entries.append((references.name_of(document, now), now))
        entries.append((_("File..."), None))
        if [(self.reference.itemText(i), self.reference.itemData(i))
                for i in range(self.reference.count())] != entries:  # fmt: skip
            self.reference.clear()
            for text, value in entries:
                self.reference.addItem(text, value)
        place = [value for _text, value in entries].index(now if kind else "")
        if place != self.reference.currentIndex():
            self.reference.setCurrentIndex(place)


def _pixmap(picture: Picture) -> Any:
    """A thumbnail in the place that it has."""
    data = bytes(picture.data)
    kind = QtGui.QImage.Format.Format_RGB888
    image = QtGui.QImage(data, picture.width, picture.height, 3 * picture.width, kind).copy()
    return QtGui.QPixmap.fromImage(image).scaled(
        WIDTH,
        HEIGHT,
        QtCore.Qt.AspectRatioMode.KeepAspectRatio,
        QtCore.Qt.TransformationMode.SmoothTransformation,
    )
