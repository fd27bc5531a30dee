"""The mixture of hints: its formulas, one cell at a time, and what users count on."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import torch
from scipy import ndimage

from handtint_model import Colorizer, Hints
from handtint_model import kernels as choice
from handtint_model.color.bins import BINS, SoftEncoding, mean_color
from handtint_model.hints import full_resolution, photo_graph
from handtint_model.hints.compositing import Piece
from handtint_model.hints.mixture import HintCells, mix, mixture
from handtint_model.hints.photo_graph import PhotoGraph
from handtint_model.hints.pooling import PooledHints
from handtint_model.kernels import numba as kernels_numba
from handtint_model.kernels import numpy as kernels_numpy
from handtint_model.kernels.numpy import hints as kernels_numpy_hints
from handtint_model.network import Heads

HEIGHT, WIDTH, SIGMA, GAMMA = 5, 7, 0.3, 1.7


def example(mass: list[float]) -> tuple[torch.Tensor, torch.Tensor, HintCells]:
    """Random embedding and gate of a picture, and hints on its cells 3, 17, ..."""
    generator = torch.Generator().manual_seed(2)
    embedding = torch.randn(1, 32, HEIGHT, WIDTH, generator=generator)
    gate = torch.randn(1, 1, HEIGHT, WIDTH, generator=generator) - 1.0
    ab = torch.tensor([[30.0, 40.0], [-20.0, 10.0], [5.0, -50.0]])[: len(mass)]
    cells = HintCells(
        torch.tensor([[3, 17, 30][: len(mass)]]),
        torch.tensor([mass]),
        SoftEncoding().dense(ab)[None],
    )
    return embedding, gate, cells


def by_hand(
    embedding: torch.Tensor, gate: torch.Tensor, cells: HintCells
) -> tuple[np.ndarray, np.ndarray]:
    """Trust and shares by the formulas of the design, in float64 loops."""
    e = embedding[0].flatten(1).double().numpy()
    open_ = gate[0, 0].flatten().double().numpy()
    u = [((i // WIDTH + 0.5) / WIDTH, (i % WIDTH + 0.5) / WIDTH) for i in range(HEIGHT * WIDTH)]
    trust = np.zeros(len(u))
    shares = np.zeros((len(u), cells.number.shape[1]))
    for i in range(len(u)):
        t = []
        for k, m in zip(cells.number[0].tolist(), cells.mass[0].tolist()):
            d = ((e[:, i] - e[:, k]) ** 2).sum() / 32
            d += ((u[i][0] - u[k][0]) ** 2 + (u[i][1] - u[k][1]) ** 2) / (2 * SIGMA**2)
            t.append(m / (1 + np.exp(d + open_[i])))
        trust[i] = sum(v**9 for v in t) / sum(v**8 for v in t)
        shares[i] = np.array(t) ** GAMMA / sum(v**GAMMA for v in t)
    return trust, shares


def mixed(mass: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    result = mixture(*example(mass), torch.tensor(SIGMA).log(), torch.tensor(GAMMA).log())
    return result.trust[0], result.share[0]


def test_agrees_with_the_formulas() -> None:
    trust, shares = by_hand(*example([1.0, 0.4, 0.7]))
    got_trust, got_shares = mixed([1.0, 0.4, 0.7])
    assert got_trust.numpy() == pytest.approx(trust, rel=1e-4)
    assert got_shares.numpy() == pytest.approx(shares, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("kernels", [kernels_numba, kernels_numpy])
def test_what_colorizing_uses_agrees_with_training(
    kernels: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding, gate, cells = example([1.0, 0.4, 0.7])
    sigma, gamma = torch.tensor(SIGMA).log(), torch.tensor(GAMMA).log()
    monkeypatch.setattr(photo_graph, "kernels", lambda: kernels)
    guide = np.zeros((HEIGHT, WIDTH), np.float32)
    graph = PhotoGraph.of(Heads(embedding, embedding, gate), guide, (HEIGHT, WIDTH), sigma, gamma)
    number, ab = cells.number[0].numpy(), np.zeros((3, 2), np.float32)
    for mass in (cells.mass[0].numpy(), np.zeros(3, np.float32)):
        trust, full, share = graph.mix(PooledHints(number, mass, ab))
        wanted = mixture(
            embedding, gate, cells._replace(mass=torch.from_numpy(mass)[None]), sigma, gamma
        )
        assert trust == pytest.approx(wanted.trust[0].numpy(), rel=1e-4, abs=1e-30)
        if mass.any():
            assert share == pytest.approx(wanted.share[0].numpy(), abs=2e-6)
        ones = mixture(embedding, gate, cells._replace(mass=torch.ones(1, 3)), sigma, gamma)
        assert full == pytest.approx(ones.trust[0].numpy(), rel=1e-4)


def test_kernels_for_spreading_agree_with_their_reference() -> None:
    rng = np.random.default_rng(3)
    guide = rng.random((9, 13), np.float32)
    start = np.where(rng.random((9, 13)) < 0.05, 0, 1e6).astype(np.float32)
    planes = rng.normal(size=(3, 9, 13)).astype(np.float32)
    planes[2] = np.abs(planes[2]) + 0.1
    points = rng.normal(size=(9, 13, 3)).astype(np.float32)
    everywhere = np.array([(row, 0, 13) for row in range(9)])
    for spans in (everywhere, np.array([(0, 0, 5), (0, 8, 13), (2, 3, 9), (3, 3, 9), (8, 1, 13)])):
        results = []
        for kernels in (kernels_numba, kernels_numpy):
            d, smooth, added = start.copy(), planes.copy(), points.copy()
            kernels.geodesic(guide, 1.5, 0.1, 3, spans, d)
            kernels.smooth_along(guide, 1.2, 0.3, spans, smooth)
            kernels.add_correction(planes, np.minimum(d, 9.0), 2.5, spans, added)
            results.append((d, smooth, added))
        (d, smooth, added), (wanted_d, wanted_smooth, wanted_added) = results
        # A row at a time or a column at a time: the order of the sweeps is the same.
        assert d == pytest.approx(wanted_d, rel=1e-5)
        assert smooth == pytest.approx(wanted_smooth, abs=1e-5)
        assert added == pytest.approx(wanted_added, abs=1e-5)
        assert (added[..., 0] == points[..., 0]).all()
        assert (added != points).any()
        beyond = ~kernels_numpy_hints.inside(spans, guide.shape)
        for before, after in ((start, d), (planes[0], smooth[0]), (points[..., 1], added[..., 1])):
            assert (after[beyond] == before[beyond]).all()
        if spans is everywhere:
            assert d.max() < 100


def test_kernels_for_mixed_paint_agree_with_their_reference() -> None:
    rng = np.random.default_rng(4)
    colors = rng.integers(0, 256, (3, 3))
    # Soft blobs of three colors over each other, with their rims.
    alpha = ndimage.gaussian_filter((rng.random((60, 80, 3)) < 0.02).astype(float), (1, 1, 0))
    alpha = (20 * alpha).clip(0, 1)
    rgb, covered = np.zeros((60, 80, 3)), np.zeros((60, 80, 1))
    for color, own in zip(colors, np.moveaxis(alpha, -1, 0)[..., None]):
        under = covered * (1 - own)
        covered = own + under
        rgb = (own * color + under * rgb) / np.maximum(covered, 1e-9)
    paint = np.rint(np.concatenate([rgb, 255 * covered], axis=2)).astype(np.uint8)
    whole = np.zeros((60, 80), bool)
    kernels_numpy.mixed_paint(paint, 0, 0, whole)
    assert 0.05 < whole.mean() < 0.5
    for top, left, height, width in ((0, 0, 60, 80), (7, 5, 20, 1), (58, 0, 2, 80), (30, 77, 9, 3)):
        for kernels in (kernels_numba, kernels_numpy):
            found = np.zeros((height, width), bool)
            kernels.mixed_paint(paint, top, left, found)
            assert (found == whole[top : top + height, left : left + width]).all()


def test_what_is_far_from_paint_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Residuals are spread near paint only: nothing that is seen is missing."""
    rng = np.random.default_rng(5)
    guide = np.repeat(np.repeat(rng.random((12, 15), np.float32), 8, 0), 8, 1)
    sums = np.zeros((*guide.shape, 4))
    for top, left, ab in ((10, 10, (30, -20)), (20, 30, (-40, 10)), (80, 100, (10, 50))):
        sums[top : top + 4, left : left + 12] = (1.0, 1.0, *ab)
    points = np.zeros((*guide.shape, 3), np.float32)
    wanted = points.copy()
    full_resolution._spread(sums, guide, 8.0, points)
    spans = full_resolution._near(sums[..., 1] > 0, 8.0)
    share = (spans[:, 2] - spans[:, 1]).sum() / guide.size
    assert 0.1 < share < 0.7
    everywhere = np.array([(row, 0, guide.shape[1]) for row in range(guide.shape[0])])
    monkeypatch.setattr(full_resolution, "_near", lambda *_: everywhere)
    full_resolution._spread(sums, guide, 8.0, wanted)
    assert np.abs(wanted).max() > 40
    assert np.abs(points - wanted).max() < 0.05


def test_interpolation_agrees_with_its_reference_at_any_width() -> None:
    rng = np.random.default_rng(6)
    grid = rng.random((7, 40, 3), np.float32)
    for width in (3, 255, 256, 257, 600):
        guide = rng.random((9, width), np.float32)
        rows = np.sort(rng.integers(0, 7, 9)), rng.random(9, np.float32)
        columns = np.sort(rng.integers(0, 40, width)), rng.random(width, np.float32)
        results = []
        for kernels in (kernels_numba, kernels_numpy):
            out = np.empty((2, 9, width), np.float32)
            kernels.upsample(guide, grid, *rows, *columns, 2.9, 0.01, out)
            results.append(out)
        assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_absent_hints_change_nothing() -> None:
    with_absent, without = mixed([1.0, 0.4, 0.0]), mixed([1.0, 0.4])
    assert torch.allclose(with_absent[0], without[0], atol=1e-6)
    assert torch.allclose(with_absent[1][:, :2], without[1], atol=1e-6)
    assert float(mixed([0.0, 0.0])[0].max()) < 1e-30


def test_trust_is_linear_in_strength_and_never_above_the_mass() -> None:
    full, half = mixed([1.0, 0.4])[0], mixed([0.5, 0.2])[0]
    assert torch.allclose(half * 2, full, rtol=1e-4)
    assert float(mixed([0.3])[0].max()) <= 0.3


def test_does_not_depend_on_how_many_cells_a_stroke_covers() -> None:
    embedding, gate, cells = example([1.0])
    many = HintCells(cells.number.repeat(1, 6), cells.mass.repeat(1, 6), cells.q.repeat(1, 6, 1))
    sigma, gamma = torch.tensor(SIGMA).log(), torch.tensor(GAMMA).log()
    one = mixture(embedding, gate, cells, sigma, gamma).trust
    six = mixture(embedding, gate, many, sigma, gamma).trust
    assert torch.allclose(one, six, rtol=1e-4)


def test_only_some_cells() -> None:
    embedding, gate, cells = example([1.0, 0.4])
    sigma, gamma = torch.tensor(SIGMA).log(), torch.tensor(GAMMA).log()
    whole = mixture(embedding, gate, cells, sigma, gamma)
    some = mixture(embedding, gate, cells, sigma, gamma, torch.tensor([0, 20]))
    assert torch.allclose(some.trust, whole.trust[:, [0, 20]])
    assert torch.allclose(some.share, whole.share[:, [0, 20]])


def test_the_mixture_is_a_distribution_and_its_mean_the_mixture_of_means() -> None:
    embedding, gate, cells = example([1.0, 0.4])
    result = mixture(embedding, gate, cells, torch.tensor(-1.0), torch.tensor(0.0))
    p = torch.softmax(torch.randn(1, 313, HEIGHT, WIDTH), dim=1)
    after = mix(p, cells, result)
    assert after.min() >= 0
    assert after.sum(1) == pytest.approx(torch.ones(1, HEIGHT, WIDTH), abs=1e-5)
    hint_means = cells.q[0].double().numpy() @ BINS
    trust = result.trust[0].double().numpy()[:, None]
    wanted = (1 - trust) * mean_color(p)[0].flatten(1).T.numpy()
    wanted = wanted + trust * (result.share[0].double().numpy() @ hint_means)
    assert mean_color(after)[0].flatten(1).T.numpy() == pytest.approx(wanted, abs=1e-3)


def test_painted_all_over_is_as_painted_nearly_all_over() -> None:
    """What needs no picking out gives what picking out gives, away from a bare corner."""
    rng = np.random.default_rng(0)
    guide = rng.random((60, 80)).astype(np.float32)
    y, x = np.mgrid[:60, :80]
    alpha = 0.2 + 0.8 * ((x + 2 * y) % 40) / 39  # from faint to full, as a soft brush leaves
    residuals = rng.normal(0, 20, (60, 80, 2)) * alpha[..., None]
    sums = np.concatenate([(alpha**2)[..., None], alpha[..., None], residuals], axis=-1)
    bare = sums.copy()
    bare[:2, :2] = 0.0
    whole, nearly = (np.zeros((60, 80, 3), np.float32) for _ in range(2))
    mass = full_resolution._spread(sums, guide, 2.0, whole)
    other = full_resolution._spread(bare, guide, 2.0, nearly)
    assert np.abs(whole).max() > 1.0
    np.testing.assert_allclose(whole[30:, 40:], nearly[30:, 40:], atol=1e-3)
    np.testing.assert_array_equal(mass[30:, 40:], other[30:, 40:])


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "dithered"), [(255, False), (150, False), (255, True)])
def test_a_sample_stands_for_what_is_painted_all_over(
    colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch, alpha: int, dithered: bool
) -> None:
    """Large photos are looked at in steps there; the colours are those of every pixel."""
    y, x = np.mgrid[:1600, :1700]
    plane = (96 + 60 * np.sin(x / 90) * np.cos(y / 70)).astype(np.uint8)
    paint = np.stack([x % 256, y // 7, 255 - x // 7, np.full_like(x, alpha)], -1).astype(np.uint8)
    if dithered:
        paint[(x + y) % 2 == 0] = (40, 60, 220, 255)
    photo = colorizer.encode(plane, render_size=128)  # 50 pixels a cell, 6 a point
    hints = Hints.from_rgba(paint[:1500, 7:1500], x=7, y=13)
    sampled = colorizer.colorize(photo, hints).astype(int)

    looked = []

    def every_pixel(piece: Piece, size: float, wanted: int) -> slice:
        looked.append(piece.full and size / wanted >= 2)
        return slice(None)

    monkeypatch.setattr(Piece, "samples", every_pixel)
    photo = colorizer.encode(plane, render_size=128)
    whole = colorizer.colorize(photo, hints).astype(int)
    assert all(looked)
    difference = np.abs(sampled - whole).max(axis=-1)
    painted = np.zeros(plane.shape, bool)
    painted[13:1513, 7:1500] = True
    assert difference[painted].max() == 0  # a painted pixel has what is painted
    effect = np.abs(whole - colorizer.colorize(photo).astype(int)).max(axis=-1)
    assert effect[~painted].mean() > 20
    assert difference[~painted].mean() < 0.05 * effect[~painted].mean()
    assert np.quantile(difference[~painted], 0.99) <= 16


@pytest.mark.slow
def test_of_a_thin_stroke_every_pixel_is_looked_at(
    colorizer: Colorizer, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = astronaut.repeat(3, axis=0).repeat(3, axis=1)  # 6 pixels a point
    photo = colorizer.encode(plane, render_size=128)
    layer = np.zeros((900, 900, 4), np.uint8)
    layer[450] = layer[:, 602] = layer[:, 30] = (200, 60, 40, 255)
    hints = Hints.from_rgba(layer, x=400, y=300)
    once = colorizer.colorize(photo, hints)
    assert np.abs(once.astype(int) - colorizer.colorize(photo)).mean() > 1
    monkeypatch.setattr(Piece, "samples", lambda *_: slice(None))
    photo = colorizer.encode(plane, render_size=128)
    assert np.array_equal(colorizer.colorize(photo, hints), once)


@pytest.mark.slow
def test_nothing_is_left_open_under_opaque_paint(
    tiny_colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours that paint hides are not looked up: the paint has to fill them all."""
    y, x = np.mgrid[:90, :150]
    plane = (80 + x).astype(np.uint8)
    paint = np.stack([x, y * 2, 255 - x, np.full_like(x, 255)], -1).astype(np.uint8)
    photo = tiny_colorizer.encode(plane)
    hints = Hints.from_rgba(paint)
    results = []
    for use in ("1", "0"):
        monkeypatch.setenv("HANDTINT_NUMBA", use)
        choice.kernels.cache_clear()
        # As much memory as the colours take, left behind full of what would spread.
        left = [np.full((2, 90, 150), np.nan, np.float32) for _ in range(8)]
        del left
        results.append(tiny_colorizer.colorize(photo, hints).astype(int))
    monkeypatch.undo()  # before what is chosen next, which all later tests would keep
    choice.kernels.cache_clear()
    assert np.abs(results[0] - results[1]).max() <= 1
    gray = tiny_colorizer.colorize(photo).astype(int)
    assert np.abs(results[0] - gray).mean() > 5
