"""What a photo says of itself stays with its result, by the command line and over HTTP."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image, ImageCms

from handtint_model import luminance_of
from handtint_server.cli import main

from . import pictures
from .conftest import Live

FORMATS = {"png": "png", "tif": "tiff", "jpg": "jpeg", "webp": "webp"}


@functools.cache  # a profile holds the time at which it was made
def source(ending: str) -> tuple[bytes, np.ndarray, np.ndarray | None, bytes]:
    """(file, upright Y', upright alpha or None, profile): lying on its side, toned, with EXIF."""
    plane = np.kron(pictures.photo(8, 12), np.ones((16, 16))).astype(np.uint8)
    rgb = np.stack([plane, (plane * 0.9).astype(np.uint8), (plane * 0.7).astype(np.uint8)], -1)
    alpha = None if ending == "jpg" else np.kron(pictures.photo(4, 6), np.ones((32, 32)))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x112] = 6  # turn right to see it
    exif[0x10F] = "Rolleiflex"
    exif[0x13B] = "A. Photographer"
    exif[0x11A], exif[0x11B], exif[0x128] = 300.0, 300.0, 2
    exif.get_ifd(0x8769)[0x9003] = "1950:06:01 12:00:00"
    pixels = rgb if alpha is None else np.dstack([rgb, alpha.astype(np.uint8)])
    file = io.BytesIO()
    Image.fromarray(pixels).save(
        file,
        FORMATS[ending],
        exif=exif.tobytes(),
        icc_profile=profile,
        dpi=(300, 300),
        lossless=True,
        exact=True,
        quality=98 if ending == "jpg" else 100,
    )
    upright = np.rot90(luminance_of(rgb), -1)
    return file.getvalue(), upright, None if alpha is None else np.rot90(alpha, -1), profile


def assert_kept(ending: str, data: bytes) -> None:
    _, plane, alpha, profile = source(ending)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format or "").lower() == FORMATS[ending]
        assert image.size == plane.shape[::-1]
        exif = image.getexif()
        assert exif.get(0x112, 1) == 1
        assert (exif[0x10F], exif[0x13B]) == ("Rolleiflex", "A. Photographer")
        assert exif.get_ifd(0x8769)[0x9003] == "1950:06:01 12:00:00"
        if ending == "webp":  # has no other place for it
            assert (exif[0x11A], exif[0x128]) == (300, 2)
        else:
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.info["icc_profile"] == profile
        pixels = np.asarray(image)
    assert pixels.shape[2] == (3 if alpha is None else 4)
    if alpha is not None:
        np.testing.assert_array_equal(pixels[..., 3], alpha)
    difference = np.abs(luminance_of(np.ascontiguousarray(pixels[..., :3])).astype(int) - plane)
    assert difference.max() <= (12 if ending == "jpg" else 0)
    assert np.ptp(pixels[..., :3].astype(int), axis=2).max() > 10  # in colour


@pytest.mark.parametrize("ending", FORMATS)
def test_command_line(ending: str, tmp_path: Path, tiny_weights: Path) -> None:
    photo = tmp_path / f"photo.{ending}"
    photo.write_bytes(source(ending)[0])
    assert main(["colorize", str(photo), "--weights", str(tiny_weights), "--device", "cpu"]) == 0
    assert_kept(ending, (tmp_path / f"photo.colorized.{ending}").read_bytes())


@pytest.mark.parametrize("ending", FORMATS)
def test_http(ending: str, live: Live) -> None:
    request = {"output": FORMATS[ending]}
    kind, body = pictures.multipart(request, [("image", source(ending)[0])])
    answer = live.post("/v1/colorize", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    assert_kept(ending, answer.content)


def post_file(live: Live, image: Image.Image, output: str, form: str = "PNG") -> requests.Response:
    file = io.BytesIO()
    image.save(file, form)
    kind, body = pictures.multipart({"output": output}, [("image", file.getvalue())])
    return live.post("/v1/colorize", data=body, headers={"Content-Type": kind})


@pytest.mark.parametrize("output", ["raw", "png"])
def test_notes_on_a_file_come_with_the_answer(live: Live, output: str) -> None:
    answer = post_file(live, Image.fromarray(pictures.photo()).convert("1"), output)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Handtint-Note"].startswith("Only black and white are in this picture")
    plain = post_file(live, Image.fromarray(pictures.photo()), output)
    assert "Handtint-Note" not in plain.headers


def test_opaque_transparency_may_become_a_jpeg(live: Live) -> None:
    gray = Image.fromarray(pictures.photo(seed=3))
    opaque = Image.merge("LA", (gray, Image.new("L", gray.size, 255)))
    answer = post_file(live, opaque, "jpeg")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Handtint-Layout"] == "RGB"
    clear = Image.merge("LA", (gray, Image.new("L", gray.size, 100)))
    assert post_file(live, clear, "jpeg").json()["code"] == "bad_option"
