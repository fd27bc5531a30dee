"""server/nginx/handtint.conf in the real nginx, with TLS, before two servers on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from handtint_server.client import Client, Rejected
from handtint_server.engine.progress import RequestTicket

from . import pictures
from .conftest import SECONDS, Live, start_live
from .raw_http import head, read_answer
from .watched import CountingLoad, wait_until

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
CONFIG = Path(__file__).parents[2] / "server" / "nginx" / "handtint.conf"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for a certificate"),
]

MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/handtint.conf;
}}
"""


@dataclass
class Proxied:
    """Two servers behind nginx."""

    url: str
    port: int
    certificate: Path
    token_file: Path
    servers: list[Live]
    loads: list[CountingLoad]

    @property
    def token(self) -> str:
        return self.token_file.read_text().strip()

    def client(self) -> Client:
        return Client(self.url, self.token, ca=self.certificate)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("nginx")
    token_file = folder / "token"
    loads = [CountingLoad(tiny_weights) for _ in "ab"]
    servers = [
        start_live(
            folder / name,
            tiny_weights,
            load,
            server_name=name,
            token_file=token_file,
            allowed_host=("localhost",),
        )
        for name, load in zip("ab", loads)
    ]
    port = free_port()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    text = CONFIG.read_text()
    for old, new in (
        ("127.0.0.1:8701", f"127.0.0.1:{servers[0].port}"),
        ("127.0.0.1:8702", f"127.0.0.1:{servers[1].port}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("colour.example.org;", "localhost;"),
        ("/etc/handtint/certificate.pem", str(certificate)),
        ("/etc/handtint/key.pem", str(key)),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "handtint.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    deadline = time.monotonic() + SECONDS
    while True:
        assert process.poll() is None, (folder / "error.log").read_text()
        assert time.monotonic() < deadline
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield Proxied(f"https://localhost:{port}", port, certificate, token_file, servers, loads)
    process.terminate()
    process.wait(30)
    for server in servers:
        server.stop()


def test_photos_stick_to_their_server(proxied: Proxied) -> None:
    """Both servers get photos; each photo's later requests find it cached."""
    with proxied.client() as client:
        ids = {}
        for seed in range(12):
            plane = pictures.photo(seed=seed)
            answer = client.colorize(plane)
            ids[seed] = answer.image_id
        assert {image_id[:2] for image_id in ids.values()} == {"a.", "b."}
        runs = [load.runs for load in proxied.loads]
        assert sum(runs) == 12
        for _ in range(3):
            for image_id in ids.values():
                assert client.colorize(image_id, points=[(9, 9, "#c04030")]).cached
                assert client.suggest(image_id, (5, 5))[0] == image_id
        assert [load.runs for load in proxied.loads] == runs


def test_large_bodies_pass(proxied: Proxied) -> None:
    plane = pictures.photo(3000, 4000)
    with proxied.client() as client:
        first = client.colorize(plane, region=(0, 0, 500, 500))
        whole = client.colorize(first.image_id)
        assert whole.pixels.shape == (3000, 4000, 3)
        np.testing.assert_array_equal(whole.pixels[:500, :500], first.pixels)


def test_progress_and_cancelling_reach_the_right_server(proxied: Proxied) -> None:
    with proxied.client() as client:
        for number in range(6):
            request_id = f"nginx-{number}"
            kind, body = pictures.raw_request(pictures.photo(seed=number), request_id=request_id)
            headers = {"Content-Type": kind, "Handtint-Request-Id": request_id}
            answer = client._http.send("POST", "/v1/colorize", data=body, headers=headers)
            assert answer.status_code == 200
            state = client._json("GET", f"/v1/requests/{request_id}")
            assert state["state"] == "done"


def test_a_client_that_goes_away_is_noticed(proxied: Proxied) -> None:
    kind, body = pictures.raw_request(pictures.photo(2000, 3000, seed=99))
    context = ssl.create_default_context(cafile=str(proxied.certificate))
    fields = (
        f"Host: localhost:{proxied.port}",
        f"Authorization: Bearer {proxied.token}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
    )
    before = cancelled(proxied)
    gone = threading.Event()
    for load in proxied.loads:
        load.before = lambda: gone.wait(SECONDS)
    raw = socket.create_connection(("127.0.0.1", proxied.port), 30)
    with context.wrap_socket(raw, server_hostname="localhost") as connection:
        connection.sendall(head("POST", "/v1/colorize", *fields) + body)
        wait_until(lambda: any(s.service.engines.running for s in proxied.servers))
    # Either it is held in the network's run by now, or it was noticed before and has ended.
    wait_until(
        lambda: (
            any(t.unwanted for s in proxied.servers for t in tickets_of(s))
            or cancelled(proxied) > before
        )
    )
    gone.set()
    wait_until(lambda: not any(s.service.engines.taken for s in proxied.servers))
    assert cancelled(proxied) == before + 1


def tickets_of(server: Live) -> list[RequestTicket]:
    return [t for t in [*server.service.tickets._tickets.values()] if t.ended is None]


def cancelled(proxied: Proxied) -> float:
    total = 0.0
    for server in proxied.servers:
        for line in server.get("/metrics").text.splitlines():
            if line.startswith('handtint_requests_total{code="cancelled"'):
                total += float(line.split()[-1])
    return total


def test_refusals_pass_through(proxied: Proxied) -> None:
    with Client(proxied.url, "wrong", ca=proxied.certificate) as client:
        with pytest.raises(Rejected) as refused:
            client.info()
        assert (refused.value.code, refused.value.status) == ("token_wrong", 401)
        assert client.health()["status"] == "ready"
    context = ssl.create_default_context(cafile=str(proxied.certificate))
    raw = socket.create_connection(("127.0.0.1", proxied.port), 30)
    with context.wrap_socket(raw, server_hostname="localhost") as connection:
        connection.sendall(head("GET", "/v1/health", "Host: evil.example"))
        assert read_answer(connection).code == "host_refused"
    with proxied.client() as client, pytest.raises(Rejected) as unknown:
        client.colorize("a.no-such-photo")
    assert unknown.value.code == "image_unknown"


def test_handtint_colorize_through_the_proxy(proxied: Proxied, tmp_path: Path) -> None:
    """The command line, TLS, a token file."""
    source = tmp_path / "photo.png"
    source.write_bytes(pictures.png(pictures.photo()))
    arguments = ["colorize", str(source), "--server", proxied.url]
    arguments += ["--token-file", str(proxied.token_file)]
    done = subprocess.run(
        [sys.executable, "-m", "handtint_server", *arguments],
        env={**os.environ, "REQUESTS_CA_BUNDLE": str(proxied.certificate)},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "photo.colorized.png").stat().st_size > 100
