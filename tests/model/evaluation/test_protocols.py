"""The published protocols: sizes, hint placement and scores."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image
from skimage import data

from handtint_model.errors import BadOption
from handtint_model.evaluation.hint_colors import nearest_codes
from handtint_model.evaluation.lab import lab_to_rgb, rgb_to_lab
from handtint_model.evaluation.protocols import IColoriT, PlacedHints, Siggraph17, Truth, protocol


@pytest.fixture(scope="module")
def astronaut():
    return Image.fromarray(data.astronaut())


def test_photos_are_squashed_to_the_protocols_size(astronaut):
    wide = astronaut.crop((0, 0, 512, 256))
    truth = Siggraph17().load(wide)
    assert truth.codes.shape == (256, 256, 3)
    # Half the width: the antialiased bilinear filter weighs four columns 1, 3, 3, 1.
    columns = np.asarray(wide, float)[:, 101:105]
    expected = np.einsum("k,hkc->hc", [0.125, 0.375, 0.375, 0.125], columns)
    np.testing.assert_allclose(truth.codes[:, 51], expected, atol=1.0)
    assert IColoriT().load(wide).codes.shape == (224, 224, 3)
    assert IColoriT().load(wide, 96).codes.shape == (96, 96, 3)


def test_truth_gives_away_luminance_only_and_loses_nothing_of_it(astronaut):
    truth = Siggraph17().load(astronaut)
    assert truth.luminance.shape == (256, 256)
    assert truth.luminance.dtype == np.float32
    gray = np.repeat(truth.luminance[..., None], 3, axis=2)
    np.testing.assert_allclose(rgb_to_lab(gray)[..., 0], truth.lab[..., 0], atol=0.02)
    # The true ab on that lightness is the photo again.
    lab = np.concatenate([rgb_to_lab(gray)[..., :1], truth.ab], axis=-1)
    assert Siggraph17().psnr(lab_to_rgb(lab), truth) > 50


def test_siggraph17_places_squares_around_the_center():
    hints = Siggraph17()
    corners = np.concatenate([hints.corners(f"photo {i}", 500, 256) for i in range(40)])
    assert corners.min() == 0
    assert corners.max() == 250
    inside = corners[(corners > 0) & (corners < 250)]
    assert abs(corners.mean() - 125.0) < 1.5
    # Normal with sigma 62.75 cut off at 2 sigma on either side: 4.6 % lie on the border.
    assert abs(corners.std() - 62.75 * 0.96) < 1.5
    assert abs(1 - inside.size / corners.size - 0.0455) < 0.006


def test_siggraph17_draws_depend_on_photo_and_count_only():
    one, other = Siggraph17(), Siggraph17()
    np.testing.assert_array_equal(one.corners("a", 10, 256), other.corners("a", 10, 256))
    assert (one.corners("a", 10, 256) != one.corners("b", 10, 256)).any()
    assert (one.corners("a", 10, 256) != one.corners("a", 20, 256)[:10]).any()


def test_icolorit_draws_are_those_of_the_mask_script():
    names = ["c.webp", "a.webp", "b.webp"]
    # What a folder of these photos yields with one generator through counts and files.
    random.seed(1234)
    expected = {}
    for count in (0, 1, 2, 5, 10, 20, 50, 100, 200):
        for name in sorted(names):
            expected[name, count] = [
                (random.randint(0, 111) * 2, random.randint(0, 111) * 2) for _ in range(count)
            ]
    hints = IColoriT(names)
    for (name, count), corners in expected.items():
        np.testing.assert_array_equal(
            hints.corners(name, count, 224), np.array(corners).reshape(-1, 2)
        )


def test_icolorit_counts_outside_the_published_list():
    hints = IColoriT(["a", "b"])
    seven = hints.corners("a", 7, 224)
    assert seven.shape == (7, 2)
    assert not (seven % 2).any()
    assert seven.max() <= 222
    np.testing.assert_array_equal(seven, IColoriT(["x"]).corners("a", 7, 224))


@pytest.mark.parametrize("name", ["siggraph17", "icolorit"])
def test_hints_carry_the_mean_ab_of_their_square(name, astronaut):
    chosen = protocol(name, ["astronaut"])
    truth = chosen.load(astronaut, name="astronaut")
    placed = chosen.place(truth, 20)
    assert len(placed) == 20
    assert placed.side == {"siggraph17": 6, "icolorit": 2}[name]
    y, x = placed.corners[7]
    square = truth.lab[y : y + placed.side, x : x + placed.side, 1:].reshape(-1, 2)
    np.testing.assert_allclose(placed.ab[7], square.mean(0))
    assert len(chosen.place(truth, 0)) == 0
    assert not chosen.place(truth, 0).as_hints()


def test_later_hints_lie_on_top_in_both_forms():
    corners = np.array([[2, 3], [4, 3]])
    placed = PlacedHints((16, 16), corners, 6, np.array([[40.0, 30.0], [-30.0, 20.0]]))
    painted, color = placed.paint()
    assert painted.sum() == 6 * 6 + 2 * 6
    np.testing.assert_array_equal(color[3, 4], (40, 30))
    np.testing.assert_array_equal(color[5, 4], (-30, 20))
    hints = placed.as_hints()
    for patch, (y, x), ab in zip(hints.patches, corners, placed.ab, strict=True):
        assert (patch.x, patch.y, patch.rgba.shape) == (x, y, (6, 6, 4))
        assert (patch.rgba[..., 3] == 255).all()
        found = rgb_to_lab(patch.rgba[..., :3] / 255)[..., 1:]
        assert np.linalg.norm(found - ab, axis=-1).max() < 0.5


def test_eight_bit_hint_colors_lie_within_half_a_unit():
    generator = np.random.default_rng(11)
    rgb = generator.random((400, 1, 3))
    ab = rgb_to_lab(rgb)[:, 0, 1:]
    codes = nearest_codes(ab)
    error = np.linalg.norm(rgb_to_lab(codes[None] / 255)[0, :, 1:] - ab, axis=1)
    assert error.max() < 0.5
    assert np.median(error) < 0.1
    assert nearest_codes(np.empty((0, 2))).shape == (0, 3)


def test_siggraph17_scores_codes_rounded_down():
    truth = Truth.from_codes(np.full((16, 16, 3), 100, np.uint8))
    hints = Siggraph17()
    # 100.99 falls to 100: no error but the smallest that counts.
    best = 10 * np.log10(255**2 * truth.codes.size)
    assert hints.psnr(np.full((16, 16, 3), 100.99 / 255), truth) == pytest.approx(best)
    assert hints.psnr(truth.rgb, truth) == pytest.approx(best)
    assert hints.psnr(np.full((16, 16, 3), 101.0 / 255), truth) == pytest.approx(48.1308, abs=1e-4)
    assert hints.psnr(np.full((16, 16, 3), 2.0), truth) == pytest.approx(
        20 * np.log10(255 / 155), abs=1e-4
    )


def test_icolorit_scores_floats_and_stops_at_fifty():
    truth = Truth.from_codes(np.full((16, 16, 3), 100, np.uint8))
    hints = IColoriT()
    assert hints.psnr(truth.rgb, truth) == pytest.approx(50.0)
    assert hints.psnr(truth.rgb + 0.01, truth) == pytest.approx(40.0)


def test_unknown_protocol():
    with pytest.raises(BadOption, match="siggraph17, icolorit"):
        protocol("pixcolor")
