"""The golden messages of tests/data/wire, replayed over a real socket."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import SECONDS, Live

FOLDER = Path(__file__).parents[2] / "data" / "wire"
NAMES = sorted(p.stem for p in FOLDER.glob("*.json") if p.stem != "error-busy")


def send(live: Live, message: dict[str, Any], image_id: str) -> tuple[int, dict[str, str], bytes]:
    request = message["request"]
    body = b""
    if request["body"]:
        body = (FOLDER / request["body"]).read_bytes().replace(b"{image_id}", image_id.encode())
    headers = {k: v.replace("{image_id}", image_id) for k, v in request["headers"]}
    if request["authorized"]:
        headers["Authorization"] = f"Bearer {live.token}"
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=SECONDS)
    try:
        connection.request(request["method"], request["path"], body or None, headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def matches(expected: Any, found: Any) -> bool:
    if expected == "*":
        return True
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and expected.keys() == found.keys()
            and all(matches(v, found[k]) for k, v in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(expected) == len(found)
            and all(map(matches, expected, found))
        )
    return bool(expected == found)


@pytest.mark.parametrize("name", NAMES)
def test_golden_message(name: str, live: Live) -> None:
    message = json.loads((FOLDER / f"{name}.json").read_text())
    image_id = "none"
    if "needs" in message:
        first = json.loads((FOLDER / f"{message['needs']}.json").read_text())
        status, headers, _ = send(live, first, "none")
        assert status == 200
        image_id = headers["handtint-image-id"]
    status, headers, body = send(live, message, image_id)
    response = message["response"]
    assert status == response["status"], body
    for field, value in response["headers"].items():
        assert field in headers
        assert value in ("*", headers[field]), field
    assert len(body) == int(headers["content-length"])
    if "json" in response:
        assert matches(response["json"], json.loads(body)), body
    if response["body"]:
        assert len(body) == (FOLDER / response["body"]).stat().st_size
