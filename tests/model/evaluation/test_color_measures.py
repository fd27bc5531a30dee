"""Measures of colors on made pictures, whose values are counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model.evaluation.color_measures import (
    FIELDS,
    MEASURES,
    count_colors,
    pooled,
    tint_of,
    value_at,
)


def flat(lightness: float, a: float, b: float, size: int = 8) -> np.ndarray:
    return np.broadcast_to(np.array([lightness, a, b], np.float64), (size, size, 3)).copy()


def counted(result: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    return dict(zip(FIELDS, count_colors(result, truth)))


def test_a_white_shirt_that_turns_yellow():
    truth = flat(90, 0, 0)
    result = truth.copy()
    result[:4, :, 2] = 16.0  # visibly tinted
    result[4:, :, 2] = 14.0  # not quite
    found = counted(result, truth)
    assert found["whites"] == found["neutrals"] == 64
    assert found["tinted_whites"] == found["tinted_neutrals"] == 32
    assert found["neutral_chroma"] == pytest.approx(64 * 15.0)
    assert found["colored"] == found["hued"] == 0
    assert tint_of(count_colors(result, truth)) == 0.5


def test_gray_is_neutral_but_not_white():
    found = counted(flat(70, 0, 20), flat(70, 0, 7.9))
    assert found["whites"] == 0
    assert found["tinted_neutrals"] == found["neutrals"] == 64
    assert counted(flat(70, 0, 20), flat(70, 0, 8.1))["neutrals"] == 0


def test_colors_right_within_15_units():
    truth = flat(50, 30, 0)
    result = truth.copy()
    result[:2, :, 1] = 15.5  # 14.5 off
    result[2:, :, 1] = 14.5  # 15.5 off
    found = counted(result, truth)
    assert found["colored"] == 64
    assert found["colors_right"] == 16


def test_hue_right_within_30_degrees_and_not_gray():
    truth = flat(50, 22, 0)
    result = truth.copy()
    for rows, (angle, chroma) in zip((0, 2, 4, 6), ((29, 10), (31, 40), (-29, 7), (180, 40))):
        turned = np.radians(angle)
        result[rows : rows + 2, :, 1:] = chroma * np.cos(turned), chroma * np.sin(turned)
    found = counted(result, truth)
    assert found["hued"] == 64
    assert found["hue_right"] == 16  # the first alone: one is too far, one too gray, one opposite
    assert found["colored"] == 0


def test_ciede2000_of_a_published_pair():
    # Sharma, Wu, Dalal 2005, table 1, pair 1.
    lab, truth = flat(50.0, 2.6772, -79.7751), flat(50.0, 0.0, -82.7485)
    assert pooled([count_colors(lab, truth)], "ciede2000").value == pytest.approx(2.0425, abs=1e-4)


def test_patchiness_counts_steps_where_the_truth_has_none():
    truth = flat(50, 5, 5, 16)  # 4 x 4 cells: 24 pairs of neighbours
    assert pooled([count_colors(truth, truth)], "patchiness").value == 0.0
    result = truth.copy()
    result[:, 8:, 1] += 6.0  # a step of 6 across 4 of them
    assert pooled([count_colors(result, truth)], "patchiness").value == pytest.approx(
        np.sqrt(4 * 36 / 24)
    )
    edged = truth.copy()
    edged[:, 8:, 0] += 4.0  # an edge of the photo there: not counted
    assert pooled([count_colors(result, edged)], "patchiness").value == 0.0


def test_photos_are_pooled_by_pixels():
    none = count_colors(flat(90, 0, 40), flat(90, 0, 40))  # no white in it
    small = count_colors(flat(90, 0, 16, 4), flat(90, 0, 0, 4))
    large = count_colors(flat(90, 0, 0, 8), flat(90, 0, 0, 8))
    assert pooled([none, small, large], "tinted_whites").value == pytest.approx(100 * 16 / 80)
    assert np.isnan(pooled([none], "tinted_whites").value)


def test_standard_error_comes_from_the_photos():
    right = count_colors(flat(50, 30, 0), flat(50, 30, 0))
    wrong = count_colors(flat(50, -30, 0), flat(50, 30, 0))
    assert pooled([right] * 10, "colors_right").error == 0.0
    # A share of one half among n photos has the error 50 / sqrt(n).
    assert pooled([right, wrong] * 50, "colors_right").error == pytest.approx(5.0, rel=0.1)


def test_interpolation_stays_within_what_was_measured():
    tinted, right = [30.0, 10.0, 20.0], [9.0, 3.0, 5.0]
    assert value_at(tinted, right, 16.0) == pytest.approx(4.2)
    assert value_at(tinted, right, 9.9) is None
    assert value_at([], [], 16.0) is None


def test_every_measure_names_what_is_counted():
    for over, under, _, _ in MEASURES.values():
        assert {over, under} <= set(FIELDS)
