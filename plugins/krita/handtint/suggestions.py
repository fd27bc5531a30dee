"""The part of the docker that shows likely colours for the place painted last."""

from __future__ import annotations

from typing import Any, Callable

from .client import Suggestion
from .client.colors import swatch
from .client.translation import _
from .qt import QtCore, QtWidgets
from .widgets import place_picture, swatch_icon

COUNT = 5
SIDE = 26
PLACE_SIDE = 50
WAITING = _("Likely colors for the place that you paint on appear here.")
TIP = _("Paint with %s, and recolor the last stroke.\nLightness comes from the photo.")


class SuggestionsBox(QtWidgets.QWidget):
    """Swatches with their shares, and a crop of the place.  Its size never changes."""

    def __init__(self, chosen: Callable[[int], None]) -> None:
        super().__init__()
        self.swatches: list[Any] = []
        self._shares: list[Any] = []
        self._shown: Any = None
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.place = QtWidgets.QLabel()
        self.place.setFixedSize(PLACE_SIDE, PLACE_SIDE)
        self.place.setAccessibleName(_("The place that the colors are for"))
        self._words = QtWidgets.QLabel(WAITING)
        self._words.setWordWrap(True)
        grid = QtWidgets.QGridLayout()
        grid.setSpacing(1)
        for number in range(COUNT):
            button = QtWidgets.QToolButton()
            button.setIconSize(QtCore.QSize(SIDE, SIDE))
            button.setFixedSize(SIDE + 6, SIDE + 4)
            button.clicked.connect(lambda *_, n=number: chosen(n))
            share = QtWidgets.QLabel()
            share.setAlignment(QtCore.Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(button, 0, number)
            grid.addWidget(share, 1, number)
            self.swatches.append(button)
            self._shares.append(share)
        row.addWidget(self.place, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        row.addLayout(grid)
        row.addStretch(1)
        self.setFixedHeight(max(SIDE + 8 + self.fontMetrics().height(), PLACE_SIDE) + 2)
        self.show_colors([], None)

    def show_colors(self, colors: list[Suggestion], crop: Any) -> None:
        """Show suggestions.  crop: BGRA rows, width, height of the place, or None."""
        if (colors, crop) == self._shown:
            return
        self._shown = (colors, crop)
        self._words.setVisible(not colors)
        self.place.setVisible(bool(colors) and crop is not None)
        if crop is not None:
            self.place.setPixmap(place_picture(*crop, PLACE_SIDE))
        shown = min(len(colors), COUNT)
        for number, (button, share) in enumerate(zip(self.swatches, self._shares)):
            known = number < len(colors)
            button.setVisible(known)
            share.setVisible(known)
            if not known:
                continue
            color, part = colors[number].color, round(100 * colors[number].probability)
            button.setIcon(swatch_icon(swatch(color), SIDE))
            button.setToolTip(TIP % color)
            share.setText("%d %%" % part)
            button.setAccessibleName(
                _("Suggested color %(number)d of %(count)d, %(color)s, %(percent)d per cent")
                % {"number": number + 1, "count": shown, "color": color, "percent": part}
            )
