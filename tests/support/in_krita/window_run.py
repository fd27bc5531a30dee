"""A user's first steps in Krita's window: colorize, paint a hint in live mode, undo."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import handtint_probe as probe
from handtint.announce import DOCKER_ID
from handtint.brush import canvas_widget
from handtint.client.state import ServerState
from handtint.core import core
from handtint.dialogs import GrayQuestion, OptionsDialog, ServerDialog
from handtint.qt import QtCore, QtWidgets

from krita import Krita, Selection

APP = Krita.instance()


def names() -> list[str]:
    return [node.name() for node in APP.activeDocument().rootNode().childNodes()]


def layer(name: str) -> Any:
    return APP.activeDocument().nodeByName(name)


def sum_of(name: str) -> int:
    node = layer(name)
    box = node.bounds()
    return zlib.crc32(bytes(node.pixelData(box.x(), box.y(), box.width(), box.height())))


def docker() -> Any:
    return next(d for d in APP.dockers() if d.objectName() == DOCKER_ID)


def box_with(text: str) -> Any:
    """A check box or button of the docker by its text."""
    kinds = QtWidgets.QAbstractButton
    return next(b for b in docker().findChildren(kinds) if b.text().replace("&", "") == text)


def places() -> dict[str, tuple[int, int, int, int]]:
    """Where all that can be pressed or dragged in the docker is on the screen, and how large."""
    found = {}
    kinds = (QtWidgets.QAbstractButton, QtWidgets.QAbstractSlider, QtWidgets.QAbstractSpinBox)
    for kind in kinds:
        for number, part in enumerate(docker().findChildren(kind)):
            corner, size = part.mapToGlobal(QtCore.QPoint()), part.size()
            name = f"{kind.__name__} {number} {getattr(part, 'text', str)()}"
            if part.isVisible() and not isinstance(part, QtWidgets.QScrollBar):
                found[name] = (corner.x(), corner.y(), size.width(), size.height())
    return found


def on_screen(x: float, y: float) -> tuple[int, int]:
    """Where a pixel of the picture is on the screen."""
    view = APP.activeWindow().activeView()
    canvas = canvas_widget(APP.activeWindow())
    if not hasattr(view, "flakeToImageTransform"):  # before 5.2: about there
        document, side = APP.activeDocument(), min(canvas.width(), canvas.height()) / 2
        across, down = x / document.width() - 0.5, y / document.height() - 0.5
        middle = canvas.rect().center()
        point = QtCore.QPointF(middle.x() + across * side, middle.y() + down * side)
        place = canvas.mapToGlobal(point.toPoint())
        return place.x(), place.y()
    to_flake, _ = view.flakeToImageTransform().inverted()
    point = (to_flake * view.flakeToCanvasTransform()).map(QtCore.QPointF(x, y))
    place = canvas.mapToGlobal(point.toPoint())
    return place.x(), place.y()


def stroke(points: list[tuple[float, float]], pause: float = 0.01) -> Any:
    """Draw with the mouse through points of the picture, as a user does; returns the process."""
    words: list[Any] = []
    for number, (x, y) in enumerate(points):
        words += ["mousemove", *on_screen(x, y), "sleep", pause]
        if number == 0:
            words += ["mousedown", 1, "sleep", pause]
    return probe.xdotool(*words, "mouseup", 1)


def line(x0: float, y0: float, x1: float, y1: float, steps: int = 30) -> list[tuple[float, float]]:
    return [(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(steps + 1)]


def asked_about_gray() -> Any:
    """The question that is on the screen, or None."""
    return dialog_of(GrayQuestion)


def dialog_of(kind: Any) -> Any:
    """The dialog of a kind that is on the screen, or None."""
    windows = QtWidgets.QApplication.topLevelWidgets()
    return next((w for w in windows if isinstance(w, kind) and w.isVisible()), None)


def texts(menu: Any) -> list[str]:
    return [action.text().replace("&", "") for action in menu.actions()]


def scripts_menu() -> list[str]:
    """The entries of Tools > Scripts > Handtint."""
    menu = APP.activeWindow().qwindow().menuBar()
    for name in ("Tools", "Scripts", "Handtint"):
        menu = next(a.menu() for a in menu.actions() if a.text().replace("&", "") == name)
    return texts(menu)


def brush_color() -> str:
    view = APP.activeWindow().activeView()
    return str(view.foregroundColor().colorForCanvas(view.canvas()).name())


def server() -> dict[str, Any]:
    """What the server has announced."""
    folder = Path(os.environ["HANDTINT_RUNTIME_DIR"])
    return dict(json.loads((folder / "server.json").read_text()))


def server_works() -> bool:
    found = server()
    token = Path(found["token_file"]).read_text().strip()
    request = urllib.request.Request(
        found["url"] + "/v1/info", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bool(json.load(answer)["queue"]["running"])


def quiet() -> bool:
    return not core().running and not len(core().side_jobs)


def steps() -> Iterator[Any]:
    document = APP.activeDocument()
    APP.activeWindow().qwindow().showMaximized()
    yield 1500
    for other in APP.dockers():
        if other.objectName() in ("ColorSelectorNg", "PresetDocker"):
            other.setVisible(False)  # room for the one that this is about
    docker().setVisible(True)
    docker().raise_()
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    yield 500
    probe.screenshot("1-docker")
    probe.note("the docker shows the server's state")

    assert scripts_menu()[:3] == [
        "Colorize Layer (Handtint)",
        "Colorize with Options (Handtint)...",
        "New Color Hints Layer (Handtint)",
    ], scripts_menu()
    probe.note("the entries are in Tools > Scripts > Handtint")

    APP.action("handtint_colorize").trigger()
    yield lambda: asked_about_gray() is not None
    yield 500
    probe.screenshot("2-question")
    assert document.colorModel() == "GRAYA"
    asked_about_gray()._yes.click()
    yield lambda: core().running
    assert document.colorModel() == "RGBA"
    yield lambda: not core().running
    assert not core().message_is_error, core().message
    photo = names()[0]
    result = photo + " (colorized)"
    assert names() == [photo, result], names()
    yield 1000
    probe.screenshot("3-colorized")
    probe.note("colorize from the menu asks about gray once and inserts a layer")

    automatic = sum_of(result)
    probe.xdotool("key", "ctrl+alt+n")  # as kritashortcutsrc says
    yield lambda: len(names()) == 3
    yield 1000
    assert names() == [photo, result, "Color Hints"], names()
    probe.note("a keyboard shortcut can be assigned")
    assert document.activeNode().name() == "Color Hints"
    assert layer("Color Hints").colorDepth() == "U8"
    box_with("Live").click()
    assert core().settings.live
    yield quiet
    yield 500
    core().suggester.choose("#2f62b4")
    yield 300
    width, height = document.width(), document.height()
    begun = stroke(line(0.2 * width, 0.64 * height, 0.34 * width, 0.7 * height))
    yield lambda: begun.poll() is not None
    yield lambda: sum_of(result) != automatic
    yield quiet
    yield lambda: core().follower.live.update_times
    yield quiet
    yield 500
    times = core().follower.live.update_times[-1]
    probe.VALUES["seconds from brush up to new colors"] = times["shown"] - times["lifted"]
    hinted = sum_of(result)
    assert hinted != automatic, "the result did not follow the stroke"
    assert document.modified()
    yield lambda: core().suggester.colors
    yield 500
    probe.screenshot("4-hint-painted-live")
    probe.note("a stroke in live mode changes the result")

    undo = APP.action("edit_undo")
    undo.trigger()
    yield lambda: layer("Color Hints").bounds().isEmpty()
    yield lambda: sum_of(result) != hinted
    yield quiet
    yield 500
    assert sum_of(result) == automatic, "undoing the stroke does not give the automatic colors"
    probe.screenshot("5-undone")
    probe.note("undoing the stroke gives the automatic colors again")

    APP.action("edit_redo").trigger()
    yield lambda: not layer("Color Hints").bounds().isEmpty()
    yield lambda: sum_of(result) == hinted
    probe.note("redoing it gives the hinted colors again")

    yield quiet
    docker()._vividness.slider.setValue(0)
    yield lambda: sum_of(result) != hinted
    yield quiet
    yield 500
    calm = sum_of(result)
    probe.note("the result follows a slider in live mode")
    docker()._vividness.slider.setValue(60)
    yield lambda: sum_of(result) != calm
    yield quiet
    yield 500
    hinted = sum_of(result)

    yield lambda: core().suggester.colors
    suggested = core().suggester.colors[0].color
    assert brush_color() != suggested
    docker()._suggestions.swatches[0].click()
    yield 300
    assert brush_color() == suggested, (brush_color(), suggested)
    assert names() == [photo, result, "Color Hints", "Color Hints"], names()
    yield lambda: sum_of(result) != hinted
    yield quiet
    yield 500
    probe.note("a click on a swatch sets the brush's color, and that of the stroke")
    undo.trigger()
    yield lambda: len(names()) == 3
    yield lambda: sum_of(result) == hinted
    yield quiet
    yield 500

    box_with("Where a hint helps").click()
    yield lambda: core().running
    yield lambda: not core().running
    yield 1000
    assert not core().message_is_error, core().message
    assert len(names()) == 4, names()
    assert document.activeNode().name() == "Color Hints", document.activeNode().name()
    probe.screenshot("6-where-a-hint-helps")
    box_with("Where a hint helps").click()
    yield 1000
    assert len(names()) == 3, names()
    probe.note("the overlay comes and goes")

    yield quiet
    yield 2500
    path = str(probe.OUT / "saved.kra")
    document.setBatchmode(True)
    assert document.saveAs(path)
    document.waitForDone()
    yield 1500
    again = APP.openDocument(path)
    saved = again.nodeByName(result)
    box = saved.bounds()
    data = bytes(saved.pixelData(box.x(), box.y(), box.width(), box.height()))
    assert zlib.crc32(data) == hinted, "the live update was not saved"
    probe.note("live updates are in the saved file")

    window = APP.activeWindow()
    first = canvas_widget(window)
    assert first is not None
    window.addView(again)
    yield lambda: canvas_widget(window) not in (None, first)
    assert canvas_widget(window).isVisible()
    again.setModified(False)
    again.close()
    yield lambda: canvas_widget(window) is first
    APP.setActiveDocument(document)
    yield 500
    probe.note("the canvas is that of the current view")

    # Undo everything: hints layer, result, conversion.
    for _ in range(12):
        if not undo.isEnabled():
            break
        undo.trigger()
        yield 400
    assert names() == [photo], names()
    assert document.colorModel() == "GRAYA"
    yield 700
    probe.screenshot("7-all-undone")
    probe.note("undo goes all the way back to the gray photo")

    box_with("Live").click()
    chosen = Selection()
    chosen.select(width // 4, height // 4, width // 2, height // 2, 255)
    document.setSelection(chosen)
    yield 300
    APP.action("handtint_colorize").trigger()
    yield lambda: asked_about_gray() is not None
    asked_about_gray()._remember.setChecked(True)
    asked_about_gray()._yes.click()
    yield lambda: core().running
    yield lambda: not core().running
    yield 1000
    assert core().settings.convert_gray == "always"
    assert [m.type() for m in layer(result).childNodes()] == ["transparencymask"]
    probe.screenshot("8-selection")
    probe.note("a selection becomes the mask")

    APP.action("handtint_colorize_options").trigger()
    yield 800
    dialog = next(
        w for w in QtWidgets.QApplication.topLevelWidgets() if isinstance(w, OptionsDialog)
    )
    assert dialog.isVisible()
    assert not dialog.isModal()
    probe.screenshot("9-options")
    dialog.reject()
    probe.note("the options dialog opens and does not hold Krita up")

    before = names()
    box_with("Server...").click()
    yield lambda: dialog_of(ServerDialog) is not None
    panel = dialog_of(ServerDialog)._panel
    panel._other.click()
    panel._url.setText("http://127.0.0.1:9")
    panel._token.setText("a-token-of-mine")
    yield 500
    probe.screenshot("10-server")
    dialog_of(ServerDialog).accept()
    yield lambda: core().server.state is ServerState.UNREACHABLE
    kept = json.loads((Path(os.environ["HANDTINT_HOME"]) / "client.json").read_text())
    assert (kept["url"], kept["token"]) == ("http://127.0.0.1:9", "a-token-of-mine"), kept
    yield lambda: quiet() and not core().message_is_error
    yield 300
    resting = places()
    APP.action("handtint_colorize").trigger()
    yield lambda: core().message_is_error
    yield 700
    assert len(resting) > 10, resting
    moved = {name: (box, places().get(name)) for name, box in resting.items()}
    assert all(was == now for was, now in moved.values()), moved
    assert "No Handtint server answers at http://127.0.0.1:9" in core().message, core().message
    assert not core().running
    assert names() == before
    assert QtWidgets.QApplication.activeModalWidget() is None
    probe.screenshot("11-unreachable")
    box_with("Server...").click()
    yield lambda: dialog_of(ServerDialog) is not None
    dialog_of(ServerDialog)._panel._automatic.click()
    dialog_of(ServerDialog).accept()
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    probe.note("a server that does not answer is a message with its remedy, and no dialog")

    # Large, so that the server is still at work when Cancel is clicked.
    document.scaleImage(3000, 3000, 72, 72, "Bilinear")
    document.waitForDone()
    yield 1000
    before = names()
    APP.action("handtint_colorize").trigger()
    yield lambda: core().running
    yield server_works
    os.kill(server()["pid"], signal.SIGSTOP)
    yield 300
    probe.screenshot("12-working")
    assert core().running
    assert core().progress is not None
    box_with("Cancel").click()
    yield 300
    os.kill(server()["pid"], signal.SIGCONT)
    assert not core().running
    assert names() == before, names()
    yield lambda: not server_works()
    probe.note("Cancel stops the work on the server")
