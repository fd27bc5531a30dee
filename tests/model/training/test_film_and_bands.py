"""Film that does not see all colors alike; rebalancing by bin and lightness."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torch import Tensor

from handtint_model.color.bins import COUNT, SoftEncoding, rebalancing_weights, smoothed_prior
from handtint_model.network import Heads
from handtint_model.network.checkpoint import load_weights
from handtint_model.training import PRESETS, Stage, train
from handtint_model.training.augment import film
from handtint_model.training.checkpoints import load_run
from handtint_model.training.lightness_bands import BANDS, BandedLoss, band_of, count_by_band
from handtint_model.training.losses import Target, soft_cross_entropy, target_log_probabilities
from handtint_model.training.samples import prepare


def plain(rgb: tuple[int, int, int], count: int) -> tuple[Tensor, Tensor]:
    """Pictures of one color, and their lightness."""
    crops = torch.tensor(rgb, dtype=torch.uint8).expand(count, 32, 32, 3).contiguous()
    return crops, prepare(crops).lightness


def seen(rgb: tuple[int, int, int]) -> np.ndarray:
    """L* of 300 pictures of one color, each on a film of its own."""
    crops, lightness = plain(rgb, 300)
    return film(np.random.default_rng(4), crops, lightness, 1.0).mean((1, 2, 3)).numpy() * 100


def test_a_film_keeps_grays_and_changes_colors() -> None:
    crops, lightness = plain((90, 90, 90), 50)
    gray = film(np.random.default_rng(0), crops, lightness, 1.0)
    assert torch.allclose(gray, lightness, atol=2e-4)
    red, green, blue = seen((255, 0, 0)), seen((0, 255, 0)), seen((0, 0, 255))
    # A third sees blue only, a third green and blue: to two thirds red is black.
    assert 0.55 < (red < 0.01).mean() < 0.78
    assert 0.22 < (green < 0.01).mean() < 0.45
    assert 0.22 < (blue > 99.9).mean() < 0.45


def test_a_share_of_the_pictures_is_seen_as_by_film() -> None:
    crops, lightness = plain((200, 80, 40), 200)
    some = film(np.random.default_rng(1), crops, lightness, 0.25)
    changed = ((some - lightness).abs() > 1e-4).flatten(1).any(1)
    assert 30 <= changed.sum() <= 70
    assert film(np.random.default_rng(1), crops, lightness, 0.0) is lightness


def heads_of(logits: Tensor) -> Heads:
    """Heads with these logits, (313,) at each of 8 x 8 cells."""
    planes = logits[None, :, None, None].expand(1, COUNT, 8, 8)
    return Heads(planes, torch.zeros(1, 2, 8, 8), torch.zeros(1, 1, 8, 8))


@pytest.fixture(scope="module")
def weights() -> Tensor:
    counts = np.random.default_rng(2).gamma(0.3, 1.0, COUNT)
    return torch.tensor(rebalancing_weights(smoothed_prior(counts)), dtype=torch.float32)


def some_target() -> Target:
    ab = torch.randn(1, 64, 2, generator=torch.Generator().manual_seed(3)) * 25
    return Target(*SoftEncoding().sparse(ab))


def test_bands_that_are_alike_change_nothing(weights: Tensor) -> None:
    counts = np.random.default_rng(2).gamma(0.3, 1.0, COUNT)
    banded = BandedLoss(np.tile(counts, (BANDS, 1)), weights)
    heads, target = heads_of(torch.linspace(-2, 1, COUNT)), some_target()
    plain_loss = soft_cross_entropy(target_log_probabilities(heads, target), target, weights)
    lightness = torch.rand(1, 1, 32, 32)
    assert banded(heads, target, lightness) == pytest.approx(plain_loss.item(), rel=1e-4)


def test_the_best_logits_are_those_of_the_global_weights(weights: Tensor) -> None:
    counts = np.random.default_rng(5).gamma(0.2, 1.0, (BANDS, COUNT))
    banded, target = BandedLoss(counts, weights), some_target()
    z = torch.zeros(COUNT).index_add_(0, target.bins.flatten(), target.soft.flatten()) / 64
    light = torch.full((1, 1, 32, 32), 0.5)
    best = torch.log(weights * z + 1e-12).requires_grad_()
    other = torch.log(banded.weights[2] * z + 1e-12).requires_grad_()
    gradients = []
    for logits in (best, other):
        banded(heads_of(logits), target, light).sum().backward()
        assert logits.grad is not None
        gradients.append(logits.grad.abs().max().item())
    assert gradients[0] < 1e-5
    assert gradients[1] > 1e-3


def test_counting_sees_each_cell_in_its_band() -> None:
    picture = np.zeros((1, 64, 64, 3), np.uint8)
    picture[:, :32] = 250  # light above, black below
    crops = torch.from_numpy(picture)
    counts = count_by_band(iter([(crops, 0)]), 1)
    assert counts.sum(1).tolist() == [128.0, 0.0, 0.0, 0.0, 128.0]
    assert band_of(torch.ones(1, 1, 8, 8)).max() == BANDS - 1


@pytest.mark.slow
def test_a_run_with_bands_is_resumed_with_them(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        out = io.BytesIO()
        Image.fromarray(data.coffee()[number * 60 :][:150, :200]).save(out, "PNG")
        (folder / f"{number}.png").write_bytes(out.getvalue())
    config = replace(
        PRESETS["toy"], stages=(Stage(1.0, 32, 4),), lightness_bands=True, share_film=0.3
    )
    run = tmp_path / "run"
    train([folder], run, config, steps=2, device="cpu")
    state = load_run(run)
    assert state is not None
    assert np.array(state["band_counts"]).shape == (BANDS, COUNT)
    train([folder], run, config, steps=4, resume=True, device="cpu")
    again = load_run(run)
    assert again is not None
    assert again["band_counts"] == state["band_counts"]
    assert load_weights(run / "weights.safetensors").record["steps"] == 4
