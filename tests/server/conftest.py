"""A live server on a real socket for the tests of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from handtint_server.runner import Runner
from handtint_server.settings import Settings


@dataclass
class Live:
    """A server that runs in this process, behind a real socket."""

    runner: Runner
    thread: threading.Thread

    @property
    def url(self) -> str:
        return self.runner.url

    @property
    def token(self) -> str:
        return self.runner.token

    @property
    def service(self) -> Any:
        return self.runner.service

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.url + path, headers=self.auth, timeout=30, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        headers = {**self.auth, **more.pop("headers", {})}
        return requests.post(self.url + path, headers=headers, timeout=60, **more)

    def stop(self) -> None:
        self.runner.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


Start = Callable[..., Live]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Start]:
    """Starts servers with the given settings and ends them after the test."""
    running: list[Live] = []

    def start(load: Any = None, **settings: Any) -> Live:
        folder = tmp_path / f"runtime-{len(running)}"
        given = {"runtime_dir": folder, "home": tmp_path / "home", **settings}
        runner = Runner(Settings(**given), load or tiny_load)
        listening = threading.Event()
        thread = threading.Thread(target=runner.run, args=(listening.set,), daemon=True)
        thread.start()
        assert listening.wait(10)
        live = Live(runner, thread)
        running.append(live)
        return live

    yield start
    for live in running:
        live.stop()


class Fake:
    """TEMPORARY until the real colorizer is there."""

    device, weights_id, record = "cpu", "fake", {}

    def encode(self, luminance, *, render_size=None, alpha=None, progress=None):  # type: ignore
        import types

        progress("encode", 0.5)
        return types.SimpleNamespace(luminance=luminance, nbytes=luminance.nbytes)

    def colorize(self, photo, hints=None, *, region=None, progress=None, options=None):  # type: ignore
        import numpy as np

        progress("render", 0.5)
        plane = photo.luminance
        if region:
            x, y, w, h = region
            plane = plane[y : y + h, x : x + w]
        return np.repeat(plane[..., None], 3, 2)

    def suggest(self, photo, where, hints=None, n=9, options=None):  # type: ignore
        import types

        return [
            types.SimpleNamespace(rgb=(10, 20, 30), ab=(1.0, 2.0), probability=0.5)
        ] * n

    def uncertainty(self, photo, hints=None, options=None):  # type: ignore
        import numpy as np

        return np.full((8, 10), 0.5, np.float32)


def tiny_load(device: str) -> Any:
    return Fake()
