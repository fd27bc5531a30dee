"""Krita is closed in the middle of live mode: it ends by itself, and with status 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import handtint_probe as probe
from handtint.client.state import ServerState
from handtint.core import core
from window_run import docker, line, stroke

from krita import Krita

APP = Krita.instance()


def steps() -> Iterator[Any]:
    APP.activeWindow().qwindow().showMaximized()
    yield 1000
    docker().setVisible(True)
    yield lambda: core().server.state in (ServerState.READY_CPU, ServerState.READY_GPU)
    core().set_settings(replace(core().settings, convert_gray="always"))
    core().colorize()
    yield lambda: core().running
    yield lambda: not core().running
    core().new_hints()
    core().set_settings(replace(core().settings, live=True))
    yield 1500
    document = APP.activeDocument()
    running = stroke(line(0.4 * document.width(), 100, 0.6 * document.width(), 200))
    yield lambda: running.poll() is not None
    yield lambda: core().side_jobs.runs("live")
    probe.note("a live update is under way")
    probe.write(True)
    document.setModified(False)  # or Krita asks whether to save
    APP.action("file_quit").trigger()
    yield lambda: False  # Krita ends meanwhile
