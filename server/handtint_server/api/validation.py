"""A request's JSON against its schema, and the ids that header fields may carry as well."""

from __future__ import annotations

import re
from typing import TypeVar

from flask import Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..decode.hints import REFERENCE_PARTS
from ..http.multipart import Part
from ..http.problem import Problem
from ..http.request import read_parts
from .schemas import IMAGE_ID_PATTERN, MAX_REQUEST_JSON, REQUEST_ID_PATTERN, PhotoRequest

M = TypeVar("M", bound=PhotoRequest)

PARTS = frozenset(
    {"request", "image", "plane", "profile", "hints", "within", "mask", *REFERENCE_PARTS}
)


def read_request(request: Request, schema: type[M], allowed: frozenset[str]) -> tuple[
    M, dict[str, Part], int
]:  # fmt: skip
    """(validated JSON, binary parts by name, bytes of the body).  Raises Problem."""
    body = read_parts(request, allowed, _SizeOfPlane(schema))
    return _with_headers(validate(body.json, schema), request), body.parts, body.size


_OUT_OF_RANGE = frozenset({"greater_than_equal", "less_than_equal", "finite_number"})
_BAD_POINT = _OUT_OF_RANGE | {"string_pattern_mismatch"}
_OPTIONS = frozenset(
    {"vividness", "strength", "render_size", "n", "point", "region", "alternative", "size"}
)


class _SizeOfPlane:
    """Tells the multipart parser how long the part `plane` is, if the JSON came before it."""

    def __init__(self, schema: type[PhotoRequest]) -> None:
        self.schema = schema

    def __call__(self, name: str, parts: dict[str, Part]) -> int | None:
        if name != "plane" or "request" not in parts:
            return None
        try:
            described = validate(parts["request"].data, self.schema).raw_format
        except Problem:
            return None
        return None if described is None else described.size


def validate(data: memoryview, schema: type[M]) -> M:
    """JSON bytes to a request; raises Problem (bad_request) with the faulty fields."""
    if len(data) > MAX_REQUEST_JSON:
        raise Problem(
            "body_too_large", f"The JSON of a request has at most {MAX_REQUEST_JSON} bytes."
        )
    try:
        return schema.model_validate_json(bytes(data))
    except ValidationError as error:
        raise bad_request(error) from error


def bad_request(error: ValidationError) -> Problem:
    """What is wrong with a request's JSON; foreign input is not echoed."""
    items = error.errors(include_url=False, include_input=False, include_context=False)[:20]
    faults = [
        {
            "field": ".".join(str(step)[:60] for step in item["loc"]),
            "message": item["msg"].removeprefix("Value error, "),
        }
        for item in items
    ]
    codes = {_code_of(item) for item in items}
    first = faults[0]
    where = f"The field {first['field']} is wrong" if first["field"] else "The request is wrong"
    return Problem(
        codes.pop() if len(codes) == 1 else "bad_request",
        f"{where}: {first['message']}.",
        errors=faults,
    )


def _code_of(fault: ErrorDetails) -> str:
    """For a value of the right type that is out of range: the code of what Python raises."""
    field, kind = fault["loc"][0] if fault["loc"] else "", fault["type"]
    if field == "points" and kind in _BAD_POINT:
        return "bad_hints"
    return "bad_option" if field in _OPTIONS and kind in _OUT_OF_RANGE else "bad_request"


def _with_headers(model: M, request: Request) -> M:
    """Ids from the header fields, which must agree with those in the JSON."""
    ids: dict[str, str] = {}
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
        ids[field] = value
    return model.model_copy(update=ids) if ids else model


def _header_fault(field: str, header: str, what: str) -> Problem:
    return Problem(
        "bad_request",
        f"The header field {header} {what}.",
        errors=[{"field": field, "message": what}],
    )
