"""A request's body taken apart into its JSON and its binary parts, without copying the latter."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Request

from .multipart import Part, Sizes, boundary_of, content_type_of, parse
from .problem import Problem

MULTIPART = "multipart/form-data"
JSON = "application/json"


@dataclass(frozen=True, eq=False)
class RequestBody:
    """json: the bytes of the JSON object.  parts: the binary parts.  size: bytes of it all."""

    json: memoryview
    size: int
    parts: dict[str, Part] = field(default_factory=dict)


def body_view(request: Request) -> memoryview:
    """The body; a view of the server's own memory where it offers one."""
    stream = request.environ["wsgi.input"]
    view = getattr(stream, "view", None)
    if isinstance(view, memoryview):
        return view
    return memoryview(bytearray(stream.read(request.content_length or 0)))


def read_parts(request: Request, allowed: frozenset[str], sizes: Sizes) -> RequestBody:
    """The body of a request that is JSON, or multipart with JSON in its part `request`.

    allowed: names of the binary parts.  sizes: tells the length of a part where it is known.
    Raises Problem (media_type, bad_multipart).
    """
    kind, parameters = content_type_of(request.headers.get("Content-Type", ""))
    if kind not in (JSON, MULTIPART):
        raise Problem("media_type", f"Send {MULTIPART} or {JSON}, not {kind[:60] or 'nothing'}.")
    body = body_view(request)
    if kind == JSON:
        return RequestBody(body, len(body))
    parts = parse(body, boundary_of(parameters), allowed | {"request"}, sizes)
    described = parts.pop("request", None)
    json = described.data if described is not None else memoryview(b"{}")
    return RequestBody(json, len(body), parts)
