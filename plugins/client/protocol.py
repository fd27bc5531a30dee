"""The HTTP API without input or output: calls to requests, answers to results.

docs/http-api.md is the contract; tests/data/wire holds messages that both sides are tested
with.  Nothing here opens a socket, so that `http.client` and Qt's network classes share it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import Any, Sequence, Tuple, Union

from . import hintparts
from .errors import BadReply, Busy, ImageUnknown, Rejected, TokenRefused
from .messages import (
    DTYPES,
    Answer,
    Content,
    Health,
    Hints,
    Picture,
    Plane,
    Progress,
    Request,
    Suggestion,
    Suggestions,
)
from .translation import _

API_VERSION = 1
JSON = "application/json"
RAW = "application/octet-stream"

SentPhoto = Union[Plane, str]
"""Pixels, or the image id of a photo that the server has seen."""

Part = Tuple[str, str, Content]


def new_request_id() -> str:
    """An id that no other request has."""
    return "p-" + secrets.token_hex(8)


# --- calls to requests ---------------------------------------------------------------------


def colorize(
    photo: SentPhoto,
    hints: Hints | None = None,
    *,
    vividness: float | None = None,
    strength: float | None = None,
    render_size: int | None = None,
    answer_layout: str | None = None,
    answer_profile: str | None = None,
    region: Sequence[int] | None = None,
    alternative: int | None = None,
    reference: bytes | None = None,
    request_id: str = "",
    boundary: str = "",
) -> Request:
    """`POST /v1/colorize` with a raw answer; options left None take the server's defaults.

    region: x, y, width, height to answer only; answer_layout: "RGB", "RGBA", "BGR", "BGRA".
    alternative: 0 to 3.  reference: a picture file in colour, whose colours are taken.
    """
    options = {
        "vividness": vividness,
        "strength": strength,
        "render_size": render_size,
        "output": "raw",
        "answer_layout": answer_layout,
        "answer_profile": answer_profile,
        "region": None if region is None else list(region),
        "alternative": alternative,
    }
    extra = _reference(reference)
    return _photo_call("/v1/colorize", photo, hints, options, request_id, boundary, extra)


def alternatives(
    photo: SentPhoto,
    hints: Hints | None = None,
    *,
    size: int | None = None,
    vividness: float | None = None,
    strength: float | None = None,
    reference: bytes | None = None,
    request_id: str = "",
    boundary: str = "",
) -> Request:
    """`POST /v1/alternatives`: thumbnails of four colourings, ``size`` pixels along the long side.

    Answered with one picture, the thumbnails below each other (`read_thumbnails`).
    """
    options = {"size": size, "vividness": vividness, "strength": strength}
    extra = _reference(reference)
    return _photo_call("/v1/alternatives", photo, hints, options, request_id, boundary, extra)


def _reference(file: bytes | None) -> Sequence[Part]:
    return () if file is None else (("reference", RAW, file),)


def suggest(
    photo: SentPhoto,
    point: Sequence[float] | None = None,
    hints: Hints | None = None,
    *,
    mask: tuple[int, int, int, int, bytes] | None = None,
    n: int | None = None,
    vividness: float | None = None,
    strength: float | None = None,
    request_id: str = "",
    boundary: str = "",
) -> Request:
    """`POST /v1/suggest` at a point (x, y) or a mask (x, y, width, height, one byte a pixel)."""
    options: dict[str, Any] = {"point": None if point is None else list(point)}
    extra: list[Part] = []
    if mask is not None:
        x, y, width, height, data = mask
        options["mask"] = {"x": x, "y": y, "width": width, "height": height, "encoding": "raw"}
        extra.append(("mask", RAW, data))
    options.update(n=n, vividness=vividness, strength=strength)
    return _photo_call("/v1/suggest", photo, hints, options, request_id, boundary, extra)


def uncertainty(
    photo: SentPhoto,
    hints: Hints | None = None,
    *,
    vividness: float | None = None,
    strength: float | None = None,
    request_id: str = "",
    boundary: str = "",
) -> Request:
    """`POST /v1/uncertainty`: one byte a network cell, 255 where a hint would tell most."""
    options = {"vividness": vividness, "strength": strength, "output": "raw"}
    return _photo_call("/v1/uncertainty", photo, hints, options, request_id, boundary)


def progress(request_id: str) -> Request:
    """`GET /v1/requests/ID`."""
    return Request("GET", "/v1/requests/" + request_id)


def cancel(request_id: str) -> Request:
    """`DELETE /v1/requests/ID`."""
    return Request("DELETE", "/v1/requests/" + request_id)


def health() -> Request:
    """`GET /v1/health`."""
    return Request("GET", "/v1/health")


def info() -> Request:
    """`GET /v1/info`."""
    return Request("GET", "/v1/info")


def _photo_call(
    path: str,
    photo: SentPhoto,
    hints: Hints | None,
    options: dict[str, Any],
    request_id: str,
    boundary: str,
    extra: Sequence[Part] = (),
) -> Request:
    fields: dict[str, Any] = {}
    headers: list[tuple[str, str]] = []
    parts: list[Part] = []
    if isinstance(photo, str):
        fields["image_id"] = photo
        headers.append(("Handtint-Image-Id", photo))
    else:
        if len(photo.content) != photo.size:
            raise ValueError("the plane holds %d bytes, not %d" % (len(photo.content), photo.size))
        fields.update(
            width=photo.width, height=photo.height, dtype=photo.dtype, layout=photo.layout
        )
    if hints is not None:
        painted = hintparts.parts_of(hints)
        fields.update(painted.fields)
        parts.extend((name, RAW, data) for name, data in painted.parts)
    fields.update((name, value) for name, value in options.items() if value is not None)
    if request_id:
        fields["request_id"] = request_id
    parts.extend(extra)
    # The pixels last: the server then finds the end of a raw part without searching it.
    if isinstance(photo, Plane):
        if photo.profile is not None:
            parts.append(("profile", RAW, photo.profile))
        parts.append(("plane", RAW, photo.content))
    text = json.dumps(fields, allow_nan=False).encode("ascii")
    if not parts:
        headers.insert(0, ("Content-Type", JSON))
        return Request("POST", path, tuple(headers), (text,), request_id)
    boundary = boundary or "handtint-" + secrets.token_hex(16)
    headers.insert(0, ("Content-Type", "multipart/form-data; boundary=" + boundary))
    body = _multipart([("request", JSON, text), *parts], boundary)
    return Request("POST", path, tuple(headers), body, request_id)


def _multipart(parts: Sequence[Part], boundary: str) -> tuple[Content, ...]:
    body: list[Content] = []
    for name, kind, content in parts:
        filename = "" if kind == JSON else '; filename="%s"' % name
        head = '--%s\r\nContent-Disposition: form-data; name="%s"%s\r\nContent-Type: %s\r\n\r\n'
        body += [(head % (boundary, name, filename, kind)).encode("ascii"), content, b"\r\n"]
    body.append(("--%s--\r\n" % boundary).encode("ascii"))
    return tuple(body)


# --- answers to results --------------------------------------------------------------------


def check(answer: Answer) -> Answer:
    """The answer itself if it is a success; raises Rejected, one of its kinds, or BadReply."""
    if answer.status == 200:
        return answer
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadReply(
            _(
                "What answers at the server's address is not Handtint (HTTP status %d). "
                "Check the server setting."
            )
            % answer.status
        ) from error
    errors = problem.get("errors")
    errors = errors if isinstance(errors, list) else []
    kind = Rejected
    if code == "image_unknown":
        kind = ImageUnknown
    elif answer.status == 401:
        kind = TokenRefused
    elif answer.status == 503 and code in ("busy", "out_of_memory"):
        kind = Busy
    raise kind(detail, answer.status, code, errors, _retry_after(answer, problem))


def _retry_after(answer: Answer, problem: dict[str, Any]) -> float | None:
    for value in (problem.get("retry_after"), answer.headers.get("retry-after")):
        try:
            return max(0.0, float(value))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return None


def read_picture(answer: Answer, size: tuple[int, int] | None = None) -> Picture:
    """The raw picture of an answer; size: the (width, height) that it has to have.

    Raises Rejected, or BadReply if header fields and number of bytes do not agree.
    """
    check(answer)
    head = answer.headers
    try:
        width, height = int(head["handtint-width"]), int(head["handtint-height"])
        dtype, layout = head["handtint-dtype"], head["handtint-layout"]
        expected = width * height * len(layout) * DTYPES[dtype]
        image_id = head["handtint-image-id"]
    except (KeyError, ValueError) as error:
        raise BadReply(_("The server's answer does not say what picture it holds.")) from error
    if len(answer.body) != expected or (size is not None and (width, height) != tuple(size)):
        raise BadReply(
            _(
                "The server's answer does not have the photo's size: nothing was changed. "
                "Restart the server; if it happens again, report it."
            )
        )
    return Picture(
        width=width,
        height=height,
        dtype=dtype,
        layout=layout,
        data=answer.body,
        image_id=image_id,
        cache=head.get("handtint-cache", ""),
        device=head.get("handtint-device", ""),
        weights=head.get("handtint-weights", ""),
        note=head.get("handtint-note", ""),
        timing=read_timing(head.get("server-timing", "")),
    )


def read_thumbnails(answer: Answer) -> list[Picture]:
    """The thumbnails of `alternatives`, the usual colouring first; raises BadReply."""
    strip = read_picture(answer)
    count = int(answer.headers.get("handtint-count", "0") or 0)
    if count < 1 or strip.height % count:
        raise BadReply(_("The server's answer does not hold the pictures that it announces."))
    height, data = strip.height // count, bytes(strip.data)
    step = len(data) // count
    return [
        replace(strip, height=height, data=data[i * step : (i + 1) * step]) for i in range(count)
    ]


def read_timing(value: str) -> dict[str, float]:
    """A Server-Timing field: milliseconds by step; what is not of that form is left out."""
    steps = {}
    for item in value.split(","):
        name, _, duration = item.strip().partition(";dur=")
        try:
            steps[name] = float(duration)
        except ValueError:
            continue
    return steps


def read_suggestions(answer: Answer) -> Suggestions:
    """The colours of `suggest`; raises Rejected or BadReply."""
    check(answer)
    try:
        content = answer.json()
        colors = [
            Suggestion(_color(item["color"]), float(item["probability"]))
            for item in content["suggestions"]
        ]
        return Suggestions(str(content["image_id"]), colors)
    except (ValueError, KeyError, TypeError) as error:
        raise BadReply(_("The server's answer does not hold colors.")) from error


def _color(text: Any) -> str:
    if not (isinstance(text, str) and len(text) == 7 and text[0] == "#"):
        raise ValueError("not a colour: %r" % (text,))
    int(text[1:], 16)
    return text


def read_progress(answer: Answer) -> Progress | None:
    """Progress, or None if the server does not know the request (yet, or any more)."""
    try:
        content = check(answer).json()
        fraction = min(max(float(content["fraction"]), 0.0), 1.0)
        return Progress(str(content["state"]), str(content["stage"]), fraction)
    except Rejected as error:
        if error.code == "request_unknown":
            return None
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise BadReply(_("The server's answer does not hold progress.")) from error


def read_health(answer: Answer) -> Health:
    """Health of the server; raises BadReply if it is no Handtint server."""
    try:
        content = check(answer).json()
        return Health(
            str(content["status"]),
            int(content["api"]),
            str(content["version"]),
            str(content["instance"]),
        )
    except (Rejected, ValueError, KeyError, TypeError) as error:
        raise BadReply(
            _("What answers at the server's address is not Handtint. Check the server setting.")
        ) from error


def read_info(answer: Answer) -> dict[str, Any]:
    """What `GET /v1/info` says; raises Rejected or BadReply."""
    try:
        content = check(answer).json()
    except ValueError as error:
        raise BadReply(_("The server's answer is not JSON.")) from error
    if not isinstance(content, dict):
        raise BadReply(_("The server's answer is not what it should be."))
    return content
