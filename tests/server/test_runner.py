"""When a server ends by itself."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from handtint_model import Colorizer
from handtint_server.discovery import FILE, Discovery, write_mirrors
from handtint_server.settings import Settings

from . import pictures
from .conftest import SECONDS, Live, Start
from .raw_http import connect, head
from .watched import CountingLoad, colorize, wait_until

MINUTES = 0.005  # 0.3 seconds


class HeldLoad(CountingLoad):
    """The model is loaded once `loading` is set, and the network runs once `running` is."""

    def __init__(self, weights: Path) -> None:
        self.loading, self.running = threading.Event(), threading.Event()
        super().__init__(weights, lambda: self.running.wait(SECONDS))

    def __call__(self, device: str) -> Colorizer:
        assert self.loading.wait(SECONDS)
        return super().__call__(device)


def test_by_hand_it_stays() -> None:
    assert Settings().exit_idle == 0


@pytest.mark.slow
def test_loading_and_work_and_what_arrives_keep_it(start_server: Start, tiny_weights: Path) -> None:
    load = HeldLoad(tiny_weights)
    live = start_server(load, exit_idle=MINUTES)

    def stays() -> bool:
        time.sleep(3 * 60 * MINUTES)
        return not live.service.engines.stopping

    assert stays()  # it loads
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(colorize, live, pictures.raw_request(pictures.photo()))
        wait_until(lambda: live.service.engines.taken == 1)
        load.loading.set()
        wait_until(lambda: load.runs == 1)
        assert stays()  # it works
        with connect(live.port) as writer:
            fields = (f"Host: 127.0.0.1:{live.port}", f"Authorization: Bearer {live.token}")
            writer.sendall(head("POST", "/v1/colorize", *fields, "Content-Length: 100") + b"x")
            wait_until(lambda: live.runner.server.receiving)
            load.running.set()
            assert answer.result().status_code == 200
            assert stays()  # the other request is still arriving
    live.thread.join(SECONDS)
    assert not live.thread.is_alive()
    assert live.runner.exit_code == 0


def test_every_request_starts_the_time_anew(live: Live) -> None:
    """Also one for its health, as an editor that is open may send."""
    service = live.service
    wait_until(lambda: not service.engines.taken)
    for path in ("/v1/health", "/v1/info", "/v1/requests/none"):
        service._last_request = time.monotonic() - 100_000
        assert service.idle_seconds >= 100_000
        with connect(live.port) as refused:
            refused.sendall(head("GET", path, "Host: elsewhere"))
            assert refused.recv(100).startswith(b"HTTP/1.1 403")
        assert service.idle_seconds >= 100_000
        live.get(path)
        assert service.idle_seconds < 50_000


def test_mirrors_belong_to_one_server(
    tmp_path: Path, start_server: Start, tiny_weights: Path
) -> None:
    """A second server, with a runtime folder of its own, leaves what leads editors to the first."""
    home, mirror = tmp_path / "home", tmp_path / "snap"
    write_mirrors(home, [mirror])
    first = start_server(CountingLoad(tiny_weights), home=home)
    found = Discovery.read(mirror / FILE)
    assert found is not None
    assert found.instance == first.service.instance
    second = start_server(CountingLoad(tiny_weights), home=home)
    assert Discovery.read(mirror / FILE) == found
    second.stop()
    assert Discovery.read(mirror / FILE) == found
    assert found.read_token() == first.token
    first.stop()
    assert list(mirror.iterdir()) == []
    # What a server has left that was killed is replaced.
    (mirror / FILE).write_text(json.dumps(asdict(found)))
    third = start_server(CountingLoad(tiny_weights), home=home)
    later = Discovery.read(mirror / FILE)
    assert later is not None
    assert later.instance == third.service.instance
    # Somebody has removed the editor, and another server has come to the folder.
    (mirror / FILE).write_text(json.dumps(asdict(found)))
    third.stop()
    assert Discovery.read(mirror / FILE) == found
