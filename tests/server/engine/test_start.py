"""Engines that are stopped while their devices are still looked for."""

from __future__ import annotations

import threading
from typing import Any

from handtint_server.engine.workers import Engines


def test_stopped_before_its_devices_are_known_starts_no_worker() -> None:
    asked, known = threading.Event(), threading.Event()

    def devices() -> list[str]:
        asked.set()
        known.wait(30)
        return ["cpu"]

    def load(device: str) -> Any:
        raise AssertionError("nothing is to be loaded")

    engines = Engines(load, devices, 1, lambda error: None)
    engines.start()
    assert asked.wait(30)
    searching = [t for t in threading.enumerate() if t.name == "handtint-devices"]
    assert engines.stop(1.0)
    known.set()
    for thread in searching:
        thread.join(30)
    assert searching
    assert engines.workers == []
