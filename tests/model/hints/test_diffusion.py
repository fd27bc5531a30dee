"""The screened diffusion against a dense solution, and what a user sees of it."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model import Colorizer, Hints
from handtint_model.cell_colors import Look
from handtint_model.hint_colors import layers_of
from handtint_model.hints.diffusion import HOLD, PULL, PULL_BACK, Diffusion, mixture_pull
from handtint_model.hints.photo_graph import (
    EMBEDDING_STEP,
    LEAST_WEIGHT,
    LIGHTNESS_STEP,
    EdgeWeights,
)
from handtint_model.hints.pooling import PooledHints


def picture(shape: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    guide = rng.uniform(0.3, 0.4, (2 * shape[0], 2 * shape[1])).astype(np.float32)
    return guide, rng.normal(0, 0.5, (32, *shape)).astype(np.float32)


def pooled_hints(numbers: list[int], masses: list[float]) -> PooledHints:
    ab = np.zeros((len(numbers), 2), np.float32)
    return PooledHints(np.array(numbers), np.array(masses, np.float32), ab)


def dense(edges: EdgeWeights) -> np.ndarray:
    """(N, N) weights between cells that are counted row by row."""
    count = edges.degree.size
    after = np.zeros((count, count))
    for offset, weight in zip(edges.offsets, edges.weights):
        for cell in np.flatnonzero(weight):
            after[cell, cell + offset] = weight[cell]
    place = edges.along(np.arange(float(count))).astype(int)
    w = np.zeros((count, count))
    w[np.ix_(place, place)] = after + after.T
    return w


@pytest.mark.parametrize("shape", [(5, 7), (7, 5)])
def test_it_minimizes_the_energy_of_its_docstring(shape: tuple[int, int]) -> None:
    edges = EdgeWeights.of(*picture(shape, 0), shape)
    pooled = pooled_hints([3, 17, 30], [1.0, 1.0, 1.0])
    rng = np.random.default_rng(1)
    trust, y, h = rng.uniform(0, 1, 35), rng.normal(0, 1, (35, 2)), rng.normal(0, 1, (3, 2))
    x = Diffusion.of(edges, pooled, mixture_pull(trust)).spread(y, pooled, h)
    w = dense(edges)
    assert w.sum(axis=1) == pytest.approx(edges.back(edges.degree))
    # Eight neighbours, fewer at the border.
    corner, border, inside = ((w > 0).sum(axis=1) == n for n in (3, 5, 8))
    assert (corner.sum(), border.sum(), inside.sum()) == (4, 16, 15)
    assert inside.reshape(shape)[1:-1, 1:-1].all()

    def energy(x: np.ndarray) -> float:
        apart = ((x[:, None] - x[None]) ** 2).sum(-1)
        pull = PULL + PULL_BACK * (1 - trust) ** 2
        own = (pull[:, None] * (x - y) ** 2).sum() + HOLD * ((x[pooled.number] - h) ** 2).sum()
        return float(0.5 * (w * apart).sum() + own)

    least = energy(x)
    for _ in range(200):
        assert energy(x + rng.normal(0, 1e-3, x.shape)) > least


@pytest.mark.parametrize("seed", range(3))
def test_fields_are_means_of_what_was_said(seed: int) -> None:
    """No field leaves the range of its sources, and all sources 1 give 1."""
    shape = (9, 11)
    edges = EdgeWeights.of(*picture(shape, seed), shape)
    rng = np.random.default_rng(seed)
    pooled = pooled_hints(list(rng.choice(99, 6, replace=False)), list(rng.uniform(0.1, 1, 6)))
    diffusion = Diffusion.of(edges, pooled, mixture_pull(rng.uniform(0, 1, 99)))
    y, h = rng.uniform(2, 5, (99, 1)), rng.uniform(2, 5, (6, 1))
    x = diffusion.spread(np.c_[y, np.ones(99)], pooled, np.c_[h, np.ones(6)])
    assert min(y.min(), h.min()) <= x[:, 0].min()
    assert x[:, 0].max() <= max(y.max(), h.max())
    assert x[:, 1] == pytest.approx(1.0)


def test_color_stops_where_lightness_or_embedding_changes() -> None:
    shape = (10, 20)
    for by in ("lightness", "embedding"):
        guide = np.full((20, 40), 0.5, np.float32)
        embedding = np.zeros((32, *shape), np.float32)
        if by == "lightness":
            guide[:, 20:] = 0.7
        else:
            embedding[:, :, 10:] = 6.0
        edges = EdgeWeights.of(guide, embedding, shape)
        pooled = pooled_hints([5 * 20 + 8], [1.0])
        diffusion = Diffusion.of(edges, pooled, mixture_pull(np.zeros(200)))
        field = diffusion.spread(np.zeros((200, 1)), pooled, np.ones((1, 1))).reshape(shape)
        assert field[5, 9] > 0.5
        assert field[:, 10:].max() < 0.01


def test_a_cell_is_held_by_its_paint_in_so_far_as_it_is_no_rim() -> None:
    shape = (8, 8)
    edges = EdgeWeights.of(np.full((16, 16), 0.5, np.float32), np.zeros((32, 8, 8)), shape)
    values = []
    for mass in (0.3, 0.95, 1.0):  # beside a cell that is painted fully, with something else
        pooled = pooled_hints([27, 28], [1.0, mass])
        diffusion = Diffusion.of(edges, pooled, mixture_pull(np.zeros(64)))
        field = diffusion.spread(np.zeros((64, 1)), pooled, np.array([[1.0], [-1.0]]))[:, 0]
        assert field[27] == pytest.approx(1.0, abs=0.02)
        values.append(field[28])
    rim, nearly, full = values
    assert rim > 0
    assert nearly < -0.5
    assert full == pytest.approx(-1.0, abs=0.02)


@pytest.mark.slow
def test_p_is_a_distribution_whose_mean_is_the_color(
    colorizer: Colorizer, astronaut: np.ndarray
) -> None:
    from handtint_model.color.bins import BINS

    photo = colorizer.encode(astronaut)
    hints = Hints.from_points([(330, 100, "#4080c0"), (100, 400, "#c08040")], radius=6)
    p = colorizer.probabilities(photo, hints, strength=0.7).astype(np.float64)
    assert p.min() >= 0
    assert p.sum(axis=0) == pytest.approx(1.0, abs=1e-4)
    layers = layers_of(photo, hints, 0.7)
    ab = colorizer._painted.hinted_ab(photo, colorizer._automatic(photo, Look(0.5)).ab, layers)
    # A soft-encoded colour's mean is the colour within a unit.
    assert np.abs(np.einsum("khw,kc->chw", p, BINS) - ab).max() < 1.0


def test_suggestions_read_the_same_distribution(
    colorizer: Colorizer, astronaut: np.ndarray
) -> None:
    """The shortcut through the transposed solution gives the mean of p'."""
    photo = colorizer.encode(astronaut)
    hints = Hints.from_points([(330, 100, "#4080c0"), (100, 400, "#c08040")], radius=6)
    (layer,) = layers_of(photo, hints, 1.0)
    propagated = colorizer._painted.propagated(photo, layer)
    values, painted = (
        colorizer._painted.bins_of(propagated.sources.ab),
        colorizer._painted.bins_of(layer.pooled.ab),
    )
    cells = np.array([100, 900, 2000])
    whole = propagated.spread(values, painted)[cells].mean(axis=0)
    assert propagated.mean_at(cells, values, painted) == pytest.approx(whole, abs=1e-9)


@pytest.mark.slow
def test_the_last_hints_are_kept_and_nothing_leaks_from_them(
    colorizer: Colorizer, astronaut: np.ndarray
) -> None:
    small = astronaut[::2, ::2].copy()
    photo = colorizer.encode(small)
    one = Hints.from_points([(165, 50, "#4080c0")], radius=4)
    other = Hints.from_points([(165, 50, "#c04080")], radius=4)
    first = colorizer.colorize(photo, one)
    assert not np.array_equal(colorizer.colorize(photo, other), first)
    fresh = colorizer.encode(small)
    assert np.array_equal(colorizer.colorize(photo, one), first)
    assert np.array_equal(colorizer.colorize(fresh, one), first)
    assert np.array_equal(colorizer.colorize(photo), colorizer.colorize(fresh))


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2), (2, 9), (9, 2), (3, 4)])
def test_narrow_pictures_are_solved_too(shape: tuple[int, int]) -> None:
    """Against edges that are put together pair by pair, and a dense solution."""
    guide, embedding = picture(shape, 4)
    edges = EdgeWeights.of(guide, embedding, shape)
    lightness = guide.reshape(shape[0], 2, shape[1], 2).mean((1, 3)).astype(float) * 100
    cells = [(y, x) for y in range(shape[0]) for x in range(shape[1])]
    matrix = np.zeros((len(cells), len(cells)))
    for i, (y, x) in enumerate(cells):
        for j, (v, u) in enumerate(cells):
            if i == j or max(abs(y - v), abs(x - u)) > 1:
                continue
            apart = (lightness[y, x] - lightness[v, u]) ** 2 / (2 * LIGHTNESS_STEP**2)
            gap = np.square(embedding[:, y, x] - embedding[:, v, u]).mean()
            weight = np.exp(-apart - gap / EMBEDDING_STEP) + LEAST_WEIGHT
            matrix[i, j] = -weight / (2 if y != v and x != u else 1)
    degree = -matrix.sum(axis=1)
    assert edges.back(edges.degree) == pytest.approx(degree, rel=1e-4)
    diagonal = degree + np.linspace(0.1, 0.5, len(cells))
    right = np.random.default_rng(0).normal(0, 1, (len(cells), 3))
    wanted = np.linalg.solve(matrix + np.diag(diagonal), right)
    assert edges.factorize(diagonal)(right) == pytest.approx(wanted, abs=1e-4)
