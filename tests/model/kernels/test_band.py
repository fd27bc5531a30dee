"""Smoothing fields over the photo graph, by both sets of kernels."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model.hints.photo_graph import EdgeWeights
from handtint_model.kernels import numba as compiled
from handtint_model.kernels import numpy as reference


def graph(shape: tuple[int, int]) -> EdgeWeights:
    rng = np.random.default_rng(3)
    guide = 0.4 + 0.1 * rng.random((shape[0] * 8, shape[1] * 8), np.float32)
    embedding = rng.normal(size=(32, *shape)).astype(np.float32)
    return EdgeWeights.of(guide, embedding, shape)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (1, 7), (12, 12)])
def test_smoothing_solves_the_system(shape: tuple[int, int]) -> None:
    edges = graph(shape)
    fields = np.random.default_rng(4).random((shape[0] * shape[1], 21), np.float32)
    solve = edges.factorize(edges.back(edges.degree) + 0.05)
    wanted = solve(0.05 * fields.astype(np.float64))
    assert edges.smooth(fields, 0.05) == pytest.approx(wanted, abs=1e-5)


def test_smoothing_keeps_what_is_the_same_everywhere() -> None:
    edges = graph((6, 8))
    fields = np.tile(np.array([[0.25, 0.75]], np.float32), (48, 1))
    assert edges.smooth(fields, 0.05) == pytest.approx(fields, abs=1e-5)


def test_smoothing_stops_at_an_edge_of_the_photo() -> None:
    guide = np.full((64, 64), 0.3, np.float32)
    guide[:, 32:] = 0.9
    edges = EdgeWeights.of(guide, np.zeros((4, 8, 8), np.float32), (8, 8))
    fields = np.zeros((8, 8, 1), np.float32)
    fields[:, :4] = np.random.default_rng(0).random((8, 4, 1))
    smooth = edges.smooth(fields.reshape(64, 1), 0.05).reshape(8, 8)
    assert smooth[:, :4].std() < 0.2 * fields[:, :4].std()
    assert np.abs(smooth[:, 4:]).max() < 0.01


def test_both_kernels_agree() -> None:
    rng = np.random.default_rng(5)
    count, reach = 40, 6
    lower = np.tril(rng.normal(size=(count, count)) * 0.2)
    lower[np.arange(count), np.arange(count)] = 1.5
    lower[np.subtract.outer(np.arange(count), np.arange(count)) > reach] = 0.0
    rows, columns = np.zeros((2, count, reach), np.float32)
    for k in range(1, reach + 1):
        columns[: count - k, k - 1] = np.diagonal(lower, -k)
        rows[k:, reach - k] = np.diagonal(lower, -k)
    inverse = (1.0 / np.diagonal(lower)).astype(np.float32)
    fields = np.zeros((3, count + 2 * reach), np.float32)
    fields[:, reach:-reach] = rng.random((3, count))
    wanted = np.linalg.solve(lower @ lower.T, fields[:, reach:-reach].T).T
    for kernels in (compiled, reference):
        found = fields.copy()
        kernels.solve_band(rows, columns, inverse, 0, 3, found)
        assert found[:, reach:-reach] == pytest.approx(wanted, abs=1e-4)
        assert not found[:, :reach].any()
