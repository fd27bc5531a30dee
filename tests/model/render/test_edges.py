"""Edge-aware enlargement of cells: averages kept, no overshoot, edges, no printed texture."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from handtint_model.render.downsample import reduce_lightness
from handtint_model.render.render import render, upsample_ab
from handtint_model.render.upsample import ColorField, guide_shape

ROOT = Path(__file__).parents[3]


def averages(ab: np.ndarray, factor: int) -> np.ndarray:
    channels, height, width = ab.shape
    blocks = (channels, height // factor, factor, width // factor, factor)
    return ab.reshape(blocks).mean(axis=(2, 4))


def smooth_cells(rows: int, columns: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    return np.stack([50 * np.sin(x / 5 + y / 9), 40 * np.cos(y / 6)])


def test_flat_color_stays_flat(astronaut: np.ndarray) -> None:
    cells = np.broadcast_to(np.float32([[[31.0]], [[-17.0]]]), (2, 32, 32)).copy()
    result = upsample_ab(astronaut, cells, (1 / 16, 1 / 16))
    np.testing.assert_allclose(result[0], 31, atol=1e-4)
    np.testing.assert_allclose(result[1], -17, atol=1e-4)


def test_never_leaves_the_range_of_the_cells_around(astronaut: np.ndarray) -> None:
    cells = np.random.default_rng(1).normal(0, 40, (2, 32, 32)).astype(np.float32)
    result = upsample_ab(astronaut, cells, (1 / 16, 1 / 16))
    padded = np.pad(cells, ((0, 0), (2, 2), (2, 2)), mode="edge")
    around = [padded[:, y : y + 32, x : x + 32] for y in range(5) for x in range(5)]
    low, high = (np.repeat(np.repeat(f(around, axis=0), 16, 1), 16, 2) for f in (np.min, np.max))
    assert (result >= low - 1e-3).all()
    assert (result <= high + 1e-3).all()
    assert result.max() <= cells.max() + 1e-3


def test_averages_back_to_smooth_cells(astronaut: np.ndarray) -> None:
    cells = smooth_cells(32, 32)
    result = upsample_ab(astronaut, cells, (1 / 16, 1 / 16))
    error = averages(result, 16) - cells
    # Averages are kept nearly, so that a cell on the wrong side of an edge is no square.
    assert np.abs(error[:, 1:-1, 1:-1]).max() < 2.5
    assert np.abs(error).mean() < 0.35


def disc() -> tuple[np.ndarray, np.ndarray]:
    """A dark disc on light ground; red and green meet at its rim, which crosses the cells."""
    y, x = np.mgrid[:256, :256]
    inside = np.hypot(y - 130, x - 121) < 75
    plane = np.where(inside, 70, 190).astype(np.uint8)
    plane += np.random.default_rng(0).integers(0, 12, plane.shape, np.uint8)
    truth = np.where(inside, np.float32(40), np.float32(-35)) * np.ones((2, 1, 1), np.float32)
    return plane, truth


def test_color_ends_where_lightness_does() -> None:
    plane, truth = disc()
    result = upsample_ab(plane, averages(truth, 16), (1 / 16, 1 / 16))
    wrong = (np.abs(result - truth) > 25).mean()
    assert wrong < 0.004
    bilinear = upsample_ab(np.full_like(plane, 128), averages(truth, 16), (1 / 16, 1 / 16))
    assert (np.abs(bilinear - truth) > 25).mean() > 8 * wrong


def test_a_cell_on_the_wrong_side_is_no_square() -> None:
    """The same disc, but each cell is all red or all green, as a stroke takes cells."""
    plane, truth = disc()
    cells = np.where(averages(truth, 16) > 2.5, np.float32(40), np.float32(-35))
    result = upsample_ab(plane, cells, (1 / 16, 1 / 16))
    # Of the pixels 2.6 % are wrong if every cell's average is kept.
    assert (np.abs(result - truth) > 25).mean() < 0.016


def test_prints_no_texture_into_smooth_color() -> None:
    """Strong fine texture under a slow change of colour leaves that as it is."""
    rng = np.random.default_rng(2)
    plane = rng.integers(40, 216, (512, 512)).astype(np.uint8)
    x = (np.arange(512) + 0.5) / 512
    truth = np.broadcast_to(np.float32(80) * x.astype(np.float32), (2, 512, 512))
    result = upsample_ab(plane, averages(truth, 16), (1 / 16, 1 / 16))
    difference = (result - truth)[:, 32:-32, 32:-32]
    # 80 units over 512 pixels are 2.5 a cell; texture may move colour by less than that.
    assert np.abs(difference).max() < 2.5
    assert difference.std() < 0.5


@pytest.mark.parametrize(
    ("size", "cells"),
    [((512, 512), (64, 64)), ((500, 333), (96, 64)), ((70, 90), (64, 82)), ((20, 31), (64, 99))],
)
def test_guide_of_the_encoder_gives_the_same(
    astronaut: np.ndarray, size: tuple[int, int], cells: tuple[int, int]
) -> None:
    plane = astronaut[: size[0], : size[1]]
    per_pixel = (cells[0] / size[0], cells[1] / size[1])
    shape = guide_shape(plane.shape, per_pixel)
    cells = smooth_cells(*cells)
    guide = reduce_lightness(plane, *shape)
    with_guide = render(plane, cells, per_pixel, guide=guide)
    np.testing.assert_array_equal(with_guide, render(plane, cells, per_pixel))


def test_a_field_serves_many_regions(astronaut: np.ndarray) -> None:
    cells = smooth_cells(30, 30)
    per_pixel = (30 / 512, 30 / 512)
    field = ColorField.fit(astronaut, cells, per_pixel)
    np.testing.assert_array_equal(
        render(astronaut, field, per_pixel), render(astronaut, cells, per_pixel)
    )
    whole = upsample_ab(astronaut, cells, per_pixel)
    part = upsample_ab(astronaut, field, per_pixel, region=(33, 71, 100, 13))
    np.testing.assert_array_equal(part, whole[:, 71:84, 33:133])


def test_cells_smaller_than_pixels_are_averaged() -> None:
    plane = np.full((4, 6), 120, np.uint8)
    fine = np.random.default_rng(0).normal(0, 20, (2, 12, 18)).astype(np.float32)
    result = upsample_ab(plane, fine, (3.0, 3.0))
    expected = fine.reshape(2, 4, 3, 6, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_a_fine_photo_of_few_cells_is_continuous() -> None:
    """On plain ground neighbouring pixels differ by little: no seams between points."""
    plane = np.full((700, 900), 140, np.uint8)
    cells = smooth_cells(7, 9) * 2
    result = upsample_ab(plane, cells, (0.01, 0.01))
    steepest = max(np.abs(np.diff(cells, axis=a)).max() for a in (1, 2)) / 100
    for axis in (1, 2):
        assert np.abs(np.diff(result, axis=axis)).max() < 3 * steepest


@pytest.mark.slow
@pytest.mark.data
def test_better_than_the_usual_ways_on_kodak(data_folder: Path) -> None:
    pytest.importorskip("cv2")
    spec = importlib.util.spec_from_file_location("bench_edges", ROOT / "bench" / "edges.py")
    edges = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(edges)
    table = edges.measure(sorted((data_folder / "kodak").glob("*.png")), 16)
    assert table.shape == (24, len(edges.WAYS))
    gains = dict(zip(edges.WAYS, (table[:, -1:] - table).mean(axis=0)))
    assert gains["bilinear"] >= 1.5
    assert gains["bicubic+bp"] >= 0.5
    assert (table[:, -1] > table[:, :-1].max(axis=1)).sum() >= 22
