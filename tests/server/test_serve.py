"""`handtint serve` as a program: its start, its end, and what can go wrong with it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from handtint_server.api.schemas import IMAGE_ID_PATTERN
from handtint_server.cli import main
from handtint_server.client import Client
from handtint_server.engine.photo_cache import Fingerprint
from handtint_server.runner import AddressError, bind
from handtint_server.settings import Settings

from . import pictures
from .conftest import SECONDS

pytestmark = pytest.mark.timeout(900)  # several programs, each of which imports torch
Serve = Callable[..., "Process"]


class Process:
    """A `handtint serve` in a process of its own."""

    def __init__(self, folder: Path, weights: Path | None, *arguments: str, **environ: str) -> None:
        self.runtime = folder / "runtime"
        self.log = folder / "server.log"
        command = [sys.executable, "-m", "handtint_server", "serve", "--device", "cpu"]
        if weights is not None:
            command += ["--weights", str(weights)]
        variables = {
            **os.environ,
            "HANDTINT_RUNTIME_DIR": str(self.runtime),
            "HANDTINT_HOME": str(folder / "home"),
            "HANDTINT_LOG_FILE": str(self.log),
            "OMP_NUM_THREADS": "1",
            **environ,
        }
        self.popen = subprocess.Popen(
            [*command, *arguments],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def discovery(self) -> dict[str, Any]:
        """server.json, waited for."""
        deadline = time.monotonic() + SECONDS
        path = self.runtime / "server.json"
        while not path.exists():
            assert self.popen.poll() is None, self.popen.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return dict(json.loads(path.read_text()))

    @property
    def auth(self) -> dict[str, str]:
        token = Path(self.discovery["token_file"]).read_text().strip()
        return {"Authorization": f"Bearer {token}"}

    def health(self) -> dict[str, Any]:
        return dict(requests.get(self.discovery["url"] + "/v1/health", timeout=SECONDS).json())

    def wait_ready(self) -> None:
        deadline = time.monotonic() + SECONDS
        while self.health()["status"] == "loading":
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def post(self, kind_and_body: tuple[str, bytes]) -> requests.Response:
        kind, body = kind_and_body
        url = self.discovery["url"] + "/v1/colorize"
        headers = {**self.auth, "Content-Type": kind}
        return requests.post(url, data=body, headers=headers, timeout=SECONDS)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """(exit code, stdout, stderr) after a signal."""
        self.popen.send_signal(number)
        return self.result()

    def result(self) -> tuple[int, str, str]:
        """(exit code, stdout, stderr) once it ends."""
        out, err = self.popen.communicate(timeout=SECONDS)
        assert "Traceback" not in err, err
        assert "Traceback" not in out, out
        return self.popen.returncode, out, err


@pytest.fixture
def serve(tmp_path: Path, tiny_weights: Path) -> Iterator[Serve]:
    started: list[Process] = []

    def start(*arguments: str, folder: str = "a", weights: Any = tiny_weights, **environ: str) -> (
        Process
    ):  # fmt: skip
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        process = Process(place, weights, *arguments, **environ)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
        process.popen.communicate()


@pytest.mark.slow
def test_start_work_and_end(serve: Serve) -> None:
    server = serve()
    found = server.discovery
    for name in ("server.json", "token"):
        assert stat.S_IMODE((server.runtime / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(server.runtime.stat().st_mode) == 0o700
    assert found["pid"] == server.popen.pid
    assert server.health()["instance"] == found["instance"]
    token = Path(found["token_file"]).read_text().strip()
    assert len(token) >= 32
    answer = server.post(pictures.raw_request(pictures.photo()))
    assert answer.status_code == 200
    code, out, err = server.end()
    assert (code, err) == (0, "")
    assert found["url"] in out
    assert "cpu" in out
    assert str(server.log) in out
    assert str(server.runtime / "token") in out
    assert not (server.runtime / "server.json").exists()
    assert not (server.runtime / "token").exists()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    colorized = next(line for line in lines if line["message"] == "/v1/colorize ok")
    assert colorized["request_id"] == answer.headers["Handtint-Request-Id"]
    assert token not in server.log.read_text()


@pytest.mark.slow
def test_sigterm_lets_running_work_finish(serve: Serve) -> None:
    server = serve()
    server.wait_ready()
    # Compiled by now, the work ends within the seconds that the server gives it.
    assert server.post(pictures.raw_request(pictures.photo())).status_code == 200
    with ThreadPoolExecutor(1) as pool:
        request = pictures.raw_request(pictures.photo(1500, 2000))
        answer = pool.submit(server.post, request)
        url, auth = server.discovery["url"], server.auth
        taken = 0.0
        while taken < 1 and not answer.done():
            metrics = requests.get(url + "/metrics", headers=auth, timeout=SECONDS).text
            line = next(x for x in metrics.splitlines() if x.startswith("handtint_places_taken "))
            taken = float(line.split()[1])
        code, _, _ = server.end()
        assert code == 0
        assert answer.result().status_code == 200
        assert len(answer.result().content) == 1500 * 2000 * 3


@pytest.mark.slow
def test_ctrl_c_ends_it(serve: Serve) -> None:
    server = serve()
    server.wait_ready()
    assert server.end(signal.SIGINT)[0] == 0


@pytest.mark.slow
def test_two_at_once(serve: Serve) -> None:
    """Whoever is second says where the first is, and leaves its files alone."""
    both = [serve(), serve()]
    ended = None
    deadline = time.monotonic() + SECONDS
    while ended is None:
        ended = next((p for p in both if p.popen.poll() is not None), None)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    code, _, err = ended.result()
    other = both[1 - both.index(ended)]
    assert code == 3
    assert other.discovery["url"] in err
    assert other.discovery["pid"] == other.popen.pid
    other.wait_ready()
    assert other.health()["status"] == "ready"
    assert other.end()[0] == 0


@pytest.mark.slow
def test_killed_server_leaves_stale_files(serve: Serve) -> None:
    """They are recognised as stale, and the next server replaces them."""
    from handtint_server.client import Client, Unreachable

    first = serve()
    first.wait_ready()
    old = first.discovery
    first.popen.kill()
    first.popen.wait(30)
    assert (first.runtime / "server.json").exists()
    with pytest.raises(Unreachable, match="handtint serve"):
        Client.local(first.runtime)
    second = serve()
    deadline = time.monotonic() + SECONDS
    while second.discovery["instance"] == old["instance"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert second.discovery["pid"] == second.popen.pid
    with Client.local(second.runtime) as client:
        assert client.health()["api"] == 1


@pytest.mark.slow
def test_busy_port(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = serve("--port", str(port)).result()
    assert code == 4
    assert f"port {port} is taken" in err
    assert "--port" in err


@pytest.mark.slow
def test_remote_needs_a_word(serve: Serve) -> None:
    code, _, err = serve("--host", "0.0.0.0").result()
    assert code == 4
    assert "--allow-remote" in err
    server = serve("--host", "0.0.0.0", "--allow-remote", folder="b")
    server.wait_ready()
    code, out, _ = server.end()
    assert code == 0
    assert "other machines can reach it" in out


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--server-name", "studio 1"),
        ("--server-name", "a" * 28),
        ("--server-name", "stüdio"),
        ("--allowed-host", "https://colour.example.org"),
        ("--allowed-host", "colour.example.org/"),
        ("--allowed-host", ""),
    ],
)
def test_names_that_no_request_could_hold(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ("--host", "0.0.0.0")  # where none is started without --allow-remote
    assert main(["serve", "--no-discovery", *here, option, value]) == 2
    assert f"{option} takes" in capsys.readouterr().err


def test_names_that_fit() -> None:
    """The longest makes an image id of the most characters that a request may hold."""
    settings = Settings(
        server_name="a" * 27, allowed_host=("a.example", "a.example:80", "[::1]:80", "10.0.0.7")
    )
    image_id = Fingerprint(settings.server_name).image_id("", [])
    assert re.match(IMAGE_ID_PATTERN, image_id)
    assert len(image_id) == 64


def own_address() -> str:
    """An address of this machine that is not loopback, or the empty string."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return ""


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "a\0b"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(AddressError, match="no address of this machine"):
        bind(Settings(host=host, allow_remote=True))


@pytest.mark.slow
def test_a_server_at_an_address_of_its_own_can_be_asked(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    address = own_address()
    if not address or address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    server = serve("--host", address, "--allow-remote")
    server.wait_ready()
    assert server.discovery["url"].startswith(f"http://{address}:")
    port = server.discovery["url"].rpartition(":")[2]
    with Client.local(server.runtime) as client:
        assert client.info()["api"] == 1
    url = f"{server.discovery['url']}/v1/health"
    for host in (f"evil.example:{port}", address, f"{address}.evil.example:{port}"):
        answer = requests.get(url, headers={"Host": host}, timeout=SECONDS)
        assert answer.json()["code"] == "host_refused"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["missing", "text", "truncated", "version"])
def test_broken_weights(serve: Serve, tmp_path: Path, tiny_weights: Path, kind: str) -> None:
    path = tmp_path / "weights.safetensors"
    data = tiny_weights.read_bytes()
    if kind == "text":
        path.write_text("not weights")
    elif kind == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "version":
        assert data.count(b'"version":"1"') == 1
        path.write_bytes(data.replace(b'"version":"1"', b'"version":"9"'))
    server = serve(weights=path)
    code, out, err = server.result()
    assert code == 5
    assert out == ""
    message = err.strip().splitlines()[-1]
    assert str(path) in message
    assert message.endswith(".")
    if kind == "version":
        assert "version 9" in message
    assert not (server.runtime / "server.json").exists()


@pytest.mark.slow
def test_device_that_is_not_there(serve: Serve) -> None:
    code, _, err = serve("--device", "cuda:7").result()
    assert code == 5
    assert "cuda:7" in err


@pytest.mark.slow
def test_runtime_folder_that_cannot_be_written(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    server = serve(HANDTINT_RUNTIME_DIR=str(tmp_path / "file" / "runtime"))
    code, _, err = server.result()
    assert code == 6
    assert "--runtime-dir" in err


@pytest.mark.slow
def test_runtime_folder_open_to_others_is_closed(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    server = serve(HANDTINT_RUNTIME_DIR=str(folder))
    server.runtime = folder
    assert server.discovery
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.slow
def test_token_file(serve: Serve, tmp_path: Path) -> None:
    token = tmp_path / "token-of-mine"
    server = serve("--token-file", str(token))
    server.wait_ready()
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert server.auth["Authorization"] == f"Bearer {token.read_text().strip()}"
    first = token.read_text()
    assert server.end()[0] == 0
    assert token.read_text() == first
    token.chmod(0o644)
    code, _, err = serve("--token-file", str(token)).result()
    assert code == 6
    assert "chmod 600" in err
    token.chmod(0o600)
    token.write_text("short")
    assert serve("--token-file", str(token)).result()[0] == 6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_for_logs(serve: Serve) -> None:
    """The server works on, and says once that it cannot log."""
    server = serve(HANDTINT_LOG_FILE="/dev/full")
    server.wait_ready()
    for seed in range(2):
        assert server.post(pictures.raw_request(pictures.photo(seed=seed))).status_code == 200
    code, _, err = server.end()
    assert code == 0
    assert err.count("/dev/full cannot be written: No space left on device") == 1


@pytest.mark.slow
def test_log_folder_that_cannot_be_written(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    server = serve(HANDTINT_LOG_FILE=str(tmp_path / "file" / "x.log"))
    server.wait_ready()
    code, out, err = server.end()
    assert code == 0
    assert "cannot be written" in err
    assert "on this terminal only" in out


@pytest.mark.slow
def test_log_levels(serve: Serve) -> None:
    """debug tells of answers and refusals, info of work, warning of neither; none of tokens."""
    lines = {}
    for level in ("debug", "info", "warning"):
        server = serve("--log-level", level, folder=level)
        server.wait_ready()
        url, token = server.discovery["url"], server.auth["Authorization"].split()[1]
        wrong = {"Authorization": "Bearer not-this-one"}
        assert requests.get(url + "/v1/info", headers=wrong, timeout=SECONDS).status_code == 401
        assert server.post(pictures.raw_request(pictures.photo())).status_code == 200
        assert server.end()[0] == 0
        text = server.log.read_text()
        assert token not in text
        assert "not-this-one" not in text
        lines[level] = {json.loads(line)["message"] for line in text.splitlines()}
    assert {"refused: token_wrong", "GET /v1/health: 200"} <= lines["debug"] - lines["info"]
    assert "/v1/colorize ok" in lines["info"] - lines["warning"]


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (["--port", "99999"], {}),
        (["--places", "0"], {}),
        (["--log-level", "loud"], {}),
        ([], {"HANDTINT_CACHE_MB": "much"}),
        (["--nonsense"], {}),
    ],
)
def test_wrong_usage(serve: Serve, arguments: list[str], variable: dict[str, str]) -> None:
    code, _, err = serve(*arguments, **variable).result()
    assert code == 2
    assert "Error" in err


@pytest.mark.slow
def test_answers_while_it_loads(serve: Serve) -> None:
    """Health says loading, and a request that comes too early waits and is done."""
    server = serve()
    statuses = {server.health()["status"]}
    answers: list[int] = []
    thread = threading.Thread(
        target=lambda: answers.append(
            server.post(pictures.raw_request(pictures.photo())).status_code
        )
    )
    thread.start()
    while thread.is_alive():
        statuses.add(server.health()["status"])
        time.sleep(0.02)
    assert answers == [200]
    assert statuses <= {"loading", "ready"}


@pytest.mark.slow
def test_idle_unload_and_reload(serve: Serve) -> None:
    server = serve("--idle-unload", "0.005")  # 0.3 seconds
    server.wait_ready()
    request = pictures.raw_request(pictures.photo())
    first = server.post(request)
    url, auth = server.discovery["url"], server.auth
    deadline = time.monotonic() + SECONDS
    while True:
        info = requests.get(url + "/v1/info", headers=auth, timeout=SECONDS).json()
        if info["engines"][0]["state"] == "unloaded":
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert info["cache"]["photos"] == 0
    assert server.health()["status"] == "ready"
    again = server.post(request)
    assert (again.status_code, again.content) == (200, first.content)


@pytest.mark.slow
def test_it_ends_when_nobody_asks(serve: Serve) -> None:
    server = serve("--exit-idle", "0.1")  # 6 seconds
    server.wait_ready()
    assert server.post(pictures.raw_request(pictures.photo())).status_code == 200
    code, _, _ = server.result()
    assert code == 0
    assert not (server.runtime / "server.json").exists()
    assert not (server.runtime / "token").exists()
    assert "no request for 0.1 minutes" in server.log.read_text()


@pytest.mark.slow
def test_http_keeps_connections(serve: Serve) -> None:
    server = serve()
    server.wait_ready()
    host, port = server.discovery["url"].removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=SECONDS)
    kind, body = pictures.raw_request(pictures.photo())
    sockets = set()
    for _ in range(3):
        connection.request("POST", "/v1/colorize", body, {**server.auth, "Content-Type": kind})
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
        sockets.add(id(connection.sock))
    assert len(sockets) == 1
    assert connection.sock is not None
    connection.close()
