"""Alternatives and references through the colorizer: what docs/hints.md promises of them."""

import itertools

import numpy as np
import pytest

from handtint_model import BadHint, BadOption, ColorizeOptions, Hints
from handtint_model.color.bins import BINS
from handtint_model.evaluation.lab import rgb_to_lab


def ab_of(rgb):
    return rgb_to_lab(rgb / 255.0)[..., 1:]


def apart(x, y):
    return np.hypot(*np.moveaxis(ab_of(x) - ab_of(y), -1, 0))


@pytest.fixture(scope="module")
def photo(colorizer, astronaut):
    return colorizer.encode(astronaut)


@pytest.fixture(scope="module")
def four(colorizer, photo):
    return colorizer.alternatives(photo)


def test_the_first_is_the_usual_result_and_each_can_be_had_alone(colorizer, photo, four):
    assert len(four) == 4
    np.testing.assert_array_equal(four[0], colorizer.colorize(photo))
    for number in (1, 3):
        alone = colorizer.colorize(photo, options=ColorizeOptions(alternative=number))
        np.testing.assert_array_equal(four[number], alone)


def test_they_are_the_same_every_time(colorizer, astronaut, four):
    again = colorizer.alternatives(colorizer.encode(astronaut), n=3)
    assert len(again) == 3
    for one, other in zip(four, again, strict=False):
        np.testing.assert_array_equal(one, other)


def test_any_two_differ_visibly(four):
    for x, y in itertools.combinations(four, 2):
        assert (apart(x, y) >= 8.0).mean() >= 0.15


def test_lightness_is_kept(four, astronaut):
    from handtint_model import luminance_of

    for rgb in four:
        np.testing.assert_array_equal(luminance_of(rgb), astronaut)


def test_painted_hints_are_obeyed_in_all(colorizer, photo):
    hints = Hints.from_points([(200, 200, "#3050c0")], radius=12)
    painted = [rgb[200, 200] for rgb in colorizer.alternatives(photo, hints)]
    wanted = colorizer.colorize(photo, hints)[200, 200]
    for found in painted:
        assert np.abs(found.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("hints", [None, Hints.from_points([(200, 200, "#3050c0")], radius=12)])
def test_probabilities_are_distributions_with_the_colors_as_means(colorizer, photo, hints):
    options = ColorizeOptions(alternative=2)
    p = colorizer.probabilities(photo, hints, options=options)
    assert p.min() >= 0.0
    np.testing.assert_allclose(p.sum(axis=0), 1.0, atol=1e-4)
    if hints is None:
        look = colorizer._cells.look(None, options)
        mean = np.einsum("khw,kc->chw", p, BINS)
        np.testing.assert_allclose(mean, colorizer._automatic(photo, look).ab, atol=1e-3)


def test_thumbnails_show_the_same_colors(colorizer, photo, four):
    small = colorizer.alternatives(photo, size=128)
    assert [rgb.shape for rgb in small] == [(128, 128, 3)] * 4
    for thumbnail, rgb in zip(small, four, strict=True):
        height, width = rgb.shape[:2]
        means = rgb.reshape(128, height // 128, 128, width // 128, 3).mean(axis=(1, 3))
        assert np.median(apart(thumbnail, means)) < 3.0


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": 5}, {"n": 1.5}, {"size": 8}, {"size": "a"}])
def test_bad_arguments(colorizer, photo, arguments):
    with pytest.raises(BadOption, match="must be a whole number between"):
        colorizer.alternatives(photo, **arguments)


@pytest.mark.parametrize("number", [-1, 4, 0.5, True])
def test_bad_alternative(number):
    with pytest.raises(BadOption, match="alternative must be a whole number between 0 and 3"):
        ColorizeOptions(alternative=number)


# --- references -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def truth():
    from skimage import data

    return data.astronaut()


def test_a_photo_that_is_its_own_reference_gets_its_colors(colorizer, photo, truth):
    usual, found = colorizer.colorize(photo), colorizer.colorize(photo, Hints.from_reference(truth))
    assert apart(found, truth).mean() < 0.4 * apart(usual, truth).mean()


def test_paint_lies_over_a_reference(colorizer, photo, truth):
    paint = Hints.from_points([(200, 200, "#20c040")], radius=12)
    both = colorizer.colorize(photo, Hints.from_reference(truth) + paint)
    alone = colorizer.colorize(photo, paint)
    assert np.abs(both[200, 200].astype(int) - alone[200, 200]).max() <= 1
    assert (apart(both, alone) > 4.0).mean() > 0.2  # and the reference still counts elsewhere


@pytest.mark.slow
def test_where_nothing_matches_the_automatic_color_stays(colorizer, photo):
    noise = np.random.default_rng(3).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    found = colorizer.colorize(photo, Hints.from_reference(noise))
    assert np.median(apart(found, colorizer.colorize(photo))) < 5.0


def test_references_give_distributions(colorizer, photo, truth):
    hints = Hints.from_reference(truth) + Hints.from_reference(truth[:, ::-1])
    p = colorizer.probabilities(photo, hints)
    assert p.min() >= 0.0
    np.testing.assert_allclose(p.sum(axis=0), 1.0, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_references_are_the_same(truth, dtype):
    deep = truth.astype(np.uint16) * 257 if dtype == np.uint16 else truth / np.float32(255)
    (found,) = Hints.from_reference(deep.astype(dtype)).references
    np.testing.assert_array_equal(found, truth)


def test_a_large_reference_is_averaged_down():
    large = np.zeros((1601, 3000, 3), np.uint8)
    large[:, :1500, 0] = 200
    (found,) = Hints.from_reference(large).references
    assert found.shape == (533, 1000, 3)
    assert (found[:, :499, 0] == 200).all()
    assert (found[:, 501:] == 0).all()


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 4), np.uint8), "picture in colour"),
        (np.zeros((4, 4, 4), np.uint8), "picture in colour"),
        (np.full((4, 4, 3), 7, np.uint8), "is gray"),
        (np.full((4, 4, 3), np.nan, np.float32), "NaN"),
    ],
)
def test_bad_references(picture, words):
    with pytest.raises(BadHint, match=words):
        Hints.from_reference(picture)


def test_an_alternative_has_half_the_detail_of_the_automatic_colors_at_most():
    from handtint_model.alternatives import MOST_DETAIL, share_of_detail

    rng = np.random.default_rng(3)
    detail, wide = rng.normal(size=(2, 500, 2)).astype(np.float32)
    for factor, share in ((4.0, MOST_DETAIL / 4.0), (1.0, MOST_DETAIL), (0.1, 1.0)):
        found = share_of_detail(wide + factor * detail, wide, detail, np.zeros_like(detail))
        assert found == pytest.approx(share, rel=1e-4)
    assert share_of_detail(wide, wide, detail, detail) == 1.0
