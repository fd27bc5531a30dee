"""How well one stroke fills its object: the measure, on answers whose values are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handtint_model import BadImage
from handtint_model.evaluation.fill import (
    Filled,
    ObjectStroke,
    correction,
    draw,
    hints_of,
    object_strokes,
    score,
    stroke_color,
    summary,
    where_filled,
)
from handtint_model.evaluation.lab import rgb_to_lab

SHAPE = (120, 160)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo with a large, a middle-sized and a tiny object."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[10:60, 10:90] = 1
    labels[80:110, 100:150] = 2
    labels[100:104, 10:14] = 3
    gray = np.full((*SHAPE, 3), 130, np.uint8)
    Image.fromarray(gray).save(tmp_path / "a.webp", lossless=True)
    Image.fromarray(labels).save(tmp_path / "a.png")
    return tmp_path


def test_strokes_lie_in_objects_and_are_the_same_every_time(folder: Path) -> None:
    strokes = list(object_strokes(folder))
    assert sorted(int(s.object.sum()) for s in strokes) == [30 * 50, 50 * 80]
    for stroke, again in zip(strokes, object_strokes(folder)):
        line = draw(SHAPE, stroke.ends, stroke.width)
        assert line.any()
        assert not (line & ~stroke.object).any()
        assert (stroke.ends, stroke.hue) == (again.ends, again.hue)
        automatic = np.zeros((*SHAPE, 2))
        color = stroke_color(stroke, automatic)
        ab = rgb_to_lab(np.array([[color]]) / 255.0)[0, 0, 1:]
        assert np.linalg.norm(ab) >= 25


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="label maps"):
        list(object_strokes(tmp_path))


def large(folder: Path) -> ObjectStroke:
    return max(object_strokes(folder), key=lambda s: s.object.sum())


def test_right_half_and_too_much(folder: Path) -> None:
    stroke = large(folder)
    everywhere, nothing = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
    assert score(stroke, stroke.object, everywhere, nothing) == Filled(1.0, 1.0, 0.0)
    half = stroke.object & (np.arange(160) < 50)
    found = score(stroke, half, everywhere, nothing)
    assert found.iou == pytest.approx(0.5, abs=0.02)
    assert found.coverage == pytest.approx(0.5, abs=0.02)
    assert found.leak == 0.0
    much = stroke.object.copy()
    much[10:60, 90:160] = True  # as high, and nearly as wide again
    found = score(stroke, much, everywhere, nothing)
    assert found.coverage == 1.0
    assert found.leak == pytest.approx((160 - 93) / 74 * 50 / 44, rel=0.02)


def test_outline_paint_and_what_cannot_move_do_not_count(folder: Path) -> None:
    stroke = large(folder)
    rim = stroke.object.copy()
    rim[9:61, 9:91] = True  # a pixel over the edge
    everywhere, nothing = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
    assert score(stroke, rim, everywhere, nothing).iou == 1.0
    left_out = stroke.object & (np.arange(160) > 60)
    filled = stroke.object & ~left_out
    assert score(stroke, filled, ~left_out, nothing).iou == 1.0
    assert score(stroke, filled, everywhere, left_out).iou == 1.0


def test_half_of_the_way_is_filled() -> None:
    before, end = np.zeros((1, 4, 2)), np.zeros((1, 4, 2))
    end[0, :3] = (30.0, 40.0)
    after = end * np.array([0.49, 0.51, 1.5, 0.0])[None, :, None]
    filled, counted = where_filled(before, after, end)
    assert filled[0, :3].tolist() == [False, True, True]
    assert counted[0].tolist() == [True, True, True, False]


def test_the_second_stroke_goes_through_the_largest_wrong_region(folder: Path) -> None:
    stroke = large(folder)
    filled = stroke.object.copy()
    filled[80:110, 20:60] = True
    filled[5:8, 140:150] = True
    line = correction(stroke, filled, np.zeros(SHAPE, bool))
    assert line is not None
    rows, columns = np.nonzero(line)
    assert 80 <= rows.min() <= rows.max() < 110
    assert 20 <= columns.min() <= columns.max() < 60
    assert correction(stroke, stroke.object, np.zeros(SHAPE, bool)) is None


def test_later_paint_is_on_top_and_the_summary_tells_the_share_of_good_ones() -> None:
    one, two = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    one[0:4, 0:4] = two[2:6, 2:6] = True
    patch = hints_of([(one, (255, 0, 0)), (two, (0, 255, 0))]).patches[0]
    assert patch.rgba[3, 3].tolist() == [0, 255, 0, 255]
    told = summary([Filled(0.8, 0.9, 0.1), Filled(0.6, 0.7, 0.5), Filled(0.7, 0.8, 0.3)])
    assert told == pytest.approx({"iou": 0.7, "coverage": 0.8, "leak": 0.3, "good": 2 / 3})
