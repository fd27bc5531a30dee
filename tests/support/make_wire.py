"""Write the golden messages of tests/data/wire (see the README there).

Run from the repository root: python tests/support/make_wire.py
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "data" / "wire"
BOUNDARY = "handtint-golden-7d3a"
W, H = 40, 32
IMAGE_ID = "{image_id}"


def gray(width: int = W, height: int = H) -> bytes:
    """A diagonal ramp with a bright square, u8."""
    return bytes(
        220 if 10 <= x < 20 and 8 <= y < 18 else (3 * x + 2 * y) % 200
        for y in range(height)
        for x in range(width)
    )


def strokes(width: int, height: int) -> bytes:
    """An RGBA crop: a red bar, soft at its ends, on nothing."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            inside = 2 <= y < height - 2
            alpha = (128 if x in (0, width - 1) else 255) if inside else 0
            pixels += bytes((192, 64, 48, alpha) if alpha else (0, 0, 0, 0))
    return bytes(pixels)


def png(width: int, height: int, rgba: bytes) -> bytes:
    """An 8-bit RGBA PNG without filters."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = b"".join(b"\0" + rgba[4 * width * y : 4 * width * (y + 1)] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(", ", ": ")).encode()


def multipart(parts: list[tuple[str, str, bytes]]) -> bytes:
    """The body, as docs/http-api.md section 2 lays it out."""
    body = b""
    for name, kind, data in parts:
        filename = "" if kind == "application/json" else f'; filename="{name}"'
        body += (
            f"--{BOUNDARY}\r\n"
            f'Content-Disposition: form-data; name="{name}"{filename}\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        ).encode()
        body += data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


ANSWER = {
    "handtint-api": "1",
    "handtint-image-id": "*",
    "handtint-request-id": "*",
    "handtint-device": "*",
    "handtint-weights": "*",
    "handtint-cache": "*",
    "server-timing": "*",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
PROBLEM = {
    "handtint-api": "1",
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


def picture(width: int, height: int, dtype: str, layout: str, kind: str, **more: str) -> Any:
    return {
        **ANSWER,
        "content-type": kind,
        "handtint-width": str(width),
        "handtint-height": str(height),
        "handtint-dtype": dtype,
        "handtint-layout": layout,
        **more,
    }


def problem(status: int, title: str, code: str, **more: Any) -> Any:
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": "*",
        **more,
    }


def write(
    name: str,
    about: str,
    *,
    path: str = "/v1/colorize",
    method: str = "POST",
    parts: list[tuple[str, str, bytes]] | None = None,
    body_json: Any = None,
    headers: list[list[str]] | None = None,
    authorized: bool = True,
    needs: str | None = None,
    status: int = 200,
    answer: Any = None,
    body: bytes | None = None,
    answer_json: Any = None,
) -> None:
    request: dict[str, Any] = {
        "method": method,
        "path": path,
        "headers": list(headers or []),
        "authorized": authorized,
        "body": None,
    }
    data = None
    if parts is not None:
        request["headers"].insert(0, ["Content-Type", f"multipart/form-data; boundary={BOUNDARY}"])
        request["boundary"] = BOUNDARY
        listed = []
        for part, kind, content in parts:
            item: dict[str, Any] = {"name": part, "content_type": kind}
            if kind == "application/json":
                item["json"] = json.loads(content)
            else:
                item["hex"] = content.hex()
            listed.append(item)
        request["parts"] = listed
        data = multipart(parts)
    elif body_json is not None:
        request["headers"].insert(0, ["Content-Type", "application/json"])
        request["json"] = body_json
        data = dumps(body_json)
    if data is not None:
        request["body"] = f"{name}.request"
        (FOLDER / request["body"]).write_bytes(data)
    response: dict[str, Any] = {"status": status, "headers": answer or {}, "body": None}
    if answer_json is not None:
        response["json"] = answer_json
    elif body is not None:
        response["body"] = f"{name}.response"
        (FOLDER / response["body"]).write_bytes(body)
    message: dict[str, Any] = {"about": about, "request": request, "response": response}
    if needs:
        message["needs"] = needs
    text = json.dumps(message, indent=1) + "\n"
    (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


JSON, RAW = "application/json", "application/octet-stream"


def tinted(channels: int, width: int = W, height: int = H, size: int = 1) -> bytes:
    """An example of a raw answer: warm gray, opaque."""
    pixels = b""
    for v in gray(width, height):
        pixel = [min(v + 10, 255), v, max(v - 10, 0), 255][:channels]
        pixels += b"".join((c * 257 if size == 2 else c).to_bytes(size, "little") for c in pixel)
    return pixels


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    plane = {"width": W, "height": H, "dtype": "u8", "layout": "Y"}
    write(
        "colorize-raw",
        "A gray u8 plane, raw in and raw out.",
        parts=[
            ("request", JSON, dumps({**plane, "output": "raw", "request_id": "golden-1"})),
            ("plane", RAW, gray()),
        ],
        answer=picture(W, H, "u8", "RGB", RAW, **{"handtint-request-id": "golden-1"}),
        body=tinted(3),
    )
    wide = b"".join(struct.pack("<H", v * 257) for v in gray())
    write(
        "colorize-u16-rgba",
        "A gray u16 plane with alpha; the answer as RGBA u16.",
        parts=[
            (
                "request",
                JSON,
                dumps(
                    {
                        **plane,
                        "dtype": "u16",
                        "layout": "YA",
                        "output": "raw",
                        "answer_layout": "RGBA",
                    }
                ),
            ),
            (
                "plane",
                RAW,
                b"".join(wide[i : i + 2] + b"\xff\xff" for i in range(0, len(wide), 2)),
            ),
        ],
        answer=picture(W, H, "u16", "RGBA", RAW),
        body=tinted(4, size=2),
    )
    crop = {"x": 8, "y": 6, "width": 12, "height": 7}
    write(
        "colorize-hints-raw",
        "The photo by its id, a raw hint crop, one region of the answer.",
        needs="colorize-raw",
        headers=[["Handtint-Image-Id", IMAGE_ID]],
        parts=[
            (
                "request",
                JSON,
                dumps(
                    {
                        "image_id": IMAGE_ID,
                        "hints": {**crop, "layout": "RGBA", "encoding": "raw"},
                        "vividness": 0.5,
                        "output": "raw",
                        "answer_layout": "BGRA",
                        "region": [4, 2, 24, 16],
                    }
                ),
            ),
            ("hints", RAW, strokes(12, 7)),
        ],
        answer=picture(
            24,
            16,
            "u8",
            "BGRA",
            RAW,
            **{"handtint-region": "4,2,24,16", "handtint-cache": "hit"},
        ),
        body=tinted(4, 24, 16),
    )
    write(
        "colorize-hints-zlib",
        "The photo by its id, a deflated hint crop.",
        needs="colorize-raw",
        headers=[["Handtint-Image-Id", IMAGE_ID]],
        parts=[
            (
                "request",
                JSON,
                dumps(
                    {
                        "image_id": IMAGE_ID,
                        "hints": {**crop, "layout": "RGBA", "encoding": "zlib"},
                        "output": "raw",
                    }
                ),
            ),
            ("hints", RAW, zlib.compress(strokes(12, 7), 9)),
        ],
        answer=picture(W, H, "u8", "RGB", RAW, **{"handtint-cache": "hit"}),
        body=tinted(3),
    )
    write(
        "colorize-hints-png",
        "A PNG file with PNG hints; the answer as PNG.",
        parts=[
            ("request", JSON, dumps({"hints": {"x": 8, "y": 6}})),
            ("hints", "image/png", png(12, 7, strokes(12, 7))),
            (
                "image",
                "image/png",
                png(W, H, b"".join(bytes((v, v, v, 255)) for v in gray())),
            ),
        ],
        answer=picture(W, H, "u8", "RGBA", "image/png"),
    )
    write(
        "colorize-points",
        "The photo by its id and two points, as plain JSON.",
        needs="colorize-raw",
        body_json={
            "image_id": IMAGE_ID,
            "points": [
                {"x": 14.5, "y": 12, "color": "#c04030", "radius": 3},
                {"x": 30, "y": 25, "color": "#3060c0"},
            ],
            "output": "raw",
        },
        answer=picture(W, H, "u8", "RGB", RAW, **{"handtint-cache": "hit"}),
        body=tinted(3),
    )
    write(
        "colorize-alternative",
        "Another coloring of the photo.",
        needs="colorize-raw",
        body_json={"image_id": IMAGE_ID, "output": "raw", "alternative": 2},
        headers=[["Handtint-Image-Id", IMAGE_ID]],
        answer=picture(W, H, "u8", "RGB", RAW, **{"handtint-cache": "hit"}),
        body=tinted(3),
    )
    colored = bytes(v for i in range(W * H) for v in (i % 256, 90, 255 - i % 256, 255))
    write(
        "colorize-reference",
        "The colors of another photo, sent as a PNG file.",
        needs="colorize-raw",
        parts=[
            ("request", JSON, dumps({"image_id": IMAGE_ID, "output": "raw"})),
            ("reference", RAW, png(W, H, colored)),
        ],
        headers=[["Handtint-Image-Id", IMAGE_ID]],
        answer=picture(W, H, "u8", "RGB", RAW, **{"handtint-cache": "hit"}),
        body=tinted(3),
    )
    mask = bytes(0 if x < 2 else 128 if x == 2 else 255 for _ in range(7) for x in range(12))
    for name, about, within, content in (
        (
            "colorize-within",
            "Two masks, each with paint that is kept inside it.",
            {"masks": [crop, {**crop, "x": 20}], "encoding": "raw"},
            2 * (mask + strokes(12, 7)),
        ),
        (
            "colorize-within-points",
            "A mask without paint, deflated, and a point that is kept inside it.",
            {"masks": [{**crop, "paint": False}], "encoding": "zlib"},
            zlib.compress(mask, 9),
        ),
    ):
        points = [{"x": 14, "y": 9, "color": "#3060c0", "within": 0}]
        more = {"points": points} if name.endswith("points") else {}
        fields = {"image_id": IMAGE_ID, "within": within, **more, "output": "raw"}
        write(
            name,
            about,
            needs="colorize-raw",
            headers=[["Handtint-Image-Id", IMAGE_ID]],
            parts=[("request", JSON, dumps(fields)), ("within", RAW, content)],
            answer=picture(W, H, "u8", "RGB", RAW, **{"handtint-cache": "hit"}),
            body=tinted(3),
        )
    write(
        "alternatives",
        "Thumbnails of four colorings, 20 pixels along the long side, one below the other.",
        path="/v1/alternatives",
        needs="colorize-raw",
        body_json={"image_id": IMAGE_ID, "size": 20},
        headers=[["Handtint-Image-Id", IMAGE_ID]],
        answer=picture(
            20, 64, "u8", "RGB", RAW, **{"handtint-cache": "hit", "handtint-count": "4"}
        ),
        body=tinted(3, 20, 64),
    )
    suggestion = {"color": "*", "ab": "*", "probability": "*"}
    write(
        "suggest-point",
        "Two likely colours at a point.",
        path="/v1/suggest",
        needs="colorize-raw",
        body_json={"image_id": IMAGE_ID, "point": [14, 12], "n": 2},
        answer={**ANSWER, "content-type": JSON, "handtint-cache": "hit"},
        answer_json={"image_id": "*", "suggestions": [suggestion, suggestion]},
    )
    write(
        "suggest-mask",
        "Likely colours of a masked place.",
        path="/v1/suggest",
        needs="colorize-raw",
        parts=[
            (
                "request",
                JSON,
                dumps(
                    {
                        "image_id": IMAGE_ID,
                        "mask": {**crop, "encoding": "raw"},
                        "n": 1,
                    }
                ),
            ),
            ("mask", RAW, strokes(12, 7)[3::4]),
        ],
        answer={**ANSWER, "content-type": JSON, "handtint-cache": "hit"},
        answer_json={"image_id": "*", "suggestions": [suggestion]},
    )
    write(
        "uncertainty",
        "The map of where a hint would tell most; its size is the network's affair.",
        path="/v1/uncertainty",
        needs="colorize-raw",
        body_json={"image_id": IMAGE_ID, "output": "raw"},
        answer={
            **ANSWER,
            "content-type": RAW,
            "handtint-width": "*",
            "handtint-height": "*",
            "handtint-dtype": "u8",
            "handtint-layout": "Y",
            "handtint-cache": "hit",
        },
    )
    write(
        "request-done",
        "Progress of a request that has ended.",
        path="/v1/requests/golden-1",
        method="GET",
        needs="colorize-raw",
        answer={"handtint-api": "1", "content-type": JSON},
        answer_json={
            "request_id": "golden-1",
            "state": "done",
            "stage": "write",
            "fraction": 1.0,
        },
    )
    write(
        "request-unknown",
        "Cancelling a request that the server does not know.",
        path="/v1/requests/nobody",
        method="DELETE",
        status=404,
        answer=PROBLEM,
        answer_json=problem(404, "Not Found", "request_unknown"),
    )
    write(
        "health",
        "The open route.",
        path="/v1/health",
        method="GET",
        authorized=False,
        answer={"handtint-api": "1", "content-type": JSON},
        answer_json={"status": "ready", "api": 1, "version": "*", "instance": "*"},
    )
    write(
        "info",
        "What a dialog shows about the server.",
        path="/v1/info",
        method="GET",
        answer={"handtint-api": "1", "content-type": JSON},
        answer_json={
            "version": "*",
            "api": 1,
            "engines": "*",
            "kernels": "*",
            "weights": "*",
            "defaults": {"vividness": "*", "strength": "*", "render_size": "*"},
            "limits": "*",
            "cache": "*",
            "queue": "*",
        },
    )
    write(
        "error-image-unknown",
        "An id that the server does not hold: the pixels are to be sent again.",
        body_json={"image_id": "not-here", "output": "raw"},
        status=404,
        answer=PROBLEM,
        answer_json=problem(404, "Not Found", "image_unknown"),
    )
    write(
        "error-token",
        "No token.",
        body_json={"image_id": "not-here"},
        authorized=False,
        status=401,
        answer={**PROBLEM, "www-authenticate": "Bearer"},
        answer_json=problem(401, "Unauthorized", "token_missing"),
    )
    write(
        "error-field",
        "A misspelt option.",
        body_json={"image_id": "not-here", "vividnes": 0.5},
        status=400,
        answer=PROBLEM,
        answer_json=problem(
            400,
            "Bad Request",
            "bad_request",
            errors=[{"field": "vividnes", "message": "*"}],
        ),
    )
    write(
        "error-plane-length",
        "A plane of fewer bytes than its size says.",
        parts=[("request", JSON, dumps({**plane, "output": "raw"})), ("plane", RAW, gray()[:-1])],
        status=422,
        answer=PROBLEM,
        answer_json=problem(422, "Unprocessable Content", "bad_plane"),
    )
    write(
        "error-busy",
        "All places taken: an example for clients only, made by no test request.",
        body_json={"image_id": "not-here"},
        status=503,
        answer={**PROBLEM, "retry-after": "2"},
        answer_json=problem(503, "Service Unavailable", "busy", retry_after=2),
    )


if __name__ == "__main__":
    main()
