"""What comes back over HTTP is what the Python API gives, in every form the wire has."""

from __future__ import annotations

import io
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from numpy.typing import NDArray
from PIL import Image

from handtint_model import ColorizeOptions, Colorizer, Hints, load_colorizer, luminance_of
from handtint_model.files import find_mark, read_photo
from handtint_server.client import Client
from handtint_server.client.wire import Rejected

from .. import pictures
from ..conftest import SECONDS, Live, Start
from ..watched import CountingLoad

CHANNELS = {"RGB": [0, 1, 2], "RGBA": [0, 1, 2, 3], "BGR": [2, 1, 0], "BGRA": [2, 1, 0, 3]}
NUMPY = {"u8": "<u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}


@pytest.fixture(scope="module")
def colorizer(tiny_weights: Path) -> Colorizer:
    return load_colorizer(tiny_weights, "cpu")


def send(live: Live, kind_and_body: tuple[str, bytes], **headers: str) -> requests.Response:
    kind, body = kind_and_body
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind, **headers})
    assert answer.status_code == 200, answer.text
    return answer


def pixels(answer: requests.Response) -> NDArray[Any]:
    h = answer.headers
    shape = (int(h["Handtint-Height"]), int(h["Handtint-Width"]), len(h["Handtint-Layout"]))
    return np.frombuffer(answer.content, NUMPY[h["Handtint-Dtype"]]).reshape(shape)


def as_dtype(plane: NDArray[np.uint8], dtype: Any) -> NDArray[Any]:
    if np.dtype(dtype).kind == "f":
        return (plane / 255).astype(dtype)
    return plane.astype(dtype) * (257 if dtype == np.uint16 else 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("layout", list(CHANNELS))
def test_raw_answers_equal_the_python_api(
    live: Live, colorizer: Colorizer, dtype: Any, layout: str
) -> None:
    plane = as_dtype(pictures.photo(), dtype)
    expected = colorizer.colorize(colorizer.encode(plane))
    found = pixels(send(live, pictures.raw_request(plane, answer_layout=layout)))
    opaque = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    full = np.dstack([expected, np.full(plane.shape, opaque, dtype)])
    np.testing.assert_array_equal(found, full[..., CHANNELS[layout]])


def test_half_floats(live: Live, colorizer: Colorizer) -> None:
    plane = as_dtype(pictures.photo(), np.float16)
    expected = colorizer.colorize(colorizer.encode(plane.astype(np.float32)))
    found = pixels(send(live, pictures.raw_request(plane)))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found.astype(np.float32), expected, atol=1e-3)


@pytest.mark.parametrize("layout", ["RGB", "BGR", "RGBA", "BGRA"])
def test_color_sources_are_weighed_by_d65(live: Live, colorizer: Colorizer, layout: str) -> None:
    random = np.random.default_rng(1)
    rgb = random.integers(0, 256, (24, 32, 3)).astype(np.uint8)
    expected = colorizer.colorize(colorizer.encode(luminance_of(rgb)))
    full = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    sent = np.ascontiguousarray(full[..., CHANNELS[layout]])
    np.testing.assert_array_equal(pixels(send(live, pictures.raw_request(sent, layout))), expected)


def test_alpha_is_kept_and_hides_its_pixels(live: Live) -> None:
    plane = pictures.photo()
    alpha = np.full_like(plane, 255)
    alpha[:, :20] = 0
    answers = []
    for hidden in (0, 255):
        below = plane.copy()
        below[:, :20] = hidden
        sent = np.dstack([below, alpha])
        answers.append(pixels(send(live, pictures.raw_request(sent, "YA", answer_layout="RGBA"))))
    np.testing.assert_array_equal(answers[0][..., 3], alpha)
    np.testing.assert_array_equal(answers[0][:, 24:], answers[1][:, 24:])


def test_region_equals_the_whole(live: Live) -> None:
    plane = pictures.photo(100, 130)
    whole = send(live, pictures.raw_request(plane))
    kind_and_body = pictures.multipart(
        {
            "image_id": whole.headers["Handtint-Image-Id"],
            "output": "raw",
            "region": [17, 31, 40, 22],
        }
    )
    part = send(live, kind_and_body)
    assert part.headers["Handtint-Region"] == "17,31,40,22"
    np.testing.assert_array_equal(pixels(part), pixels(whole)[31:53, 17:57])


def test_region_beside_a_stroke(live: Live) -> None:
    """A rectangle that touches a stroke's tile but not the stroke itself."""
    plane = pictures.photo(120, 160)
    points = [{"x": 80, "y": 60, "color": "#c04030", "radius": 8}]
    whole = send(live, pictures.raw_request(plane, points=points))
    image_id = whole.headers["Handtint-Image-Id"]
    for region in ([34, 14, 72, 32], [0, 0, 9, 9], [85, 64, 60, 40], [80, 60, 1, 1]):
        request = {"image_id": image_id, "points": points, "output": "raw", "region": region}
        x, y, w, h = region
        part = pixels(send(live, pictures.multipart(request)))
        np.testing.assert_array_equal(part, pixels(whole)[y : y + h, x : x + w])


def test_hints_in_every_form(live: Live, colorizer: Colorizer) -> None:
    """Raw, deflated, BGRA, PNG and JSON body: the same hints, the same picture."""
    plane = pictures.photo()
    rgba = np.frombuffer(pictures.strokes(10, 12), np.uint8).reshape(10, 12, 4)
    photo = colorizer.encode(plane)
    expected = colorizer.colorize(photo, Hints.from_rgba(rgba, 20, 15))
    assert (expected != colorizer.colorize(photo)).any()
    image_id = send(live, pictures.raw_request(plane)).headers["Handtint-Image-Id"]
    crop = {"x": 20, "y": 15, "width": 12, "height": 10}
    known = {"image_id": image_id, "output": "raw"}
    raw = rgba.tobytes()
    swapped = np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]).tobytes()
    forms: list[tuple[dict[str, Any], Any]] = [
        (crop, raw),
        ({**crop, "encoding": "zlib"}, zlib.compress(raw)),
        ({**crop, "layout": "BGRA"}, swapped),
        ({"x": 20, "y": 15}, ("image/png", pictures.png(rgba))),
    ]
    for described, content in forms:
        request = pictures.multipart({**known, "hints": described}, [("hints", content)])
        np.testing.assert_array_equal(pixels(send(live, request)), expected, str(described))
    points = [{"x": 25, "y": 20, "color": "#c83c28", "radius": 5}]
    expected = colorizer.colorize(photo, Hints.from_points([(25, 20, "#c83c28")], radius=5))
    answer = live.post("/v1/colorize", json={**known, "points": points})
    np.testing.assert_array_equal(pixels(answer), expected)


def test_fences_are_those_of_the_python_api(live: Live, colorizer: Colorizer) -> None:
    """Raw and deflated, with paint and with points; the Python client sends the same."""
    plane = pictures.photo()
    photo = colorizer.encode(plane)
    rgba = np.frombuffer(pictures.strokes(10, 12), np.uint8).reshape(10, 12, 4)
    soft = np.tile(np.linspace(0, 255, 12).astype(np.uint8), (10, 1))
    box = np.zeros((30, 25), np.uint8)
    box[5:25, 5:20] = 255
    hints = Hints.from_points([(60, 8, "#30a050")], radius=4)
    hints += Hints.from_rgba(rgba, 20, 15).within(soft, 20, 15)
    hints += Hints.from_points([(50, 30, "#3060c0")], radius=4).within(box, 38, 15)
    expected = colorizer.colorize(photo, hints)
    assert (expected != colorizer.colorize(photo, Hints(hints.patches))).any()
    known = {
        "image_id": send(live, pictures.raw_request(plane)).headers["Handtint-Image-Id"],
        "output": "raw",
        "points": [
            {"x": 60, "y": 8, "color": "#30a050", "radius": 4},
            {"x": 50, "y": 30, "color": "#3060c0", "radius": 4, "within": 1},
        ],
    }
    masks = [
        {"x": 20, "y": 15, "width": 12, "height": 10},
        {"x": 38, "y": 15, "width": 25, "height": 30, "paint": False},
    ]
    data = soft.tobytes() + rgba.tobytes() + box.tobytes()
    for encoding, content in (("raw", data), ("zlib", zlib.compress(data))):
        request = {**known, "within": {"masks": masks, "encoding": encoding}}
        answer = send(live, pictures.multipart(request, [("within", content)]))
        np.testing.assert_array_equal(pixels(answer), expected)
    with Client(live.url, live.token) as client:
        np.testing.assert_array_equal(client.colorize(plane, hints).pixels, expected)


@pytest.mark.parametrize(
    ("fields", "data", "code"),
    [
        ({"within": {"masks": [{"width": 4, "height": 4}]}}, None, "bad_hints"),
        ({}, b"\xff" * 80, "bad_hints"),
        ({"points": [{"x": 1, "y": 1, "color": "#ff0000", "within": 0}]}, None, "bad_hints"),
        ({"within": {"masks": [{"width": 4, "height": 4}]}}, b"\xff" * 79, "bad_hints"),
        ({"within": {"masks": [{"width": 4, "height": 4}]}}, b"\xff" * 81, "bad_hints"),
        ({"within": {"masks": [{"width": 4, "height": 4}]}}, bytes(80), "bad_hints"),
        (
            {
                "within": {"masks": [{"width": 4, "height": 4, "paint": False}]},
                "points": [{"x": 1, "y": 1, "color": "#ff0000", "within": 1}],
            },
            b"\xff" * 16,
            "bad_hints",
        ),
        (
            {"within": {"masks": [{"width": 1000000, "height": 1000}] * 2}},
            b"\xff" * 80,
            "hints_too_large",
        ),
        ({"within": {"masks": []}}, b"", "bad_request"),
        ({"within": {"masks": [{"width": 4, "height": 4}] * 33}}, b"\xff", "bad_request"),
        ({"within": {"masks": [{"width": 4, "height": 0}]}}, b"\xff", "bad_request"),
    ],
)
def test_fences_that_do_not_fit(
    live: Live, fields: dict[str, Any], data: bytes | None, code: str
) -> None:
    known = send(live, pictures.raw_request(pictures.photo())).headers["Handtint-Image-Id"]
    parts: list[tuple[str, Any]] = [] if data is None else [("within", data)]
    kind, body = pictures.multipart({"image_id": known, **fields}, parts)
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert answer.json()["code"] == code, answer.text
    assert answer.json()["detail"].endswith(".")


def test_options_reach_the_model(live: Live, colorizer: Colorizer) -> None:
    plane = pictures.photo()
    options = {"vividness": 0.9, "render_size": 160}
    photo = colorizer.encode(plane, render_size=160)
    expected = colorizer.colorize(photo, vividness=0.9)
    found = pixels(send(live, pictures.raw_request(plane, **options)))
    np.testing.assert_array_equal(found, expected)
    hint = {"points": [{"x": 30, "y": 20, "color": "#00ff00", "radius": 9}]}
    without = pixels(send(live, pictures.raw_request(plane, **hint, strength=0)))
    np.testing.assert_array_equal(without, colorizer.colorize(colorizer.encode(plane)))


@pytest.mark.parametrize(
    ("output", "shape", "words"),
    [("jpeg", (48, 64), "holds no transparency"), ("webp", (2, 16384), "at most 16383")],
)
def test_what_a_file_cannot_hold_is_told_before_the_work(
    start_server: Start, tiny_weights: Path, output: str, shape: tuple[int, int], words: str
) -> None:
    load = CountingLoad(tiny_weights)
    live = start_server(load)
    plane = np.full(shape, 90, np.uint8)
    photo = pictures.png(np.dstack([plane, plane // 2]))
    request = pictures.multipart({"output": output}, [("image", photo)])
    kind, body = request
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_option")
    assert words in answer.json()["detail"]
    assert load.runs == 0
    # A part of it may fit.
    kind, body = pictures.multipart(
        {"output": output, "region": [0, 0, 2, 2]},
        [("image", pictures.png(plane))],
    )
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert load.runs > 0


@pytest.mark.parametrize("output", ["png", "tiff", "webp", "jpeg"])
def test_files_in_and_out(live: Live, output: str) -> None:
    file = pictures.png(pictures.photo())
    answer = send(live, pictures.multipart({"output": output}, [("image", file)]))
    assert answer.headers["Content-Type"] == f"image/{output}"
    image = Image.open(io.BytesIO(answer.content))
    assert (image.format or "").lower() == output
    assert image.size == (64, 48)
    assert np.ptp(np.asarray(image.convert("RGB")).astype(int), axis=2).max() > 3  # coloured


def test_sixteen_bits_stay(live: Live, colorizer: Colorizer) -> None:
    plane = as_dtype(pictures.photo(), np.uint16) + 3
    file = io.BytesIO()
    Image.fromarray(plane).save(file, "PNG")
    answer = send(live, pictures.multipart({"output": "raw"}, [("image", file.getvalue())]))
    assert answer.headers["Handtint-Dtype"] == "u16"
    np.testing.assert_array_equal(pixels(answer), colorizer.colorize(colorizer.encode(plane)))
    answer = send(live, pictures.multipart({"output": "png"}, [("image", file.getvalue())]))
    assert answer.headers["Handtint-Dtype"] == "u16"
    assert answer.content[24] == 16  # IHDR: bit depth


def test_the_order_of_parts_does_not_matter(live: Live) -> None:
    plane = pictures.photo()
    described = {"width": 64, "height": 48, "dtype": "u8", "layout": "Y", "output": "raw"}
    kind, first = pictures.multipart(described, [("plane", plane.tobytes())])
    boundary = kind.split("boundary=")[1].encode()
    head, one, two, tail = first.split(b"--" + boundary)
    swapped = (b"--" + boundary).join([head, two, one, tail])
    assert send(live, (kind, swapped)).content == send(live, (kind, first)).content


def test_a_plane_that_holds_boundaries(live: Live, colorizer: Colorizer) -> None:
    """The length from the JSON rules: bytes that look like a delimiter are pixels."""
    kind, _ = pictures.multipart(None)
    boundary = kind.split("boundary=")[1]
    delimiter = np.frombuffer(f"\r\n--{boundary}\r\n".encode(), np.uint8)
    plane = np.resize(delimiter, (48, 64))
    described = b'{"width": 64, "height": 48, "dtype": "u8", "layout": "Y", "output": "raw"}'
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="request"\r\n\r\n'.encode()
        + described
        + f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="plane"\r\n\r\n'.encode()
        + plane.tobytes()
        + f"\r\n--{boundary}--\r\n".encode()
    )
    expected = colorizer.colorize(colorizer.encode(plane))
    np.testing.assert_array_equal(pixels(send(live, (kind, body))), expected)


def test_odd_offsets_of_wide_planes(live: Live, colorizer: Colorizer) -> None:
    """Wherever a u16 plane begins in the body, it is read right."""
    plane = as_dtype(pictures.photo(), np.uint16)
    expected = colorizer.colorize(colorizer.encode(plane))
    for length in range(1, 6):
        request = pictures.raw_request(plane, request_id="a" * length)
        np.testing.assert_array_equal(pixels(send(live, request)), expected)


def test_suggest_and_uncertainty(live: Live, colorizer: Colorizer) -> None:
    plane = pictures.photo()
    photo = colorizer.encode(plane)
    image_id = send(live, pictures.raw_request(plane)).headers["Handtint-Image-Id"]
    answer = live.post("/v1/suggest", json={"image_id": image_id, "point": [30, 20], "n": 5})
    expected = colorizer.suggest(photo, (30, 20), n=5)
    colors = ["#{:02x}{:02x}{:02x}".format(*s.rgb) for s in expected]
    assert [s["color"] for s in answer.json()["suggestions"]] == colors
    mask = np.zeros((6, 8), np.uint8)
    mask[2:4, 3:6] = 1
    crop = {"x": 28, "y": 18, "width": 8, "height": 6}
    kind, body = pictures.multipart(
        {"image_id": image_id, "mask": crop, "n": 5}, [("mask", mask.tobytes())]
    )
    answer = live.post("/v1/suggest", data=body, headers={"Content-Type": kind})
    whole = np.zeros(plane.shape, bool)
    whole[20:22, 31:34] = True
    expected = colorizer.suggest(photo, whole, n=5)
    colors = ["#{:02x}{:02x}{:02x}".format(*s.rgb) for s in expected]
    assert [s["color"] for s in answer.json()["suggestions"]] == colors
    answer = live.post("/v1/uncertainty", json={"image_id": image_id, "map_dtype": "f32"})
    np.testing.assert_array_equal(pixels(answer)[..., 0], colorizer.uncertainty(photo))
    answer = live.post("/v1/uncertainty", json={"image_id": image_id, "output": "png"})
    cells = np.asarray(Image.open(io.BytesIO(answer.content)))
    np.testing.assert_array_equal(cells, np.rint(colorizer.uncertainty(photo) * 255))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"region": [0, 0, 65, 10]}, "bad_option"),
        ({"region": [60, 0, 5, 10]}, "bad_option"),
        ({"image_id": "x", "width": None}, "image_unknown"),
        ({"answer_profile": "source", "output": "png"}, "bad_request"),
    ],
)
def test_options_that_do_not_fit(live: Live, fields: dict[str, Any], code: str) -> None:
    kind, body = pictures.raw_request(pictures.photo(), **fields)
    if "image_id" in fields:
        kind, body = pictures.multipart({"image_id": "x"})
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert answer.json()["code"] == code


def test_exactly_one_photo(live: Live) -> None:
    plane = pictures.photo()
    image_id = send(live, pictures.raw_request(plane)).headers["Handtint-Image-Id"]
    file = ("image", pictures.png(plane))
    for request, parts in (
        ({}, []),
        ({"image_id": image_id}, [file]),
        ({"width": 64, "height": 48, "dtype": "u8", "layout": "Y"}, [file]),
    ):
        kind, body = pictures.multipart(request, parts)  # type: ignore[arg-type]
        answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
        assert answer.json()["code"] in ("bad_request", "bad_plane")


GAMMA = 563 / 256  # 2.2, as ICC stores it


def wide_profile() -> bytes:
    """An RGB profile with Display P3's primaries and gamma 2.2 (ICC.1:2022, matrix/TRC)."""
    import struct

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))

    gamma = b"curv\0\0\0\0" + struct.pack(">IH2x", 1, round(GAMMA * 256))
    tags = {
        b"rXYZ": xyz(0.5151, 0.2412, -0.0011),
        b"gXYZ": xyz(0.2920, 0.6922, 0.0419),
        b"bXYZ": xyz(0.1571, 0.0666, 0.7841),
        b"rTRC": gamma,
        b"gTRC": gamma,
        b"bTRC": gamma,
    }
    directory, data = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for name, content in tags.items():
        directory += name + struct.pack(">II", start + len(data), len(content))
        data += content
    header = bytearray(128)
    header[12:24] = b"mntrRGB XYZ "
    header[36:40] = b"acsp"
    return bytes(header) + directory + data


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_profile_there_and_back(live: Live, dtype: Any) -> None:
    """Gray pixels of another space: their luminance is right, and comes back in that space."""
    codes = as_dtype(np.arange(256, dtype=np.uint8).reshape(16, 16), dtype)
    rgb = np.dstack([codes] * 3)
    name = {"u1": "u8", "u2": "u16", "f4": "f32"}[rgb.dtype.str[1:]]
    described = {"width": 16, "height": 16, "dtype": name, "layout": "RGB", "output": "raw"}
    parts: pictures.Parts = [("profile", wide_profile()), ("plane", rgb.tobytes())]
    top = 1 if name == "f32" else np.iinfo(dtype).max

    def y_of(answer: NDArray[Any], decode: Any, weights: Any) -> NDArray[Any]:
        return np.asarray(decode(answer / top) @ np.array(weights))

    def srgb(x: NDArray[Any]) -> NDArray[Any]:
        return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)

    expected = (codes / top).astype(np.float64) ** GAMMA
    step = {"u8": 0.5 / 255, "u16": 0.5 / 65535, "f32": 1e-5}[name]
    answer = pixels(send(live, pictures.multipart(described, parts)))
    y = y_of(answer, srgb, (0.2126, 0.7152, 0.0722))
    assert np.abs(y - expected).max() < 8 * step
    described["answer_profile"] = "source"
    answer = pixels(send(live, pictures.multipart(described, parts)))
    assert answer.dtype == dtype
    y = y_of(answer, lambda x: x**GAMMA, (0.2290, 0.6917, 0.0793))  # Y of P3's primaries, D65
    assert np.abs(y - expected).max() < 8 * step + 0.002


def test_profiles_that_do_not_fit(live: Live) -> None:
    described = {"width": 4, "height": 4, "dtype": "u8", "layout": "Y"}
    plane = ("plane", bytes(16))
    for profile in (b"", b"x" * 200, wide_profile(), wide_profile()[:140]):
        kind, body = pictures.multipart(described, [("profile", profile), plane])
        answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_profile")
    kind, body = pictures.multipart({}, [("profile", wide_profile()), ("image", b"x")])
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert answer.json()["code"] == "bad_multipart"


def test_the_first_photo_makes_ready_what_hints_need(
    start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else the first stroke of a live session waits for inner loops to be loaded."""
    from handtint_model.kernels import numba as kernels_numba

    unused = [kernels_numba.mix_hints, kernels_numba.smooth_along, kernels_numba.touch_paint]
    for kernel in unused:
        monkeypatch.setattr(kernel, "compiled", None)
    live = start_server()
    send(live, pictures.raw_request(pictures.photo()))
    deadline = time.monotonic() + SECONDS
    while any(kernel.compiled is None for kernel in unused):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_says_that_it_is_a_result(live: Live, colorizer: Colorizer) -> None:
    plane = pictures.photo()
    for fields, colorized in (({}, True), ({"mark": False}, False)):
        answer = send(live, pictures.raw_request(plane, output="png", **fields))
        found = find_mark(read_photo(answer.content).meta.xmp)
        assert found.is_colorized is colorized
        assert len(found.history) == int(colorized)
        if colorized:
            assert f"weights {colorizer.weights_id}; vividness 0.5; hints 0" in found.history[0]


@pytest.mark.slow
def test_alternatives_are_those_of_the_python_api(live: Live, colorizer: Colorizer) -> None:
    plane = pictures.photo()
    photo = colorizer.encode(plane)
    kind, body = pictures.raw_request(plane, size=64)
    answer = live.post("/v1/alternatives", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    found = pixels(answer)
    assert answer.headers["Handtint-Count"] == "4"
    np.testing.assert_array_equal(found, np.concatenate(colorizer.alternatives(photo, size=64)))
    whole = pixels(send(live, pictures.raw_request(plane, alternative=3)))
    options = ColorizeOptions(alternative=3)
    np.testing.assert_array_equal(whole, colorizer.colorize(photo, options=options))


@pytest.mark.slow
def test_a_reference_is_that_of_the_python_api(live: Live, colorizer: Colorizer) -> None:
    plane = pictures.photo()
    rgb = np.random.default_rng(2).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    with Client(live.url, live.token) as client:
        found = client.colorize(plane, Hints.from_reference(rgb))
        with pytest.raises(Rejected, match="gray") as caught:
            client.colorize(plane, Hints(references=(np.full((9, 9, 3), 7, np.uint8),)))
    assert caught.value.code == "bad_hints"
    expected = colorizer.colorize(colorizer.encode(plane), Hints.from_reference(rgb))
    np.testing.assert_array_equal(found.pixels, expected)
