"""Every error has an answer of its own, and Python and HTTP agree about which."""

from __future__ import annotations

import errno
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import handtint_model
import handtint_server
from handtint_model import (
    BadHint,
    BadOption,
    ColorizeOptions,
    HandtintError,
    Hints,
    load_colorizer,
)
from handtint_server.api.errors import CODE_OF, problem_from
from handtint_server.http.problem import CODES

from .. import pictures
from ..conftest import Live


def import_all(package: Any) -> None:
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def subclasses(kind: type[HandtintError]) -> Iterator[type[HandtintError]]:
    for below in kind.__subclasses__():
        yield below
        yield from subclasses(below)


def of_package(name: str) -> set[type[HandtintError]]:
    import_all(handtint_model)
    import_all(handtint_server)
    return {kind for kind in subclasses(HandtintError) if kind.__module__.split(".")[0] == name}


def test_every_error_of_the_model_has_a_code() -> None:
    assert of_package("handtint_model") == set(CODE_OF)
    assert set(CODE_OF.values()) <= set(CODES)
    for kind, code in CODE_OF.items():
        problem = problem_from(kind("some reason."))
        assert problem is not None
        assert (problem.code, problem.status) == (code, CODES[code])
        assert problem.status != 500 or code != "internal"


def test_errors_of_commands_are_no_answers() -> None:
    """Nothing in a request raises them: if one came up, it would be a fault, and logged."""
    of_server = of_package("handtint_server")
    assert len(of_server) > 5
    for kind in of_server:
        error = kind.__new__(kind)
        assert problem_from(error) is None, kind


def test_what_is_bare_or_foreign_is_unexpected() -> None:
    class New(HandtintError):
        pass

    for error in (HandtintError("x"), New("x"), ValueError("x"), OSError(errno.EIO, "x")):
        assert problem_from(error) is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_507_wherever_it_is_noticed(number: int) -> None:
    full = OSError(number, "full", "/somewhere")
    wrapped = HandtintError("the file cannot be written.")
    wrapped.__cause__ = full
    for error in (full, wrapped):
        problem = problem_from(error)
        assert problem is not None
        assert (problem.status, problem.code) == (507, "disk_full")
        assert "somewhere" not in problem.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vividness", -0.01),
        ("vividness", 1.01),
        ("strength", 2),
        ("strength", -1),
        ("render_size", 127),
        ("render_size", 513),
    ],
)
def test_options_out_of_range(live: Live, name: str, value: float) -> None:
    options: dict[str, Any] = {name: value}
    with pytest.raises(BadOption):
        ColorizeOptions(**options)
    kind, body = pictures.raw_request(pictures.photo(), **options)
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_option")
    assert name in answer.json()["detail"]
    assert [fault["field"] for fault in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("n", [0, 33])
def test_number_of_suggestions_out_of_range(live: Live, tiny_weights: Any, n: int) -> None:
    colorizer = load_colorizer(tiny_weights, "cpu")
    photo = colorizer.encode(pictures.photo())
    with pytest.raises(BadOption):
        colorizer.suggest(photo, (3, 3), n=n)
    kind, body = pictures.multipart(
        {"width": 64, "height": 48, "dtype": "u8", "layout": "Y", "point": [3, 3], "n": n},
        [("plane", pictures.photo().tobytes())],
    )
    answer = live.post("/v1/suggest", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_option")


@pytest.mark.parametrize("region", [[-1, 0, 5, 5], [0, 0, 0, 5], [60, 0, 5, 10]])
def test_regions_out_of_range(live: Live, region: list[int]) -> None:
    kind, body = pictures.raw_request(pictures.photo(), region=region)
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_option")


@pytest.mark.parametrize(
    "change", [{"radius": 0.4}, {"radius": 1001}, {"color": "red"}, {"x": 2.0**31}]
)
def test_points_out_of_range(live: Live, change: dict[str, Any]) -> None:
    point = {"x": 9, "y": 9, "color": "#c04030", "radius": 4, **change}
    with pytest.raises(BadHint):
        Hints.from_points([(point["x"], point["y"], point["color"])], point["radius"])
    kind, body = pictures.raw_request(pictures.photo(), points=[point])
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_hints")


def with_png_hints(png: bytes, **more: Any) -> tuple[str, bytes]:
    described = {"width": 64, "height": 48, "dtype": "u8", "layout": "Y", **more}
    photo = ("plane", pictures.photo().tobytes())
    return pictures.multipart(described, [("hints", ("image/png", png)), photo])


def test_a_damaged_header_of_png_hints(live: Live) -> None:
    """It is not taken for a picture of billions of pixels that should be made smaller."""
    png = pictures.png(np.full((48, 64, 4), 200, np.uint8))
    for damaged in (png[:8] + bytes(range(64)), png[:16] + b"\x7f" + png[17:], png[:20]):
        kind, body = with_png_hints(damaged)
        answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_hints")
        assert "damaged" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("height", "width", "status"), [(48, 64, 200), (24, 32, 422), (96, 128, 422)]
)
def test_whole_layers_have_the_size_of_the_photo(
    live: Live, height: int, width: int, status: int
) -> None:
    """Without a place.  With one they may be smaller or larger."""
    png = pictures.png(np.full((height, width, 4), 200, np.uint8))
    for more, wanted in (({}, status), ({"hints": {"x": 0, "y": 0}}, 200)):
        kind, body = with_png_hints(png, **more)
        answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
        assert answer.status_code == wanted, answer.text
        if wanted == 422:
            assert answer.json()["code"] == "bad_hints"
            assert f"{width} x {height} pixels, the photo 64 x 48" in answer.json()["detail"]


@pytest.mark.parametrize("change", [{"x": 63.5}, {"y": -0.6}, {"x": 6000}, {"y": 50, "radius": 20}])
@pytest.mark.parametrize("fenced", [False, True])
def test_points_outside_the_photo(live: Live, change: dict[str, Any], fenced: bool) -> None:
    point = {"x": 9, "y": 9, "color": "#c04030", **change, **({"within": 0} if fenced else {})}
    masks = {"masks": [{"width": 64, "height": 48, "paint": False}]}
    kind, body = pictures.multipart(
        {
            **{"width": 64, "height": 48, "dtype": "u8", "layout": "Y"},
            **{"points": [point], "within": masks},
        },
        [("within", b"\xff" * (64 * 48)), ("plane", pictures.photo().tobytes())],
    )
    for route in ("/v1/colorize", "/v1/alternatives", "/v1/uncertainty"):
        answer = live.post(route, data=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_hints"), route
        assert "outside the photo of 64 x 48" in answer.json()["detail"]


@pytest.mark.parametrize(
    "fields", [{"vividness": "0.5"}, {"vividness": 2, "unknown": 1}, {"width": 0}]
)
def test_what_is_no_value_at_all_is_a_bad_request(live: Live, fields: dict[str, Any]) -> None:
    """Of the wrong type, unknown, or out of range beside something that is worse."""
    kind, body = pictures.raw_request(np.zeros((8, 8), np.uint8), **fields)
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
