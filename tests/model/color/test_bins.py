"""The bins and their formulas, each against an independent way to compute it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import color

from handtint_model.color import bins


def random_colors(count: int) -> np.ndarray:
    """(count, 2) ab of random in-gamut colours."""
    rgb = np.random.default_rng(3).random((1, count, 3))
    return color.rgb2lab(rgb)[0, :, 1:]


@pytest.mark.slow
def test_the_bins_are_the_grid_points_nearest_to_the_gamut() -> None:
    assert bins.BINS.shape == (313, 2)
    assert (bins.BINS % 10 == 0).all()
    assert len(np.unique(bins.BINS, axis=0)) == 313
    # Independently: distance to a dense sample of all gamut colours, not of its surface.
    ramp = np.linspace(0, 1, 48)
    cube = np.stack(np.meshgrid(ramp, ramp, ramp), axis=-1).reshape(1, -1, 3)
    ab = color.rgb2lab(cube)[0, :, 1:]
    axis = np.arange(-130, 131, 10)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    gap = np.array([np.sqrt(((ab - g) ** 2).sum(1).min()) for g in grid])
    chosen = {tuple(b) for b in bins.BINS}
    inside = np.array([tuple(g) in chosen for g in grid])
    # The sample is coarse: points about as far as the border may fall on either side.
    border = np.sort(gap)[312]
    assert inside[gap < border - 1.0].all()
    assert not inside[gap > border + 1.0].any()


def test_soft_encoding_is_the_formula() -> None:
    ab = np.concatenate([random_colors(500), [[0, 0], [200, -200], [-90, 90.0]]])
    dense = bins.SoftEncoding().dense(torch.tensor(ab, dtype=torch.float32)).numpy()
    for ab_, row in zip(ab, dense):
        d = np.hypot(*(bins.BINS - ab_).T)
        near = np.argsort(d)[:5]
        weight = np.exp(-(d[near] ** 2 - d[near].min() ** 2) / 50.0)
        wanted = np.zeros(313)
        wanted[near] = weight / weight.sum()
        # Ties between the fifth and the sixth neighbour may fall either way.
        assert np.abs(row - wanted).max() < 1e-4 or np.isclose(*np.sort(d)[4:6], atol=1e-3)


def test_encode_and_decode_return_the_color() -> None:
    ab = torch.tensor(random_colors(1000), dtype=torch.float32)
    p = bins.SoftEncoding().dense(ab)
    assert p.sum(-1) == pytest.approx(torch.ones(1000))
    back = bins.mean_color(p.T[:, :, None])[..., 0].T
    assert (back - ab).norm(dim=-1).max() < 1.0


def test_prior_is_smoothed_by_a_gaussian() -> None:
    counts = np.zeros(313)
    center = int(np.flatnonzero((bins.BINS == [0, 0]).all(1))[0])
    counts[center] = 7
    prior = bins.smoothed_prior(counts)
    assert prior.sum() == pytest.approx(1)
    beside = int(np.flatnonzero((bins.BINS == [10, 0]).all(1))[0])
    assert prior[beside] / prior[center] == pytest.approx(np.exp(-100 / 50))


def test_rebalancing_weights() -> None:
    counts = np.random.default_rng(0).integers(0, 1000, 313)
    prior = bins.smoothed_prior(counts)
    weights = bins.rebalancing_weights(prior)
    assert (weights * prior).sum() == pytest.approx(1)
    ratio = weights[3] / weights[100]
    wanted = (0.5 * prior[100] + 0.5 / 313) / (0.5 * prior[3] + 0.5 / 313)
    assert ratio == pytest.approx(wanted)
    assert bins.rebalancing_weights(prior, 1.0) == pytest.approx(np.ones(313))


def test_decoding_divides_out_the_tilt() -> None:
    rng = np.random.default_rng(0)
    prior = bins.smoothed_prior(rng.integers(1, 1000, 313))
    weights = bins.rebalancing_weights(prior)
    p = rng.random(313)
    p /= p.sum()
    tilted = torch.tensor(np.log(p * weights) + 3.0)[:, None, None]
    w = torch.tensor(weights, dtype=torch.float32)
    flat = bins.decode_distribution(tilted, w, 1.0, 1.0)[:, 0, 0].numpy()
    assert flat == pytest.approx(p, abs=1e-6)
    kept = bins.decode_distribution(tilted, w, 0.0, 1.0)[:, 0, 0].numpy()
    assert kept == pytest.approx(p * weights / (p * weights).sum(), abs=1e-6)
    # Zhang et al. 2016, equation 5, as powers instead of a softmax.
    cold = bins.decode_distribution(tilted, w, 0.0, 0.38)[:, 0, 0].numpy()
    power = (p * weights) ** (1 / 0.38)
    assert cold == pytest.approx(power / power.sum(), abs=1e-6)
