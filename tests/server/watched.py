"""Servers whose network a test counts, or holds until it says go."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from handtint_model import Colorizer, load_colorizer

from .conftest import SECONDS, Live, Start


class CountingLoad:
    """Loads the real colorizer and counts the real network's runs.

    before: called at the beginning of each run, on the engine's thread.
    """

    def __init__(self, weights: Path, before: Any = lambda: None) -> None:
        self.weights = weights
        self.runs = 0
        self.loads = 0
        self.before = before

    def __call__(self, device: str) -> Colorizer:
        colorizer = load_colorizer(self.weights, device)
        self.loads += 1

        def count(*_: Any) -> None:
            self.runs += 1
            self.before()

        colorizer.network.encoder.register_forward_pre_hook(count)
        return colorizer


def colorize(live: Live, kind_and_body: tuple[str, bytes]) -> Any:
    kind, body = kind_and_body
    return live.post("/v1/colorize", data=body, headers={"Content-Type": kind})


class Held:
    """A server whose network waits for `go`."""

    def __init__(self, start_server: Start, weights: Path, **settings: Any) -> None:
        self.go = threading.Event()
        self.load = CountingLoad(weights, lambda: self.go.wait(SECONDS))
        self.live: Live = start_server(self.load, **settings)
        assert self.live.service.engines.first_load.wait(SECONDS)


def wait_until(condition: Any, seconds: float = SECONDS) -> None:
    """Wait for what must come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
