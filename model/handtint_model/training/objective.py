"""What the network is trained on: cross-entropy of the bins, without and with hints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..color.bins import SoftEncoding
from ..hints.mixture import HintCells, mixture
from ..network import ColorNetwork
from .config import TrainConfig
from .hint_simulation import alter_truth, simulate_hints
from .lightness_bands import BandedLoss
from .losses import (
    Target,
    hinted_error,
    hinted_log_probabilities,
    soft_cross_entropy,
    target_log_probabilities,
)
from .samples import Sample, prepare


def losses(
    network: Callable[[Tensor], Any],
    owner: ColorNetwork,
    sample: Sample,
    encoding: SoftEncoding,
    weights: Tensor,
    config: TrainConfig,
    rng: np.random.Generator,
    banded: BandedLoss | None = None,
) -> tuple[Tensor, Tensor]:
    """Automatic and hinted loss of a batch, each averaged over the samples that it applies to."""
    with torch.autocast(sample.ab.device.type, torch.bfloat16, enabled=bool(config.bf16)):
        heads = network(sample.lightness)
    if config.loss == "plain":
        weights = torch.ones_like(weights)
    # The network's own distribution is held against the real colours, p' against those that
    # the hints tell of: an altered truth cannot be known without its hints.
    target = Target(*encoding.sparse(sample.ab.flatten(1, 2)))
    log_p = target_log_probabilities(heads, target)
    if banded is None:
        automatic = soft_cross_entropy(log_p, target, weights)
    else:
        automatic = banded(heads, target, sample.lightness)
    if config.hint_loss == 0.0:
        return automatic.mean(), torch.zeros_like(automatic[0])
    truth = alter_truth(rng, sample.ab, config.share_altered, config.share_altered_object)
    simulated = simulate_hints(rng, truth.ab, config.share_without_hints, truth.regions)
    wanted = truth.ab.flatten(1, 2)
    if config.share_altered + config.share_altered_object > 0:
        target = Target(*encoding.sparse(wanted))
        known = target_log_probabilities(heads, target)
        # Where hints do not reach, p' is p: were it held against invented colours, it would
        # learn to expect them, and grow broad and gray.
        log_p = torch.where(truth.altered[:, None, None], known.detach(), known)
    cells = HintCells(simulated.number, simulated.mass, encoding.dense(simulated.ab))
    mixed = mixture(heads.embedding, heads.gate, cells, owner.log_sigma, owner.log_gamma)
    hinted = soft_cross_entropy(
        hinted_log_probabilities(mixed, log_p, cells, target), target, weights
    )
    if config.hint_error > 0:
        error = hinted_error(heads, mixed, simulated.ab, wanted, weights)
        hinted = hinted + config.hint_error * error
    return automatic.mean(), _mean(hinted, (cells.mass > 0).any(dim=1))


@torch.no_grad()
def watched_loss(
    network: ColorNetwork, photos: Tensor, encoding: SoftEncoding, weights: Tensor, bf16: bool
) -> float:
    """The automatic loss on photos that are kept out, (N, S, S, 3) uint8.

    It is the class weights' cross-entropy of the averaged network, whatever loss trains it.
    """
    total = torch.zeros((), device=weights.device)
    for start in range(0, len(photos), 16):
        sample = prepare(photos[start : start + 16].to(weights.device))
        with torch.autocast(weights.device.type, torch.bfloat16, enabled=bf16):
            heads = network(sample.lightness)
        target = Target(*encoding.sparse(sample.ab.flatten(1, 2)))
        log_p = target_log_probabilities(heads, target)
        total += soft_cross_entropy(log_p, target, weights).sum()
    return float(total) / len(photos)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    mean: Tensor = (values * mask).sum() / mask.sum().clamp(min=1)
    return mean


def regression_loss(
    network: Callable[[Tensor], Any], sample: Sample, config: TrainConfig
) -> Tensor:
    """L2 of ab, in units of 10, from the first two logits: the ablation's plain regression."""
    with torch.autocast(sample.ab.device.type, torch.bfloat16, enabled=bool(config.bf16)):
        heads = network(sample.lightness)
    ab = heads.logits[:, :2].float().permute(0, 2, 3, 1) * 10.0
    loss: Tensor = (ab - sample.ab).square().sum(-1).mean() / 100.0
    return loss
