"""Hints in files: painted layers, hints.json, and what is refused."""

import base64
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handtint_model.errors import BadHint
from handtint_model.files import hint_files
from handtint_model.files.hint_files import (
    dump_hints,
    parse_hints,
    read_hints,
    read_layer,
    read_mask,
    write_hints,
)
from handtint_model.types import HintPatch, Hints

RNG = np.random.default_rng(7)


def layer(height=30, width=50):
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[10:20, 5:45] = RNG.integers(0, 256, (10, 40, 4))
    return rgba


def encoded(rgba):
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    return file.getvalue()


def same(left, right):
    assert len(left.patches) == len(right.patches)
    for a, b in zip(left.patches, right.patches, strict=True):
        assert (a.x, a.y) == (b.x, b.y)
        np.testing.assert_array_equal(a.rgba, b.rgba)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_painted_layer(tmp_path, name):
    rgba = layer()
    Image.fromarray(rgba).save(tmp_path / name)
    same(read_hints(tmp_path / name, (50, 30)), Hints.from_rgba(rgba))


def test_unpainted_layer_gives_no_hints(tmp_path):
    Image.new("RGBA", (50, 30)).save(tmp_path / "a.png")
    assert not read_hints(tmp_path / "a.png", (50, 30))


def test_16_bit_layer(tmp_path):
    from handtint_model.files import PhotoMeta, write_photo

    rgba = layer()
    wide = rgba.astype(np.uint16) * 257
    alpha = np.ascontiguousarray(wide[..., 3])
    write_photo(tmp_path / "a.png", wide[..., :3], PhotoMeta(depth=16), alpha=alpha)
    np.testing.assert_array_equal(read_layer(tmp_path / "a.png"), rgba)


def test_gray_layer_means_neutral(tmp_path):
    pixels = np.stack([np.full((8, 8), 90, np.uint8), np.full((8, 8), 255, np.uint8)], -1)
    Image.fromarray(pixels, "LA").save(tmp_path / "a.png")
    got = read_layer(tmp_path / "a.png")
    assert (got == [90, 90, 90, 255]).all()


def test_json_round_trip_is_exact(tmp_path):
    hints = Hints.from_rgba(layer()) + Hints.from_points([(3, 4, "#102030")], radius=2.5)
    hints += Hints((HintPatch(layer(), -7, 1000),))
    write_hints(tmp_path / "a.hints.json", hints, (50, 30))
    same(read_hints(tmp_path / "a.hints.json", (50, 30)), hints)
    assert [p.name for p in tmp_path.iterdir()] == ["a.hints.json"]
    same(parse_hints(dump_hints(hints, (50, 30))), hints)


def test_as_many_points_are_saved_as_are_read(tmp_path):
    points = [[i % 50, i // 50 % 30, "#a0522d", 0.5] for i in range(10_500)]
    hints = parse_hints(json.dumps({"handtint_hints": 1, "points": points}), (50, 30))
    write_hints(tmp_path / "a.json", hints, (50, 30))
    same(read_hints(tmp_path / "a.json", (50, 30)), hints)


@pytest.mark.parametrize(("name", "words"), [("MAX_PATCHES", "patches"), ("MAX_FENCES", "masks")])
def test_more_hints_than_are_read_are_not_saved(tmp_path, monkeypatch, name, words):
    monkeypatch.setattr(hint_files, name, 3)
    hints = Hints()
    for x in range(4):
        one = Hints.from_points([(x, 1, "#a0522d")])
        hints += one.within(np.full((1, 1 + x), 255, np.uint8)) if words == "masks" else one
    refused(lambda: write_hints(tmp_path / "a.json", hints, (50, 30)), f"more than 3 {words}")
    assert not list(tmp_path.iterdir())


def test_fences_replay_exactly(tmp_path):
    mask = np.linspace(0, 255, 50 * 30).astype(np.uint8).reshape(30, 50)
    hints = Hints.from_rgba(layer()).within(mask, 3, -5)
    hints += Hints.from_points([(20, 14, "#102030")]).within(mask > 9) + Hints.from_rgba(layer())
    write_hints(tmp_path / "a.hints.json", hints, (50, 30))
    got = read_hints(tmp_path / "a.hints.json", (50, 30))
    same(got, hints)
    assert len(got.fences) == 2
    for a, b in zip(got.fences, hints.fences, strict=True):
        assert a.same_mask(b)
        same(a, b)


def test_a_mask_from_any_picture(tmp_path):
    mask = layer()[..., 3]
    pictures = {
        "gray.png": Image.fromarray(mask),
        "rgb.png": Image.fromarray(np.repeat(mask[..., None], 3, axis=2)),
        "alpha.png": Image.fromarray(np.stack([np.full_like(mask, 255), mask], -1), "LA"),
        "wide.png": Image.fromarray(mask.astype(np.uint16) * 257),
        "bits.png": Image.fromarray(mask > 127),
    }
    for name, picture in pictures.items():
        picture.save(tmp_path / name)
        got = read_mask(tmp_path / name, (50, 30))
        expected = np.where(mask > 127, 255, 0) if name == "bits.png" else mask
        assert np.abs(got.astype(int) - expected).max() <= 1, name
    refused(lambda: read_mask(tmp_path / "gray.png", (30, 50)), "50 x 30 pixels, the photo 30 x 50")
    (tmp_path / "no.png").write_bytes(b"text")
    refused(lambda: read_mask(tmp_path / "no.png"), "mask")


def test_points_by_hand():
    text = '{"handtint_hints": 1, "points": [[3, 4.5, "#102030"], [9, 9, "#ffffff", 2]]}'
    expected = Hints.from_points([(3, 4.5, "#102030")])
    expected += Hints.from_points([(9, 9, "#ffffff")], radius=2)
    same(parse_hints(text), expected)


def test_the_example_that_the_docs_name():
    photo = Path(__file__).parents[3] / "examples" / "coffee-gray.png"
    with Image.open(photo) as picture:
        hints = read_hints(photo.with_name(f"{photo.name}.hints.json"), picture.size)
    assert len(hints.patches) == 12


def test_points_on_the_rim_and_without_a_size():
    rim = {"handtint_hints": 1, "points": [[-0.5, 29.4, "#102030"], [49.4, -0.5, "#102030"]]}
    assert len(parse_hints(json.dumps(rim), (50, 30)).patches) == 2
    far = {"handtint_hints": 1, "points": [[6000, 4, "#102030"]]}
    assert parse_hints(json.dumps(far))


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + b' {"handtint_hints": 1}')
    assert not read_hints(tmp_path / "a.json", (5, 5))


def refused(action, words):
    with pytest.raises(BadHint) as error:
        action()
    assert words in str(error.value)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


WHITE = base64.b64encode(encoded(np.full((30, 50), 255, np.uint8))).decode()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "handtint_hints"),
        ({}, "handtint_hints"),
        ({"handtint_hints": 2}, "handtint_hints"),
        ({"handtint_hints": 1, "point": []}, "'point'"),
        ({"handtint_hints": 1, "points": {}}, "list"),
        ({"handtint_hints": 1, "points": [[1, 2]]}, "point"),
        ({"handtint_hints": 1, "points": [[1, 2, 3]]}, "point"),
        ({"handtint_hints": 1, "points": [[1, "2", "#ffffff"]]}, "point"),
        ({"handtint_hints": 1, "points": [[1, 2, "white"]]}, "#rrggbb"),
        ({"handtint_hints": 1, "points": [[1, 2, "#ffffff", 0]]}, "radius"),
        ({"handtint_hints": 1, "points": [[float("nan"), 2, "#ffffff"]]}, "point"),
        ({"handtint_hints": 1, "points": [[10**400, 2, "#ffffff"]]}, "point"),
        ({"handtint_hints": 1, "points": [[1, 2, "#ffffff", -(10**400)]]}, "point"),
        (
            {"handtint_hints": 1, "points": [[50, 2, "#ffffff"]]},
            "50,2 lies outside the photo of 50 x 30",
        ),
        ({"handtint_hints": 1, "points": [[2, -0.6, "#ffffff", 99]]}, "outside the photo"),
        ({"handtint_hints": 1, "points": [[6000, 29.5, "#ffffff"]]}, "outside the photo"),
        (
            {
                "handtint_hints": 1,
                "within": [{"x": 0, "y": 0, "mask": WHITE, "points": [[-1, 2, "#ffffff"]]}],
            },
            "outside the photo",
        ),
        ({"handtint_hints": 1, "size": 5}, "pixels"),
        ({"handtint_hints": 1, "size": [51, 30]}, "51 x 30"),
        ({"handtint_hints": 1, "patches": [{"x": 1, "y": 2}]}, "patch"),
        ({"handtint_hints": 1, "patches": [{"x": 1.5, "y": 2, "png": ""}]}, "whole"),
        ({"handtint_hints": 1, "patches": [{"x": 1, "y": 2, "png": "%"}]}, "base64"),
        ({"handtint_hints": 1, "patches": [{"x": 1, "y": 2, "png": ""}]}, "empty"),
        ({"handtint_hints": 1, "within": {}}, "list"),
        ({"handtint_hints": 1, "within": [{"x": 1, "y": 2}]}, "within"),
        ({"handtint_hints": 1, "within": [{"x": 1, "y": 2, "mask": "", "size": 1}]}, "within"),
        ({"handtint_hints": 1, "within": [{"x": 1, "y": 2.5, "mask": ""}]}, "whole"),
        ({"handtint_hints": 1, "within": [{"x": 1, "y": 2, "mask": 7}]}, "base64"),
        ({"handtint_hints": 1, "within": [{"x": 1, "y": 2, "mask": ""}]}, "mask"),
    ],
)
def test_wrong_json(value, words):
    refused(lambda: parse_hints(json.dumps(value), (50, 30)), words)


@pytest.mark.parametrize("text", ["{", '{"handtint_hints": 1', "[" * 100_000, b"\xff{"])
def test_not_json(text):
    refused(lambda: parse_hints(text), "JSON")


@pytest.mark.parametrize("text", ["[]", "", '"a"', "7"])
def test_what_is_called_json_is_told_about_as_such(tmp_path, text):
    (tmp_path / "a.JSON").write_text(text)
    refused(lambda: read_hints(tmp_path / "a.JSON", (50, 30)), "hints.json is")


def test_hostile_png_in_json_is_refused():
    head = bytearray(encoded(layer()))
    head[16:24] = struct.pack(">II", 60_000, 60_000)
    head[29:33] = struct.pack(">I", zlib.crc32(head[12:29]))
    png = base64.b64encode(head).decode()
    value = {"handtint_hints": 1, "patches": [{"x": 0, "y": 0, "png": png}]}
    refused(lambda: parse_hints(json.dumps(value)), "limit")


def test_layers_that_do_not_fit(tmp_path):
    Image.fromarray(layer(31, 50)).save(tmp_path / "a.png")
    refused(lambda: read_hints(tmp_path / "a.png", (50, 30)), "50 x 31 pixels, the photo 50 x 30")
    Image.fromarray(layer(30, 49)).save(tmp_path / "b.png")
    refused(lambda: read_hints(tmp_path / "b.png", (50, 30)), "49 x 30")
    Image.fromarray(layer()[..., :3]).save(tmp_path / "c.png")
    refused(lambda: read_hints(tmp_path / "c.png", (50, 30)), "no transparency")
    (tmp_path / "d.png").write_bytes(b"text")
    refused(lambda: read_hints(tmp_path / "d.png", (50, 30)), "not a picture")
    refused(lambda: read_hints(tmp_path / "missing.png", (50, 30)), "cannot be opened")


@pytest.mark.parametrize("share", [0.1, 0.6, 0.95])
def test_cut_off_layer(share):
    data = encoded(RNG.integers(0, 256, (64, 64, 4), dtype=np.uint8))
    refused(lambda: read_layer(data[: int(len(data) * share)]), "cannot be read")
