"""The Handtint docker: shows what `Core` holds and calls it.

Nothing in it moves when a message or progress appears: each has a place that stays.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from krita import DockWidget

from .alternatives_window import AlternativesWindow
from .client.colors import legible
from .client.translation import _
from .core import core
from .dialogs import ServerDialog
from .qt import QtCore, QtGui, QtWidgets, safely
from .suggestions import SuggestionsBox
from .widgets import Dot, Fraction

ERROR_COLOR = "#e05050"
NARROW, SPACING = 270, 6
"""Pixels: a docker's width when Krita is new, and what is left between widgets."""

MESSAGE_LINES = 4
TITLE = 44
"""Pixels of a docker's title, and some to spare."""

HELP = os.path.join(os.path.dirname(__file__), "Manual.html")


class HandtintDocker(DockWidget):  # type: ignore[misc]
    """One per window of Krita."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Handtint")
        self._core = core()
        self._server_dialog: Any = None
        self._alternatives: Any = None
        content = QtWidgets.QWidget(self)
        column = QtWidgets.QVBoxLayout(content)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        column.addLayout(self._make_state())
        column.addLayout(self._make_message())
        column.addLayout(self._make_buttons())
        self._make_settings(column)
        self._suggestions = SuggestionsBox(self._on_swatch)
        column.addWidget(self._suggestions)
        column.addStretch(1)
        self._area = QtWidgets.QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self._area.setWidget(content)
        self._content = content
        self.setWidget(self._area)
        self._core.listen(self._show)
        self._show()

    def canvasChanged(self, canvas: Any) -> None:  # noqa: N802  (Krita's name)
        """Krita's hook: another picture, or none.

        Later, from the event loop: Krita also calls it while it is taking its window apart.
        """
        QtCore.QTimer.singleShot(0, safely(self._on_other_picture))

    def _on_other_picture(self) -> None:
        self._core.follower.follow()
        self._show()

    @property
    def needed_height(self) -> int:
        """Pixels in which everything is seen without scrolling."""
        return int(self._content.minimumSizeHint().height()) + TITLE

    # --- parts -----------------------------------------------------------------------------

    def _make_state(self) -> Any:
        """The server's state; while something runs, its progress in the same place."""
        row = QtWidgets.QHBoxLayout()
        self._dot = Dot()
        self._state = QtWidgets.QLabel()
        self._state.setObjectName("handtint_state")
        # Where the words are long, they are cut off rather than the buttons beside them.
        ignored = QtWidgets.QSizePolicy.Policy.Ignored
        self._state.setSizePolicy(ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self._bar = QtWidgets.QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName(_("Progress"))
        self._server = _tool_button(
            _("Server..."), _("The server: automatic, or an address"), self._on_server
        )
        self._cancel = _tool_button(
            _("C&ancel"), _("Stop; the picture stays as it is"), self._on_cancel
        )
        self._at_rest, self._at_work = QtWidgets.QStackedWidget(), QtWidgets.QStackedWidget()
        for stack, widgets in (
            (self._at_rest, (self._state, self._bar)),
            (self._at_work, (self._server, self._cancel)),
        ):
            for widget in widgets:
                stack.addWidget(widget)
            stack.setFixedHeight(self._server.sizeHint().height())
        self._at_work.setFixedWidth(self._server.sizeHint().width() + 4)
        row.addWidget(self._dot)
        row.addWidget(self._at_rest, 1)
        row.addWidget(self._at_work)
        row.addWidget(_tool_button(_("Help"), _("Open Handtint's page for Krita"), self._on_help))
        return row

    def _make_message(self) -> Any:
        row = QtWidgets.QHBoxLayout()
        self._message = QtWidgets.QLabel()
        self._message.setObjectName("handtint_message")
        self._message.setWordWrap(True)
        self._message.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self._message.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        area = QtWidgets.QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        area.setWidget(self._message)
        area.setFixedHeight(MESSAGE_LINES * self.fontMetrics().lineSpacing() + 4)
        self._copy = _tool_button(
            _("Copy"),
            _("Copy the command of the message, to enter it in a terminal"),
            self._on_copy,
        )
        row.addWidget(area, 1)
        row.addWidget(self._copy, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        return row

    def _make_buttons(self) -> Any:
        self._colorize = QtWidgets.QPushButton(_("&Colorize Layer"))
        self._colorize.setToolTip(_("Insert a colored copy of the active layer above it"))
        self._colorize.clicked.connect(lambda *_: self._core.colorize())
        self._new_hints = QtWidgets.QPushButton(_("New Hints La&yer"))
        self._new_hints.setToolTip(
            _("Go to the layer to paint color hints on; add it if there is none")
        )
        self._new_hints.clicked.connect(lambda *_: self._core.new_hints())
        return _row(self._colorize, self._new_hints)

    def _make_settings(self, column: Any) -> None:
        settings = self._core.settings
        self._use_hints = self._check(_("&Use hints"), _("Count the painted hints"), "use_hints")
        self._live = self._check(
            _("Live"), _("Color anew whenever the brush is lifted from a hint layer"), "live"
        )
        self._show_hints = QtWidgets.QCheckBox(_("Sh&ow hints"))
        self._show_hints.setToolTip(_("Show or hide the hint layers; hidden hints count, too"))
        self._show_hints.clicked.connect(self._core.viewer.show_hints)
        self._strength = Fraction(
            _("Hint stren&gth"),
            _("How far painted hints replace the automatic colors"),
            settings.strength,
            lambda value: self._change(strength=value),
        )
        self._vividness = Fraction(
            _("Vivi&dness"),
            _("From calm colors, which are wrong least often, to bold ones"),
            self._core.vividness,
            lambda value: self._change(vividness=value),
        )
        self._overlay = QtWidgets.QCheckBox(_("Where a hint hel&ps"))
        self._overlay.setToolTip(_("Hatch the places where the colors are least certain"))
        self._overlay.clicked.connect(self._core.viewer.show_where_hints_help)
        self._compare = QtWidgets.QPushButton(_("Co&mpare"))
        self._compare.setToolTip(_("Hold to see the photo without color"))
        self._compare.pressed.connect(lambda: self._core.viewer.compare(True))
        self._compare.released.connect(lambda: self._core.viewer.compare(False))
        row = _row(self._use_hints, self._live, self._show_hints)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self._strength)
        column.addWidget(self._vividness)
        column.addLayout(_row(self._make_alternatives(), self._compare))
        column.addWidget(self._overlay)

    def _make_alternatives(self) -> Any:
        button = QtWidgets.QPushButton(_("Al&ternatives..."))
        button.setToolTip(_("Choose another coloring, or a photo to take colors from"))
        button.clicked.connect(lambda *_: self._on_alternatives())
        return button

    def _check(self, text: str, tip: str, name: str) -> Any:
        box = QtWidgets.QCheckBox(text)
        box.setToolTip(tip)
        box.setChecked(getattr(self._core.settings, name))
        box.clicked.connect(lambda on: self._change(**{name: bool(on)}))
        return box

    # --- what the user does ----------------------------------------------------------------

    def _change(self, **values: Any) -> None:
        self._core.set_settings(replace(self._core.settings, **values))

    def _on_swatch(self, number: int) -> None:
        if number < len(self._core.suggester.colors):
            self._core.suggester.choose(self._core.suggester.colors[number].color)

    def _on_server(self) -> None:
        self._server_dialog = ServerDialog(self)
        self._server_dialog.show()

    def _on_alternatives(self) -> None:
        if self._alternatives is None:
            self._alternatives = AlternativesWindow(self)
        self._alternatives.show()
        self._alternatives.raise_()

    def _on_help(self) -> None:
        QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(HELP))

    def _on_cancel(self) -> None:
        self._core.cancel()

    def _on_copy(self) -> None:
        QtWidgets.QApplication.clipboard().setText(self._core.command)

    def hideEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Qt's hook: the button Compare is not held any more."""
        self._core.viewer.compare(False)
        super().hideEvent(event)

    # --- what there is to see --------------------------------------------------------------

    def _show(self) -> None:
        now = self._core
        self._dot.show_color(now.server.state.color)
        self._state.setText(now.server.state.words)
        self._state.setToolTip(now.server.detail)
        self._colorize.setEnabled(not now.running)
        settings = now.settings
        for widget, value in (
            (self._vividness, now.vividness),
            (self._strength, settings.strength),
        ):
            if not widget.is_in_use:
                widget.show_value(value)
        self._use_hints.setChecked(settings.use_hints)
        self._live.setChecked(settings.live)
        shown = now.viewer.hints_are_shown()
        self._show_hints.setEnabled(shown is not None)
        self._show_hints.setChecked(bool(shown))
        self._overlay.setChecked(now.viewer.overlay_is_shown())
        self._suggestions.show_colors(now.suggester.colors, now.suggester.crop)
        for stack in (self._at_rest, self._at_work):
            stack.setCurrentIndex(int(now.progress is not None))
        if now.progress is not None:
            self._bar.setValue(int(1000 * now.progress[1]))
        self._show_message()

    def _show_message(self) -> None:
        now = self._core
        # The bar is too narrow for words such as "Starting the server, first time only".
        self._message.setText(now.message or (now.progress[0] if now.progress else ""))
        self._message.setToolTip(now.message)
        self._copy.setVisible(bool(now.command))
        palette = self.palette()
        if now.message_is_error:
            ground = palette.color(QtGui.QPalette.ColorRole.Window).name()
            color = QtGui.QColor(legible(ERROR_COLOR, ground))
            palette.setColor(QtGui.QPalette.ColorRole.WindowText, color)
            palette.setColor(QtGui.QPalette.ColorRole.Text, color)
        self._message.setPalette(palette)


def _row(*widgets: Any) -> Any:
    """Widgets side by side, or below each other where a language's words are too long for that."""
    width = sum(widget.sizeHint().width() + SPACING for widget in widgets)
    directions = QtWidgets.QBoxLayout.Direction
    fits = width <= NARROW
    row = QtWidgets.QBoxLayout(directions.LeftToRight if fits else directions.TopToBottom)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _tool_button(text: str, tip: str, clicked: Any) -> Any:
    button = QtWidgets.QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.clicked.connect(lambda *_: clicked())
    return button
