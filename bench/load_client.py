"""The clients of bench/load.py: photos, requests of every kind, and what must come back."""

from __future__ import annotations

import http.client
import io
import json
import random
import socket
import threading
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from http_overhead import multipart
from PIL import Image

from handtint_model import Hints, load_colorizer

SIZES = ((120, 160), (240, 320), (300, 400), (600, 800), (1200, 1600))
WEIGHTS = (6, 6, 4, 2, 1)
KINDS = {  # how often each kind of request is drawn
    "raw": 20,
    "file": 6,
    "id": 20,
    "hints": 24,
    "region": 12,
    "suggest": 8,
    "uncertainty": 4,
    "wrong-token": 2,
    "wrong-length": 2,
    "hang-up": 4,
}
COLORS = ("#c04030", "#3050b0", "#40a040", "#d0b080")
MOST_TRIES = 400


@dataclass
class Photo:
    """A photo with the answers that are right for it."""

    plane: np.ndarray
    file: bytes
    automatic: np.ndarray
    hinted: dict[str, np.ndarray]
    suggestions: list[str]
    image_id: str = ""


@dataclass
class Outcome:
    """What happened."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    states: list[tuple[int, int, int, int]] = field(default_factory=list)


def make_photos(seed: int) -> list[Photo]:
    """Twelve photos and, from a colorizer in this process, their answers."""
    numbers = np.random.default_rng(seed)
    choose = random.Random(seed)
    colorizer = load_colorizer(device="cpu")
    photos = []
    for _ in range(12):
        height, width = choose.choices(SIZES, WEIGHTS)[0]
        coarse = numbers.integers(10, 240, (height // 20 + 1, width // 20 + 1))
        plane = np.kron(coarse, np.ones((20, 20)))[:height, :width]
        plane = (plane + numbers.integers(0, 12, plane.shape)).astype(np.uint8)
        encoded = colorizer.encode(plane)
        hinted = {
            color: colorizer.colorize(
                encoded, Hints.from_points([(width // 2, height // 2, color)], radius=8)
            )
            for color in COLORS
        }
        found = colorizer.suggest(encoded, (width // 2, height // 2), n=3)
        file = io.BytesIO()
        Image.fromarray(plane).save(file, "PNG", compress_level=1)
        photos.append(
            Photo(
                plane,
                file.getvalue(),
                colorizer.colorize(encoded),
                hinted,
                ["#{:02x}{:02x}{:02x}".format(*s.rgb) for s in found],
            )
        )
    return photos


def disc(color: str) -> tuple[np.ndarray, int]:
    """The crop that `Hints.from_points` paints for radius 8, and its offset."""
    patch = Hints.from_points([(100, 100, color)], radius=8).patches[0]
    return patch.rgba, patch.x - 100


class Client:
    """One client thread's connection and its requests."""

    def __init__(self, found: dict[str, Any], photos: list[Photo], outcome: Outcome) -> None:
        self.host, port = found["url"].removeprefix("http://").rsplit(":", 1)
        self.port = int(port)
        self.token = found["token"]
        self.photos = photos
        self.outcome = outcome
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=600)

    def ask(
        self, path: str, kind: str, body: bytes, token: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """An answer; a kept connection that the server has closed meanwhile is opened anew."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": kind}
        for attempt in range(3):
            try:
                self.connection.request("POST", path, body, headers)
                answer = self.connection.getresponse()
                data = answer.read()
                return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data
            except (http.client.HTTPException, OSError):
                self.connection.close()
                if attempt == 2:
                    raise
        raise AssertionError

    def patiently(self, path: str, kind: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """`ask`, waiting as a 503 says."""
        for _ in range(MOST_TRIES):
            status, headers, data = self.ask(path, kind, body)
            if status != 503:
                return status, headers, data
            self.outcome.counts["503"] += 1
            if "retry-after" not in headers:
                self.outcome.wrong.append("a 503 without Retry-After")
            time.sleep(float(headers.get("retry-after", 1)) * random.uniform(0.2, 1.0))
        return status, headers, data

    def run(self, kind: str, photo: Photo, choose: random.Random) -> None:
        """One request of a kind, checked and timed."""
        start = time.perf_counter()
        if kind == "wrong-token":
            status, _, _ = self.ask("/v1/colorize", "application/json", b"{}", token="wrong")
            self.expect(kind, status == 401, status)
        elif kind == "wrong-length":
            height, width = photo.plane.shape
            request = {"width": width, "height": height, "dtype": "u8", "layout": "Y"}
            status, _, _ = self.patiently("/v1/colorize", *multipart(request, b"short"))
            self.expect(kind, status == 422, status)
        elif kind == "hang-up":
            self.hang_up(photo)
        elif kind in ("suggest", "uncertainty"):
            self.small(kind, photo)
        else:
            self.color(kind, photo, choose)
        self.outcome.milliseconds[kind].append((time.perf_counter() - start) * 1000)

    def expect(self, kind: str, right: bool, saw: Any) -> None:
        self.outcome.counts[kind] += 1
        if not right:
            self.outcome.wrong.append(f"{kind}: {str(saw)[:200]}")

    def by_id(self, path: str, photo: Photo, request: dict[str, Any], parts: Any = ()) -> Any:
        """A request by the photo's id; its pixels are sent first if the server has none."""
        for _ in range(20):
            if photo.image_id:
                kind, body = multipart_of({**request, "image_id": photo.image_id}, parts)
                status, headers, data = self.patiently(path, kind, body)
                if status != 404:
                    return status, headers, data
                self.outcome.counts["404"] += 1
            status, headers, data = self.patiently("/v1/colorize", *raw_request(photo))
            if status != 200:
                return status, headers, data
            photo.image_id = headers["handtint-image-id"]
        return status, headers, data

    def color(self, kind: str, photo: Photo, choose: random.Random) -> None:
        height, width = photo.plane.shape
        expected = photo.automatic
        if kind == "raw":
            status, headers, data = self.patiently("/v1/colorize", *raw_request(photo))
        elif kind == "file":
            body = multipart_of({"output": "raw"}, [("image", photo.file)])
            status, headers, data = self.patiently("/v1/colorize", *body)
        else:
            request: dict[str, Any] = {"output": "raw"}
            parts: list[tuple[str, bytes]] = []
            if kind in ("hints", "region"):
                color = choose.choice(COLORS)
                expected = photo.hinted[color]
                rgba, offset = disc(color)
                request["hints"] = {
                    "x": width // 2 + offset,
                    "y": height // 2 + offset,
                    "width": rgba.shape[1],
                    "height": rgba.shape[0],
                    "encoding": "zlib",
                }
                parts = [("hints", zlib.compress(rgba.tobytes()))]
            if kind == "region":
                w, h = choose.randint(1, width), choose.randint(1, height)
                x, y = choose.randint(0, width - w), choose.randint(0, height - h)
                request["region"] = [x, y, w, h]
                expected = expected[y : y + h, x : x + w]
            status, headers, data = self.by_id("/v1/colorize", photo, request, parts)
        if status == 200 and kind in ("raw", "file"):
            photo.image_id = headers["handtint-image-id"] if kind == "raw" else photo.image_id
        right = status == 200 and data == np.ascontiguousarray(expected).tobytes()
        if status == 200 and not right and len(data) == expected.size:
            # Threads may share the work differently, which can move a value by a code, and one
            # in ten thousand beside hints by a few: how far a hint reaches is a steep function,
            # and in a dark pixel a little colour is several codes of a channel.
            found = np.frombuffer(data, np.uint8).reshape(expected.shape).astype(int)
            apart = np.abs(found - expected)
            right = bool(apart.max() <= 6 and (apart > 1).mean() < 1e-4)
        self.expect(kind, right, data if status != 200 else "other pixels")

    def small(self, kind: str, photo: Photo) -> None:
        height, width = photo.plane.shape
        if kind == "suggest":
            request = {"point": [width // 2, height // 2], "n": 3}
            status, _, data = self.by_id("/v1/suggest", photo, request)
            found = [s["color"] for s in json.loads(data).get("suggestions", [])]
            self.expect(kind, status == 200 and found == photo.suggestions, data)
        else:
            status, headers, data = self.by_id("/v1/uncertainty", photo, {})
            cells = int(headers.get("handtint-width", 0)) * int(headers.get("handtint-height", 0))
            self.expect(kind, status == 200 and len(data) == cells > 0, data)

    def hang_up(self, photo: Photo) -> None:
        """Send a request and go away."""
        kind, body = raw_request(photo)
        with socket.create_connection((self.host, self.port), 60) as connection:
            connection.sendall(
                f"POST /v1/colorize HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
                f"Authorization: Bearer {self.token}\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
            )
            connection.sendall(body if len(body) % 2 else body[: len(body) // 2])
            time.sleep(0.01)
        self.expect("hang-up", True, None)


def multipart_of(request: dict[str, Any], parts: Any = ()) -> tuple[str, bytes]:
    kind, body = multipart(request)
    boundary = kind.split("=")[1].encode()
    end = b"--" + boundary + b"--\r\n"
    body = body.removesuffix(end)
    for name, data in parts:
        head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        body += b"--" + boundary + b"\r\n" + head + data + b"\r\n"
    return kind, body + end


def raw_request(photo: Photo) -> tuple[str, bytes]:
    height, width = photo.plane.shape
    request = {"width": width, "height": height, "dtype": "u8", "layout": "Y", "output": "raw"}
    return multipart(request, photo.plane.tobytes())


def slow_client(found: dict[str, Any], done: threading.Event) -> None:
    """A client of one byte a second."""
    host, port = found["url"].removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(
            f"POST /v1/colorize HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer "
            f"{found['token']}\r\nContent-Length: 100000\r\n\r\n".encode()
        )
        try:
            while not done.wait(1):
                connection.sendall(b" ")
        except OSError:
            return
