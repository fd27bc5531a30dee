"""The routes of docs/http-api.md, one function each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import Blueprint, Request, Response, current_app, request
from numpy.typing import NDArray

from ..decode.fences import read_fences
from ..decode.hints import REFERENCE_PARTS, read_hints, read_mask, read_reference
from ..decode.photo import answer_pixels
from ..http.problem import Problem
from ..http.response import bytes_answer, json_answer, pixels_answer, timing_header
from ..metrics import CONTENT_TYPE as METRICS_TYPE
from ..model import ColorizeOptions, Hints, image_io, lies_inside
from ..sentences import sentence
from .openapi import document
from .result_files import FILE_TYPES, marked, png_file, result_file
from .schemas import (
    AlternativesRequest,
    ColorizeRequest,
    PhotoRequest,
    RequestState,
    SuggestAnswer,
    SuggestionModel,
    SuggestRequest,
    UncertaintyRequest,
)
from .validation import read_request

if TYPE_CHECKING:
    from handtint_model import Colorizer, EncodedPhoto, Suggestion

    from ..decode.photo import PhotoSource
    from ..engine.out_of_memory import EncodingResult
    from ..engine.progress import RequestTicket
    from ..http.multipart import Part
    from .service import Service

bp = Blueprint("v1", __name__)

PHOTO_PARTS = frozenset({"image", "plane", "profile", "hints", "within", *REFERENCE_PARTS})
RAW_TYPE = "application/octet-stream"


def service() -> Service:
    """The state of this application."""
    state: Service = current_app.extensions["handtint"]
    return state


def _client_gone(incoming: Request) -> Callable[[], bool]:
    """Whether the client has closed its connection, as far as the WSGI server tells."""
    asked: Callable[[], bool] | None = incoming.environ.get("waitress.client_disconnected")
    return asked or (lambda: False)


def _hints(
    wanted: PhotoRequest, parts: dict[str, Part], state: Service, source: PhotoSource
) -> Hints | None:
    """All hints of a request for a photo, or None if there are none."""
    crop = None if wanted.hints is None else wanted.hints.crop()
    limit = state.settings.max_pixels
    hints = read_hints(parts.get("hints"), crop, wanted.discs(), source.shape, limit)
    fenced = read_fences(parts.get("within"), wanted.within, wanted.discs(), limit)
    hints = hints if fenced is None else (hints or Hints()) + fenced
    for name in REFERENCE_PARTS:
        if name in parts:
            hints = (hints or Hints()) + read_reference(parts[name], limit)
    return hints


def _common_headers(
    ticket: RequestTicket,
    source: PhotoSource,
    result: EncodingResult,
    hit: bool,
    output: str = "raw",
) -> list[tuple[str, str]]:
    """Of every answer about a photo.  output: "raw", or the format of the answer's file."""
    colorizer = result.colorizer
    notes = [result.note, *source.meta.notes]
    if output != "raw":
        notes += image_io.notes_on(None, source.meta, output)
    text = " ".join(sentence(note) for note in notes if note)
    note = [("Handtint-Note", text.encode("ascii", "backslashreplace").decode())] if text else []
    return [
        ("Handtint-Image-Id", source.image_id),
        ("Handtint-Request-Id", ticket.request_id),
        ("Handtint-Device", str(colorizer.device)),
        ("Handtint-Weights", str(colorizer.weights_id)),
        ("Handtint-Cache", "hit" if hit else "miss"),
        timing_header(ticket.timings),
        *note,
    ]


def _size_headers(width: int, height: int, dtype: str, layout: str) -> list[tuple[str, str]]:
    return [
        ("Handtint-Width", str(width)),
        ("Handtint-Height", str(height)),
        ("Handtint-Dtype", dtype),
        ("Handtint-Layout", layout),
    ]


@bp.post("/v1/colorize")
def colorize() -> Response:
    """The coloured picture."""
    state = service()
    wanted, parts, size = read_request(request, ColorizeRequest, PHOTO_PARTS)
    with state.request("/v1/colorize", wanted.request_id, _client_gone(request)) as ticket:
        source = state.find_source(wanted, parts, ticket, size)
        hints = _hints(wanted, parts, state, source)
        region = _region(wanted, source)
        alpha = _cut(source.alpha, region)
        if wanted.output != "raw":
            image_io.check_target(None, region[2:], source.meta, alpha=alpha, format=wanted.output)
        itemsize = source.luminance.dtype.itemsize
        reservation = state.memory_limiter.reserve(region[2] * region[3] * 4 * itemsize)
        try:
            rgb, result, hit = _colored(state, wanted, ticket, source, hints, region)
            started = time.perf_counter()
            ticket.report("write", 0.0)
            if wanted.output == "raw":
                own = wanted.answer_profile == "source"
                layout: str = wanted.answer_layout
                dtype, kind = source.dtype, RAW_TYPE
                body: Any = answer_pixels(rgb, alpha, source, layout, own_space=own)
            else:
                meta = marked(source.meta, wanted, hints, result.colorizer.weights_id)
                layout, dtype, kind, body = result_file(
                    rgb, alpha, source, meta, wanted.output, ticket
                )
            ticket.timings["write"] = (time.perf_counter() - started) * 1000
            state.metrics.pixels.inc(region[2] * region[3])
            headers = _common_headers(ticket, source, result, hit, wanted.output)
            headers += _size_headers(region[2], region[3], dtype, layout)
            if wanted.region is not None:
                headers.append(("Handtint-Region", ",".join(map(str, region))))
            return pixels_answer(request, body, kind, headers, reservation)
        except BaseException:
            reservation.release()
            raise


def _colored(
    state: Service,
    wanted: ColorizeRequest,
    ticket: RequestTicket,
    source: PhotoSource,
    hints: Any,
    region: tuple[int, int, int, int],
) -> tuple[NDArray[Any], EncodingResult, bool]:
    def work(colorizer: Colorizer, encoded: EncodedPhoto) -> NDArray[Any]:
        started = time.perf_counter()
        rgb = colorizer.colorize(
            encoded,
            hints,
            vividness=wanted.vividness,
            strength=wanted.strength,
            options=ColorizeOptions(
                render_size=encoded.render_size, alternative=wanted.alternative
            ),
            region=None if wanted.region is None else region,
            progress=ticket.report,
        )
        ticket.timings["render"] = (time.perf_counter() - started) * 1000
        return rgb

    return state.run(source, wanted.render_size, ticket, work)


def _region(wanted: ColorizeRequest, source: PhotoSource) -> tuple[int, int, int, int]:
    height, width = source.shape
    if wanted.region is None:
        return 0, 0, width, height
    x, y, w, h = wanted.region
    if not (w and h):
        raise Problem("bad_option", "A region has a width and a height of at least 1.")
    if x + w > width or y + h > height:
        raise Problem(
            "bad_option", f"The region {x},{y},{w},{h} reaches beyond the {width} x {height} photo."
        )
    return x, y, w, h


def _cut(plane: NDArray[Any] | None, region: tuple[int, int, int, int]) -> NDArray[Any] | None:
    if plane is None:
        return None
    x, y, w, h = region
    return plane[y : y + h, x : x + w]


@bp.post("/v1/alternatives")
def alternatives() -> Response:
    """Thumbnails of several colorings, one below the other."""
    state = service()
    wanted, parts, size = read_request(request, AlternativesRequest, PHOTO_PARTS)
    with state.request("/v1/alternatives", wanted.request_id, _client_gone(request)) as ticket:
        source = state.find_source(wanted, parts, ticket, size)
        hints = _hints(wanted, parts, state, source)

        def work(colorizer: Colorizer, encoded: EncodedPhoto) -> NDArray[np.uint8]:
            started = time.perf_counter()
            options = ColorizeOptions(wanted.vividness, wanted.strength, encoded.render_size)
            found = colorizer.alternatives(
                encoded, hints, wanted.n, size=wanted.size, options=options, progress=ticket.report
            )
            ticket.timings["render"] = (time.perf_counter() - started) * 1000
            return np.concatenate(found)

        strip, result, hit = state.run(source, wanted.render_size, ticket, work)
        body: Any = np.ascontiguousarray(strip)
        if wanted.output == "png":
            body = png_file(strip)
        headers = _common_headers(ticket, source, result, hit)
        headers += _size_headers(strip.shape[1], strip.shape[0], "u8", "RGB")
        headers.append(("Handtint-Count", str(wanted.n)))
        kind = RAW_TYPE if wanted.output == "raw" else FILE_TYPES["png"]
        return pixels_answer(request, body, kind, headers)


@bp.post("/v1/suggest")
def suggest() -> Response:
    """Likely colours at a place."""
    state = service()
    wanted, parts, size = read_request(request, SuggestRequest, PHOTO_PARTS | {"mask"})
    with state.request("/v1/suggest", wanted.request_id, _client_gone(request)) as ticket:
        source = state.find_source(wanted, parts, ticket, size)
        hints = _hints(wanted, parts, state, source)
        where = _place(wanted, parts, source, state.settings.max_pixels)

        def work(colorizer: Colorizer, encoded: EncodedPhoto) -> list[Suggestion]:
            started = time.perf_counter()
            suggestions = colorizer.suggest(
                encoded, where, hints, n=wanted.n, strength=wanted.strength
            )
            ticket.timings["render"] = (time.perf_counter() - started) * 1000
            return suggestions

        suggestions, result, hit = state.run(source, wanted.render_size, ticket, work)
        answer = SuggestAnswer(
            image_id=source.image_id,
            suggestions=[
                SuggestionModel(
                    color="#{:02x}{:02x}{:02x}".format(*map(int, s.rgb)),
                    ab=[round(float(v), 2) for v in s.ab],
                    probability=round(min(max(float(s.probability), 0.0), 1.0), 5),
                )
                for s in suggestions
            ],
        )
        return json_answer(answer, _common_headers(ticket, source, result, hit))


def _place(
    wanted: SuggestRequest, parts: dict[str, Any], source: PhotoSource, max_pixels: int
) -> tuple[float, float] | NDArray[np.bool_]:
    if wanted.mask is not None:
        return read_mask(parts.get("mask"), wanted.mask.crop(), source.shape, max_pixels)
    if "mask" in parts:
        raise Problem("bad_hints", "There is a part mask, but the request does not describe it.")
    assert wanted.point is not None
    x, y = wanted.point
    height, width = source.shape
    if not lies_inside(x, y, (width, height)):
        outside = f"The point {x:g},{y:g} lies outside the {width} x {height} photo."
        raise Problem("bad_option", outside)
    return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)


@bp.post("/v1/uncertainty")
def uncertainty() -> Response:
    """Where a hint would tell most."""
    state = service()
    wanted, parts, size = read_request(request, UncertaintyRequest, PHOTO_PARTS)
    with state.request("/v1/uncertainty", wanted.request_id, _client_gone(request)) as ticket:
        source = state.find_source(wanted, parts, ticket, size)
        hints = _hints(wanted, parts, state, source)

        def work(colorizer: Colorizer, encoded: EncodedPhoto) -> NDArray[np.float32]:
            started = time.perf_counter()
            cells = colorizer.uncertainty(encoded, hints)
            ticket.timings["render"] = (time.perf_counter() - started) * 1000
            return cells

        cells, result, hit = state.run(source, wanted.render_size, ticket, work)
        body, kind, dtype = _map(cells, wanted)
        headers = _common_headers(ticket, source, result, hit)
        headers += _size_headers(cells.shape[1], cells.shape[0], dtype, "Y")
        return pixels_answer(request, body, kind, headers)


def _map(cells: NDArray[Any], wanted: UncertaintyRequest) -> tuple[Any, str, str]:
    if wanted.output == "raw" and wanted.map_dtype == "f32":
        return np.ascontiguousarray(cells, "<f4"), RAW_TYPE, "f32"
    codes = np.rint(np.clip(cells, 0.0, 1.0) * 255).astype(np.uint8)
    if wanted.output == "raw":
        return np.ascontiguousarray(codes), RAW_TYPE, "u8"
    return png_file(codes), FILE_TYPES["png"], "u8"


def _state_of(ticket: RequestTicket) -> RequestState:
    return RequestState.model_construct(
        request_id=ticket.request_id,
        state=ticket.state,
        stage=ticket.stage,
        fraction=round(ticket.fraction, 4),
    )


@bp.get("/v1/requests/<request_id>")
def progress(request_id: str) -> Response:
    """Where a request stands."""
    return json_answer(_state_of(service().tickets.find(request_id)))


@bp.delete("/v1/requests/<request_id>")
def cancel(request_id: str) -> Response:
    """Stop a request."""
    ticket = service().tickets.find(request_id)
    ticket.cancel()
    return json_answer(_state_of(ticket))


@bp.get("/v1/health")
def health() -> Response:
    """Whether the server can work; the only open route."""
    return json_answer(service().health())


@bp.get("/v1/info")
def info() -> Response:
    """Device, weights, limits, cache."""
    return json_answer(service().info())


@bp.get("/metrics")
def metrics() -> Response:
    """For Prometheus."""
    return bytes_answer(service().metrics.render(), METRICS_TYPE)


@bp.get("/openapi.json")
def openapi() -> Response:
    """The machine-readable description."""
    return bytes_answer(json.dumps(document()).encode(), "application/json")
