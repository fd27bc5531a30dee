"""One definition of Y': every door gives the same luminance for the same pixels, exactly."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from handtint_model import Colorizer, kernels, load_colorizer, luminance_of
from handtint_model.files import icc, read_photo
from handtint_model.luminance import luminance_and_f, nearest_code
from handtint_model.render.render import render

from . import pictures
from .conftest import Live

DTYPES = [np.uint8, np.uint16, np.float32]
SRGB_CURVE = icc.Curve(function=3, parameters=(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))


def top_of(dtype: Any) -> float:
    return 1.0 if np.dtype(dtype).kind == "f" else float(np.iinfo(dtype).max)


def picture(dtype: Any) -> NDArray[Any]:
    """(120, 200, 3): random colours, dark ones, pure channels and grays."""
    random = np.random.default_rng(3)
    rgb = random.random((120, 200, 3))
    rgb[30:60] **= 4
    rgb[60:75, :, 1:] = 0
    rgb[75:90] = rgb[75:90, :, :1]
    scaled = rgb * top_of(dtype)
    return scaled.astype(dtype) if np.dtype(dtype).kind == "f" else np.rint(scaled).astype(dtype)


def by_the_definition(rgb: NDArray[Any]) -> NDArray[Any]:
    """Y' in codes, not rounded: IEC 61966-2-1 written out."""
    code = rgb.astype(np.float64) / top_of(rgb.dtype)
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    y = light @ np.array([0.2126, 0.7152, 0.0722])
    above = 1.055 * np.maximum(y, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(y <= 0.0031308, y * 12.92, above) * top_of(rgb.dtype)


@pytest.fixture(scope="module")
def colorizer(tiny_weights: Path) -> Colorizer:
    return load_colorizer(tiny_weights, "cpu")


@pytest.mark.parametrize("dtype", DTYPES)
def test_luminance_of_is_the_definition(dtype: Any) -> None:
    rgb = picture(dtype)
    exact = by_the_definition(rgb)
    if np.dtype(dtype).kind == "f":
        np.testing.assert_allclose(luminance_of(rgb), exact, atol=6e-8)
    else:
        np.testing.assert_array_equal(luminance_of(rgb), np.rint(exact))


def test_every_gray_keeps_its_code() -> None:
    for dtype in DTYPES:
        ramp = np.linspace(0, top_of(dtype), 1 << 16).astype(dtype).reshape(256, 256)
        np.testing.assert_array_equal(luminance_of(np.dstack([ramp] * 3)), ramp)


@pytest.mark.parametrize("dtype", DTYPES)
def test_files_agree(tmp_path: Path, dtype: Any) -> None:
    rgb = picture(dtype)
    wanted = luminance_of(rgb)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tag = [(34675, 7, len(profile), profile, True)]
    for name, more in (("plain.tif", {}), ("profile.tif", {"extratags": tag})):
        tifffile.imwrite(tmp_path / name, rgb, photometric="rgb", **more)
        np.testing.assert_array_equal(read_photo(tmp_path / name).luminance, wanted)
    if dtype is np.uint8:
        for name in ("a.png", "a.webp"):
            Image.fromarray(rgb).save(tmp_path / name, lossless=True)
            np.testing.assert_array_equal(read_photo(tmp_path / name).luminance, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_path_of_profiles_agrees(dtype: Any) -> None:
    """A profile with the curve and the primaries of sRGB, taken by the way of other profiles."""
    rgb = picture(dtype)
    linear = icc.Linearizer(icc.Profile((SRGB_CURVE,) * 3, np.eye(3)), rgb.dtype)
    found = nearest_code(rgb.dtype)(linear.luminance(rgb))
    if np.dtype(dtype).kind == "f":
        # A gray pixel goes through the curve there and back.
        np.testing.assert_allclose(found, luminance_of(rgb), atol=6e-8)
    else:
        np.testing.assert_array_equal(found, luminance_of(rgb))


@pytest.mark.parametrize("numba", ["1", "0"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rendering_agrees(monkeypatch: pytest.MonkeyPatch, numba: str, dtype: Any) -> None:
    """The kernels take Y from a plane, and give back colours whose Y' is that plane."""
    monkeypatch.setenv("HANDTINT_NUMBA", numba)
    kernels.kernels.cache_clear()
    try:
        plane = luminance_of(picture(dtype))
        random = np.random.default_rng(5)
        ab = random.uniform(-90, 90, (2, 30, 50)).astype(np.float32)
        again = luminance_of(render(plane, ab, (0.25, 0.25)))
        light, _ = luminance_and_f(plane)
    finally:
        kernels.kernels.cache_clear()
    # A gray pixel's Y' is its code, so Y must be the light of that code.
    gray = np.dstack([plane] * 3) / np.float64(top_of(dtype))
    curve = np.where(gray <= 0.04045, gray / 12.92, ((gray + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(light, curve[..., 0], rtol=1e-6, atol=1e-9)
    if np.dtype(dtype).kind == "f":
        np.testing.assert_allclose(again, plane, atol=2e-5)
    else:
        np.testing.assert_array_equal(again, plane)


def answer_of(live: Live, kind: str, body: bytes) -> requests.Response:
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("layout", ["RGB", pytest.param("BGRA", marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_wire_agrees(live: Live, colorizer: Colorizer, dtype: Any, layout: str) -> None:
    """A colour plane gives the bytes that its luminance gives, sent as a plane or by Python."""
    rgb = picture(dtype)
    plane = luminance_of(rgb)
    full = np.dstack([rgb, np.full(plane.shape, top_of(dtype), dtype)])
    order = {"RGB": [0, 1, 2], "BGRA": [2, 1, 0, 3]}[layout]
    sent = np.ascontiguousarray(full[..., order])
    from_colors = answer_of(live, *pictures.raw_request(sent, layout)).content
    from_plane = answer_of(live, *pictures.raw_request(plane)).content
    in_python = colorizer.colorize(colorizer.encode(plane))
    assert from_colors == from_plane
    assert from_colors == in_python.tobytes()
    if np.dtype(dtype).kind == "u":
        np.testing.assert_array_equal(luminance_of(in_python), plane)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_files_on_the_wire_agree(live: Live, colorizer: Colorizer, dtype: Any) -> None:
    rgb = picture(dtype)
    file = io.BytesIO()
    tifffile.imwrite(file, rgb, photometric="rgb")
    kind, body = pictures.multipart(
        {"output": "tiff"}, [("image", ("image/tiff", file.getvalue()))]
    )
    answer = answer_of(live, kind, body)
    wanted = colorizer.colorize(colorizer.encode(luminance_of(rgb)))
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(answer.content)), wanted)
