"""The wire as the Python client sees it: planes and hints to bodies, answers to arrays."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from ..decode.hints import REFERENCE_PARTS
from ..decode.raw_pixels import DTYPES, NUMPY_DTYPES, WIRE_DTYPES
from ..model import HandtintError, HintPatch, Hints, Plane


class ClientError(HandtintError):
    """The server could not be asked, or refused."""


class Unreachable(ClientError):
    """Nothing answers at the URL, or the connection broke."""


class Rejected(ClientError):
    """The server answered with a problem.  code: its code; status: of HTTP."""

    def __init__(self, message: str, code: str, status: int, retry_after: float | None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retry_after = retry_after


class BadReply(ClientError):
    """The answer is not what docs/http-api.md promises."""


@dataclass(frozen=True, eq=False)
class Colorized:
    """A coloured picture and what the server said about it.

    pixels: (h, w, len(layout)) of the photo's dtype.  weights: id of those that were used.
    timings: milliseconds by step.
    """

    pixels: NDArray[Any]
    image_id: str
    layout: str
    device: str
    cached: bool
    note: str
    weights: str = ""
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SuggestedColor:
    """A likely colour."""

    color: str
    ab: tuple[float, float]
    probability: float


def plane_part(photo: Plane, alpha: Plane | None) -> tuple[dict[str, Any], Any]:
    """(fields that describe it, bytes) of a plane with or without alpha."""
    name = WIRE_DTYPES.get(photo.dtype.str[1:])
    if photo.ndim != 2 or name is None:
        raise ClientError(f"a photo is (H, W) uint8, uint16 or float32, not {photo.shape}.")
    pixels: NDArray[Any] = photo
    if alpha is not None:
        if alpha.shape != photo.shape or alpha.dtype != photo.dtype:
            raise ClientError("alpha has the shape and the dtype of the photo.")
        pixels = np.stack([photo, alpha], axis=-1)
    pixels = np.ascontiguousarray(pixels, NUMPY_DTYPES[name])
    described = {
        "width": photo.shape[1],
        "height": photo.shape[0],
        "dtype": name,
        "layout": "Y" if alpha is None else "YA",
    }
    return described, pixels.reshape(-1).view(np.uint8).data


def hints_part(hints: Hints) -> tuple[dict[str, Any], bytes]:
    """(description of the crop, deflated RGBA) of hints, painted over each other."""
    ordinary = Hints(hints.patches)
    bounds = ordinary.bounds()
    assert bounds is not None
    patch = (
        ordinary.patches[0] if len(ordinary.patches) == 1 else _composite(ordinary.patches, bounds)
    )
    height, width = patch.rgba.shape[:2]
    crop = {
        "x": patch.x,
        "y": patch.y,
        "width": width,
        "height": height,
        "layout": "RGBA",
        "encoding": "zlib",
    }
    return crop, zlib.compress(np.ascontiguousarray(patch.rgba).tobytes(), 1)


def within_part(hints: Hints) -> tuple[dict[str, Any], bytes]:
    """(description, bytes) of masks with the paint that is kept inside them."""
    masks, chunks = [], []
    for fence in hints.fences:
        height, width = fence.mask.shape
        masks.append({"x": fence.x, "y": fence.y, "width": width, "height": height})
        chunks.append(np.ascontiguousarray(fence.mask).tobytes())
        paint = _composite(fence.patches, (fence.x, fence.y, fence.x + width, fence.y + height))
        chunks.append(paint.rgba.tobytes())
    return {"masks": masks, "encoding": "zlib"}, zlib.compress(b"".join(chunks), 1)


def reference_parts(hints: Hints) -> list[tuple[str, bytes]]:
    """Names and PNG files of the references."""
    if not hints.references:
        return []
    import pyvips

    if len(hints.references) > len(REFERENCE_PARTS):
        raise ClientError(f"a server takes at most {len(REFERENCE_PARTS)} references.")
    pictures = [pyvips.Image.new_from_array(np.ascontiguousarray(r)) for r in hints.references]
    files = [p.copy(interpretation="srgb").pngsave_buffer(compression=1) for p in pictures]
    return [(name, bytes(file)) for name, file in zip(REFERENCE_PARTS, files)]


def _composite(patches: Sequence[HintPatch], bounds: tuple[int, int, int, int]) -> HintPatch:
    """All patches in one crop that holds them, later ones on top (Porter and Duff 1984, "over").

    bounds: x0, y0, x1, y1 of the crop.
    """
    x0, y0, x1, y1 = bounds
    crop = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
    for patch in patches:
        height, width = patch.rgba.shape[:2]
        y, x = patch.y - y0, patch.x - x0
        below = crop[y : y + height, x : x + width]
        top = patch.rgba[..., 3:].astype(np.float32) / 255.0
        alpha = top + below[..., 3:].astype(np.float32) / 255.0 * (1.0 - top)
        share = np.divide(top, alpha, out=np.zeros_like(alpha), where=alpha > 0)
        below[..., :3] = np.rint(patch.rgba[..., :3] * share + below[..., :3] * (1.0 - share))
        below[..., 3:] = np.rint(alpha * 255.0)
    return HintPatch(crop, x0, y0)


def multipart_body(boundary: str, fields: dict[str, Any], parts: list[tuple[str, Any]]) -> bytes:
    """The body: the JSON part first, then the binary ones."""
    chunks: list[Any] = []
    everything = [("request", "application/json", json.dumps(fields).encode())]
    everything += [(name, "application/octet-stream", data) for name, data in parts]
    for name, kind, data in everything:
        chunks += [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n".encode(),
            data,
            b"\r\n",
        ]
    chunks.append(f"--{boundary}--\r\n".encode())
    return b"".join(chunks)


def answer_pixels(response: requests.Response) -> NDArray[Any]:
    """(h, w, c) of a raw answer; raises BadReply if it does not hold what it announces."""
    try:
        height = int(response.headers["Handtint-Height"])
        width = int(response.headers["Handtint-Width"])
        dtype = response.headers["Handtint-Dtype"]
        channels = len(response.headers["Handtint-Layout"])
        size = height * width * channels * DTYPES[dtype]
    except (KeyError, ValueError) as error:
        raise BadReply("the answer does not tell its size.") from error
    if len(response.content) != size or size <= 0:
        raise BadReply(f"the answer has {len(response.content)} bytes instead of {size}.")
    return np.frombuffer(response.content, NUMPY_DTYPES[dtype]).reshape(height, width, channels)


def colorized(response: requests.Response) -> Colorized:
    """The answer of `/v1/colorize`; raises BadReply."""
    headers = response.headers
    pixels = answer_pixels(response)
    timings: dict[str, float] = {}
    for step in headers.get("Server-Timing", "").split(","):
        name, _, value = step.strip().partition(";dur=")
        with contextlib.suppress(ValueError):
            timings[name] = float(value)
    return Colorized(
        pixels=pixels,
        image_id=headers.get("Handtint-Image-Id", ""),
        layout=headers["Handtint-Layout"],
        device=headers.get("Handtint-Device", ""),
        cached=headers.get("Handtint-Cache") == "hit",
        note=headers.get("Handtint-Note", ""),
        weights=headers.get("Handtint-Weights", ""),
        timings=timings,
    )


def rejected(response: requests.Response) -> ClientError:
    """The error for an answer with another status than 200."""
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return BadReply(
            f"the server answered {response.status_code} {response.reason}, which no "
            "Handtint server does; is the URL right?"
        )
    retry_after: float | None = None
    with contextlib.suppress(KeyError, ValueError):
        retry_after = float(response.headers["Retry-After"])
    return Rejected(detail, code, response.status_code, retry_after)
