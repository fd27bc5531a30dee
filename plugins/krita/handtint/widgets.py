"""Small widgets that the docker and the options dialog share."""

from __future__ import annotations

from typing import Any, Callable

from .qt import QtCore, QtGui, QtWidgets

STEPS = 100
"""Steps of a slider for 0..1."""


class Fraction(QtWidgets.QWidget):
    """A labelled slider for 0..1, shown in per cent."""

    def __init__(
        self, label: str, tip: str, value: float, changed: Callable[[float], None]
    ) -> None:
        super().__init__()
        self._changed = changed
        self._number = QtWidgets.QLabel()
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("100 %"))
        self._number.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight)
        self.slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName(label)
        self.slider.setToolTip(tip)
        row = QtWidgets.QGridLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setVerticalSpacing(0)
        row.addWidget(QtWidgets.QLabel(label), 0, 0)
        row.addWidget(self._number, 0, 1)
        row.addWidget(self.slider, 1, 0, 1, 2)
        self.show_value(value)
        self.slider.valueChanged.connect(self._on_value)

    @property
    def value(self) -> float:
        """0..1."""
        return self.slider.value() / STEPS

    def show_value(self, value: float) -> None:
        """Set it without telling anybody."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(value * STEPS))
        self.slider.blockSignals(False)
        self._number.setText("%d %%" % self.slider.value())

    def _on_value(self, value: int) -> None:
        self._number.setText("%d %%" % value)
        self._changed(value / STEPS)


class Dot(QtWidgets.QLabel):
    """A coloured dot."""

    def show_color(self, color: str) -> None:
        """Set the colour, "#rrggbb"."""
        side = self.fontMetrics().height()
        picture = QtGui.QPixmap(side, side)
        picture.fill(QtCore.Qt.GlobalColor.transparent)
        painter = QtGui.QPainter(picture)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(color))
        painter.drawEllipse(QtCore.QRectF(side * 0.2, side * 0.2, side * 0.6, side * 0.6))
        painter.end()
        self.setPixmap(picture)


def swatch_icon(color: str, side: int) -> Any:
    """A filled square."""
    picture = QtGui.QPixmap(side, side)
    picture.fill(QtGui.QColor(color))
    return QtGui.QIcon(picture)
