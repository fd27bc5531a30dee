"""Small widgets that the docker and the options dialog share."""

from __future__ import annotations

from typing import Any, Callable

from .client.translation import _
from .qt import QtCore, QtGui, QtWidgets

STEPS = 100
"""Steps of a slider for 0..1."""


class Fraction(QtWidgets.QWidget):
    """0..1 in per cent: a label, a slider to drag and a number to type.

    label: with a `&` before the letter that leads to the number.
    """

    def __init__(
        self, label: str, tip: str, value: float, changed: Callable[[float], None]
    ) -> None:
        super().__init__()
        self._changed = changed
        plain = label.replace("&", "")
        self.slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(10)
        self.slider.setMinimumWidth(60)
        self.slider.setMinimumHeight(22)
        self.number = QtWidgets.QSpinBox()
        self.number.setRange(0, STEPS)
        self.number.setSuffix(" %")
        self.number.setKeyboardTracking(False)
        for widget, what in ((self.slider, plain), (self.number, _("%s in per cent") % plain)):
            widget.setAccessibleName(what)
            widget.setToolTip(tip)
        name = QtWidgets.QLabel(label)
        name.setBuddy(self.number)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(name)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.show_value(value)
        self.slider.valueChanged.connect(self._on_value)
        self.number.valueChanged.connect(self._on_value)

    @property
    def value(self) -> float:
        """0..1."""
        return float(self.slider.value()) / STEPS

    @property
    def is_in_use(self) -> bool:
        """Whether the user is dragging or typing: it must not jump then."""
        return bool(self.slider.isSliderDown() or self.number.hasFocus())

    def show_value(self, value: float) -> None:
        """Set it without telling anybody."""
        for widget in (self.slider, self.number):
            widget.blockSignals(True)
            widget.setValue(round(value * STEPS))
            widget.blockSignals(False)

    def _on_value(self, value: int) -> None:
        self.show_value(value / STEPS)
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


def place_picture(bgra: bytes, width: int, height: int, side: int) -> Any:
    """A crop of a photo as a square with its middle marked.  bgra: packed 8-bit rows."""
    kind = QtGui.QImage.Format.Format_RGB32
    image = QtGui.QImage(bgra, width, height, width * 4, kind).copy()
    picture = QtGui.QPixmap.fromImage(image).scaled(
        side,
        side,
        QtCore.Qt.AspectRatioMode.KeepAspectRatio,
        QtCore.Qt.TransformationMode.SmoothTransformation,
    )
    painter = QtGui.QPainter(picture)
    middle = QtCore.QPointF(picture.width() / 2, picture.height() / 2)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    for wide, tone in ((3.0, "#000000"), (1.2, "#ffffff")):
        painter.setPen(QtGui.QPen(QtGui.QColor(tone), wide))
        painter.drawEllipse(middle, 5, 5)
    painter.end()
    return picture
