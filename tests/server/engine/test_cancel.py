"""Progress, cancelling, busy and clients that go away."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from .. import pictures
from ..conftest import SECONDS, Live, Start
from ..raw_http import connect, head, read_answer
from ..watched import Held, colorize, wait_until


def send_only(live: Live, kind_and_body: tuple[str, bytes]) -> Any:
    """A request whose answer nobody reads yet: the open socket."""
    kind, body = kind_and_body
    fields = (
        f"Host: 127.0.0.1:{live.port}",
        f"Authorization: Bearer {live.token}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
    )
    connection = connect(live.port)
    connection.sendall(head("POST", "/v1/colorize", *fields) + body)
    return connection


def test_progress_and_delete(start_server: Start, tiny_weights: Path) -> None:
    held = Held(start_server, tiny_weights)
    live = held.live
    with ThreadPoolExecutor(1) as pool:
        request = pictures.raw_request(pictures.photo(), request_id="one")
        answer = pool.submit(colorize, live, request)
        wait_until(lambda: held.load.runs == 1)
        state = live.get("/v1/requests/one").json()
        assert (state["state"], state["stage"]) == ("running", "network")
        assert 0 <= state["fraction"] <= 1
        taken = colorize(live, pictures.raw_request(pictures.photo(), request_id="one"))
        assert (taken.status_code, taken.json()["code"]) == (409, "request_id_in_use")
        state = requests.delete(
            live.url + "/v1/requests/one", headers=live.auth, timeout=SECONDS
        ).json()
        assert state["state"] == "cancelled"
        held.go.set()
        assert (answer.result().status_code, answer.result().json()["code"]) == (409, "cancelled")
    assert live.get("/v1/requests/one").json()["state"] == "cancelled"
    done = colorize(live, pictures.raw_request(pictures.photo(), request_id="two"))
    assert done.status_code == 200
    state = live.get("/v1/requests/two").json()
    assert (state["state"], state["fraction"]) == ("done", 1.0)


def test_a_closed_connection_frees_its_waiting_place(
    start_server: Start, tiny_weights: Path
) -> None:
    held = Held(start_server, tiny_weights)
    engines = held.live.service.engines
    running = send_only(held.live, pictures.raw_request(pictures.photo(seed=1)))
    wait_until(lambda: held.load.runs == 1)
    waiting = send_only(held.live, pictures.raw_request(pictures.photo(seed=2)))
    wait_until(lambda: engines.taken == 2)
    waiting.close()
    wait_until(lambda: engines.taken == 1)  # at once, although the engine is still held
    assert held.load.runs == 1
    running.close()
    held.go.set()
    wait_until(lambda: engines.taken == 0)
    assert len(held.live.service.cache) == 0
    metrics = held.live.get("/metrics").text
    assert 'handtint_requests_total{code="cancelled",route="/v1/colorize"} 2.0' in metrics


def test_a_reset_connection_is_noticed(start_server: Start, tiny_weights: Path) -> None:
    """As when the editor is killed."""
    import socket
    import struct

    held = Held(start_server, tiny_weights)
    connection = send_only(held.live, pictures.raw_request(pictures.photo()))
    wait_until(lambda: held.load.runs == 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    held.go.set()
    wait_until(lambda: held.live.service.engines.taken == 0)
    assert len(held.live.service.cache) == 0


def test_busy(start_server: Start, tiny_weights: Path) -> None:
    held = Held(start_server, tiny_weights, places=1)
    live = held.live
    with send_only(live, pictures.raw_request(pictures.photo())) as running:
        wait_until(lambda: held.load.runs == 1)
        refused = colorize(live, pictures.raw_request(pictures.photo(seed=1)))
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert int(refused.headers["Retry-After"]) == refused.json()["retry_after"] >= 1
        assert live.get("/v1/health").json()["status"] == "busy"
        held.go.set()
        assert read_answer(running).status == 200
    assert live.get("/v1/health").json()["status"] == "ready"
    assert colorize(live, pictures.raw_request(pictures.photo(seed=1))).status_code == 200


@pytest.mark.slow
def test_work_that_takes_too_long(start_server: Start, tiny_weights: Path) -> None:
    held = Held(start_server, tiny_weights, work_timeout=1.0)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(colorize, held.live, pictures.raw_request(pictures.photo()))
        # decoding may have taken the second already
        wait_until(lambda: held.load.runs == 1 or answer.done())
        time.sleep(1.2)
        held.go.set()
        result = answer.result()
    assert (result.status_code, result.json()["code"]) == (504, "timed_out")


@pytest.mark.slow
def test_slow_readers_and_writers_block_nobody(start_server: Start) -> None:
    """More of them than the server has threads, each a byte now and then."""
    live = start_server(places=2)
    plane = pictures.photo(1000, 1500)
    threads = live.runner.server.adj.threads
    readers = []
    for _ in range(threads + 2):
        connection = send_only(live, pictures.raw_request(plane))
        assert connection.recv(12) == b"HTTP/1.1 200"
        readers.append(connection)
    writers = [connect(live.port) for _ in range(threads + 2)]
    start = head(
        "POST",
        "/v1/colorize",
        f"Host: 127.0.0.1:{live.port}",
        f"Authorization: Bearer {live.token}",
        "Content-Type: application/json",
        "Content-Length: 1000",
    )
    for writer in writers:
        writer.sendall(start + b" ")
    assert (
        live.service.memory_limiter.used > (threads + 2) * 1000 * 1500 * 3
    )  # answers not yet taken
    for _ in range(3):
        for connection in readers:
            assert len(connection.recv(1)) == 1
        for writer in writers:
            writer.sendall(b" ")
        answer = colorize(live, pictures.raw_request(pictures.photo()))
        assert answer.status_code == 200
    for connection in [*readers, *writers]:
        connection.close()
    wait_until(lambda: live.service.memory_limiter.used == 0)


def test_health_progress_and_cancelling_wait_behind_nobody(
    start_server: Start, tiny_weights: Path
) -> None:
    """Every thread for work is taken."""
    held = Held(start_server, tiny_weights)
    live = held.live
    running = send_only(live, pictures.raw_request(pictures.photo(), request_id="one"))
    wait_until(lambda: held.load.runs == 1)
    begun = threading.Semaphore(0)

    class Endless:
        def service(self) -> None:
            begun.release()
            held.go.wait(SECONDS)

        def cancel(self) -> None:
            """Never asked."""

    dispatcher = live.runner.server.task_dispatcher
    threads = live.runner.server.adj.threads
    for _ in range(threads + 5):
        dispatcher.add_task(Endless())
    for _ in range(threads - 1):
        assert begun.acquire(timeout=SECONDS)
    assert live.get("/v1/health").json()["status"] == "ready"
    assert live.get("/v1/requests/one").json()["state"] == "running"
    url = live.url + "/v1/requests/one"
    assert requests.delete(url, headers=live.auth, timeout=30).json()["state"] == "cancelled"
    held.go.set()
    with running:
        assert read_answer(running).code == "cancelled"
