"""The simulated user's strokes, and how leaks of their colours are measured."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from handtint_model.evaluation.lab import lab_to_rgb, rgb_to_lab
from handtint_model.evaluation.metrics import leakage, lightness_drift
from handtint_model.evaluation.protocols import Siggraph17, Truth
from handtint_model.evaluation.strokes import (
    Stroke,
    Strokes,
    object_at,
    random_place,
    stroke_at,
    uncertain_place,
)

RED, BLUE = (50.0, 45.0, 30.0), (50.0, 10.0, -45.0)


@pytest.fixture(scope="module")
def board():
    """A red bar, 20 x 80, on blue, with lightness that varies without changing the object."""
    lab = np.full((100, 120, 3), BLUE)
    lab[40:60, 20:100] = RED
    lab[..., 0] += np.linspace(-8, 8, 120)
    codes = np.rint(lab_to_rgb(lab) * 255).astype(np.uint8)
    return Truth.from_codes(codes, "board")


def test_the_object_is_the_region_of_like_color(board):
    bar = object_at(board, 50, 60)
    assert bar[42:58, 22:98].all()
    assert not bar[:38].any()
    assert not bar[62:].any()
    ground = object_at(board, 10, 10)
    assert ground[:37].all()
    assert not (ground & bar).any()


def test_a_stroke_runs_along_its_object_inside_it_in_its_color(board):
    stroke = stroke_at(board, 50, 60)
    assert not (stroke.painted & ~stroke.object).any()
    rows, columns = np.nonzero(stroke.painted)
    # Along the bar, a brush of 5 pixels wide, at most 35 % of 120 pixels long.
    assert np.ptp(columns) + 1 >= 36
    assert np.ptp(columns) + 1 <= 0.35 * 120 + 6
    assert np.ptp(rows) + 1 <= 7
    assert stroke.painted[50, 60]
    np.testing.assert_allclose(stroke.ab, board.ab[stroke.painted].mean(0))
    assert np.linalg.norm(stroke.ab - RED[1:]) < 3


def test_tiny_objects_get_a_dab():
    codes = np.full((40, 40, 3), 90, np.uint8)
    codes[20, 20] = (255, 0, 0)
    stroke = stroke_at(Truth.from_codes(codes), 20, 20)
    assert stroke.painted[20, 20]
    assert 1 <= stroke.painted.sum() <= 25


def test_the_same_seed_gives_the_same_strokes(board):
    places = [random_place(board, number) for number in range(30)]
    assert places == [random_place(board, number) for number in range(30)]
    assert places != [random_place(board, number, seed=1) for number in range(30)]
    assert len(set(places)) > 25
    y, x = np.array(places).T
    assert y.max() < 100
    assert x.max() < 120
    assert np.ptp(y) > 60
    assert np.ptp(x) > 70


def test_strokes_go_to_the_least_certain_unpainted_cell():
    uncertainty = np.zeros((5, 6), np.float32)
    uncertainty[3, 1], uncertainty[0, 5] = 0.9, 0.5
    painted = np.zeros((100, 120), bool)
    assert uncertain_place(uncertainty, painted) == (70, 30)
    painted[79, 39] = True  # the last pixel of that cell
    assert uncertain_place(uncertainty, painted) == (10, 110)


def test_later_strokes_lie_on_top(board):
    def stroke(rows, columns, ab):
        painted = np.zeros((100, 120), bool)
        painted[rows, columns] = True
        return Stroke(painted, np.array(ab), painted)

    strokes = Strokes(
        [
            stroke(slice(10, 14), slice(5, 50), (40.0, 20.0)),
            stroke(slice(0, 30), slice(20, 23), (-20.0, 30.0)),
        ],
        (100, 120),
    )
    painted, color = strokes.paint()
    assert painted.sum() == 4 * 45 + 30 * 3 - 4 * 3
    np.testing.assert_array_equal(color[12, 21], (-20, 30))
    np.testing.assert_array_equal(color[12, 19], (40, 20))
    first, second = strokes.as_hints().patches
    assert (first.x, first.y, first.rgba.shape) == (5, 10, (4, 45, 4))
    assert (second.x, second.y, second.rgba.shape) == (20, 0, (30, 3, 4))
    found = rgb_to_lab(first.rgba[..., :3] / 255)[..., 1:]
    assert np.linalg.norm(found - (40, 20), axis=-1).max() < 0.5
    assert not Strokes([], (100, 120)).as_hints()
    assert not Strokes([], (100, 120)).paint()[0].any()


def test_strokes_on_a_photo_stay_on_like_colors():
    truth = Siggraph17().load(Image.fromarray(data.coffee()), name="coffee")
    for number in range(10):
        stroke = stroke_at(truth, *random_place(truth, number))
        spread = np.linalg.norm(truth.ab[stroke.painted] - stroke.ab, axis=1)
        assert np.median(spread) < 12


def test_leakage_is_the_hints_color_beyond_the_edge():
    inside = np.zeros((60, 60), bool)
    inside[:, :30] = True
    truth = np.zeros((60, 60, 2))
    truth[:, :30], truth[:30, 30:], truth[30:, 30:] = (40, 0), (10, 30), (-20, 5)
    hint = np.array([40.0, 0.0])
    painted = np.zeros((60, 60), bool)
    assert (leakage(truth, truth, inside, hint, painted) == 0).all()
    assert (leakage(0 * truth, truth, inside, hint, painted) == 0).all()
    everywhere = np.broadcast_to(hint, truth.shape)
    # Columns 33 to 45 are 4 to 16 pixels from the object; a quarter was there above.
    leak = leakage(everywhere, truth, inside, hint, painted).reshape(60, 13)
    np.testing.assert_allclose(leak[:30], 0.75)
    np.testing.assert_allclose(leak[30:], 1.0)
    np.testing.assert_allclose(
        leakage(0.5 * everywhere, truth, inside, hint, painted).reshape(60, 13)[:30], 0.25
    )
    painted[:30] = True  # paint that somebody put there is no leak
    assert leakage(everywhere, truth, inside, hint, painted).size == 30 * 13
    # Nothing to leak into where the true colour is like the hint's, nor of gray hints.
    truth[:, 30:] = (30, 10)
    assert leakage(truth, truth, inside, hint, painted).size == 0
    assert leakage(everywhere, 0 * truth, inside, hint / 3, painted).size == 0


def test_lightness_drift_is_the_mean_absolute_error():
    truth = np.full((4, 5), 50.0)
    result = truth.copy()
    result[0] += 4
    result[1] -= 2
    assert lightness_drift(result, truth) == pytest.approx(1.5)
