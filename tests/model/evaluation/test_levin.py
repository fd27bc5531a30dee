"""Levin colour propagation against results known from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handtint_model.evaluation.baselines import (
    LevinPropagation,
    dissection_order,
    neighbor_weights,
)


def slow_weights(guide):
    """Pixel by pixel, as the paper and its authors' implementation describe it."""
    height, width = guide.shape
    weights = np.zeros((height * width, height * width))
    for y in range(height):
        for x in range(width):
            around = [
                (y + dy, x + dx)
                for dy in (-1, 0, 1)
                for dx in (-1, 0, 1)
                if (dy or dx) and 0 <= y + dy < height and 0 <= x + dx < width
            ]
            values = np.array([guide[place] for place in around])
            window = np.append(values, guide[y, x])
            width_2 = 0.6 * np.mean((window - window.mean()) ** 2)
            width_2 = max(width_2, np.min((values - guide[y, x]) ** 2) / -np.log(0.01), 2e-6)
            w = np.exp(-((values - guide[y, x]) ** 2) / width_2)
            for (ny, nx), value in zip(around, w / w.sum(), strict=True):
                weights[y * width + x, ny * width + nx] = value
    return weights


def slow_propagation(guide, painted, ab):
    matrix = np.eye(guide.size) - np.where(painted.ravel()[:, None], 0, slow_weights(guide))
    wanted = np.where(painted[..., None], ab, 0).reshape(-1, 2)
    return np.linalg.solve(matrix, wanted).reshape(*guide.shape, 2)


@pytest.mark.parametrize("shape", [(1, 7), (9, 1), (13, 11)])
def test_agrees_with_a_dense_solution(shape):
    generator = np.random.default_rng(1)
    guide = generator.random(shape)
    painted = generator.random(shape) < 0.1
    painted.flat[0] = True
    ab = generator.uniform(-80, 80, (*shape, 2))
    expected = slow_propagation(guide, painted, ab)
    np.testing.assert_allclose(LevinPropagation(guide)(painted, ab), expected, atol=1e-6)


def test_flat_strip_is_interpolated_linearly():
    painted = np.zeros((1, 11), bool)
    painted[0, [0, -1]] = True
    ab = np.zeros((1, 11, 2))
    ab[0, 0], ab[0, -1] = (-20, 0), (30, 50)
    spread = LevinPropagation(np.full((1, 11), 0.4))(painted, ab)
    np.testing.assert_allclose(spread[0, :, 0], np.linspace(-20, 30, 11), atol=1e-6)
    np.testing.assert_allclose(spread[0, :, 1], np.linspace(0, 50, 11), atol=1e-6)


def test_color_stops_at_an_edge():
    guide = np.full((40, 40), 0.3)
    guide[:, 20:] = 0.7
    painted = np.zeros((40, 40), bool)
    painted[20, 5] = painted[20, 35] = True
    ab = np.zeros((40, 40, 2))
    ab[20, 5], ab[20, 35] = (60, 0), (-40, 30)
    spread = LevinPropagation(guide)(painted, ab)
    np.testing.assert_allclose(spread[:, :19], np.broadcast_to((60, 0), (40, 19, 2)), atol=3)
    np.testing.assert_allclose(spread[:, 21:], np.broadcast_to((-40, 30), (40, 19, 2)), atol=3)


def test_one_hint_colors_everything_and_none_nothing():
    guide = np.random.default_rng(2).random((20, 30))
    propagation = LevinPropagation(guide)
    painted = np.zeros((20, 30), bool)
    ab = np.full((20, 30, 2), (12.0, -7.0))
    assert not propagation(painted, ab).any()
    painted[3, 4] = True
    np.testing.assert_allclose(propagation(painted, ab), ab, atol=1e-4)
    painted[:] = True
    np.testing.assert_array_equal(propagation(painted, ab), ab)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 24))
def test_keeps_paint_and_invents_no_color(seed, height, width):
    generator = np.random.default_rng(seed)
    # Coarse steps make many equal neighbours and hard edges, the awkward cases.
    guide = np.round(generator.random((height, width)) * 3) / 3
    painted = generator.random((height, width)) < 0.2
    painted.flat[generator.integers(painted.size)] = True
    ab = generator.uniform(-90, 90, (height, width, 2))
    spread = LevinPropagation(guide)(painted, ab)
    assert np.abs(spread[painted] - ab[painted]).max() <= 1e-4
    # Every free pixel is a mean of its neighbours: within the hull of the paint.
    assert (spread <= ab[painted].max(0) + 1e-3).all()
    assert (spread >= ab[painted].min(0) - 1e-3).all()


def test_residual_at_the_size_of_the_benchmark():
    generator = np.random.default_rng(3)
    guide = np.cumsum(generator.normal(0, 0.02, (256, 256)), axis=1) % 1.0
    painted = np.zeros((256, 256), bool)
    painted[100:106, 40:46] = painted[200:206, 180:186] = True
    ab = generator.uniform(-60, 60, (256, 256, 2))
    spread = LevinPropagation(guide)(painted, ab)
    padded = np.pad(spread, ((1, 1), (1, 1), (0, 0)))
    offsets = [(dy, dx) for dy in (0, 1, 2) for dx in (0, 1, 2) if (dy, dx) != (1, 1)]
    mean = sum(
        weight[..., None] * padded[dy : dy + 256, dx : dx + 256]
        for weight, (dy, dx) in zip(neighbor_weights(guide), offsets, strict=True)
    )
    free = ~painted
    assert np.abs(mean - spread)[free].max() <= 1e-6 * 60


def test_refuses_more_than_one_plane():
    with pytest.raises(ValueError, match="one plane"):
        LevinPropagation(np.zeros((4, 4, 3)))


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (4, 9), (31, 17)])
def test_elimination_order_names_every_pixel_once(shape):
    order = dissection_order(*shape)
    np.testing.assert_array_equal(np.sort(order), np.arange(shape[0] * shape[1]))
