"""Measures live mode in Krita's window: brush up to new colours, and what painting feels.

HANDTINT_TEST_STROKES: how many strokes with live mode on, and off.  HANDTINT_TEST_ZOOM: of
the canvas, 0 for the whole picture.  For bench/krita_live.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import handtint_probe as probe
from handtint import pace
from handtint.brush import canvas_widget
from handtint.client.state import ServerState
from handtint.core import core
from handtint.live import LiveUpdate
from handtint.qt import QtCore, QtGui
from window_run import docker, quiet, stroke

from krita import Krita, ManagedColor

APP = Krita.instance()
STROKES = int(os.environ.get("HANDTINT_TEST_STROKES", "12"))
ZOOM = float(os.environ.get("HANDTINT_TEST_ZOOM", "0"))
COLORS = ("#c03020", "#2050c0", "#30a040", "#d0a020", "#8040a0")


class Gaps(QtCore.QObject):
    """How long Krita's event loop is away, while the brush is down."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QtCore.QTimer(self)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(2)

    def _tick(self) -> None:
        now = time.perf_counter()
        if core().follower.brush.is_down:
            self.gaps.append(now - self._last)
        self._last = now


class Paints(QtCore.QObject):
    """When the canvas was painted, of `time.monotonic`."""

    def __init__(self, canvas: Any) -> None:
        super().__init__()
        self.times: list[float] = []
        canvas.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802  (Qt's name)
        if event.type() == QtCore.QEvent.Type.Paint:
            self.times.append(time.monotonic())
        return False

    def after(self, moment: float) -> float:
        """Seconds until the next one began; 0 if there was none soon: it came before."""
        soon = [t - moment for t in self.times if 0 <= t - moment < 0.1]
        return min(soon, default=0.0)


def summary(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(values) or [0.0]
    place = lambda q: round(1000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))], 1)  # noqa: E731
    return {"count": len(values), "median": place(0.5), "p95": place(0.95), "worst": place(1.0)}


def strokes(visible: Any, number: int) -> list[tuple[float, float]]:
    """A stroke somewhere in what is visible, another place every time."""
    x, y, w, h = visible
    across = 0.1 + 0.75 * ((number * 0.618) % 1.0)
    down = 0.1 + 0.75 * ((number * 0.381) % 1.0)
    x0, y0 = x + across * w, y + down * h
    return [(x0 + 0.1 * w * i / 40, y0 + 0.04 * h * (i % 7) / 7) for i in range(41)]


def paint_with(color: str) -> None:
    """The next stroke's color; a click on a swatch would recolor the last stroke, too."""
    view = APP.activeWindow().activeView()
    view.setForeGroundColor(ManagedColor.fromQColor(QtGui.QColor(color), view.canvas()))


def sliders() -> Iterator[Any]:
    """Vividness to new colors, Live on, a summary."""
    shown: list[float] = []
    note = LiveUpdate._note

    def also(self: LiveUpdate, what: str) -> None:
        note(self, what)
        if what == "shown":
            shown.append(time.monotonic())

    LiveUpdate._note = also
    core().set_settings(replace(core().settings, live=True))
    yield quiet
    took = []
    for vividness in (0.3, 0.8, 0.4, 0.7, 0.2, 0.6, 0.9, 0.5):
        yield 500
        began = time.monotonic()
        core().set_settings(replace(core().settings, vividness=vividness))
        yield lambda began=began: shown and shown[-1] > began
        took.append(shown[-1] - began)
        yield quiet
    shown.clear()
    began = time.monotonic()
    while time.monotonic() < began + 5:
        for step in range(20):
            core().set_settings(replace(core().settings, vividness=0.2 + 0.03 * abs(10 - step)))
            yield 60
    probe.VALUES["updates while a slider moves for 5 s"] = len(shown)
    yield quiet
    LiveUpdate._note = note
    return summary(took)


def steps() -> Iterator[Any]:
    document = APP.activeDocument()
    window = APP.activeWindow()
    window.qwindow().showMaximized()
    yield 1500
    docker().setVisible(True)
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    if ZOOM:
        window.activeView().canvas().setZoomLevel(ZOOM)
        yield 1000
    core().colorize()
    yield lambda: core().running
    yield lambda: not core().running
    assert not core().message_is_error, core().message
    core().new_hints()
    yield 1500
    from handtint.view import intersect, visible_rect

    shown = visible_rect(window.activeView(), canvas_widget(window))
    shown = intersect(shown, (0, 0, document.width(), document.height()))
    window.activeView().setBrushSize(max(20.0, document.width() / 100))
    values: dict[str, Any] = {"size": [document.width(), document.height()], "visible": shown}
    gaps = Gaps()
    paints = Paints(canvas_widget(window))
    lasting: dict[bool, list[float]] = {True: [], False: []}
    for live in (True, False):
        core().set_settings(replace(core().settings, live=live))
        yield quiet
        yield 500
        gaps.gaps = []
        pace.RECORD = []
        for number in range(STROKES):
            paint_with(COLORS[number % len(COLORS)])
            done = len(core().follower.live.update_times)
            began = time.perf_counter()
            # Half of the strokes follow at once, as hands do.
            running = stroke(strokes(shown, number + 100 * live), 0.004)
            yield lambda running=running: running.poll() is not None
            lasting[live].append(time.perf_counter() - began)
            if live:
                yield lambda done=done: len(core().follower.live.update_times) > done
                yield 150
                if number % 2:
                    yield quiet
            else:
                yield 300
        name = "live" if live else "not live"
        values[f"gaps while painting, {name}, ms"] = summary(gaps.gaps)
        values[f"stroke of 41 moves, {name}, ms"] = summary(lasting[live])
        values[f"calls on pixels, {name}, ms"] = summary(pace.RECORD or [])
        pace.RECORD = None
    values["slider to new colors, ms"] = yield from sliders()
    for name, start, end in (
        ("brush up to new colors", "lifted", "shown"),
        ("brush up to request", "lifted", "asked"),
        ("request to answer", "asked", "answered"),
        ("answer to picture", "answered", "shown"),
    ):
        values[name + ", ms"] = summary(
            [t[end] - t[start] for t in core().follower.live.update_times]
        )

    values["picture to canvas being painted, ms"] = summary(
        [paints.after(t["shown"]) for t in core().follower.live.update_times]
    )
    values["brush up to new colors, stroke by stroke, ms"] = [
        round(1000 * (t["shown"] - t["lifted"])) for t in core().follower.live.update_times
    ]
    probe.VALUES.update(values)
    probe.screenshot("painted")
    probe.note("measured")
