"""``/openapi.json``: OpenAPI 3.1 made from the models that validate (`schemas`).

What pydantic knows (fields, types, ranges) comes from the models; what HTTP adds (parts,
header fields, errors by route) is here, once.
"""

from __future__ import annotations

import functools
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .. import __version__
from ..decode.hints import REFERENCE_PARTS
from ..http.problem import CODES, PROBLEM_TYPE, title_of
from .schemas import (
    IMAGE_ID_PATTERN,
    REQUEST_ID_PATTERN,
    AlternativesRequest,
    ColorizeRequest,
    Health,
    Info,
    PhotoRequest,
    ProblemModel,
    RequestState,
    SuggestAnswer,
    SuggestRequest,
    UncertaintyRequest,
)

_MODELS: tuple[type[BaseModel], ...] = (
    ColorizeRequest,
    SuggestRequest,
    AlternativesRequest,
    UncertaintyRequest,
    SuggestAnswer,
    RequestState,
    Health,
    Info,
    ProblemModel,
)

_GATE = ("bad_http", "token_missing", "token_wrong", "host_refused", "origin_refused")
_BODY = (
    "bad_multipart",
    "bad_request",
    "image_unknown",
    "too_slow",
    "cancelled",
    "request_id_in_use",
    "length_required",
    "body_too_large",
    "image_too_large",
    "hints_too_large",
    "media_type",
    "format_refused",
    "bad_image",
    "bad_plane",
    "bad_profile",
    "bad_hints",
    "bad_option",
    "busy",
    "out_of_memory",
    "model_failed",
    "stopping",
    "timed_out",
    "write_failed",
    "disk_full",
)
_ANY = ("header_too_large", "internal", "not_implemented")

_PARTS: dict[str, tuple[str, str]] = {
    "image": ("application/octet-stream", "A picture file: PNG, JPEG, WebP or TIFF."),
    "plane": ("application/octet-stream", "Raw pixels as the request describes them."),
    "profile": ("application/octet-stream", "ICC profile of the raw pixels."),
    "hints": ("image/png, application/octet-stream", "RGBA PNG, or a raw RGBA crop."),
    "within": ("application/octet-stream", "Masks, each with the paint that is kept inside it."),
    **dict.fromkeys(
        REFERENCE_PARTS,
        ("application/octet-stream", "A picture file in color, whose colors are taken."),
    ),
    "mask": ("application/octet-stream", "A raw crop, one byte a pixel; not 0 is inside."),
}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _string(pattern: str) -> dict[str, str]:
    return {"type": "string", "pattern": pattern}


_PICTURE_HEADERS: dict[str, dict[str, Any]] = {
    "Handtint-Image-Id": _string(IMAGE_ID_PATTERN),
    "Handtint-Request-Id": _string(REQUEST_ID_PATTERN),
    "Handtint-Width": {"type": "integer"},
    "Handtint-Height": {"type": "integer"},
    "Handtint-Dtype": {"type": "string", "enum": ["u8", "u16", "f16", "f32"]},
    "Handtint-Layout": {"type": "string", "enum": ["Y", "RGB", "RGBA", "BGR", "BGRA"]},
    "Handtint-Device": {"type": "string"},
    "Handtint-Weights": {"type": "string"},
    "Handtint-Cache": {"type": "string", "enum": ["hit", "miss"]},
    "Server-Timing": {"type": "string"},
}


def _problems(*codes: str) -> dict[str, Any]:
    """Answers for codes, gathered by status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code], []).append(code)
    answers: dict[str, Any] = {}
    for status, members in sorted(by_status.items()):
        answer: dict[str, Any] = {
            "description": f"{title_of(status)}: {', '.join(members)}",
            "content": {PROBLEM_TYPE: {"schema": _ref(ProblemModel)}},
        }
        if status == 503:
            answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
        answers[str(status)] = answer
    return answers


def _json(model: type[BaseModel], text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ref(model)}}}


def _picture(kinds: tuple[str, ...], text: str) -> dict[str, Any]:
    return {
        "description": text,
        "headers": {
            name: {"schema": schema, "required": True} for name, schema in _PICTURE_HEADERS.items()
        },
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds},
    }


def _body(model: type[PhotoRequest], parts: tuple[str, ...]) -> dict[str, Any]:
    properties: dict[str, Any] = {"request": _ref(model)}
    encoding: dict[str, Any] = {"request": {"contentType": "application/json"}}
    for name in parts:
        kind, text = _PARTS[name]
        properties[name] = {"type": "string", "format": "binary", "description": text}
        encoding[name] = {"contentType": kind}
    return {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": properties,
                    "additionalProperties": False,
                },
                "encoding": encoding,
            },
            "application/json": {"schema": _ref(model)},
        },
    }


def _header_parameter(name: str, pattern: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": _string(pattern)}


def _photo_route(
    name: str, summary: str, model: type[PhotoRequest], parts: tuple[str, ...], answer: Any
) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": [
                _header_parameter("Handtint-Image-Id", IMAGE_ID_PATTERN),
                _header_parameter("Handtint-Request-Id", REQUEST_ID_PATTERN),
            ],
            "requestBody": _body(model, parts),
            "responses": {"200": answer, **_problems(*_GATE, *_BODY, *_ANY)},
        }
    }


def _get(name: str, summary: str, answer: Any, *codes: str, **more: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": answer, **_problems(*_GATE, *codes, *_ANY)},
        **more,
    }


def _paths() -> dict[str, Any]:
    photo = ("image", "plane", "profile", "hints", *REFERENCE_PARTS)
    raw = "application/octet-stream"
    files = ("image/png", "image/jpeg", "image/tiff", "image/webp", raw)
    request_id = {
        "name": "request_id",
        "in": "path",
        "required": True,
        "schema": _string(REQUEST_ID_PATTERN),
    }
    text = {"description": "Prometheus text", "content": {"text/plain": {}}}
    self_text = {"description": "This document", "content": {"application/json": {}}}
    state = _json(RequestState, "Where it stands")
    return {
        "/v1/colorize": _photo_route(
            "colorize",
            "Colour a photo",
            ColorizeRequest,
            photo,
            _picture(files, "The coloured picture"),
        ),
        "/v1/suggest": _photo_route(
            "suggest",
            "Likely colours at a place",
            SuggestRequest,
            (*photo, "mask"),
            _json(SuggestAnswer, "Likeliest first"),
        ),
        "/v1/alternatives": _photo_route(
            "alternatives",
            "Thumbnails of several colorings, one below the other",
            AlternativesRequest,
            photo,
            _picture(("image/png", raw), "The thumbnails"),
        ),
        "/v1/uncertainty": _photo_route(
            "uncertainty",
            "Where a hint would tell most",
            UncertaintyRequest,
            photo,
            _picture((raw, "image/png"), "One value a network cell"),
        ),
        "/v1/requests/{request_id}": {
            "parameters": [request_id],
            "get": _get("progress", "Where a request stands", state, "request_unknown"),
            "delete": _get("cancel", "Stop a request", state, "request_unknown"),
        },
        "/v1/health": {
            "get": _get("health", "Ready, loading, busy", _json(Health, "State"), security=[])
        },
        "/v1/info": {"get": _get("info", "Device, weights, limits", _json(Info, "Facts"))},
        "/metrics": {"get": _get("metrics", "Metrics for Prometheus", text)},
        "/openapi.json": {"get": _get("openapi", "This description", self_text)},
    }


@functools.cache
def document() -> dict[str, Any]:
    """The description of the API."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in _MODELS],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Handtint",
            "version": __version__,
            "summary": "Colour for black-and-white photographs",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
