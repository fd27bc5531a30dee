"""The Handtint docker: shows what `Core` holds and calls it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from krita import DockWidget

from .core import core
from .dialogs import ServerDialog
from .qt import QtCore, QtGui, QtWidgets, safely
from .widgets import Dot, Fraction, swatch_icon

DOCKER_ID = "handtint_docker"
SWATCHES = 9
SWATCH_SIDE = 18


class HandtintDocker(DockWidget):  # type: ignore[misc]
    """One per window of Krita."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Handtint")
        self._core = core()
        self._server_dialog: Any = None
        content = QtWidgets.QWidget(self)
        column = QtWidgets.QVBoxLayout(content)
        column.setContentsMargins(6, 6, 6, 6)
        column.addLayout(self._make_state())
        column.addLayout(self._make_buttons())
        self._make_settings(column)
        column.addLayout(self._make_suggestions())
        column.addLayout(self._make_progress())
        self._message = QtWidgets.QLabel()
        self._message.setWordWrap(True)
        self._message.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self._message)
        column.addStretch(1)
        self._area = QtWidgets.QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self._area.setWidget(content)
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

    # --- parts -----------------------------------------------------------------------------

    def _make_state(self) -> Any:
        row = QtWidgets.QHBoxLayout()
        self._dot = Dot()
        self._state = QtWidgets.QLabel()
        self._state.setObjectName("handtint_state")
        server = QtWidgets.QToolButton()
        server.setText("Server...")
        server.setToolTip("Which server to use: automatic, or an address and its token")
        server.clicked.connect(self._on_server)
        row.addWidget(self._dot)
        row.addWidget(self._state, 1)
        row.addWidget(server)
        return row

    def _make_buttons(self) -> Any:
        row = QtWidgets.QHBoxLayout()
        self._colorize = QtWidgets.QPushButton("Colorize Layer")
        self._colorize.setToolTip("Insert a colored copy of the active layer above it")
        self._colorize.clicked.connect(lambda *_: self._core.colorize())
        self._new_hints = QtWidgets.QPushButton("New Hints Layer")
        self._new_hints.setToolTip("Add a layer to paint color hints on")
        self._new_hints.clicked.connect(lambda *_: self._core.new_hints())
        row.addWidget(self._colorize)
        row.addWidget(self._new_hints)
        return row

    def _make_settings(self, column: Any) -> None:
        settings = self._core.settings
        self._vividness = Fraction(
            "Vividness",
            "From calm colors, which are wrong least often, to bold ones",
            self._core.vividness,
            lambda value: self._change(vividness=value),
        )
        self._strength = Fraction(
            "Hint strength",
            "How far painted hints replace the automatic colors",
            settings.strength,
            lambda value: self._change(strength=value),
        )
        self._use_hints = self._check("Use hints", "Count the painted hints", "use_hints")
        self._live = self._check(
            "Live", "Color anew whenever the brush is lifted from a hint layer", "live"
        )
        self._overlay = QtWidgets.QCheckBox("Show where a hint helps")
        self._overlay.setToolTip(
            "A layer that is most opaque where the colors are least certain; take it away "
            "before you export the picture"
        )
        self._overlay.clicked.connect(self._core.show_where_hints_help)
        column.addWidget(self._vividness)
        column.addWidget(self._strength)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self._use_hints)
        row.addWidget(self._live)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self._overlay)

    def _check(self, text: str, tip: str, name: str) -> Any:
        box = QtWidgets.QCheckBox(text)
        box.setToolTip(tip)
        box.setChecked(getattr(self._core.settings, name))
        box.clicked.connect(lambda on: self._change(**{name: bool(on)}))
        return box

    def _make_suggestions(self) -> Any:
        column = QtWidgets.QVBoxLayout()
        self._suggestions_title = QtWidgets.QLabel("Likely colors where you painted last")
        column.addWidget(self._suggestions_title)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(0)
        self._swatches = []
        for number in range(SWATCHES):
            button = QtWidgets.QToolButton()
            button.setIconSize(QtCore.QSize(SWATCH_SIDE, SWATCH_SIDE))
            button.setAutoRaise(True)
            button.setFixedSize(SWATCH_SIDE + 6, SWATCH_SIDE + 6)
            button.clicked.connect(lambda *_, n=number: self._on_swatch(n))
            self._swatches.append(button)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        return column

    def _make_progress(self) -> Any:
        row = QtWidgets.QHBoxLayout()
        self._bar = QtWidgets.QProgressBar()
        self._bar.setRange(0, 1000)
        self._cancel = QtWidgets.QToolButton()
        self._cancel.setText("Cancel")
        self._cancel.clicked.connect(lambda *_: self._core.cancel())
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)
        return row

    # --- what the user does ----------------------------------------------------------------

    def _change(self, **values: Any) -> None:
        self._core.set_settings(replace(self._core.settings, **values))

    def _on_swatch(self, number: int) -> None:
        if number < len(self._core.follower.suggestions):
            self._core.choose_color(self._core.follower.suggestions[number].color)

    def _on_server(self) -> None:
        self._server_dialog = ServerDialog(self)
        self._server_dialog.show()

    # --- what there is to see --------------------------------------------------------------

    def _show(self) -> None:
        now = self._core
        self._dot.show_color(now.server.state.colour)
        self._state.setText(now.server.state.words)
        self._state.setToolTip(now.server.detail)
        self._colorize.setEnabled(not now.running)
        settings = now.settings
        for widget, value in (
            (self._vividness, now.vividness),
            (self._strength, settings.strength),
        ):
            if not widget.slider.isSliderDown():
                widget.show_value(value)
        self._use_hints.setChecked(settings.use_hints)
        self._live.setChecked(settings.live)
        self._overlay.setChecked(now.follower.overlay_is_shown())
        self._suggestions_title.setVisible(bool(now.follower.suggestions))
        for number, button in enumerate(self._swatches):
            known = number < len(now.follower.suggestions)
            button.setVisible(known)
            if known:
                color = now.follower.suggestions[number]
                button.setIcon(swatch_icon(color.color, SWATCH_SIDE))
                button.setToolTip(
                    "%s, %d %%: paint with it" % (color.color, round(100 * color.probability))
                )
        self._bar.setVisible(now.progress is not None)
        self._cancel.setVisible(now.progress is not None)
        if now.progress is not None:
            self._bar.setValue(int(1000 * now.progress[1]))
            self._bar.setFormat(now.progress[0])
        if now.message_is_error and now.message != self._message.text():
            # The docker is often lower than what it holds; the layout is ready in a moment.
            QtCore.QTimer.singleShot(100, safely(self._show_whole_message))
        self._message.setText(now.message)
        self._message.setVisible(bool(now.message))
        palette = self.palette()
        if now.message_is_error:
            palette.setColor(QtGui.QPalette.ColorRole.WindowText, QtGui.QColor("#e05050"))
        self._message.setPalette(palette)

    def _show_whole_message(self) -> None:
        self._area.ensureWidgetVisible(self._message)
