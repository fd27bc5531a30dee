"""The Python client against a live server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handtint_model import BadHint, Cancelled, Hints, load_colorizer
from handtint_server.client import BadReply, Client, ClientError, Rejected, Unreachable

from .. import pictures
from ..conftest import SECONDS, Live, Start
from ..watched import CountingLoad, Held, wait_until


@pytest.fixture
def client(live: Live) -> Any:
    with Client(live.url, live.token) as found:
        yield found


@pytest.mark.slow
def test_colorize_is_the_python_api(client: Client, tiny_weights: Path) -> None:
    colorizer = load_colorizer(tiny_weights, "cpu")
    hints = Hints.from_points([(20, 15, "#c04030"), (24, 17, "#3040c0"), (50, 40, "#20a020")])
    for dtype, scale in ((np.uint8, 1), (np.uint16, 257), (np.float32, 1 / 255)):
        plane = (pictures.photo().astype(np.float64) * scale).astype(dtype)
        photo = colorizer.encode(plane)
        first = client.colorize(plane, vividness=0.3)
        np.testing.assert_array_equal(first.pixels, colorizer.colorize(photo, vividness=0.3))
        assert (first.layout, first.device, first.cached) == ("RGB", "cpu", False)
        assert {"decode", "encode", "render", "write"} <= set(first.timings)
        again = client.colorize(first.image_id, hints, region=(8, 4, 40, 40))
        assert again.cached
        expected = colorizer.colorize(photo, hints)[4:44, 8:48]
        np.testing.assert_array_equal(again.pixels, expected)


def test_alpha_points_and_layout(client: Client) -> None:
    plane = pictures.photo()
    alpha = np.where(plane > 100, 255, 0).astype(np.uint8)
    found = client.colorize(plane, alpha=alpha, points=[(5, 5, "#ff0000")], layout="BGRA")
    np.testing.assert_array_equal(found.pixels[..., 3], alpha)


def test_suggest_uncertainty_health_info(client: Client, live: Live) -> None:
    plane = pictures.photo()
    image_id, colors = client.suggest(plane, (20, 20), n=4)
    assert 1 <= len(colors) <= 4
    assert colors[0].color.startswith("#")
    cells = client.uncertainty(image_id)
    assert cells.ndim == 2
    assert cells.min() >= 0
    assert cells.max() <= 1
    assert client.health()["instance"] == live.service.instance
    assert client.info()["engines"][0]["device"] == "cpu"


def test_local_finds_the_running_server(live: Live) -> None:
    assert live.runner.publication is not None
    with Client.local(live.runner.publication.folder) as client:
        assert client.url == live.url
        assert client.info()["api"] == 1


def test_refusals_are_errors_with_codes(client: Client, live: Live) -> None:
    with pytest.raises(Rejected) as unknown:
        client.colorize("no-such-image")
    assert (unknown.value.code, unknown.value.status) == ("image_unknown", 404)
    with pytest.raises(Rejected) as wrong, Client(live.url, "wrong") as other:
        other.info()
    assert wrong.value.code == "token_wrong"
    with pytest.raises(ClientError, match="http"):
        Client("ftp://x", "t")
    with pytest.raises(ClientError, match="uint8"):
        client.colorize(np.zeros((4, 4), np.int64))


def test_unreachable_and_foreign_servers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with (
        Client(f"http://127.0.0.1:{port}", "t", patience=0) as client,
        pytest.raises(Unreachable, match=str(port)),
    ):
        client.colorize(pictures.photo())
    import http.server

    other = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=other.handle_request)
    thread.start()
    url = f"http://127.0.0.1:{other.server_address[1]}"
    with Client(url, "t") as client, pytest.raises(BadReply, match="URL"):
        client.info()
    thread.join()
    other.server_close()


@pytest.mark.slow
def test_busy_is_waited_for(start_server: Start, tiny_weights: Path) -> None:
    held = Held(start_server, tiny_weights, places=1)
    live = held.live
    with ThreadPoolExecutor(2) as pool:

        def ask(seed: int, patience: float) -> Any:
            with Client(live.url, live.token, patience=patience) as client:
                return client.colorize(pictures.photo(seed=seed))

        first = pool.submit(ask, 1, 60)
        wait_until(lambda: held.load.runs == 1)
        with pytest.raises(Rejected) as refused:
            ask(2, 0)
        assert refused.value.code == "busy"
        second = pool.submit(ask, 2, 60)
        time.sleep(0.3)
        assert not second.done()
        held.go.set()
        assert first.result().pixels.shape == second.result().pixels.shape == (48, 64, 3)


def test_progress_and_cancelling_by_it(start_server: Start, tiny_weights: Path) -> None:
    held = Held(start_server, tiny_weights)
    stages: list[str] = []

    def progress(stage: str, fraction: float) -> None:
        stages.append(stage)
        assert 0 <= fraction <= 1
        raise Cancelled("enough")

    with Client(held.live.url, held.live.token) as client:
        with pytest.raises(Cancelled, match="enough"):
            client.colorize(pictures.photo(), progress=progress)
        held.go.set()
        wait_until(lambda: held.live.service.engines.taken == 0)
        assert len(held.live.service.cache) == 0
        done = client.colorize(pictures.photo(), progress=lambda *_: None)  # usable as before
        assert done.pixels.shape == (48, 64, 3)
    assert stages


CTRL_C = """
import sys, numpy as np
from handtint_server.client import Client
with Client(sys.argv[1], sys.argv[2]) as client:
    print("sending", flush=True)
    client.colorize(np.zeros((48, 64), np.uint8))
"""


@pytest.mark.slow
def test_ctrl_c_cancels_on_the_server(start_server: Start, tiny_weights: Path) -> None:
    held = Held(start_server, tiny_weights)
    process = subprocess.Popen(
        [sys.executable, "-c", CTRL_C, held.live.url, held.live.token],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    wait_until(lambda: held.load.runs == 1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=SECONDS)
    assert b"KeyboardInterrupt" in error
    held.go.set()
    wait_until(lambda: held.live.service.engines.taken == 0)
    assert len(held.live.service.cache) == 0


@pytest.mark.slow
def test_ctrl_c_of_handtint_colorize_cancels_on_the_server(
    start_server: Start, tiny_weights: Path, tmp_path: Path
) -> None:
    held = Held(start_server, tiny_weights)
    photo, token = tmp_path / "photo.png", tmp_path / "token"
    photo.write_bytes(pictures.png(pictures.photo()))
    token.write_text(held.live.token)
    command = [sys.executable, "-m", "handtint_server", "colorize", str(photo)]
    process = subprocess.Popen(
        [*command, "--server", held.live.url, "--token-file", str(token)],
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: held.load.runs == 1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert error.strip() == "Stopped."
    held.go.set()
    wait_until(lambda: held.live.service.engines.taken == 0)
    assert len(held.live.service.cache) == 0
    assert sorted(tmp_path.glob("*photo*")) == [photo]


def test_a_broken_connection_is_tried_again(start_server: Start, tiny_weights: Path) -> None:
    """As when a proxy, or the server between two requests, closes a kept connection."""
    load = CountingLoad(tiny_weights)
    live = start_server(load)
    with Client(live.url, live.token) as client:
        client.health()
        for channel in list(live.runner.server.active_channels.values()):
            channel.will_close = True
        assert client.colorize(pictures.photo()).pixels.shape == (48, 64, 3)
    assert load.runs == 1


def test_a_point_outside_the_photo_is_not_sent(client: Client) -> None:
    hints = Hints.from_points([(64, 5, "#ff0000")])
    with pytest.raises(BadHint, match="the point 64,5 lies outside the photo of 64 x 48"):
        client.colorize(pictures.photo(), hints)
