"""The stroke decoder: how far does what is painted here go?

The photo's part is computed once (`StrokeFeatures`): features of the network at strides 4 to 32.
For every stroke a small U-Net sees them together with the stroke, its rivals (strokes of other
colors), where each cell lies from the stroke, and how much each cell resembles what lies under
the stroke.  It answers with one logit a cell: does the cell belong to the stroke's object?
docs/hints.md has the measurements.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .decoder import ResidualBlock

WIDTH_4, WIDTH_8, WIDTH_16, WIDTH_32 = 32, 64, 96, 128
KEY = 48  # channels in which cells are compared with what lies under the stroke
INPUTS_8, INPUTS_4 = 11, 6
GROUPS = 8
SAMPLED = 32
"""Cells that stand for a stroke where every cell is compared with its nearest painted one."""


class Features(NamedTuple):
    """What the network computes of a picture before its heads, by stride."""

    encoder4: Tensor  # (B, 64, h, w)
    encoder8: Tensor  # (B, 128, h/2, w/2)
    encoder16: Tensor  # (B, 256, h/4, w/4)
    scene32: Tensor  # (B, 384, h/8, w/8)
    decoder8: Tensor  # (B, 128, h/2, w/2)
    decoder4: Tensor  # (B, 128, h, w)


class StrokeFeatures(NamedTuple):
    """The photo's part of the stroke decoder; cells of strides 4, 8, 16, 32."""

    at4: Tensor  # (B, 32, h, w)
    at8: Tensor  # (B, 64, h/2, w/2)
    at16: Tensor  # (B, 96, h/4, w/4)
    at32: Tensor  # (B, 128, h/8, w/8)
    key8: Tensor  # (B, 48, h/2, w/2), of unit length in every cell
    key16: Tensor  # (B, 48, h/4, w/4)
    key32: Tensor  # (B, 48, h/8, w/8)
    embedding: Tensor  # (B, 32, h, w)
    gate: Tensor  # (B, 1, h, w)
    lightness: Tensor  # (B, 1, h, w), L*/100


FEATURE_STEPS = (1, 2, 4, 8, 2, 4, 8, 1, 1, 1)
"""Cells of stride 4 along a cell of each of `StrokeFeatures`."""


class Strokes(NamedTuple):
    """K strokes, each on one of B photos."""

    photo: Tensor  # (K,) int64, its photo's place in the batch
    painted: Tensor  # (K, 1, h, w) 0..1, 1 where the stroke is as strong as anywhere
    rivals: Tensor  # (K, 1, h, w) 0..1, the same of strokes of other colors
    cells: Tensor  # (K, SAMPLED) int64, numbers of cells of the stroke, spread over it


class StrokeDecoder(nn.Module):
    """Features of a photo and strokes on it to logits of how far each stroke goes."""

    def __init__(self, encoder: tuple[int, int, int], scene: int, decoder: int, embed: int) -> None:
        """Channels of `Features`: of the encoder by stride, the scene stage, the decoder, and of
        the embedding."""
        super().__init__()
        self.photo4 = nn.Conv2d(encoder[0] + decoder + embed + 1, WIDTH_4, 1)
        self.photo8 = nn.Conv2d(encoder[1] + decoder, WIDTH_8, 1)
        self.photo16 = nn.Conv2d(encoder[2], WIDTH_16, 1)
        self.photo32 = nn.Conv2d(scene, WIDTH_32, 1)
        self.key8 = nn.Conv2d(encoder[1] + decoder, KEY, 1)
        self.key16 = nn.Conv2d(encoder[2], KEY, 1)
        self.key32 = nn.Conv2d(scene, KEY, 1)
        self.scale = nn.Parameter(torch.full((3,), 2.0))  # of the likenesses
        self.in8 = nn.Conv2d(INPUTS_8, WIDTH_8, 3, padding=1)
        self.in16 = nn.Conv2d(INPUTS_8, WIDTH_16, 3, padding=1)
        self.in4 = nn.Conv2d(INPUTS_4, WIDTH_4, 3, padding=1)
        self.under = nn.Sequential(
            nn.Linear(3 * KEY + embed + 1, WIDTH_32), nn.SiLU(), nn.Linear(WIDTH_32, WIDTH_32)
        )
        self.first8 = ResidualBlock(WIDTH_8, GROUPS)
        self.down16 = nn.Conv2d(WIDTH_8, WIDTH_16, 3, stride=2, padding=1)
        self.first16 = nn.Sequential(
            ResidualBlock(WIDTH_16, GROUPS), ResidualBlock(WIDTH_16, GROUPS)
        )
        self.down32 = nn.Conv2d(WIDTH_16, WIDTH_32, 3, stride=2, padding=1)
        self.at32 = nn.Sequential(ResidualBlock(WIDTH_32, GROUPS), ResidualBlock(WIDTH_32, GROUPS))
        self.whole = nn.Linear(WIDTH_32, WIDTH_16)
        self.up16 = nn.Conv2d(WIDTH_32, WIDTH_16, 1)
        self.last16 = ResidualBlock(WIDTH_16, GROUPS)
        self.up8 = nn.Conv2d(WIDTH_16, WIDTH_8, 1)
        self.last8 = ResidualBlock(WIDTH_8, GROUPS)
        self.up4 = nn.Conv2d(WIDTH_8, WIDTH_4, 1)
        self.last4 = ResidualBlock(WIDTH_4, GROUPS)
        self.out = nn.Conv2d(WIDTH_4, 1, 3, padding=1)
        self.resemblance = nn.Parameter(torch.tensor(0.5))  # weight of the mixture's own logit
        self.log_gamma = nn.Parameter(torch.tensor(0.7))  # of the strokes' shares in a cell

    def photo(
        self, features: Features, embedding: Tensor, gate: Tensor, lightness: Tensor
    ) -> StrokeFeatures:
        """The photo's part, once a photo.  lightness: (B, 1, H, W), the network's input."""
        f8 = torch.cat([_even(features.encoder8), _even(features.decoder8)], 1)
        f16, f32 = _even(features.encoder16), _even(features.scene32)
        f4 = torch.cat([_even(features.encoder4), _even(features.decoder4), embedding, gate], 1)
        keys = (
            F.normalize(layer(f).float(), dim=1)
            for layer, f in ((self.key8, f8), (self.key16, f16), (self.key32, f32))
        )
        small = F.adaptive_avg_pool2d(lightness, _size(embedding))
        return StrokeFeatures(
            self.photo4(f4), self.photo8(f8), self.photo16(f16), self.photo32(f32),
            *keys, embedding.float(), gate.float(), small.float(),
        )  # type: ignore[call-arg]  # fmt: skip

    def forward(self, photo: StrokeFeatures, strokes: Strokes, log_sigma: Tensor) -> Tensor:
        """Logits (K, 1, h, w) of the cells' belonging to each stroke's object.

        log_sigma: of the mixture (`handtint_model.hints.mixture`), whose answer is an input.
        """
        which, painted, rivals = strokes.photo, strokes.painted, strokes.rivals
        apart, way, near = _distances(photo, strokes, log_sigma)
        near4, near8 = _size(painted), _size(photo.key8)
        mass = painted / painted.sum((2, 3), keepdim=True).clamp(min=1e-6)
        under, likeness = [], []
        for key, scale in zip((photo.key8, photo.key16, photo.key32), self.scale):
            own = key[which]
            weight = F.adaptive_avg_pool2d(mass, _size(own))
            mean = (own * weight).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True)
            under.append(mean[:, :, 0, 0])
            likeness.append(_resized((own * mean).sum(1, keepdim=True) * scale, near8))
        embedding = photo.embedding[which]
        center = (embedding * mass).sum((2, 3), keepdim=True)
        gap = (embedding - center).square().mean(1, keepdim=True)
        lightness = photo.lightness[which]
        light = (lightness * mass).sum((2, 3), keepdim=True)
        brighter = 4.0 * (lightness - light)
        small = [F.adaptive_avg_pool2d(t, near8) for t in (way, near, gap, brighter, apart)]
        touch = [F.adaptive_max_pool2d(t, near8) for t in (painted, rivals)]
        maps = torch.cat([*touch, *small[:2], *likeness, -small[2], small[3], 0.25 * small[4]], 1)
        query = self.under(torch.cat([*under, center[:, :, 0, 0], light[:, :, 0, 0]], 1))

        x8 = self.first8(photo.at8[which] + self.in8(maps))
        at16 = F.adaptive_avg_pool2d(maps, _size(photo.at16))
        x16 = self.first16(photo.at16[which] + self.down16(x8) + self.in16(at16))
        x32 = self.at32(photo.at32[which] + self.down32(x16) + query[:, :, None, None])
        whole = self.whole(x32.mean((2, 3)))[:, :, None, None]
        x16 = self.last16(x16 + _resized(self.up16(x32), _size(x16)) + whole)
        x8 = self.last8(x8 + _resized(self.up8(x16), near8))
        maps4 = torch.cat([painted, rivals, -gap, brighter, lightness, 0.25 * apart], 1)
        x4 = photo.at4[which] + self.in4(maps4) + _resized(self.up4(x8), near4)
        out: Tensor = self.out(F.silu(self.last4(x4))).float() + self.resemblance * apart
        return out


def _even(x: Tensor) -> Tensor:
    """Features of one picture brought to a mean square of 1."""
    return x / (x.float().square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-3)


def _size(x: Tensor) -> tuple[int, int]:
    """Rows and columns."""
    return x.shape[-2], x.shape[-1]


def _resized(x: Tensor, shape: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size=shape, mode="bilinear", align_corners=False)


def _distances(
    photo: StrokeFeatures, strokes: Strokes, log_sigma: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Each cell against the stroke's cells.

    Returns the mixture's logit of the cell that resembles it most, (K, 1, h, w); the way (down,
    across) from the stroke's middle, (K, 2, h, w), and the distance to its nearest cell,
    (K, 1, h, w), relative to the long side.
    """
    height, width = photo.embedding.shape[-2:]
    long_side = float(max(height, width))
    device = photo.embedding.device
    y = (torch.arange(height, device=device) + 0.5) / long_side
    x = (torch.arange(width, device=device) + 0.5) / long_side
    place = torch.stack(torch.meshgrid(y, x, indexing="ij")).flatten(1)  # (2, N)
    at = place.T[strokes.cells]  # (K, S, 2)
    away = torch.cdist(at, place.T[None].expand(len(at), -1, -1))  # (K, S, N)
    channels = photo.embedding.shape[1]
    cells = photo.embedding.flatten(2)[strokes.photo]  # (K, C, N)
    hinted = cells.gather(2, strokes.cells[:, None].expand(-1, channels, -1))
    square = cells.square().sum(1)
    like = (
        hinted.square().sum(1)[:, :, None] + square[:, None] - 2.0 * hinted.transpose(1, 2) @ cells
    )
    apart = like.clamp(min=0.0) / channels + away.square() * (0.5 * torch.exp(-2.0 * log_sigma))
    closed = photo.gate.flatten(2)[strokes.photo][:, 0]
    logit = -apart.amin(1) - closed
    middle = at.mean(1)[:, :, None]
    shape = (len(at), -1, height, width)
    return (
        logit.clamp(min=-24.0).view(shape),
        (place[None] - middle).view(shape),
        away.amin(1).view(shape),
    )
