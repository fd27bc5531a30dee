"""A live server on a real socket for the tests of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from handtint_server.runner import Runner
from handtint_server.settings import Settings

from . import pictures

SECONDS = 280.0
"""How long a test waits for what must come: long, as the machine may be busy with other work."""


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
        return requests.get(self.url + path, headers=self.auth, timeout=SECONDS, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        headers = {**self.auth, **more.pop("headers", {})}
        return requests.post(self.url + path, headers=headers, timeout=SECONDS, **more)

    def stop(self) -> None:
        self.runner.stop()
        self.thread.join(60)
        assert not self.thread.is_alive()


Start = Callable[..., Live]


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a real network, small and with seeded random numbers: quick, and colourful."""
    import torch

    from handtint_model.color.bins import COUNT
    from handtint_model.network import ColorNetwork, ModelConfig
    from handtint_model.network.checkpoint import save_weights

    torch.manual_seed(13)
    config = ModelConfig(
        encoder_blocks=(1, 1, 1),
        global_width=32,
        global_blocks=1,
        global_heads=1,
        decoder_width=32,
        decoder_blocks=(1, 1, 1),
        embedding=8,
    )
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, ColorNetwork(config), np.full(COUNT, 1 / COUNT), {"made": "for tests"})
    return path


def start_live(folder: Path, weights: Path, load: Any = None, **settings: Any) -> Live:
    """A server in this process with its own folders."""
    given = {
        "runtime_dir": folder / "runtime",
        "home": folder / "home",
        "weights": weights,
        "device": "cpu",
        **settings,
    }
    runner = Runner(Settings(**given), load)
    listening = threading.Event()
    thread = threading.Thread(target=runner.run, args=(listening.set,), daemon=True)
    thread.start()
    assert listening.wait(SECONDS)
    return Live(runner, thread)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Iterator[Live]:
    """One server for the tests of a file that leave it as it was."""
    server = start_live(tmp_path_factory.mktemp("live"), tiny_weights)
    assert server.service.engines.first_load.wait(SECONDS)
    # What the first photo with hints compiles and loads is nothing that a test should measure.
    points = [{"x": 9, "y": 9, "color": "#c04030"}]
    kind, body = pictures.raw_request(pictures.photo(seed=1000), points=points)
    warm = server.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert warm.status_code == 200
    yield server
    server.stop()


@pytest.fixture
def start_server(tmp_path: Path, tiny_weights: Path) -> Iterator[Start]:
    """Starts servers with the given settings and ends them after the test."""
    running: list[Live] = []

    def start(load: Any = None, **settings: Any) -> Live:
        server = start_live(tmp_path / str(len(running)), tiny_weights, load, **settings)
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()
