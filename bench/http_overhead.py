"""What HTTP adds to a raw colorization on loopback: transfer, parsing, hashing, queue, answer.

    python bench/http_overhead.py [--megapixels 12] [--repeat 7] [--dtype u8]

Starts a server of its own in another process, sends the same plane again and again (each
time another photo, so that nothing comes from the cache; and once more by its id) and
subtracts what the server spent in the model, which it says in Server-Timing.  The smallest
of the differences is the figure: whatever else the machine does only adds to it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

STEPS = ("encode", "render")


@contextmanager
def server(*arguments: str, **environ: str) -> Iterator[dict[str, Any]]:
    """A `handtint serve` in a process of its own; its server.json with the token added."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = Path(folder) / "runtime"
        command = [sys.executable, "-m", "handtint_server", "serve", "--runtime-dir", str(runtime)]
        command += ["--home", folder, "--log-file", f"{folder}/log", *arguments]
        process = subprocess.Popen(
            command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL
        )
        try:
            while not (runtime / "server.json").exists():
                if process.poll() is not None:
                    raise SystemExit(f"the server ended with {process.returncode}")
                time.sleep(0.05)
            found = json.loads((runtime / "server.json").read_text())
            found["token"] = Path(found["token_file"]).read_text().strip()
            found["process"] = process.pid
            yield found
        finally:
            process.terminate()
            process.wait(30)


class Connection:
    """A kept connection, as the plug-ins have one."""

    def __init__(self, found: dict[str, Any]) -> None:
        host, port = found["url"].removeprefix("http://").rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=600)
        self.auth = {"Authorization": f"Bearer {found['token']}"}

    def post(self, path: str, kind: str, body: bytes) -> tuple[dict[str, str], bytes, float]:
        """(header fields, body, milliseconds) of a colorization; raises for any other answer."""
        headers = {**self.auth, "Content-Type": kind}
        start = time.perf_counter()
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        spent = (time.perf_counter() - start) * 1000
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {data[:300]!r}")
        return {k.lower(): v for k, v in answer.getheaders()}, data, spent


def multipart(request: dict[str, Any], plane: bytes | None = None) -> tuple[str, bytes]:
    boundary = "bench-boundary-4c1f"
    parts = [("request", "application/json", json.dumps(request).encode())]
    if plane is not None:
        parts.append(("plane", "application/octet-stream", plane))
    chunks = []
    for name, kind, data in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        chunks += [f"{head}Content-Type: {kind}\r\n\r\n".encode(), data, b"\r\n"]
    body = b"".join([*chunks, f"--{boundary}--\r\n".encode()])
    return f"multipart/form-data; boundary={boundary}", body


def model_ms(headers: dict[str, str]) -> float:
    """Milliseconds that the server spent in the model."""
    steps = dict(step.strip().split(";dur=") for step in headers["server-timing"].split(","))
    return sum(float(steps.get(step, 0)) for step in STEPS)


def measure(found: dict[str, Any], megapixels: float, dtype: str, repeat: int) -> dict[str, Any]:
    """The least overhead of sending pixels, and of sending the id alone, in milliseconds."""
    height = int((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = int(megapixels * 1e6 / height)
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (height // 16 + 1, width // 16 + 1))
    plane = np.kron(coarse, np.ones((16, 16)))[:height, :width]
    kind = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}[dtype]
    top = {"u8": 255, "u16": 65535, "f32": 1}[dtype]
    plane = np.ascontiguousarray((plane / 255 * top).astype(kind))
    connection = Connection(found)
    described = {"width": width, "height": height, "dtype": dtype, "layout": "Y", "output": "raw"}
    sent, known, total = [], [], []
    for number in range(repeat + 1):
        plane[0, 0] = number % (top + 1)
        body = multipart(described, plane.tobytes())
        headers, data, spent = connection.post("/v1/colorize", *body)
        assert len(data) == width * height * 3 * plane.itemsize
        by_id = multipart({"image_id": headers["handtint-image-id"], "output": "raw"})
        again, _, spent_again = connection.post("/v1/colorize", *by_id)
        if number:  # the first one warms up
            sent.append(spent - model_ms(headers))
            known.append(spent_again - model_ms(again))
            total.append(spent)
    return {
        "megapixels": width * height / 1e6,
        "dtype": dtype,
        "with_pixels_ms": min(sent),
        "by_id_ms": min(known),
        "total_ms": min(total),
        "last_timing": headers["server-timing"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--dtype", choices=("u8", "u16", "f32"), default="u8")
    given = parser.parse_args()
    with server() as found:
        result = measure(found, given.megapixels, given.dtype, given.repeat)
    print(
        f"{result['megapixels']:.1f} megapixels {result['dtype']}: HTTP adds "
        f"{result['with_pixels_ms']:.0f} ms with pixels, {result['by_id_ms']:.0f} ms by id, "
        f"of {result['total_ms']:.0f} ms in all"
    )
    print(result["last_timing"])


if __name__ == "__main__":
    main()
