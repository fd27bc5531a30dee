"""Metrics on pictures whose values can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model.color.bins import BINS
from handtint_model.evaluation import bin_frequencies as frequencies
from handtint_model.evaluation.lab import lab_to_rgb, rgb_to_lab
from handtint_model.evaluation.metrics import AbErrorCurve, colorfulness, mean_and_error, psnr

FLAT = np.full(313, 1 / 313)


def test_psnr_of_a_constant_difference():
    truth = np.full((8, 9, 3), 100, np.uint8)
    # 10 codes off everywhere: 20 log10(255 / 10).
    assert psnr(truth + 10, truth, peak=255) == pytest.approx(28.1308, abs=1e-4)
    # uint8 subtraction must not wrap around.
    assert psnr(truth - 10, truth, peak=255) == pytest.approx(28.1308, abs=1e-4)
    # One channel of three: a third of the squared error.
    one = truth.copy()
    one[..., 2] += 10
    assert psnr(one, truth, peak=255) == pytest.approx(28.1308 + 10 * np.log10(3), abs=1e-4)


def test_psnr_of_equal_pictures_and_its_cap():
    truth = np.zeros((4, 4, 3))
    assert psnr(truth, truth, peak=1) == np.inf
    assert psnr(truth, truth, peak=1, least_mse=1e-5) == pytest.approx(50.0)
    with pytest.raises(ValueError, match="shapes differ"):
        psnr(truth, truth[:1], peak=1)


def test_colorfulness_of_flat_and_two_colored_pictures():
    gray = np.full((4, 4, 3), 77, np.uint8)
    assert colorfulness(gray) == 0.0
    # Flat red: no spread, rg = 255, yb = 127.5.
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert colorfulness(red) == pytest.approx(0.3 * np.hypot(255, 127.5))
    # Half red, half cyan: rg = +-255, yb = +-127.5, so no mean and the spread alone.
    both = red.copy()
    both[:2] = (0, 255, 255)
    assert colorfulness(both) == pytest.approx(np.hypot(255, 127.5))


def test_standard_error_has_divisor_n():
    mean, error = mean_and_error([1.0, 3.0])
    assert mean == 2.0
    assert error == pytest.approx(1.0 / np.sqrt(2))


@pytest.mark.parametrize(
    ("error", "area"),
    [
        (0.0, 100.0),
        (10.0, 100 * 140.5 / 150),  # within t from t = 10 on; the step counts half
        (9.5, 100 * 140.5 / 150),
        (150.0, 100 * 0.5 / 150),
        (151.0, 0.0),
    ],
)
def test_area_of_a_constant_error(error, area):
    truth = np.zeros((5, 6, 2))
    curve = AbErrorCurve(FLAT)
    curve.add(truth + np.array([error, 0.0]), truth)
    assert curve.raw == pytest.approx(area)
    assert curve.rebalanced == pytest.approx(area)


def test_rebalanced_area_weighs_by_the_true_colors_bin():
    shares = np.full(313, 1e-9)
    common, rare = 100, 200
    shares[common], shares[rare] = 0.99, 0.01
    truth = np.empty((10, 1, 2))
    truth[:9], truth[9] = BINS[common], BINS[rare]
    found = truth.copy()
    found[9, 0, 0] += 75.0  # only the rare pixel is wrong
    curve = AbErrorCurve(shares)
    curve.add(found, truth)
    wrong = 75.5 / 150  # area of an error of 75
    assert curve.raw == pytest.approx(100 * (0.9 + 0.1 * wrong))
    a, b = 9 / (0.99 + 1e-5), 1 / (0.01 + 1e-5)
    assert curve.rebalanced == pytest.approx(100 * (a + b * wrong) / (a + b))


def test_pixels_of_all_photos_go_into_one_curve():
    small, large = np.zeros((1, 1, 2)), np.zeros((3, 1, 2))
    curve = AbErrorCurve(FLAT)
    curve.add(small + np.array([200.0, 0.0]), small)
    curve.add(large, large)
    assert curve.raw == pytest.approx(75.0)


def test_nearest_bins_agrees_with_a_search_over_all():
    generator = np.random.default_rng(5)
    ab = generator.uniform(-115, 115, (3000, 2))
    expected = ((ab[:, None] - BINS[None]) ** 2).sum(-1).argmin(1)
    np.testing.assert_array_equal(frequencies.nearest_bins(ab), expected)
    assert frequencies.nearest_bins(ab.reshape(50, 60, 2)).shape == (50, 60)


@pytest.mark.slow
def test_counting_by_table_agrees_with_counting_by_pixel():
    generator = np.random.default_rng(6)
    photo = generator.integers(0, 256, (40, 50, 3), np.uint8)
    number, counts = frequencies.count_bins([photo, photo[:10]])
    expected = np.zeros(313, int)
    for part in (photo, photo[:10]):
        bins = frequencies.nearest_bins(rgb_to_lab(part / 255)[..., 1:])
        expected += np.bincount(bins.ravel(), minlength=313)
    assert number == 2
    np.testing.assert_array_equal(counts, expected)


def test_committed_frequencies():
    shares = frequencies.bin_frequencies()
    assert shares.shape == (313,)
    assert shares.sum() == pytest.approx(1.0)
    # Photographs are mostly near gray; the most frequent bin is the neutral one.
    np.testing.assert_array_equal(BINS[shares.argmax()], (0.0, 0.0))


def test_lab_round_trip_and_clipping():
    generator = np.random.default_rng(7)
    rgb = generator.random((6, 7, 3))
    np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=1e-6)
    assert lab_to_rgb(np.array([[[50.0, 120.0, 120.0]]])).min() == 0.0
