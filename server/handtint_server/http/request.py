"""A request's body to its validated JSON and its binary parts, without copying the latter."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import Request
from pydantic import ValidationError

from ..api.errors import Problem
from ..api.schemas import IMAGE_ID_PATTERN, REQUEST_ID_PATTERN, PhotoRequest
from ..api.service import MAX_REQUEST_JSON
from .multipart import Part, boundary_of, content_type_of, parse

M = TypeVar("M", bound=PhotoRequest)

MULTIPART = "multipart/form-data"
JSON = "application/json"
PARTS = frozenset({"request", "image", "plane", "profile", "hints", "mask"})


def body_view(request: Request) -> memoryview:
    """The body; a view of the server's own memory where it offers one."""
    stream = request.environ["wsgi.input"]
    view = getattr(stream, "view", None)
    if isinstance(view, memoryview):
        return view
    return memoryview(bytearray(stream.read(request.content_length or 0)))


def read_body(request: Request, model: type[M], allowed: frozenset[str]) -> tuple[
    M, dict[str, Part], int
]:  # fmt: skip
    """(validated JSON, binary parts by name, bytes of the body).  Raises Problem."""
    kind, parameters = content_type_of(request.headers.get("Content-Type", ""))
    body = body_view(request)
    if kind == JSON:
        parts: dict[str, Part] = {}
        data = body
    elif kind == MULTIPART:
        sizes = _SizeOfPlane(model)
        parts = parse(body, boundary_of(parameters), allowed | {"request"}, sizes)
        described = parts.pop("request", None)
        data = described.data if described is not None else memoryview(b"{}")
    else:
        raise Problem("media_type", f"Send {MULTIPART} or {JSON}, not {kind[:60] or 'nothing'}.")
    return _with_headers(validate(data, model), request), parts, len(body)


class _SizeOfPlane:
    """Tells the multipart parser how long the part `plane` is, if the JSON came before it."""

    def __init__(self, model: type[PhotoRequest]) -> None:
        self.model = model

    def __call__(self, name: str, parts: dict[str, Part]) -> int | None:
        if name != "plane" or "request" not in parts:
            return None
        try:
            return validate(parts["request"].data, self.model).raw_bytes
        except Problem:
            return None


def validate(data: memoryview, model: type[M]) -> M:
    """JSON bytes to a request; raises Problem (bad_request) with the faulty fields."""
    if len(data) > MAX_REQUEST_JSON:
        raise Problem(
            "body_too_large", f"The JSON of a request has at most {MAX_REQUEST_JSON} bytes."
        )
    try:
        return model.model_validate_json(bytes(data))
    except ValidationError as error:
        raise bad_request(error) from error


def bad_request(error: ValidationError) -> Problem:
    """What is wrong with a request's JSON; foreign input is not echoed."""
    faults: list[dict[str, Any]] = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:20]:
        field = ".".join(str(step)[:60] for step in item["loc"])
        faults.append({"field": field, "message": item["msg"].removeprefix("Value error, ")})
    first = faults[0]
    where = f"The field {first['field']} is wrong" if first["field"] else "The request is wrong"
    return Problem("bad_request", f"{where}: {first['message']}.", errors=faults)


def _with_headers(model: M, request: Request) -> M:
    """Ids from the header fields, which must agree with those in the JSON."""
    import re

    found: dict[str, str] = {}
    for field, header, pattern in (
        ("image_id", "Handtint-Image-Id", IMAGE_ID_PATTERN),
        ("request_id", "Handtint-Request-Id", REQUEST_ID_PATTERN),
    ):
        value = request.headers.get(header)
        if value is None:
            continue
        if not re.match(pattern, value):
            raise _header_fault(field, header, "is malformed")
        given = getattr(model, field)
        if given is not None and given != value:
            raise _header_fault(field, header, f"differs from {field} in the request")
        found[field] = value
    return model.model_copy(update=found) if found else model


def _header_fault(field: str, header: str, what: str) -> Problem:
    return Problem(
        "bad_request",
        f"The header field {header} {what}.",
        errors=[{"field": field, "message": what}],
    )
