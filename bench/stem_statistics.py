"""What a stem makes of lightness, beside what the original made of the same photos in colour.

The original is a colour ResNet's stem with its BatchNorm (folded into the convolution); its
features are what the layers behind were trained on.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from handtint_model.color.torch_conversions import rgb_to_lab
from handtint_model.evaluation.ablation_tables import markdown
from handtint_model.network import ColorNetwork
from handtint_model.network.encoder import (
    CHANNELS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    Encoder,
    calibrate_stem,
    load_pretrained,
)

Doubles = NDArray[np.float64]

CONSTANT = 1e-3
"""Deviation below which a channel counts as constant; the others have 0.1 and more."""

FADED = (0.3, 0.5)
"""A faded print: black at 0.3 of L*/100, and half of the contrast."""

STEMS = (
    "stem",
    "shift of the mean",
    "deviation over the original's",
    "active %",
    "dead channels",
    "error",
    "of a faded print",
)
STEM_LEGEND = """\
Shift of the mean: the size of the difference, in units of the original's deviation, mean over the
channels. Deviation: median, and 10th to 90th percentile, of the channels; channels in which the
original is constant are left out of both. Active: the share of cells above 0. Dead: channels that
are above 0 at fewer than 1 % of the cells. Error: relative error of the features after the
activation. Of a faded print: the same error if the stem sees the photo with black raised to L* 30
and half of the contrast, while the original sees it as it is."""


@dataclass(frozen=True)
class Stem:
    """A one-channel stem, and what is subtracted from L*/100 before it."""

    encoder: Encoder
    input_mean: float

    def __call__(self, lightness: Tensor) -> Tensor:
        """(B, 1, H, W) L*/100 to (B, 64, H/2, W/2), normalised, before the activation."""
        out: Tensor = self.encoder.norm(self.encoder.conv1(lightness - self.input_mean))
        return out


@dataclass(frozen=True)
class StemFigures:
    """Over all cells of all photos, by channel; before the activation unless said otherwise."""

    mean: Doubles  # (64,)
    deviation: Doubles  # (64,)
    active: Doubles  # (64,) share of cells above 0
    error: float  # after the activation: |difference| / |original|, over everything
    faded: float = math.nan  # the same, where the stem sees a faded print of the photos

    @property
    def constant(self) -> NDArray[np.bool_]:
        """(64,) channels that say nothing: the original has some, whose kernels are 0."""
        return np.asarray(self.deviation < CONSTANT)

    def shift(self, original: StemFigures) -> Doubles:
        """How far the mean lies from the original's, in the original's deviations.

        Of the channels in which the original is not constant.
        """
        compared = ~original.constant
        return np.asarray((self.mean - original.mean)[compared] / original.deviation[compared])

    def spread(self, original: StemFigures) -> Doubles:
        """The deviation over the original's, of the channels in which that is not constant."""
        compared = ~original.constant
        return np.asarray(self.deviation[compared] / original.deviation[compared])


KINDS: Mapping[str, tuple[str, str, float, bool]] = {
    # norm, stem, input mean, calibrated: as the presets with the same letters
    "ablation-a": ("group", "compensated", 0.449, True),
    "ablation-d": ("batch", "compensated", 0.449, False),
    "ablation-e": ("batch", "naive", 0.0, False),
    "ablation-f": ("group", "naive", 0.0, False),
}
"""The four kinds of stem, each by the first run that has it."""


def untrained_stem(name: str, tensors: Mapping[str, Tensor], lightness: Tensor) -> Stem:
    """One of KINDS as training starts with it.

    tensors: of `read_encoder_file`.  lightness: (B, 1, H, W) L*/100, to calibrate on.
    """
    norm, stem, input_mean, calibrated = KINDS[name]
    encoder = Encoder(1, norm).requires_grad_(False)
    # Only the stem is looked at; the layers behind it stay as they are.
    own = {k: v for k, v in tensors.items() if k.startswith("conv1.")}
    load_pretrained(encoder, own, compensated=stem == "compensated")
    if calibrated:
        calibrate_stem(encoder, lightness - input_mean)
    return Stem(encoder, input_mean)


def original_stem(tensors: Mapping[str, Tensor], rgb: Tensor) -> Tensor:
    """The colour stem: (B, 3, H, W) sRGB 0..1 to (B, 64, H/2, W/2), before the activation."""
    mean, std = (torch.tensor(v)[None, :, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    return F.conv2d((rgb - mean) / std, tensors["conv1.weight"], tensors["conv1.bias"], 2, 3)


def lightness_of(rgb: Tensor) -> Tensor:
    """(B, 3, H, W) sRGB 0..1 to (B, 1, H, W) L*/100."""
    return rgb_to_lab(rgb)[:, :1] / 100.0


class _Sums:
    def __init__(self) -> None:
        self.cells = 0
        self.sum, self.square, self.active = (np.zeros(CHANNELS[0]) for _ in range(3))
        self.wrong = self.whole = self.faded = 0.0

    def add_faded(self, features: Tensor, original: Tensor) -> None:
        self.faded += float((F.relu(features) - F.relu(original)).square().sum())

    def add(self, features: Tensor, original: Tensor) -> None:
        flat = features.transpose(0, 1).flatten(1).double()
        self.cells += flat.shape[1]
        self.sum += flat.sum(1).numpy()
        self.square += flat.square().sum(1).numpy()
        self.active += (flat > 0).sum(1).numpy()
        wanted, got = F.relu(original), F.relu(features)
        self.wrong += float((got - wanted).square().sum())
        self.whole += float(wanted.square().sum())

    def figures(self) -> StemFigures:
        mean = self.sum / self.cells
        deviation = np.sqrt(np.maximum(self.square / self.cells - mean**2, 0.0))
        error, faded = (float(np.sqrt(v / self.whole)) for v in (self.wrong, self.faded))
        return StemFigures(mean, deviation, self.active / self.cells, error, faded)


@torch.inference_mode()
def measure_stems(
    stems: Mapping[str, Stem], tensors: Mapping[str, Tensor], batches: Iterable[Tensor]
) -> tuple[StemFigures, dict[str, StemFigures]]:
    """Figures of the original on colour, and of every stem on lightness.

    tensors: of `read_encoder_file`.  batches: (B, 3, H, W) sRGB 0..1, of any number.
    """
    sums = {name: _Sums() for name in stems}
    own = _Sums()
    for rgb in batches:
        original = original_stem(tensors, rgb)
        own.add(original, original)
        lightness = lightness_of(rgb)
        for name, stem in stems.items():
            sums[name].add(stem(lightness), original)
            sums[name].add_faded(stem(FADED[0] + FADED[1] * lightness), original)
    own.faded = math.nan  # it sees no lightness
    return own.figures(), {name: entry.figures() for name, entry in sums.items()}


def trained_stem(network: ColorNetwork) -> Stem:
    """The stem of a network, on the CPU."""
    return Stem(copy.deepcopy(network.encoder).cpu().float(), float(network.config.input_mean))


def squares(photos: Sequence[NDArray[np.uint8]], batch: int = 10) -> Iterable[Tensor]:
    """Batches (B, 3, S, S) in 0..1 of photos (S, S, 3), of equal size."""
    for start in range(0, len(photos), batch):
        stacked = np.stack(photos[start : start + batch])
        yield torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 255.0


def stem_table(original: StemFigures, stems: Mapping[str, StemFigures]) -> str:
    """One row a stem, the original's first."""
    rows: list[Sequence[str]] = [STEMS]
    for name, figures in {"original, in colour": original, **stems}.items():
        spread = figures.spread(original)
        low, middle, high = np.percentile(spread, (10, 50, 90))
        rows.append(
            (
                name,
                f"{np.abs(figures.shift(original)).mean():.2f}",
                f"{middle:.2f} ({low:.2f} to {high:.2f})",
                f"{100 * figures.active.mean():.0f}",
                str(int((figures.active < 0.01).sum())),
                f"{figures.error:.2f}",
                "" if np.isnan(figures.faded) else f"{figures.faded:.2f}",
            )
        )
    return markdown(rows)
