"""Small pictures and multipart bodies for the tests."""

from __future__ import annotations

import io
import json
import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Parts = list[tuple[str, Any]]


def photo(height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """A gray picture with areas and edges, u8."""
    random = np.random.default_rng(seed)
    small = random.integers(20, 230, (max(height // 8, 1), max(width // 8, 1)))
    large = np.kron(small, np.ones((8, 8)))
    plane = np.zeros((height, width))
    plane[: large.shape[0], : large.shape[1]] = large[:height, :width]
    return (plane + random.integers(0, 9, plane.shape)).astype(np.uint8)


def png(array: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def strokes(height: int, width: int, color: tuple[int, int, int] = (200, 60, 40)) -> bytes:
    """A raw RGBA crop painted full."""
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[..., :3] = color
    rgba[..., 3] = 255
    return rgba.tobytes()


def multipart(request: dict[str, Any] | bytes | None, parts: Parts = []) -> tuple[str, bytes]:  # noqa: B006
    """(Content-Type, body); a part's content is bytes, or (content type, bytes)."""
    boundary = secrets.token_hex(12)
    chunks = []
    if request is not None:
        data = request if isinstance(request, bytes) else json.dumps(request).encode()
        parts = [("request", ("application/json", data)), *parts]
    for name, content in parts:
        kind, data = (
            content if isinstance(content, tuple) else ("application/octet-stream", content)
        )
        chunks.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n".encode()
            + data
            + b"\r\n"
        )
    body = b"".join(chunks) + f"--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def raw_request(plane: NDArray[Any], layout: str = "Y", **fields: Any) -> tuple[str, bytes]:
    """A request with a raw plane, raw answer."""
    dtype = {"u1": "u8", "u2": "u16", "f2": "f16", "f4": "f32"}[plane.dtype.str[1:]]
    described = {
        "width": plane.shape[1],
        "height": plane.shape[0],
        "dtype": dtype,
        "layout": layout,
        "output": "raw",
        **fields,
    }
    return multipart(described, [("plane", plane.tobytes())])
