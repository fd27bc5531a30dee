"""The Python client against a live server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handtint_model import BadHint, BadOption, Cancelled, Hints, load_colorizer
from handtint_server.client import BadReply, Client, ClientError, Rejected, Unreachable
from handtint_server.client.find_server import find_server
from handtint_server.discovery import Discovery
from handtint_server.doctor import check_server

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


@contextmanager
def breaking_proxy(port: int, cut: threading.Event) -> Iterator[int]:
    """The port of a proxy that drops its first client when told, and tells the server nothing."""
    ends: list[socket.socket] = []

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(("127.0.0.1", port))
                first = not ends
                ends.extend((client, server))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()
                if first:
                    assert cut.wait(SECONDS)
                    client.shutdown(socket.SHUT_RDWR)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
    for end in ends:
        end.close()


def test_a_broken_connection_is_no_end(start_server: Start, tiny_weights: Path) -> None:
    """The server still works for the first attempt when the second one comes."""
    held = Held(start_server, tiny_weights, allowed_host=("127.0.0.1",))
    live, cut = held.live, threading.Event()
    with ThreadPoolExecutor(1) as pool, breaking_proxy(live.port, cut) as port:

        def ask() -> Any:
            with Client(f"http://127.0.0.1:{port}", live.token) as client:
                return client.colorize(pictures.photo())

        answer = pool.submit(ask)
        try:
            wait_until(lambda: held.load.runs == 1)
            cut.set()
            wait_until(lambda: live.service.engines.taken == 2 or answer.done())
        finally:
            cut.set()
            held.go.set()
        assert answer.result(SECONDS).pixels.shape == (48, 64, 3)


@pytest.mark.skipif(os.name == "nt", reason="nothing answers at this address there")
def test_netrc_does_not_replace_the_token(
    start_server: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read for servers that are not at a loopback address."""
    live = start_server(allowed_host=("0.0.0.0",))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 0.0.0.0 login ada password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "*")
    with Client(f"http://0.0.0.0:{live.port}", live.token) as client:
        assert client.info()["api"] == 1
        assert client._progress("c-0") is None  # on a connection of its own: no 401 either
        seen: list[tuple[str, float]] = []
        client.colorize(pictures.photo(), progress=lambda *state: seen.append(state))


@pytest.mark.parametrize("url", ["http://[::1", "http://a..b:80", "http://h:99999", "http://:80"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ClientError, match="is no URL of a server"):
        Client(url, "t" * 20)


@pytest.mark.parametrize("answers", ["{}", "no JSON"])
def test_the_token_goes_to_the_announced_server_only(
    answers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process has ended, and others have taken its number and its port."""
    import http.server

    asked: list[tuple[str, Any]] = []

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{other.server_address[1]}"
        (tmp_path / "token").write_text("T" * 20)
        announced = Discovery(url, os.getpid(), "0", 1, "gone", str(tmp_path / "token"), "")
        (tmp_path / "server.json").write_text(json.dumps(asdict(announced)))
        monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(tmp_path))
        with pytest.raises(Unreachable, match="handtint serve"):
            Client.local()
        with pytest.raises(Unreachable, match="handtint serve"):
            find_server("local", tmp_path / "token")
        with pytest.raises(BadOption, match="--token-file"):
            find_server(url, None)
        finding, usable = check_server(tmp_path)
        assert (usable, finding.saw) == (False, f"something else answers at {url}")
        other.shutdown()
    assert set(asked) == {("/v1/health", None)}


def test_the_token_of_an_announced_server_is_found(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live.runner.publication is not None
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(live.runner.publication.folder))
    assert find_server("local", None) == (live.url, live.token)
    assert find_server(live.url, None) == (live.url, live.token)


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
