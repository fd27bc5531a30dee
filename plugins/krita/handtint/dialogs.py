"""Dialogs.  All are shown, never executed: Krita holds its signals back in a nested loop."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Callable

from krita import Krita

from .client import ClientError, ServerSetting
from .client.pngcolor import PngColor
from .client.translation import _
from .core import core
from .infront import go_back, in_front
from .nodes import alive
from .qt import QtCore, QtWidgets, safely
from .questions import CANCEL, HINTS, KEEP, MEANT
from .widgets import Fraction
from .wrongplace import LAYER, PHOTO, RESULT, WrongPlace

MOVED = {
    PHOTO: _("Hints go to a hint layer, and the photo is as it was before."),
    RESULT: _("Hints go to a hint layer. Kept, the layer stays, and new colors lie above it."),
    LAYER: _("Hints: the layer counts as a hint layer for the photo below it from now on."),
}


def _buttons(dialog: Any, accept: str) -> Any:
    roles = QtWidgets.QDialogButtonBox.StandardButton
    box = QtWidgets.QDialogButtonBox(roles.Ok | roles.Cancel)
    box.button(roles.Ok).setText(accept)
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box


class ServerPanel(QtWidgets.QWidget):
    """Which server: automatic, or address, token and certificate."""

    def __init__(self) -> None:
        super().__init__()
        setting = core().server_setting()
        self._automatic = QtWidgets.QRadioButton(_("Automatic: the server of this computer"))
        self._other = QtWidgets.QRadioButton(_("This server:"))
        (self._automatic if setting.automatic else self._other).setChecked(True)
        self._url = QtWidgets.QLineEdit(setting.url)
        self._url.setPlaceholderText(_("https://photos.example.org:8443, or a name and port"))
        self._token = QtWidgets.QLineEdit(setting.token)
        self._token.setEchoMode(QtWidgets.QLineEdit.EchoMode.Password)
        self._ca_file = QtWidgets.QLineEdit(setting.ca_file)
        self._ca_file.setPlaceholderText(_("Only for a server with a CA of its own"))
        self._timeout = setting.timeout
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(self._automatic)
        form.addRow(self._other)
        form.addRow(_("Address"), self._url)
        form.addRow(_("Token"), self._token)
        form.addRow(_("Certificate file"), self._ca_file)
        self._automatic.toggled.connect(lambda *_: self._enable())
        self._enable()

    def _enable(self) -> None:
        for field in (self._url, self._token, self._ca_file):
            field.setEnabled(self._other.isChecked())

    def setting(self) -> ServerSetting:
        """What was chosen."""
        if self._automatic.isChecked():
            return ServerSetting(timeout=self._timeout)
        return ServerSetting(
            self._url.text().strip(),
            self._token.text().strip(),
            self._ca_file.text().strip(),
            self._timeout,
        )

    def apply(self) -> bool:
        """Keep it; False with a message if it cannot be used."""
        try:
            core().keep_server(self.setting())
            return True
        except ClientError as error:
            core().say(str(error), error=True)
            return False


class ServerDialog(QtWidgets.QDialog):
    """The setting Server alone, from the docker."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Handtint Server"))
        self._panel = ServerPanel()
        column = QtWidgets.QVBoxLayout(self)
        column.addWidget(self._panel)
        column.addWidget(_buttons(self, _("Use")))

    def accept(self) -> None:
        """Qt's hook for the button."""
        if self._panel.apply():
            super().accept()


class OptionsDialog(QtWidgets.QDialog):
    """Colorize with Options."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Colorize Layer"))
        self._chosen = core().settings
        self._document = Krita.instance().activeDocument()
        column = QtWidgets.QVBoxLayout(self)
        column.addWidget(self._make_check(_("&Use hints"), "use_hints"))
        for label, tip, name, value in (
            (
                _("Hint stren&gth"),
                _("How far hints replace the automatic colors"),
                "strength",
                self._chosen.strength,
            ),
            (_("Vivi&dness"), _("From calm colors to bold ones"), "vividness", core().vividness),
        ):
            column.addWidget(Fraction(label, tip, value, self._setter(name)))
        for text, name in (
            (_("Selection becomes the result's &mask"), "use_selection"),
            (_("&Live: follow the hints while they are painted"), "live"),
            (_("Mark the pi&cture as colorized"), "mark"),
        ):
            column.addWidget(self._make_check(text, name))
        column.itemAt(column.count() - 1).widget().setToolTip(
            _("The picture's information says that a trained model has colored it, and which")
        )
        column.addWidget(self._make_gray())
        server = QtWidgets.QGroupBox(_("Server"))
        inside = QtWidgets.QVBoxLayout(server)
        self._panel = ServerPanel()
        inside.addWidget(self._panel)
        column.addWidget(server)
        column.addWidget(_buttons(self, _("Colorize")))

    def _make_check(self, text: str, name: str) -> Any:
        box = QtWidgets.QCheckBox(text)
        box.setChecked(getattr(self._chosen, name))
        box.toggled.connect(self._setter(name))
        return box

    def _setter(self, name: str) -> Callable[[Any], None]:
        def set_value(value: Any) -> None:
            self._chosen = replace(self._chosen, **{name: value})

        return set_value

    def _make_gray(self) -> Any:
        row = QtWidgets.QWidget()
        form = QtWidgets.QFormLayout(row)
        form.setContentsMargins(0, 0, 0, 0)
        choice = QtWidgets.QComboBox()
        values = ("ask", "always", "never")
        choice.addItems([_("Ask"), _("Always"), _("Never")])
        choice.setCurrentIndex(values.index(self._chosen.convert_gray))
        choice.currentIndexChanged.connect(
            lambda index: self._setter("convert_gray")(values[index])
        )
        form.addRow(_("Convert gray pictures to RGB"), choice)
        return row

    def accept(self) -> None:
        """Qt's hook for the button."""
        if not self._panel.apply():
            return
        super().accept()
        if not alive(self._document):
            return
        if not in_front(self._document):
            core().say(go_back(self._document))
            return
        core().keep_settings(self._chosen)
        core().colorize()


class GrayQuestion(QtWidgets.QMessageBox):
    """May a gray picture become RGB?  The answer can be remembered."""

    def __init__(self, parent: Any, answered: Callable[[bool], None]) -> None:
        super().__init__(parent)
        self.setIcon(QtWidgets.QMessageBox.Icon.Question)
        self.setWindowTitle("Handtint")
        self.setText(_("This picture is gray and cannot hold color. Convert it to RGB?"))
        self.setInformativeText(
            _("Its look and its depth stay as they are. Undo takes the conversion back.")
        )
        self._yes = self.addButton(_("Convert"), QtWidgets.QMessageBox.ButtonRole.AcceptRole)
        self.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
        self._remember = QtWidgets.QCheckBox(_("Do the same from now on"))
        self.setCheckBox(self._remember)
        self.setWindowModality(QtCore.Qt.WindowModality.NonModal)
        self._answered = answered
        self.buttonClicked.connect(self._on_click)

    def _on_click(self, button: Any) -> None:
        yes = button is self._yes or button == self._yes
        if self._remember.isChecked():
            value = "always" if yes else "never"
            core().set_settings(replace(core().settings, convert_gray=value))
        # After the dialog is gone: the conversion must not run inside its signal.
        QtCore.QTimer.singleShot(0, lambda: self._answered(yes))


class _Question(QtWidgets.QMessageBox):
    """Two answers and Cancel, which is also what closing it means."""

    def __init__(
        self, parent: Any, text: str, more: str, answers: Any, answered: Callable[[str], None]
    ) -> None:
        """answers: text of the button and the answer, twice; the first is the usual one."""
        super().__init__(parent)
        self.setIcon(QtWidgets.QMessageBox.Icon.Question)
        self.setWindowTitle("Handtint")
        self.setText(text)
        self.setInformativeText(more)
        roles = (QtWidgets.QMessageBox.ButtonRole.AcceptRole,)
        roles += (QtWidgets.QMessageBox.ButtonRole.ActionRole,)
        self._answers = {
            self.addButton(label, role): answer for (label, answer), role in zip(answers, roles)
        }
        self.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
        self.setWindowModality(QtCore.Qt.WindowModality.NonModal)
        self._answered = answered
        self._is_answered = False
        self.finished.connect(lambda *_: self._on_end())
        # It goes with its window, without another signal.
        self.destroyed.connect(lambda *_: self._answer(CANCEL))

    def _on_end(self) -> None:
        clicked = self.clickedButton()
        self._answer(next((a for b, a in self._answers.items() if b == clicked), CANCEL))

    def _answer(self, answer: str) -> None:
        """Once, and after the dialog is gone."""
        if self._is_answered:
            return
        self._is_answered = True
        answered = self._answered
        QtCore.QTimer.singleShot(0, safely(lambda: answered(answer)))


class PaintQuestion(_Question):
    """What is paint that lies on a layer which is not for hints?"""

    def __init__(self, parent: Any, found: WrongPlace, answered: Callable[[str], None]) -> None:
        text = _("You painted on %s. Is this a hint for the colors, or part of the photo?")
        keep = _("Keep it") if found.kind == RESULT else _("This is the photo")
        answers = (_("These are hints"), HINTS), (keep, KEEP)
        super().__init__(parent, text % found.name, MOVED[found.kind], answers, answered)


class PngQuestion(_Question):
    """Shall a PNG be shown as its file means it?"""

    def __init__(self, parent: Any, color: PngColor, answered: Callable[[str], None]) -> None:
        text = _(
            "This file says what its values mean (%s), but the picture is not shown that way. "
            "Show it as it is meant?"
        )
        more = _("Its values stay; it is given a color profile.")
        answers = (_("Show as meant"), MEANT), (_("Leave as it looks"), KEEP)
        super().__init__(parent, text % color.summary, more, answers, answered)


class ExportDialog(QtWidgets.QFileDialog):
    """Where to write the picture without hints."""

    def __init__(self, parent: Any, document: Any) -> None:
        super().__init__(parent, _("Export Colored Picture"))
        self._document = document
        folder, name = os.path.split(document.fileName())
        self.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
        self.setNameFilters([_("Pictures (*.png *.jpg *.tif *.webp)"), _("All files (*)")])
        self.setDefaultSuffix("png")
        if folder:
            self.setDirectory(folder)
        stem = os.path.splitext(name)[0] or "picture"
        self.selectFile(_("%s (colorized)") % stem + ".png")
        self.fileSelected.connect(safely(lambda path: core().viewer.export(self._document, path)))
