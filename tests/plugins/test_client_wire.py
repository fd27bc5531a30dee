"""The client builds the golden requests byte by byte and reads the golden answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from client import errors, messages, protocol

FOLDER = Path(__file__).parents[1] / "data" / "wire"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
ANSWER_HEADERS = {"handtint-image-id": "q1w2e3", "handtint-cache": "miss", "server-timing": ""}


def golden(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def part(message: dict[str, Any], name: str) -> bytes:
    return next(bytes.fromhex(p["hex"]) for p in message["request"]["parts"] if p["name"] == name)


def crop(message: dict[str, Any], **more: Any) -> messages.HintCrop:
    fields = message["request"]["parts"][0]["json"]["hints"]
    raw = part(golden("colorize-hints-raw"), "hints")
    return messages.HintCrop(
        fields["x"], fields["y"], fields["width"], fields["height"], raw, **more
    )


def plane(message: dict[str, Any]) -> messages.Plane:
    fields = message["request"]["parts"][0]["json"]
    return messages.Plane(
        fields["width"],
        fields["height"],
        fields["dtype"],
        fields["layout"],
        part(message, "plane"),
    )


def build(name: str) -> messages.Request:
    """The request of a golden message, made by the client's own calls."""
    message = golden(name)
    boundary = message["request"].get("boundary") or ""
    known = "{image_id}"
    if name == "colorize-raw":
        return protocol.colorize(plane(message), request_id="golden-1", boundary=boundary)
    if name == "colorize-u16-rgba":
        return protocol.colorize(plane(message), answer_layout="RGBA", boundary=boundary)
    if name == "colorize-hints-raw":
        return protocol.colorize(
            known,
            crop(message),
            vividness=0.5,
            answer_layout="BGRA",
            region=(4, 2, 24, 16),
            boundary=boundary,
        )
    if name == "colorize-hints-zlib":
        return protocol.colorize(known, crop(message, deflate=True), boundary=boundary)
    if name == "colorize-alternative":
        return protocol.colorize(known, alternative=2)
    if name == "colorize-reference":
        return protocol.colorize(known, reference=part(message, "reference"), boundary=boundary)
    if name == "colorize-within":
        data, size = part(message, "within"), 12 * 7
        fences = tuple(
            messages.Fence(x, 6, 12, 7, data[i : i + size], data[i + size : i + 5 * size])
            for x, i in ((8, 0), (20, 5 * size))
        )
        return protocol.colorize(
            known, messages.HintCrop(0, 0, 0, 0, b"", fences=fences), boundary=boundary
        )
    if name == "alternatives":
        return protocol.alternatives(known, size=20)
    if name == "suggest-point":
        return protocol.suggest(known, (14, 12), n=2)
    if name == "suggest-mask":
        mask = part(message, "mask")
        return protocol.suggest(known, mask=(8, 6, 12, 7, mask), n=1, boundary=boundary)
    if name == "uncertainty":
        return protocol.uncertainty(known)
    if name == "request-done":
        return protocol.progress("golden-1")
    if name == "request-unknown":
        return protocol.cancel("nobody")
    if name == "health":
        return protocol.health()
    if name == "info":
        return protocol.info()
    if name == "error-image-unknown":
        return protocol.colorize("not-here")
    raise KeyError(name)


# The plug-ins send neither files nor points, and build no wrong requests.
NOT_SENT = {
    "colorize-hints-png",
    "colorize-points",
    "colorize-within-points",
    "error-busy",
    "error-field",
    "error-plane-length",
    "error-token",
}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_SENT])
def test_builds_the_golden_request(name: str) -> None:
    expected = golden(name)["request"]
    request = build(name)
    assert (request.method, request.path) == (expected["method"], expected["path"])
    assert dict(map(tuple, expected["headers"])).items() <= dict(request.headers).items()
    body = (FOLDER / expected["body"]).read_bytes() if expected["body"] else b""
    if name == "colorize-hints-zlib":
        # Deflated bytes are the compressor's own affair: compare up to them.
        body, ours = (b.partition(b"octet-stream\r\n\r\n")[0] for b in (body, request.body_bytes()))
        assert ours == body
    else:
        assert request.body_bytes() == body
        assert request.content_length == len(body)


def answer(name: str) -> messages.Answer:
    """The golden answer, with examples in place of the stars."""
    expected = golden(name)["response"]
    headers = {
        field: ANSWER_HEADERS.get(field, "3") if value == "*" else value
        for field, value in expected["headers"].items()
    }
    if "json" in expected:
        example = {
            "detail": "What to do.",
            "suggestions": [{"color": "#b5835a", "ab": [14.8, 29.1], "probability": 0.41}],
        }
        content = {k: example.get(k, "x") if v == "*" else v for k, v in expected["json"].items()}
        if name.startswith("suggest"):
            content["suggestions"] = example["suggestions"]
        return messages.Answer(expected["status"], headers, json.dumps(content).encode())
    body = (FOLDER / expected["body"]).read_bytes() if expected["body"] else b""
    return messages.Answer(expected["status"], headers, body)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("colorize-raw", (40, 32)),
        ("colorize-u16-rgba", (40, 32)),
        ("colorize-hints-raw", (24, 16)),
        ("colorize-hints-zlib", (40, 32)),
        ("colorize-points", (40, 32)),
        ("colorize-alternative", (40, 32)),
        ("colorize-reference", (40, 32)),
        ("colorize-within", (40, 32)),
    ],
)
def test_reads_the_golden_pictures(name: str, size: tuple[int, int]) -> None:
    picture = protocol.read_picture(answer(name), size)
    assert (picture.width, picture.height) == size
    assert picture.image_id == "q1w2e3"
    expected = golden(name)["response"]["headers"]
    assert (picture.dtype, picture.layout) == (
        expected["handtint-dtype"],
        expected["handtint-layout"],
    )


def test_reads_the_golden_thumbnails() -> None:
    whole = answer("alternatives")
    found = protocol.read_thumbnails(whole)
    assert [(one.width, one.height) for one in found] == [(20, 16)] * 4
    assert b"".join(bytes(one.data) for one in found) == whole.body
    wrong = messages.Answer(200, {**whole.headers, "handtint-count": "5"}, whole.body)
    with pytest.raises(errors.BadReply, match="does not hold the pictures"):
        protocol.read_thumbnails(wrong)


def test_refuses_a_picture_of_another_size() -> None:
    whole = answer("colorize-raw")
    short = messages.Answer(200, whole.headers, whole.body[:-1])
    with pytest.raises(errors.BadReply, match="does not have the photo's size"):
        protocol.read_picture(short)
    with pytest.raises(errors.BadReply, match="does not have the photo's size"):
        protocol.read_picture(whole, (32, 40))


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("error-busy", errors.Busy, "busy"),
        ("error-field", errors.Rejected, "bad_request"),
        ("error-image-unknown", errors.ImageUnknown, "image_unknown"),
        ("error-plane-length", errors.Rejected, "bad_plane"),
        ("error-token", errors.TokenRefused, "token_missing"),
    ],
)
def test_reads_the_golden_problems(name: str, kind: type[errors.Rejected], code: str) -> None:
    with pytest.raises(kind) as caught:
        protocol.check(answer(name))
    assert type(caught.value) is kind
    assert (caught.value.code, str(caught.value)) == (code, "What to do.")
    if name == "error-busy":
        assert caught.value.retry_after == 2


def test_reads_the_golden_json() -> None:
    colors = protocol.read_suggestions(answer("suggest-point")).colors
    assert (colors[0].color, colors[0].probability) == ("#b5835a", 0.41)
    done = protocol.read_progress(answer("request-done"))
    assert done is not None
    assert (done.state, done.stage, done.fraction) == ("done", "write", 1.0)
    assert protocol.read_progress(answer("request-unknown")) is None
    health = protocol.read_health(answer("health"))
    assert (health.status, health.api) == ("ready", protocol.API_VERSION)


def test_what_is_not_handtint_is_no_answer() -> None:
    page = messages.Answer(502, {"content-type": "text/html"}, b"<h1>Bad Gateway</h1>")
    for read in (protocol.check, protocol.read_health, protocol.read_picture):
        with pytest.raises(errors.BadReply, match="not Handtint"):
            read(page)
    with pytest.raises(errors.BadReply):
        protocol.read_suggestions(messages.Answer(200, {}, b'{"suggestions": [{"color": "red"}]}'))
