"""A Python client of the server: `handtint colorize --server`, scripts, tests.

    with Client.local() as client:                       # the running server of this user
        answer = client.colorize(luminance, hints, vividness=0.4)
        again = client.colorize(answer.image_id, other_hints)

Works on what docs/http-api.md promises and nothing else, so it also serves a remote server
behind a proxy: ``Client("https://colour.example.org", token)``.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from ..model import ALTERNATIVES, Hints, Plane, Progress, check_points
from .find_server import local_server
from .http import FAULTS, Http
from .wire import (
    BadReply,
    ClientError,
    Colorized,
    Rejected,
    SuggestedColor,
    Unreachable,
    answer_pixels,
    colorized,
    hints_part,
    multipart_body,
    plane_part,
    reference_parts,
    within_part,
)

__all__ = [
    "BadReply", "Client", "ClientError", "Colorized", "Rejected", "SuggestedColor", "Unreachable",
]  # fmt: skip

_POLL_SECONDS = 0.15
_LONGEST_WAIT = 30.0


class Client:
    """A connection to one server.  Use it from one thread; it is cheap to have many.

    url: without a path.  token: the bearer token.  ca: file with certificates to trust
    instead of the system's.  timeout: seconds without a byte after which a request fails.
    patience: seconds to go on trying while the server is busy (503) or connections break.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        ca: Path | str | None = None,
        timeout: float = 660.0,
        patience: float = 120.0,
    ) -> None:
        self._http = Http(url, token, ca=ca, timeout=timeout)
        self.url = self._http.url
        self.patience = patience

    @classmethod
    def local(cls, runtime_dir: Path | None = None, **more: Any) -> Client:
        """A client of the server that runs for this user; raises Unreachable if none does."""
        announced = local_server(runtime_dir)
        return cls(announced.url, announced.read_token(), **more)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    # --- calls -------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        """``status``, ``version``, ``api``, ``instance``."""
        return self._json("GET", "/v1/health")

    def info(self) -> dict[str, Any]:
        """Device, weights, limits, cache."""
        return self._json("GET", "/v1/info")

    def cancel(self, request_id: str) -> None:
        """Stop a request; nothing if it has ended."""
        with contextlib.suppress(Rejected):
            self._json("DELETE", f"/v1/requests/{request_id}")

    def colorize(
        self,
        photo: Plane | str,
        hints: Hints | None = None,
        *,
        alpha: Plane | None = None,
        points: Sequence[tuple[float, float, str]] = (),
        radius: float = 4.0,
        vividness: float | None = None,
        strength: float | None = None,
        render_size: int | None = None,
        alternative: int | None = None,
        region: tuple[int, int, int, int] | None = None,
        layout: str = "RGB",
        progress: Progress | None = None,
    ) -> Colorized:
        """Colorize a photo.

        photo: (H, W) uint8, uint16 or float32, Y'; or the image_id of an earlier answer.
        alpha: (H, W) of the same dtype.  points: (x, y, "#rrggbb") besides the hints.
        vividness, strength: 0..1.  render_size: 128..512.  alternative: 0..3.  None: the server's
        default.
        region: (x, y, w, h), answer only that.  layout: "RGB", "RGBA", "BGR" or "BGRA".
        progress: called with the server's stages; what it raises (Cancelled) cancels the
        request, and so does Ctrl-C.
        Raises Unreachable, Rejected (code "image_unknown" for an id that the server no
        longer holds, "bad_option" for a value out of range), BadReply.
        """
        fields: dict[str, Any] = {
            "output": "raw",
            "answer_layout": layout,
            **_given(
                vividness=vividness,
                strength=strength,
                render_size=render_size,
                alternative=alternative,
            ),
        }
        if region is not None:
            fields["region"] = [int(v) for v in region]
        if points:
            fields["points"] = [
                {"x": float(x), "y": float(y), "color": color, "radius": float(radius)}
                for x, y, color in points
            ]
        response = self._photo_call("/v1/colorize", photo, alpha, hints, fields, progress)
        return colorized(response)

    def alternatives(
        self,
        photo: Plane | str,
        hints: Hints | None = None,
        *,
        alpha: Plane | None = None,
        n: int = ALTERNATIVES,
        size: int = 256,
        vividness: float | None = None,
        strength: float | None = None,
        render_size: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[str, list[NDArray[np.uint8]]]:
        """(image_id, thumbnails (h, w, 3) of several colourings, the likeliest first).

        size: pixels of their long side.  The k-th is what `colorize` gives with alternative k.
        """
        options = _given(vividness=vividness, strength=strength, render_size=render_size)
        fields = {"n": n, "size": size, **options}
        path = "/v1/alternatives"
        response = self._photo_call(path, photo, alpha, hints, fields, progress)
        strip = np.asarray(answer_pixels(response), np.uint8)
        if n < 1 or len(strip) % n:
            raise BadReply("the answer does not hold as many pictures as were asked for.")
        image_id = response.headers.get("Handtint-Image-Id", "")
        return image_id, np.split(strip, n)

    def suggest(
        self,
        photo: Plane | str,
        point: tuple[float, float],
        hints: Hints | None = None,
        *,
        alpha: Plane | None = None,
        n: int = 9,
        strength: float | None = None,
        render_size: int | None = None,
    ) -> tuple[str, list[SuggestedColor]]:
        """(image_id, likely colours at a point, likeliest first)."""
        fields = {
            "point": [float(v) for v in point],
            "n": n,
            **_given(strength=strength, render_size=render_size),
        }
        response = self._photo_call("/v1/suggest", photo, alpha, hints, fields, None)
        try:
            answer = response.json()
            suggestions = [
                SuggestedColor(s["color"], (s["ab"][0], s["ab"][1]), s["probability"])
                for s in answer["suggestions"]
            ]
            return str(answer["image_id"]), suggestions
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BadReply("the server's suggestions are not readable.") from error

    def uncertainty(
        self,
        photo: Plane | str,
        hints: Hints | None = None,
        *,
        alpha: Plane | None = None,
        render_size: int | None = None,
    ) -> NDArray[np.float32]:
        """(h, w) float32 in 0..1, one value a network cell: where a hint would tell most."""
        fields = {"output": "raw", "map_dtype": "f32", **_given(render_size=render_size)}
        response = self._photo_call("/v1/uncertainty", photo, alpha, hints, fields, None)
        return np.asarray(answer_pixels(response)[..., 0], np.float32)

    # --- one request --------------------------------------------------------------------

    def _photo_call(
        self,
        path: str,
        photo: Plane | str,
        alpha: Plane | None,
        hints: Hints | None,
        fields: dict[str, Any],
        progress: Progress | None,
    ) -> requests.Response:
        fields, headers = dict(fields), {}
        parts: list[tuple[str, Any]] = []
        if isinstance(photo, str):
            fields["image_id"] = headers["Handtint-Image-Id"] = photo
        else:
            described, pixels = plane_part(photo, alpha)
            check_points(hints.all_patches() if hints else (), (photo.shape[1], photo.shape[0]))
            fields.update(described)
            parts.append(("plane", pixels))
        if hints is not None and hints.patches:
            crop, data = hints_part(hints)
            fields["hints"] = crop
            parts.insert(0, ("hints", data))
        if hints is not None and hints.fences:
            fields["within"], data = within_part(hints)
            parts.insert(0, ("within", data))
        if hints is not None:
            parts = [*reference_parts(hints), *parts]
        boundary = secrets.token_hex(16)
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        body = multipart_body(boundary, fields, parts)

        def post() -> requests.Response:
            # A new id each time: the server may still work for one whose connection broke.
            request_id = f"c-{secrets.token_hex(8)}"
            named = {**headers, "Handtint-Request-Id": request_id}
            return self._send_and_watch(path, named, body, request_id, progress)

        return self._retry_while_busy(post)

    def _send_and_watch(
        self,
        path: str,
        headers: dict[str, str],
        body: bytes,
        request_id: str,
        progress: Progress | None,
    ) -> requests.Response:
        """Send in another thread, so that this one can report progress and be interrupted."""
        outcome: list[requests.Response | BaseException] = []
        ended = threading.Event()

        def send() -> None:
            try:
                outcome.append(self._http.send("POST", path, headers=headers, data=body))
            except BaseException as error:
                outcome.append(error)
            ended.set()

        threading.Thread(target=send, name="handtint-request", daemon=True).start()
        try:
            last = ("", -1.0)
            while not ended.wait(_POLL_SECONDS if progress is not None else 0.5):
                if progress is None:
                    continue
                state = self._progress(request_id)
                if state is not None and state != last:
                    last = state
                    progress(*state)
        except BaseException:
            self._give_up(request_id)
            raise
        result = outcome[0]
        if isinstance(result, BaseException):
            raise result
        return result

    def _progress(self, request_id: str) -> tuple[str, float] | None:
        """Stage and fraction; None if the server does not know (yet)."""
        try:
            state = self._http.send_apart("GET", f"/v1/requests/{request_id}").json()
            return str(state["stage"]), float(state["fraction"])
        except (*FAULTS, ValueError, KeyError, TypeError):
            return None

    def _give_up(self, request_id: str) -> None:
        """Cancel the request: tell the server, and close the connection."""
        with contextlib.suppress(*FAULTS):
            self._http.send_apart("DELETE", f"/v1/requests/{request_id}")
        self._http.close()

    def _retry_while_busy(self, call: Callable[[], requests.Response]) -> requests.Response:
        """Call again while the server is busy (503) or the connection breaks, within `patience`."""
        deadline = time.monotonic() + self.patience
        breaks = 0
        while True:
            try:
                return call()
            except Rejected as error:
                if error.status != 503 or error.retry_after is None or error.code == "model_failed":
                    raise
                wait = min(max(error.retry_after, 0.1), _LONGEST_WAIT)
                if time.monotonic() + wait > deadline:
                    raise
            except Unreachable:
                breaks += 1
                wait = 0.5 * breaks
                if breaks > 2 or time.monotonic() + wait > deadline:
                    raise
            time.sleep(wait)

    def _json(self, method: str, path: str) -> dict[str, Any]:
        response = self._http.send(method, path)
        try:
            answer = response.json()
        except ValueError as error:
            raise BadReply(f"{self.url} does not answer as a Handtint server.") from error
        if not isinstance(answer, dict):
            raise BadReply(f"{self.url} does not answer as a Handtint server.")
        return answer


def _given(**options: float | None) -> dict[str, float]:
    """The options that are not None."""
    return {name: value for name, value in options.items() if value is not None}
