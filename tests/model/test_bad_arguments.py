"""What Python callers may get wrong: one sentence, and the error that says whose fault it is."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handtint_model import (
    BadHint,
    BadImage,
    BadOption,
    ColorizeOptions,
    Colorizer,
    EncodedPhoto,
    Hints,
    WriteFailed,
    luminance_of,
)
from handtint_model.files import write_hints
from handtint_model.network.checkpoint import load_weights, save_weights

NAN = float("nan")


@pytest.fixture(scope="module")
def photo(tiny_colorizer: Colorizer) -> EncodedPhoto:
    plane = np.random.default_rng(0).integers(0, 256, (40, 60)).astype(np.uint8)
    return tiny_colorizer.encode(plane)


def test_keywords_are_named_and_typed() -> None:
    for method in (Colorizer.colorize, Colorizer.probabilities):
        found = inspect.signature(method).parameters
        assert {"vividness", "strength", "options"} <= set(found)
        assert not any(p.kind is p.VAR_KEYWORD for p in found.values())
        assert all(p.annotation is not p.empty for n, p in found.items() if n != "self")


@pytest.mark.parametrize("value", [-0.01, 1.01, NAN, float("inf"), "0.5", True, [0.5]])
@pytest.mark.parametrize("name", ["vividness", "strength"])
def test_shares_out_of_range(
    tiny_colorizer: Colorizer, photo: EncodedPhoto, name: str, value: Any
) -> None:
    for call in (tiny_colorizer.colorize, tiny_colorizer.probabilities):
        with pytest.raises(BadOption, match=f"{name} must be between 0 and 1"):
            call(photo, **{name: value})
    if name == "strength":
        with pytest.raises(BadOption, match="strength"):
            tiny_colorizer.suggest(photo, (1.0, 1.0), strength=value)


@pytest.mark.parametrize("size", [127, 513, 200.5, NAN, "256", True])
def test_render_size_out_of_range(tiny_colorizer: Colorizer, size: Any) -> None:
    with pytest.raises(BadOption, match="render_size must be a whole number between 128 and 512"):
        tiny_colorizer.encode(np.zeros((4, 4), np.uint8), render_size=size)


def test_options_for_another_render_size(tiny_colorizer: Colorizer) -> None:
    photo = tiny_colorizer.encode(np.zeros((40, 40), np.uint8), render_size=384)
    with pytest.raises(BadOption, match="at render size 384, not 256; encode it again"):
        tiny_colorizer.colorize(photo, options=ColorizeOptions())
    same = ColorizeOptions(render_size=384, vividness=0.2)
    wanted = tiny_colorizer.colorize(photo, vividness=0.2)
    np.testing.assert_array_equal(tiny_colorizer.colorize(photo, options=same), wanted)


@pytest.mark.parametrize(
    "region", [(0, 0, 61, 1), (-1, 0, 2, 2), (0, 0, 0, 1), (0, 0, 1), (0.5, 0, 1, 1), "abcd"]
)
def test_regions(tiny_colorizer: Colorizer, photo: EncodedPhoto, region: Any) -> None:
    with pytest.raises(BadOption, match="region"):
        tiny_colorizer.colorize(photo, region=region)


@pytest.mark.parametrize("count", [0, 33, 2.5, "9", True])
def test_number_of_suggestions(tiny_colorizer: Colorizer, photo: EncodedPhoto, count: Any) -> None:
    with pytest.raises(BadOption, match="n must be a whole number between 1 and 32"):
        tiny_colorizer.suggest(photo, (1.0, 1.0), n=count)


@pytest.mark.parametrize(
    "where",
    [(60.0, 1.0), (NAN, 1.0), (1.0,), "ab", np.zeros((40, 60), bool), np.ones((4, 4), bool)],
)
def test_places(tiny_colorizer: Colorizer, photo: EncodedPhoto, where: Any) -> None:
    with pytest.raises(BadOption, match=r"place|mask"):
        tiny_colorizer.suggest(photo, where)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 4, 4), np.uint8), r"leave alpha out: rgba\[..., :3\]"),
        (np.zeros((4, 4), np.uint8), "one plane already"),
        (np.zeros((4, 4, 2), np.uint8), r"is \(H, W, 3\), not \(4, 4, 2\)"),
        (np.zeros((4, 4, 3), np.float64), r"not float64; astype\(np.float32\)"),
        (np.zeros((4, 4, 3), np.int32), "uint8, uint16 or float32, not int32"),
        (np.zeros((0, 4, 3), np.uint8), "at least one pixel"),
        (np.full((4, 4, 3), 130, np.float32), "scale them so that black is 0 and white is 1"),
        (np.full((4, 4, 3), np.nan, np.float32), "NaN"),
    ],
)
def test_pictures_without_luminance(picture: np.ndarray, words: str) -> None:
    with pytest.raises(BadImage, match=words):
        luminance_of(picture)


@pytest.mark.parametrize(
    ("plane", "words"),
    [
        (np.zeros((4, 4, 3), np.uint8), r"luminance_of\(\) makes one"),
        (np.zeros((4, 4), np.float64), r"not float64; astype\(np.float32\)"),
        (np.full((4, 4), 130, np.float32), "scale them so that black is 0 and white is 1"),
        (np.full((4, 4), np.inf, np.float32), "infinity"),
        (np.zeros((4, 0), np.uint8), "at least one pixel"),
    ],
)
def test_planes(tiny_colorizer: Colorizer, plane: np.ndarray, words: str) -> None:
    with pytest.raises(BadImage, match=words):
        tiny_colorizer.encode(plane)


@pytest.mark.parametrize("kind", [">u2", "<u2", ">f4"])
def test_any_byte_order(tiny_colorizer: Colorizer, kind: str) -> None:
    """As programs for astronomy and big-endian files give it."""
    codes = np.random.default_rng(0).random((40, 60, 3)) * (65535 if "u" in kind else 1)
    rgb = codes.astype(kind)
    native = rgb.astype(rgb.dtype.newbyteorder("="))
    np.testing.assert_array_equal(luminance_of(rgb), luminance_of(native))
    plane, alpha = rgb[..., 0], rgb[..., 1]
    got = tiny_colorizer.colorize(tiny_colorizer.encode(plane, alpha=alpha))
    wanted = tiny_colorizer.encode(native[..., 0], alpha=native[..., 1])
    assert got.dtype.isnative
    np.testing.assert_array_equal(got, tiny_colorizer.colorize(wanted))


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ((1, 1, (0.5, 0.2, 0.3)), "whole numbers 0..255"),
        ((1, 1, (300, 0, 0)), "whole numbers 0..255"),
        ((1, 1, (NAN, 0, 0)), "whole numbers 0..255"),
        ((1, 1, ("a", 0, 0)), "whole numbers 0..255"),
        ((1, 1, {"r": 1, "g": 2, "b": 3}), "whole numbers 0..255"),
        ((1, 1, None), "whole numbers 0..255"),
        ((NAN, 1, "#ffffff"), "finite coordinates"),
        ((1, 2.0**31, "#ffffff"), "finite coordinates"),
        (("1", 1, "#ffffff"), "finite coordinates"),
        ({"x": 1, "y": 1, "color": "#ffffff"}, "finite coordinates"),
        ({"x": 1, "y": 1}, "a point is"),
        ((1, 1), "a point is"),
        (7, "a point is"),
    ],
)
def test_points(point: Any, words: str) -> None:
    with pytest.raises(BadHint, match=words):
        Hints.from_points([point])


@pytest.mark.parametrize("place", [(-0.6, 5.0), (59.5, 5.0), (5.0, 39.5), (300.0, 300.0)])
@pytest.mark.parametrize("fenced", [False, True])
def test_points_outside_the_photo(
    tiny_colorizer: Colorizer, photo: EncodedPhoto, place: tuple[float, float], fenced: bool
) -> None:
    """As on the command line and over HTTP; a layer may reach beyond the photo."""
    hints = Hints.from_points([(5, 5, "#ff0000"), (*place, "#00ff00")], radius=500)
    if fenced:
        hints = hints.within(np.full((40, 60), True))
    for call in (
        tiny_colorizer.colorize,
        tiny_colorizer.probabilities,
        tiny_colorizer.uncertainty,
        lambda photo, hints: tiny_colorizer.suggest(photo, (1.0, 1.0), hints=hints),
        lambda photo, hints: tiny_colorizer.alternatives(photo, hints, 1, size=32),
    ):
        words = f"the point {place[0]:g},{place[1]:g} lies outside the photo of 60 x 40."
        with pytest.raises(BadHint, match=words):
            call(photo, hints)
    layer = np.full((900, 900, 4), 200, np.uint8)
    tiny_colorizer.colorize(photo, Hints.from_rgba(layer, -400, 30))
    tiny_colorizer.colorize(photo, Hints.from_points([(-0.5, 39.4, "#ff0000")]))


def test_radii() -> None:
    for radius in (0.4, 1001, NAN, "4", None):
        with pytest.raises(BadHint, match="radius"):
            Hints.from_points([(1, 1, "#ffffff")], radius)  # type: ignore[arg-type]


def test_whole_floats_are_numbers_like_others() -> None:
    (wanted,) = Hints.from_points([(3, 4, (10, 20, 30))], 2).patches
    for color in ((10.0, 20.0, 30.0), np.array([10, 20, 30], np.uint8), [10, np.float32(20), 30]):
        (got,) = Hints.from_points([(np.float32(3), np.int16(4), color)], np.int8(2)).patches  # type: ignore[list-item]
        assert (got.x, got.y) == (wanted.x, wanted.y)
        assert np.array_equal(got.rgba, wanted.rgba)
    (patch,) = Hints.from_rgba(wanted.rgba, 3.0, np.int64(-2)).patches  # type: ignore[arg-type]
    assert (type(patch.x), type(patch.y)) == (int, int)


@pytest.mark.parametrize("place", [1.5, NAN, float("inf"), "1", None, 2**31])
def test_places_of_crops_and_masks(place: Any) -> None:
    painted = np.full((2, 2, 4), 255, np.uint8)
    for x, y in ((place, 0), (0, place)):
        with pytest.raises(BadHint, match="whole numbers"):
            Hints.from_rgba(painted, x, y)
        with pytest.raises(BadHint, match="whole numbers"):
            Hints.from_rgba(painted).within(np.ones((2, 2), bool), x, y)


def test_some_light_beyond_white_is_welcome(tiny_colorizer: Colorizer) -> None:
    plane = np.linspace(0, 1.4, 1600, dtype=np.float32).reshape(40, 40)
    photo = tiny_colorizer.encode(plane)
    assert tiny_colorizer.colorize(photo).max() == plane.max()


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(WriteFailed, match="hints cannot be saved"):
        write_hints(missing / "hints.json", Hints(), (4, 4))
    (tmp_path / "file").write_text("")
    weights = load_weights()
    with pytest.raises(WriteFailed, match=r"weights .* cannot be written"):
        save_weights(tmp_path / "file" / "w.safetensors", weights.network, weights.prior, {})
