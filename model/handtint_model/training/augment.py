"""Augmentations: film, tone, wear, and rectangles of other photos, against overfitting.

Everything runs on the device that holds the batch. The random numbers come from the host, so that
no step has to wait for a value from the device.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..color.torch_conversions import linear_to_srgb, rgb_to_lab, srgb_to_linear
from ..network import STRIDE

BLUR = (0.4, 2.0)  # pixels, standard deviation
GRAIN = 0.04  # standard deviation in L*/100, at most
_REACH = 5  # pixels either side of a blur's kernel


def film(rng: np.random.Generator, crops: Tensor, lightness: Tensor, share: float) -> Tensor:
    """Show a share of the samples as film would that does not see all colors alike.

    crops: (B, S, S, 3) uint8; lightness: theirs, (B, 1, S, S) in 0..1; so is the result.  One
    third is seen in blue light, as by plates before 1873, one third in green and blue, as by
    orthochromatic film, one third by random weights of red, green and blue.
    """
    if share <= 0.0:
        return lightness
    batch = len(lightness)
    chosen = rng.random(batch) < share
    kind = rng.integers(0, 3, batch)
    weights = rng.dirichlet((1.0, 1.0, 1.0), batch)
    green = rng.uniform(0.3, 0.7, batch)
    ortho = np.stack([np.zeros(batch), green, 1.0 - green], -1)
    weights = np.where((kind == 1)[:, None], ortho, weights)
    weights[kind == 0] = (0.0, 0.0, 1.0)
    numbers = torch.as_tensor(np.flatnonzero(chosen), device=lightness.device)
    if not chosen.any():
        return lightness
    mix = torch.as_tensor(weights[chosen], dtype=lightness.dtype, device=lightness.device)
    light = srgb_to_linear(crops[numbers].permute(0, 3, 1, 2).to(lightness.dtype) / 255.0)
    gray = linear_to_srgb((light * mix[:, :, None, None]).sum(1, keepdim=True))
    out = lightness.clone()
    out[numbers] = rgb_to_lab(gray.expand(-1, 3, -1, -1))[:, :1] / 100.0
    return out


def jitter_tone(rng: np.random.Generator, lightness: Tensor, share: float) -> Tensor:
    """Give a share of the samples another tone curve, as of faded or contrasty prints.

    lightness: (B, 1, S, S) in 0..1.  A gamma of about 0.6 to 1.6, black raised to at most 0.15,
    white lowered to at least 0.8.
    """
    if share <= 0.0:
        return lightness
    batch = len(lightness)
    gamma = np.exp(rng.normal(0.0, 0.22, batch).clip(-0.5, 0.5))
    black, white = rng.uniform(0.0, 0.15, batch), rng.uniform(0.8, 1.0, batch)
    kept = rng.random(batch) >= share
    gamma[kept], black[kept], white[kept] = 1.0, 0.0, 1.0
    curve = torch.as_tensor(np.stack([gamma, black, white]), dtype=lightness.dtype)
    power, low, high = curve.to(lightness.device)[:, :, None, None, None]
    toned: Tensor = low + (high - low) * lightness.clamp(min=0.0) ** power
    return toned


def wear(rng: np.random.Generator, lightness: Tensor, share: float) -> Tensor:
    """Blur a share of the samples and add grain, as of old lenses and fast film.

    lightness: (B, 1, S, S) in 0..1; so is the result.  Of these samples one third is blurred by
    0.4 to 2 pixels, one third gets grain of up to 0.04, and one third both.
    """
    if share <= 0.0:
        return lightness
    batch, device = len(lightness), lightness.device
    worn, kind = rng.random(batch) < share, rng.random(batch)
    sigma = np.exp(rng.uniform(np.log(BLUR[0]), np.log(BLUR[1]), batch))
    blurred = worn & (kind < 2 / 3)
    grain = rng.uniform(0.2, 1.0, batch) * GRAIN * (worn & (kind >= 1 / 3))
    place = np.arange(-_REACH, _REACH + 1)
    kernels = np.exp(-0.5 * (place / sigma[:, None]) ** 2)
    kernels /= kernels.sum(axis=1, keepdims=True)
    kernel = torch.as_tensor(kernels, dtype=lightness.dtype).to(device)[:, None]  # (B, 1, 11)
    x = F.pad(lightness.transpose(0, 1), (_REACH,) * 4, "reflect")  # the batch as channels
    x = F.conv2d(x, kernel[:, :, None], groups=batch)
    x = F.conv2d(x, kernel[:, :, :, None], groups=batch).transpose(0, 1)
    x = torch.where(torch.as_tensor(blurred).to(device)[:, None, None, None], x, lightness)
    dice = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    noise = torch.randn(lightness.shape, generator=dice, device=device, dtype=lightness.dtype)
    amount = torch.as_tensor(grain, dtype=lightness.dtype).to(device)[:, None, None, None]
    return (x + amount * noise).clamp(0.0, 1.0)


def paste(rng: np.random.Generator, crops: Tensor, share: float) -> Tensor:
    """Paste a rectangle of the previous sample into a share of the samples, at the same place.

    After Yun et al., "CutMix" (2019). The rectangle covers about 10 to 50 % of the picture and
    ends between cells.  crops: (B, S, S, 3) uint8; so is the result.
    """
    if share <= 0.0 or len(crops) < 2:
        return crops
    batch, size = len(crops), crops.shape[1] // STRIDE
    area, aspect = rng.uniform(0.1, 0.5, batch), np.exp(rng.uniform(-0.7, 0.7, batch))
    height = np.minimum(np.sqrt(area * aspect), 1.0)
    width = np.minimum(area / height, 1.0)
    top, left = rng.random(batch) * (1.0 - height), rng.random(batch) * (1.0 - width)
    chosen = rng.random(batch) < share
    bounds = np.rint(np.stack([top, top + height, left, left + width]) * size) * STRIDE
    bounds[:, ~chosen] = 0
    y0, y1, x0, x1 = torch.as_tensor(bounds).to(crops.device)[:, :, None]
    place = torch.arange(crops.shape[1], device=crops.device)[None]
    rows, columns = (place >= y0) & (place < y1), (place >= x0) & (place < x1)
    inside = rows[:, :, None, None] & columns[:, None, :, None]
    return torch.where(inside, crops.roll(1, 0), crops)
