"""A relay to a real server that does what servers do on bad days."""

from __future__ import annotations

import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class FaultyProxy:
    """Relays to `target`, with one fault at a time; entered and left like a file.

    fault: "" for none; "busy:N" answers the next N calls for colours with 503 and
    Retry-After; "silent" takes calls and never answers; "cut" ends the answer half way;
    "api" announces another version of the API; "page" answers as something else would.
    """

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.fault = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Relay)
        self.server.daemon_threads = True
        self.server.proxy = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.fault = ""
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _relay(self) -> None:
        proxy: FaultyProxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/control":
            proxy.fault = body.decode()
            self._answer(200, {}, b"{}")
            return
        fault = proxy.fault
        if fault == "silent":
            while proxy.fault == "silent":
                time.sleep(0.05)
            self.close_connection = True
            return
        if fault == "page":
            self._answer(200, {"Content-Type": "text/html"}, b"<h1>It works!</h1>")
            return
        post = self.command == "POST"
        if post and fault.startswith("busy:"):
            left = int(fault[5:])
            if left > 0:
                proxy.fault = f"busy:{left - 1}"
                problem = {"status": 503, "code": "busy", "detail": "All places are taken.",
                           "retry_after": 1}  # fmt: skip
                self._answer(503, {"Retry-After": "1"}, json.dumps(problem).encode())
                return
        connection = http.client.HTTPConnection(proxy.target.hostname or "", proxy.target.port)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if fault == "api" and self.path == "/v1/health":
            data = json.dumps({**json.loads(data), "api": 99}).encode()
        passed = {k: v for k, v in answer.getheaders() if k.lower() != "content-length"}
        if post and fault == "cut":
            self._answer(answer.status, passed, data, send=len(data) // 2)
            return
        self._answer(answer.status, passed, data)

    do_GET = do_POST = do_DELETE = _relay  # noqa: N815

    def _answer(
        self, status: int, headers: dict[str, Any], data: bytes, send: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "date", "server", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:send])
        if send is not None:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
