"""Alternatives and the reference in Krita's window, 815 lines high as on a small laptop."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import handtint_probe as probe
from handtint import references
from handtint.client.state import ServerState
from handtint.core import core
from handtint.memory import Memory
from handtint.nodes import uid
from handtint.qt import QtCore, QtGui, QtWidgets
from window_run import APP, box_with, docker, layer, line, names, quiet, stroke, sum_of

RESULT = "Background (colorized)"
CHOICE = Path(os.environ["HANDTINT_TEST_OUT"])


def window() -> Any:
    """The window of alternatives, or None."""
    found = QtWidgets.QApplication.topLevelWidgets()
    return next((w for w in found if w.objectName() == "handtint_alternatives"), None)


def click(button: Any) -> Any:
    """A click with the mouse; when it is done."""
    place = button.mapToGlobal(button.rect().center())
    done = probe.xdotool("mousemove", place.x(), place.y(), "sleep", 0.2, "click", 1)
    return lambda: done.poll() is not None


def idle() -> bool:
    return bool(quiet() and not core().follower.live_is_busy)


def has_pictures() -> bool:
    return idle() and len(core().alternatives.pictures) == 4


def settings_of_result() -> dict[str, Any]:
    return dict(Memory(APP.activeDocument()).results[uid(layer(RESULT))].settings)


def make_reference(name: str, hue: int) -> str:
    """The photo's own shape in one strong color, as a file; returns its path."""
    node = layer("Background")
    box = node.bounds()
    size = (box.width(), box.height())
    image = node.thumbnail(*size).convertToFormat(QtGui.QImage.Format.Format_RGB32)
    tint = QtGui.QImage(*size, QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    tint.fill(QtGui.QColor.fromHsv(hue, 200, 255))
    painter = QtGui.QPainter(image)
    painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_Multiply)
    painter.drawImage(0, 0, tint)
    painter.end()
    path = str(CHOICE / name)
    assert image.save(path)
    return path


def mean_color(name: str) -> Any:
    """The mean color of a layer."""
    node = layer(name)
    box = node.bounds()
    small = node.thumbnail(box.width(), box.height()).scaled(
        1,
        1,
        QtCore.Qt.AspectRatioMode.IgnoreAspectRatio,
        QtCore.Qt.TransformationMode.SmoothTransformation,
    )
    return QtGui.QColor(small.pixel(0, 0))


def four_thumbnails() -> Iterator[Any]:
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    APP.action("handtint_colorize").trigger()
    yield lambda: core().running
    yield lambda: not core().running
    yield idle
    yield 500
    box_with("Alternatives...").click()
    yield lambda: window() is not None and window().isVisible()
    yield has_pictures
    yield 500
    shown = window()
    probe.screenshot("alternatives-1-four")
    assert core().settings.alternative == 0
    assert [b.isChecked() for b in shown.buttons] == [True, False, False, False]
    said = [b.accessibleName() for b in shown.buttons]
    assert said[0] == "Coloring 1 of 4: Usual", said
    assert said[3] == "Coloring 4 of 4: Alternative 3", said
    assert all(max(b.iconSize().width(), b.iconSize().height()) >= 96 for b in shown.buttons)
    pictures = [bytes(p.data) for p in core().alternatives.pictures]
    assert len(set(pictures)) == 4, "the thumbnails are all alike"
    screen = QtWidgets.QApplication.primaryScreen().availableGeometry()
    assert screen.contains(shown.frameGeometry()), (screen, shown.frameGeometry())
    yield lambda: docker()._area.verticalScrollBar().maximum() == 0
    assert not shown.isModal()


def click_makes_it_the_result() -> Iterator[Any]:
    usual = sum_of(RESULT)
    yield click(window().buttons[2])
    yield lambda: core().settings.alternative == 2
    yield idle
    yield 500
    assert names() == ["Background", RESULT], names()
    second = sum_of(RESULT)
    assert second != usual, "the click changed nothing"
    assert settings_of_result()["alternative"] == 2
    assert [b.isChecked() for b in window().buttons] == [False, False, True, False]
    probe.screenshot("alternatives-2-chosen")
    yield click(window().buttons[0])
    yield lambda: core().settings.alternative == 0
    yield idle
    yield 500
    assert sum_of(RESULT) == usual, "Usual is not the result that it was before"


def live_keeps_it() -> Iterator[Any]:
    yield click(window().buttons[1])
    yield lambda: core().settings.alternative == 1
    yield idle
    yield 500
    first = sum_of(RESULT)
    core().new_hints()
    yield 800
    box_with("Live").click()
    yield idle
    yield 800
    document = APP.activeDocument()
    width, height = document.width(), document.height()
    before = [bytes(p.data) for p in core().alternatives.pictures]
    window().move(40, 400)
    yield 300
    drawn = stroke(line(0.4 * width, 0.3 * height, 0.6 * width, 0.36 * height))
    yield lambda: drawn.poll() is not None
    yield lambda: sum_of(RESULT) != first
    yield idle
    assert settings_of_result()["alternative"] == 1
    hinted = sum_of(RESULT)
    yield lambda: [bytes(p.data) for p in core().alternatives.pictures] != before
    yield idle
    yield 500
    probe.screenshot("alternatives-3-live")
    yield click(window().buttons[3])
    yield lambda: sum_of(RESULT) != hinted
    yield idle
    yield 500
    assert settings_of_result()["alternative"] == 3
    APP.action("edit_undo").trigger()
    yield 1500
    yield idle


def remembered_with_the_picture() -> Iterator[Any]:
    document = APP.activeDocument()
    kept = core().settings.alternative
    assert kept == 3
    other = APP.createDocument(300, 200, "Other", "RGBA", "U8", "", 72.0)
    APP.activeWindow().addView(other)
    APP.setActiveDocument(other)
    yield lambda: core().settings.alternative == 0
    assert core().settings.reference == ""
    other.setModified(False)
    other.close()
    APP.setActiveDocument(document)
    yield lambda: core().settings.alternative == 3
    yield idle


def reference_from_a_file() -> Iterator[Any]:
    box_with("Live").click()
    yield click(window().buttons[0])
    yield lambda: core().settings.alternative == 0
    yield idle
    yield 500
    usual, before = sum_of(RESULT), mean_color(RESULT)
    pictures = [bytes(p.data) for p in core().alternatives.pictures]
    path = make_reference("blue.png", 220)
    window().use_file(path)
    yield lambda: core().settings.reference == references.of_file(path)
    yield idle
    yield lambda: [bytes(p.data) for p in core().alternatives.pictures] != pictures
    yield idle
    yield 800
    assert not core().message_is_error, core().message
    assert sum_of(RESULT) != usual, "the reference changed nothing"
    after = mean_color(RESULT)
    assert after.blue() - after.red() > before.blue() - before.red() + 20, (
        before.name(),
        after.name(),
    )
    assert window().reference.currentText() == "blue.png"
    assert settings_of_result()["reference"] == references.of_file(path)
    probe.screenshot("alternatives-4-reference")


def reference_from_a_layer() -> Iterator[Any]:
    document = APP.activeDocument()
    path = make_reference("green.png", 120)
    image = QtGui.QImage(path).convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    node = document.createNode("Street today", "paintlayer")
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    node.setPixelData(QtCore.QByteArray(bytes(bits)), 0, 0, image.width(), image.height())
    document.rootNode().addChildNode(node, layer("Background"))
    node.setVisible(False)
    yield 1000  # Krita makes it active by itself
    document.setActiveNode(layer("Background"))
    yield lambda: core().settings.reference != ""
    yield idle
    box = window().reference
    window()._show()
    texts = [box.itemText(i) for i in range(box.count())]
    assert texts == ["None", "Street today", "blue.png", "File..."], texts
    box.setCurrentIndex(1)
    box.activated.emit(1)
    yield lambda: core().settings.reference == references.of_layer(node)
    yield idle
    yield 800
    color = mean_color(RESULT)
    assert color.green() > max(color.red(), color.blue()), color.name()
    node.remove()
    yield 500
    core().colorize()
    yield lambda: core().running
    yield lambda: not core().running
    yield idle
    assert "The reference Street today is gone" in core().message, core().message
    assert not core().message_is_error
    color = mean_color(RESULT)
    assert color.green() < max(color.red(), color.blue()), color.name()
    probe.screenshot("alternatives-5-gone")
    box.setCurrentIndex(0)
    box.activated.emit(0)
    yield lambda: core().settings.reference == ""
    yield idle


def a_file_that_is_no_picture() -> Iterator[Any]:
    before = sum_of(RESULT)
    path = CHOICE / "words.jpg"
    path.write_text("no picture")
    window().use_file(str(path))
    yield lambda: core().message_is_error
    yield idle
    assert "reference" in core().message, core().message
    assert sum_of(RESULT) == before
    window().hide()
    yield 800
    yield idle


def a_mark_on_request() -> Iterator[Any]:
    document = APP.activeDocument()
    assert "Handtint" not in document.documentInfo()
    for _ in range(2):
        core().keep_settings(replace(core().settings, mark=True, reference=""))
        core().colorize()
        yield lambda: core().running
        yield lambda: not core().running
    assert document.documentInfo().count("Colorized with Handtint") == 1, document.documentInfo()
    assert "weights" in document.documentInfo()
    path = CHOICE / "marked.png"
    core().viewer.export(document, str(path))
    yield 500
    probe.VALUES["the file is marked"] = b"Colorized with Handtint" in path.read_bytes()
    core().keep_settings(replace(core().settings, mark=False))


PARTS = (
    four_thumbnails,
    click_makes_it_the_result,
    live_keeps_it,
    remembered_with_the_picture,
    reference_from_a_file,
    reference_from_a_layer,
    a_file_that_is_no_picture,
    a_mark_on_request,
)


def steps() -> Iterator[Any]:
    """All parts, each from where the one before has ended."""
    core().keep_settings(core().settings.__class__(convert_gray="always"))
    APP.activeWindow().qwindow().showMaximized()
    yield 2500
    docker().setVisible(True)
    docker().raise_()
    for part in PARTS:
        print("PART", part.__name__, flush=True)
        try:
            yield from part()
            probe.CASES[part.__name__] = "ok"
        except Exception:
            probe.CASES[part.__name__] = traceback.format_exc()
            print(probe.CASES[part.__name__], flush=True)
            probe.screenshot("failure-" + part.__name__)
        yield 300
