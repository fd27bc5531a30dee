"""Attacks over a real socket (issue 13, item 5): each refused, the server as well as before."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from .. import pictures
from ..conftest import Live, Start
from ..raw_http import Answer, connect, exchange, head, read_answer
from ..watched import wait_until

MIB = 1 << 20


@pytest.fixture(autouse=True)
def _server_survives(live: Live) -> Iterator[None]:
    """After each attack the server answers as before, with nothing held."""
    yield
    host = f"Host: 127.0.0.1:{live.port}"
    assert exchange(live.port, head("GET", "/v1/health", host)).json()["status"] == "ready"
    wait_until(lambda: not live.service.memory_limiter.used and not live.service.engines.taken)


def ask(live: Live, method: str, path: str, *fields: str, body: bytes = b"") -> Answer:
    """A request with a right Host and token unless `fields` has others."""
    given = {f.partition(":")[0].lower() for f in fields}
    if "host" not in given:
        fields = (f"Host: 127.0.0.1:{live.port}", *fields)
    if "authorization" not in given:
        fields = (*fields, f"Authorization: Bearer {live.token}")
    if body and "content-length" not in given:
        fields = (*fields, f"Content-Length: {len(body)}")
    return exchange(live.port, head(method, path, *fields) + body)


def post(live: Live, kind_and_body: tuple[str, bytes], path: str = "/v1/colorize") -> Answer:
    kind, body = kind_and_body
    return ask(live, "POST", path, f"Content-Type: {kind}", body=body)


@contextmanager
def memory_bound(live: Live, extra: int) -> Iterator[None]:
    """The process's memory grows by at most `extra` bytes at any moment inside."""
    peak, done = [0], threading.Event()
    before = resident()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    assert peak[0] - before < extra, f"{(peak[0] - before) / MIB:.0f} MiB more"


def resident() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096


# --- who may ask -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/info", "/metrics", "/openapi.json", "/v1/requests/x", "/"])
@pytest.mark.parametrize(
    ("field", "code"),
    [
        (None, "token_missing"),
        ("Authorization: Bearer wrong", "token_wrong"),
        ("Authorization: Bearer ", "token_wrong"),
        ("Authorization: Basic dXNlcjpwYXNz", "token_wrong"),
        ("Authorization: Bearer \xe9\xff", "token_wrong"),
    ],
)
def test_missing_or_wrong_token(live: Live, path: str, field: str | None, code: str) -> None:
    fields = [f"Host: 127.0.0.1:{live.port}", *([field] if field else [])]
    answer = exchange(live.port, head("GET", path, *fields))
    assert (answer.status, answer.code) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert live.token.encode() not in answer.body


def test_two_tokens_are_no_token(live: Live) -> None:
    both = (f"Authorization: Bearer {live.token}", "Authorization: Bearer other")
    assert ask(live, "GET", "/v1/info", *both).code == "token_wrong"


def test_only_health_is_open(live: Live) -> None:
    host = f"Host: 127.0.0.1:{live.port}"
    assert exchange(live.port, head("GET", "/v1/health", host)).status == 200
    for path in ("/v1/health/", "/v1/health/../info", "//v1/health", "/V1/HEALTH", "/v1/info"):
        assert exchange(live.port, head("GET", path, host)).status == 401, path
    assert exchange(live.port, head("POST", "/v1/health", host)).status == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",  # DNS rebinding: the page's own name, our port
        "127.0.0.1:{other}",
        "localhost:{other}",
        "127.0.0.1",  # port 80
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1:{port}@evil.example",
        "evil.example@127.0.0.1:{port}",
        "127.0.0.1:{port}, evil.example",
        "[::ffff:1.2.3.4]:{port}",
        "0.0.0.0:{port}",
        "192.168.0.1:{port}",
        "",
    ],
)
def test_foreign_host(live: Live, host: str) -> None:
    value = host.format(port=live.port, other=live.port ^ 1)
    answer = ask(live, "GET", "/v1/health", f"Host: {value}")
    assert (answer.status, answer.code) == (403, "host_refused")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "[::1]", "127.0.0.9"])
def test_loopback_hosts(live: Live, host: str) -> None:
    assert ask(live, "GET", "/v1/info", f"Host: {host}:{live.port}").status == 200


def test_no_host_or_two(live: Live) -> None:
    assert exchange(live.port, b"GET /v1/health HTTP/1.0\r\n\r\n").code == "host_refused"
    two = (f"Host: 127.0.0.1:{live.port}", "Host: evil.example")
    assert exchange(live.port, head("GET", "/v1/health", *two)).code == "host_refused"
    absolute = head("GET", "http://evil.example/v1/health", f"Host: 127.0.0.1:{live.port}")
    assert exchange(live.port, absolute).code == "bad_http"


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "https://127.0.0.1.evil.example", "http://127.0.0.1:1", ""],
)
def test_foreign_origin(live: Live, origin: str) -> None:
    for method, path in (("GET", "/v1/health"), ("GET", "/v1/info"), ("POST", "/v1/colorize")):
        answer = ask(live, method, path, f"Origin: {origin}")
        assert (answer.status, answer.code) == (403, "origin_refused")
        assert not any(k.lower().startswith("access-control") for k, _ in answer.fields)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "x"])
def test_fetch_metadata(live: Live, site: str) -> None:
    answer = ask(live, "GET", "/v1/health", f"Sec-Fetch-Site: {site}")
    assert (answer.status, answer.code) == (403, "origin_refused")
    assert ask(live, "GET", "/v1/health", "Sec-Fetch-Site: none").status == 200


def test_cross_site_form_post(live: Live) -> None:
    """What a page's form sends by itself: no token, simple content types."""
    host = f"Host: 127.0.0.1:{live.port}"
    _, multipart = pictures.multipart({"output": "raw"})
    for kind, body in (
        ("application/x-www-form-urlencoded", b"image_id=x"),
        ("text/plain", b'{"image_id": "x"}'),
        ("multipart/form-data; boundary=x", multipart),
    ):
        plain = (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
        page = ("Origin: http://evil.example", "Sec-Fetch-Site: cross-site")
        request = head("POST", "/v1/colorize", host, *plain, *page) + body
        assert exchange(live.port, request).code == "origin_refused"
        request = head("POST", "/v1/colorize", host, *plain) + body
        assert exchange(live.port, request).code == "token_missing"
        if not kind.startswith("multipart"):
            answer = ask(live, "POST", "/v1/colorize", f"Content-Type: {kind}", body=body)
            assert (answer.status, answer.code) == (415, "media_type")


def test_preflight(live: Live) -> None:
    preflight = ("Origin: http://evil.example", "Access-Control-Request-Method: POST")
    answer = ask(live, "OPTIONS", "/v1/colorize", *preflight)
    assert answer.code == "origin_refused"
    assert not any(k.lower().startswith("access-control") for k, _ in answer.fields)
    answer = ask(live, "OPTIONS", "/v1/colorize")
    assert (answer.status, answer.code) == (405, "method_not_allowed")


# --- paths, methods and header fields ---------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/v1/requests/../../etc/passwd",
        "/v1/requests/..%2f..%2fetc%2fpasswd",
        "/v1/requests/%2e%2e",
        "/v1/requests/a%00b",
        "/v1/requests/a%0d%0aSet-Cookie:x",
        "/v1/requests/" + "a" * 5000,
        "/static/app.py",
        "/v1/../server.json",
        "/file=/etc/passwd",
        "/v1/requests/",
    ],
)
def test_path_tricks(live: Live, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = ask(live, method, path)
        assert answer.status == 404
        assert answer.code in ("not_found", "request_unknown")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "image_id", ["../../etc/passwd", "a/b", "a\x00b", "a\r\nX: y", "a" * 65, "", "é", "$(id)"]
)
def test_tricks_in_image_ids(live: Live, image_id: str) -> None:
    body = json.dumps({"image_id": image_id}).encode()
    answer = ask(live, "POST", "/v1/colorize", "Content-Type: application/json", body=body)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert b"passwd" not in answer.body


def test_header_injection(live: Live) -> None:
    """A request id comes back as a header field: nothing but its alphabet is taken."""
    plane = pictures.photo(8, 8)
    for request_id in ("a\r\nSet-Cookie: x=1", "a\nb", "a b", "a:b", "\u2028"):
        answer = post(live, pictures.raw_request(plane, request_id=request_id))
        assert answer.code == "bad_request"
        assert "set-cookie" not in answer.headers
    kind, body = pictures.raw_request(plane)
    for value in ("a\x0bb", "a b", "a,b", "\xe9"):
        answer = ask(
            live,
            "POST",
            "/v1/colorize",
            f"Content-Type: {kind}",
            f"Handtint-Request-Id: {value}",
            body=body,
        )
        assert answer.status == 400, value


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n: x\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    ],
)
def test_malformed_http(live: Live, request_bytes: bytes) -> None:
    with connect(live.port) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        answer = read_answer(connection)
    if answer.complete:  # the half-closed connection may also just be closed
        assert 400 <= answer.status < 502
        assert answer.code in ("bad_http", "host_refused", "not_implemented")


def test_request_smuggling(live: Live) -> None:
    """Content-Length and chunks together: refused, and the rest is not a second request."""
    inner = head("GET", "/v1/info", f"Host: 127.0.0.1:{live.port}")
    request = (
        head(
            "POST",
            "/v1/colorize",
            f"Host: 127.0.0.1:{live.port}",
            f"Authorization: Bearer {live.token}",
            "Content-Length: 5",
            "Transfer-Encoding: chunked",
        )
        + b"0\r\n\r\n"
        + inner
    )
    with connect(live.port) as connection:
        connection.sendall(request)
        first = read_answer(connection)
        assert first.code == "length_required"
        assert first.headers["connection"] == "close"
        assert read_answer(connection).status == 0


def test_large_header(live: Live) -> None:
    answer = ask(live, "GET", "/v1/health", "X: " + "a" * 40_000)
    assert (answer.status, answer.code) == (431, "header_too_large")
    many = [f"X-{i}: 1" for i in range(10_000)]
    assert ask(live, "GET", "/v1/health", *many).code == "header_too_large"


# --- bodies ----------------------------------------------------------------------------


def test_oversized_body_with_length(live: Live) -> None:
    limit = live.service.settings.max_body
    with memory_bound(live, 8 * MIB):
        for length in (limit + 1, 2**40, 2**63, 10**30):
            answer = ask(
                live,
                "POST",
                "/v1/colorize",
                "Content-Type: application/json",
                f"Content-Length: {length}",
            )
            assert (answer.status, answer.code) == (413, "body_too_large"), length


def test_body_of_a_refused_request_is_not_kept(live: Live) -> None:
    """200 MB without a token: the answer arrives, and the bytes went nowhere."""
    size = 200 * MIB
    host = f"Host: 127.0.0.1:{live.port}"
    with memory_bound(live, 32 * MIB), connect(live.port) as connection:
        connection.sendall(head("POST", "/v1/colorize", host, f"Content-Length: {size}"))
        block = bytes(MIB)
        for _ in range(size // MIB):
            connection.sendall(block)
        assert read_answer(connection).code == "token_missing"


def test_refusal_comes_before_the_body(live: Live) -> None:
    host, expect = f"Host: 127.0.0.1:{live.port}", "Expect: 100-continue"
    request = head("POST", "/v1/colorize", host, "Content-Length: 1000000", expect)
    assert exchange(live.port, request).code == "token_missing"


def test_body_without_length(live: Live) -> None:
    answer = ask(
        live,
        "POST",
        "/v1/colorize",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
    )
    assert (answer.status, answer.code) == (411, "length_required")


def test_endless_chunks(live: Live) -> None:
    host = f"Host: 127.0.0.1:{live.port}"
    token = f"Authorization: Bearer {live.token}"
    chunked = head("POST", "/v1/colorize", host, token, "Transfer-Encoding: chunked")
    block = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    with memory_bound(live, 32 * MIB), connect(live.port) as connection:
        connection.sendall(chunked)
        try:
            for _ in range(2000):  # 125 MiB, if the server let us
                connection.sendall(block)
        except OSError:
            return
    pytest.fail("the server read 125 MiB of chunks")


def test_memory_in_flight_is_bounded(start_server: Start) -> None:
    """Bodies that are announced but not sent hold places in memory only up to the limit."""
    live = start_server(memory_mb=64, max_body_mb=40)
    fields = (
        f"Host: 127.0.0.1:{live.port}",
        f"Authorization: Bearer {live.token}",
        "Content-Type: application/json",
        f"Content-Length: {39 * MIB}",
    )
    first = connect(live.port)
    first.sendall(head("POST", "/v1/colorize", *fields) + b"x" * 1000)
    wait_until(lambda: live.service.memory_limiter.used)
    assert live.service.memory_limiter.used == 39 * MIB
    fields = (*fields, "Expect: 100-continue")
    answer = exchange(live.port, head("POST", "/v1/colorize", *fields))
    assert (answer.status, answer.code) == (503, "out_of_memory")
    assert int(answer.headers["retry-after"]) >= 1
    first.close()
    wait_until(lambda: live.service.memory_limiter.used == 0)


def test_ten_thousand_parts(live: Live) -> None:
    kind, body = pictures.multipart(None, [(f"p{i}", b"x") for i in range(10_000)])
    with memory_bound(live, 32 * MIB):
        assert post(live, (kind, body)).code == "bad_multipart"
        kind, body = pictures.multipart(None, [("image", b"x")] * 10_000)
        assert post(live, (kind, body)).code == "bad_multipart"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x\r\n",
        b"--x--",
        b"--x\r\n\r\n\r\n--x--\r\n",
        b"preamble\r\n--x\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: attachment; name="image"\r\n\r\n\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nabc',
        b'--x\r\nContent-Disposition: form-data; name="' + b"n" * 5000 + b'"\r\n\r\n\r\n--x--\r\n',
        b"--x\r\n" + b"A: b\r\n" * 2000 + b"\r\n\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="request"\r\n\r\n{}\r\n--x--\r\n',
    ],
)
def test_malformed_multipart(live: Live, body: bytes) -> None:
    answer = post(live, ("multipart/form-data; boundary=x", body))
    assert (answer.status, answer.code) in ((400, "bad_multipart"), (400, "bad_request"))


@pytest.mark.parametrize("boundary", ["", '""', "a" * 71, "é", "a b ", "a\tb"])
def test_malformed_boundary(live: Live, boundary: str) -> None:
    kind = f"multipart/form-data; boundary={boundary}"
    assert post(live, (kind, b"--a\r\n")).code == "bad_multipart"


# --- pictures ---------------------------------------------------------------------------


def png_bomb(width: int = 60_000, height: int = 60_000, kind: int = 0) -> bytes:
    """A valid gray PNG of nothing: tiny here, huge there."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    squeeze = zlib.compressobj(9)
    row = bytes(1 + width * (4 if kind == 6 else 1))
    packed = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def tiff_bomb() -> bytes:
    """A deflated TIFF that announces 60,000 x 60,000 pixels."""
    strip = zlib.compress(bytes(60_000))
    entries = [
        (256, 4, 1, 60_000),
        (257, 4, 1, 60_000),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, 60_000),
        (279, 4, 1, len(strip)),
    ]
    directory = struct.pack("<H", len(entries))
    for tag, kind, count, value in entries:
        directory += struct.pack("<HHII", tag, kind, count, value)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory + bytes(4)


def float_bomb() -> bytes:
    """A deflated TIFF of 16,000 x 16,000 64-bit floats, which libvips does not decode."""
    side = 16_000
    squeeze = zlib.compressobj(9)
    row = bytes(side * 8)
    strip = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    entries = [
        *((256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 64), (259, 3, 1, 8), (262, 3, 1, 1)),
        *((273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, side), (279, 4, 1, len(strip))),
        (339, 3, 1, 3),
    ]
    directory = struct.pack("<H", len(entries))
    for tag, kind, count, value in entries:
        directory += struct.pack("<HHII", tag, kind, count, value)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory + bytes(4)


def webp_bomb() -> bytes:
    """A lossless WebP header of 16,383 x 16,383 pixels (268 million) and nothing more."""
    size = 16_382
    bits = size | size << 14
    data = b"\x2f" + struct.pack("<I", bits) + bytes(16)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.slow
@pytest.mark.parametrize("make", [png_bomb, tiff_bomb, webp_bomb, float_bomb])
def test_decompression_bomb(live: Live, make: Callable[[], bytes]) -> None:
    bomb = make()  # here: the PNG takes long, and other tests are not to wait for it
    assert len(bomb) < 5 * MIB
    with memory_bound(live, 100 * MIB):
        answer = post(live, pictures.multipart({}, [("image", bomb)]))
    assert (answer.status, answer.code) == (413, "image_too_large")


@pytest.mark.slow
def test_texts_that_unpack_to_much(live: Live) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    data = pictures.png(pictures.photo())
    text = zlib.compress(bytes(15 * MIB), 9)
    texts = b"".join(chunk(b"zTXt", b"k%d\0\0" % number + text) for number in range(60))
    bomb = data[:33] + texts + data[33:]
    with memory_bound(live, 300 * MIB):
        answer = post(live, pictures.multipart({"output": "raw"}, [("image", bomb)]))
    assert answer.status == 200


@pytest.mark.slow
def test_bombs_in_hints(live: Live) -> None:
    plane = pictures.photo()
    crop = {"width": plane.shape[1], "height": plane.shape[0], "dtype": "u8", "layout": "Y"}
    raw = ("plane", plane.tobytes())
    with memory_bound(live, 100 * MIB):
        bomb = ("image/png", png_bomb(20_000, 20_000, kind=6))
        answer = post(live, pictures.multipart({**crop}, [("hints", bomb), raw]))
        assert (answer.status, answer.code) == (413, "hints_too_large")
        packed = zlib.compress(bytes(500 * MIB), 9)  # half a megabyte
        hints = {"x": 0, "y": 0, "width": 10, "height": 10, "encoding": "zlib"}
        answer = post(live, pictures.multipart({**crop, "hints": hints}, [("hints", packed), raw]))
        assert (answer.status, answer.code) == (422, "bad_hints")
        points = [{"x": 1, "y": 1, "color": "#ff0000", "radius": 1000}] * 10_000
        answer = post(live, pictures.multipart({**crop, "points": points}, [raw]))
        assert (answer.status, answer.code) == (413, "hints_too_large")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"BM" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"8BPS" + bytes(100),
        b"#define x_width 1",
        b"P5 1 1 255 \x00",
    ],
)
def test_formats_not_on_the_list(live: Live, data: bytes) -> None:
    answer = post(live, pictures.multipart({}, [("image", data)]))
    assert (answer.status, answer.code) in ((415, "format_refused"), (422, "bad_image"))


# --- numbers ---------------------------------------------------------------------------

NUMBERS = [2**31, 2**31 - 1, 2**63, -1, 0, 10**6 + 1, "1e308", "-1e308", "1e400", "NaN", "Infinity"]


@pytest.mark.parametrize("number", [*NUMBERS, "1.5", '"8"', "null", "true", "[]", "1e1"])
@pytest.mark.parametrize("field", ["width", "height"])
def test_hostile_sizes(live: Live, field: str, number: object) -> None:
    other = "height" if field == "width" else "width"
    text = f'{{"{field}": {number}, "{other}": 8, "dtype": "u8", "layout": "Y"}}'
    with memory_bound(live, 32 * MIB):
        answer = post(live, pictures.multipart(text.encode(), [("plane", bytes(64))]))
    assert answer.status in (400, 413, 422), answer.body
    assert answer.code in ("bad_request", "image_too_large", "bad_plane")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", ["x", "y"])
def test_hostile_offsets(live: Live, field: str, number: object) -> None:
    """Of points, hint crops and regions: refused, or (a crop that is only far outside) without
    effect."""
    plane = pictures.photo()
    size = '"width": 64, "height": 48, "dtype": "u8", "layout": "Y", "output": "raw"'
    raw = ("plane", plane.tobytes())
    x, y = (number, 4) if field == "x" else (4, number)
    point = f'{{{size}, "points": [{{"x": {x}, "y": {y}, "color": "#ff0000"}}]}}'
    crop = f'{{{size}, "hints": {{"x": {x}, "y": {y}, "width": 4, "height": 4}}}}'
    region = f'{{{size}, "region": [{x}, {y}, 8, 8]}}'
    with memory_bound(live, 96 * MIB):  # the photo is encoded, too
        for text, parts in (
            (point, [raw]),
            (crop, [("hints", pictures.strokes(4, 4)), raw]),
            (region, [raw]),
        ):
            answer = post(live, pictures.multipart(text.encode(), parts))
            assert answer.status in (200, 400, 422), answer.body
            if answer.status != 200:
                assert answer.code in ("bad_request", "bad_option", "bad_hints")


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_numbers_in_float_planes(live: Live, dtype: type, value: float) -> None:
    for layout, shape in (("Y", (8, 8)), ("RGBA", (8, 8, 4))):
        plane = np.full(shape, 0.5, dtype)
        plane[3, 5] = value
        answer = post(live, pictures.raw_request(plane, layout))
        assert (answer.status, answer.code) == (422, "bad_plane")


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_size_and_length_disagree(live: Live, length: int) -> None:
    described = {"width": 8, "height": 8, "dtype": "u8", "layout": "Y"}
    answer = post(live, pictures.multipart(described, [("plane", bytes(length))]))
    assert (answer.status, answer.code) == (422, "bad_plane")


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "u16"},
        {"dtype": "f64"},
        {"dtype": "object"},
        {"layout": "RGB"},
        {"layout": "RGBX"},
        {"channels": "RGB"},
        {"layout": "CMYK"},
    ],
)
def test_dtype_and_layout_disagree(live: Live, change: dict[str, str]) -> None:
    described = {"width": 8, "height": 8, "dtype": "u8", "layout": "Y", **change}
    answer = post(live, pictures.multipart(described, [("plane", bytes(64))]))
    assert answer.code in ("bad_request", "bad_plane", "bad_profile")


def test_no_route_echoes_settings_or_token(live: Live) -> None:
    for path in ("/v1/info", "/metrics", "/openapi.json", "/v1/health"):
        answer = ask(live, "GET", path)
        assert answer.status == 200
        assert live.token.encode() not in answer.body
        assert str(live.service.settings.weights).encode() not in answer.body
        assert str(live.service.settings.home).encode() not in answer.body


@pytest.mark.slow
def test_slow_request_is_ended(start_server: Start) -> None:
    live = start_server(receive_timeout=1.0)
    fields = (
        f"Host: 127.0.0.1:{live.port}",
        f"Authorization: Bearer {live.token}",
        "Content-Length: 1000",
    )
    with connect(live.port) as connection:
        connection.sendall(head("POST", "/v1/colorize", *fields))
        answer = Answer(b"")
        try:
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            pass
        else:
            answer = read_answer(connection)
        assert answer.code in ("too_slow", "")
    wait_until(lambda: live.service.memory_limiter.used == 0)
