"""The day's work of docs/krita.md, with the keys that stand there: a hand on mouse and keyboard.

Nothing is called here that a user would press; what Krita holds is only looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import handtint_probe as probe
from day_tools import HINTS, RESULT, active, click_on, draw, idle, press
from handtint.client.state import ServerState
from handtint.core import core
from handtint.qt import QtWidgets
from window_run import (
    APP,
    asked_about_gray,
    box_with,
    docker,
    layer,
    names,
    on_screen,
    sum_of,
)


def file_dialog() -> Any:
    """The editor's own dialog for a file, or None."""
    windows = QtWidgets.QApplication.topLevelWidgets()
    return next(
        (w for w in windows if isinstance(w, QtWidgets.QFileDialog) and w.isVisible()), None
    )


def give_file(key: str, path: str) -> Iterator[Any]:
    """A key that asks for a file, and the name that is typed then."""
    yield press("key", key)
    yield lambda: file_dialog() is not None
    yield 1000
    yield press("key", "ctrl+a")
    yield press("type", "--delay", 30, path)
    yield press("key", "Return")
    yield lambda: file_dialog() is None


def keys_of_the_page() -> Iterator[Any]:
    """Steps 1 to 8 of the section "A day's work"."""
    before = APP.activeDocument()
    core().keep_settings(replace(core().settings, convert_gray="ask", live=False))
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    yield from give_file("ctrl+o", str(probe.OUT / "page.jpg"))
    yield lambda: APP.activeDocument() != before
    made = APP.activeDocument()
    yield 2000
    yield press("key", "ctrl+alt+t")
    yield lambda: asked_about_gray() is not None
    yield 800
    yield press("key", "Return")
    yield lambda: core().running
    yield lambda: idle() and names() == ["Background", RESULT]
    assert made.colorModel() == "RGBA"
    probe.note("Ctrl+O, Ctrl+Alt+T, Enter color a gray photo")

    automatic = sum_of(RESULT)
    yield press("key", "ctrl+alt+h")
    yield lambda: active() == HINTS
    yield lambda: APP.action("KritaShape/KisToolBrush").isChecked()
    core().suggester.choose("#c03020")
    yield 500
    yield draw(0.3, 0.8, 0.45, 0.82)
    yield lambda: not layer(HINTS).bounds().isEmpty()
    yield idle
    yield press("key", "ctrl+alt+t")
    yield lambda: sum_of(RESULT) != automatic
    yield idle
    assert names() == ["Background", RESULT, HINTS], names()
    assert active() == HINTS
    probe.note("Ctrl+Alt+H, a stroke and Ctrl+Alt+T replace the result")

    hinted = sum_of(RESULT)
    yield click_on(box_with("Live"))
    yield lambda: core().settings.live
    yield idle
    yield draw(0.55, 0.8, 0.7, 0.82)
    yield lambda: sum_of(RESULT) != hinted
    yield lambda: core().suggester.colors and idle()
    yield click_on(docker()._suggestions.swatches[0])
    yield lambda: names().count(HINTS) == 2
    yield idle
    yield press("mousemove", *on_screen(made.width() / 2, 20), "key", "ctrl+z")
    yield lambda: names().count(HINTS) == 1
    yield idle
    yield click_on(box_with("Live"))
    yield lambda: not core().settings.live
    probe.note("with Live a stroke is followed, and Ctrl+Z takes a swatch's color back")

    for hidden in (True, False):
        yield press("key", "ctrl+alt+b")
        yield lambda hidden=hidden: layer(RESULT).visible() != hidden
    for hidden in (True, False):
        yield press("key", "ctrl+alt+shift+h")
        yield lambda hidden=hidden: layer(HINTS).visible() != hidden
    probe.note("Ctrl+Alt+B compares, Ctrl+Alt+Shift+H hides and shows the hints")

    path = probe.OUT / "page.kra"
    yield from give_file("ctrl+shift+s", str(path))
    yield lambda: path.exists() and not made.modified()
    yield idle
    kept = path.stat().st_mtime_ns
    layer(RESULT).setOpacity(200)
    made.setModified(True)
    yield press("key", "ctrl+s")
    yield lambda: path.stat().st_mtime_ns != kept and not made.modified()
    assert file_dialog() is None
    probe.screenshot("day-12-keys")
    probe.note("Ctrl+Shift+S keeps it as .kra, and so does Ctrl+S from then on")
    made.close()
    yield lambda: APP.activeDocument() == before
    core().keep_settings(replace(core().settings, convert_gray="always"))
