"""A day in Krita's window: what is done while the photo is shown without colour."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import handtint_probe as probe
from day_tools import HINTS, RESULT, colorized, idle, press
from handtint.core import core
from handtint.qt import QtGui
from window_run import APP, box_with, layer, names


def compare_ends() -> Iterator[Any]:
    """With the shortcut, which nobody has to hold."""
    yield idle
    if RESULT not in names():
        core().colorize()
        yield lambda: colorized(1)
    if HINTS not in names():
        core().new_hints()
        yield lambda: HINTS in names()
    yield from _then_colorize()
    yield from _then_export()
    yield from _then_show_hints()
    yield from _not_while_it_runs()


def _compare() -> Iterator[Any]:
    assert layer(RESULT).visible()
    yield press("key", "ctrl+alt+b")
    yield lambda: not layer(RESULT).visible()
    assert core().viewer.compares


def _then_colorize() -> Iterator[Any]:
    yield from _compare()
    old = layer(RESULT).uniqueId()
    core().colorize()
    yield lambda: core().running
    yield lambda: colorized(1)
    assert layer(RESULT).uniqueId() != old
    assert layer(RESULT).visible(), "the new result is hidden"
    assert not core().viewer.compares
    # The next press begins anew: it is not the end of the comparison that is over.
    yield from _compare()
    yield press("key", "ctrl+alt+b")
    yield lambda: layer(RESULT).visible()
    assert layer(HINTS).visible()
    probe.note("Colorize ends the comparison")


def _then_export() -> Iterator[Any]:
    document = APP.activeDocument()
    yield from _compare()
    path = str(probe.OUT / "compared.png")
    core().viewer.export(document, path)
    assert "without hints" in core().message, core().message
    image = QtGui.QImage(path)
    places = [(x, y) for x in range(0, image.width(), 16) for y in range(0, image.height(), 16)]
    colors = [QtGui.QColor(image.pixel(x, y)) for x, y in places]
    assert any(color.red() != color.blue() for color in colors), "a gray picture was written"
    assert layer(RESULT).visible()
    probe.note("Export writes colors, whatever is shown")


def _then_show_hints() -> Iterator[Any]:
    yield idle
    yield from _compare()
    yield press("key", "ctrl+alt+shift+h")
    yield lambda: layer(HINTS).visible() and layer(RESULT).visible()
    box_with("Show hints").click()
    yield lambda: not layer(HINTS).visible()
    assert layer(RESULT).visible()
    box_with("Show hints").click()
    yield lambda: layer(HINTS).visible()
    probe.note("showing hints ends the comparison")


def _not_while_it_runs() -> Iterator[Any]:
    core().colorize()
    yield lambda: core().running
    core().viewer.compare(True)
    assert not core().viewer.compares
    assert "at work" in core().message, core().message
    yield lambda: colorized(1)
    assert layer(RESULT).visible()
    probe.note("a result that is being made is not hidden")


def hidden_in(path: Path) -> list[str]:
    """The layers that are hidden in a .kra; ["none yet"] while it is written."""
    try:
        with zipfile.ZipFile(path) as archive:
            content = ElementTree.fromstring(archive.read("maindoc.xml"))
    except (OSError, zipfile.BadZipFile, KeyError):
        return ["none yet"]
    found = [node for node in content.iter() if node.tag.endswith("layer")]
    assert any(node.get("name") == RESULT for node in found)
    return [str(node.get("name")) for node in found if node.get("visible") == "0"]


def saved_while_compared() -> Iterator[Any]:
    """The file has the colours, whenever the comparison ends; of a PNG it is told."""
    before = APP.activeDocument()
    made = APP.openDocument(str(probe.OUT / "page.jpg"))
    APP.activeWindow().addView(made)
    yield lambda: APP.activeDocument() == made
    yield 1500
    core().colorize()
    yield lambda: colorized(1)
    path = probe.OUT / "compared.kra"
    for ends_at_once in (False, True):
        assert made.saveAs(str(path))
        yield lambda: not made.modified() and not hidden_in(path)
        written = path.stat().st_mtime_ns
        made.setModified(True)  # else Ctrl+S does nothing
        yield from _compare()
        keys = ["ctrl+s", "ctrl+alt+b"] if ends_at_once else ["ctrl+s"]
        yield press("key", *keys)
        yield lambda written=written: path.stat().st_mtime_ns != written
        yield lambda: layer(RESULT).visible() and not core().viewer.compares
        yield lambda: not hidden_in(path) and not made.modified()
        yield 1500
        assert not hidden_in(path)
        assert not made.modified()
        assert APP.activeDocument() == made
    probe.note("a .kra that was saved while comparing has the colors")

    yield from _compare()
    made.setBatchmode(True)
    flat = str(probe.OUT / "compared-flat.png")
    assert made.saveAs(flat)
    made.setBatchmode(False)
    yield lambda: "without colors" in core().message
    assert flat in core().message, core().message
    assert layer(RESULT).visible()
    assert made.modified()
    probe.note("of a PNG that was saved without colors it is told")
    made.setModified(False)
    made.close()
    yield lambda: APP.activeDocument() == before
