"""Colour casts of training photos: found where they are certain, and removed.

A cast cannot be seen in lightness. So a photo with a cast teaches the network to tint whites.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ..color.conversions import srgb_decode, srgb_encode
from ..color.torch_conversions import lab_to_rgb, rgb_to_lab

NEUTRAL = 3.0
"""Chroma up to which a pixel counts as truly neutral."""

LEAST_CAST, MOST_CAST = 4.5, 14.0
"""Chroma of a cast. Less does no harm; more is light that was meant (sunset, stage)."""


def estimate_cast(rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """The ab that near-white and near-gray areas of a photo share; None without a certain cast.

    rgb: (H, W, 3) uint8 sRGB.

    A cast is certain if three things hold. Near-white areas (L* 70 to 97) and near-gray areas (25
    to 70) are large, and each has one colour. The two colours agree within 4 units. Hardly any
    pixel is neutral; under neutral light some would be.
    """
    step = max(1, min(rgb.shape[:2]) // 96)
    small = rgb[::step, ::step].reshape(-1, 3)
    small = small[(small.max(axis=1) < 252) & (small.max(axis=1) > 40)]  # clipped: no colour left
    if len(small) < 200:
        return None
    lab = rgb_to_lab(torch.from_numpy(small.T[:, :, None].copy()).double() / 255.0)[..., 0].numpy()
    lightness, ab = lab[0], lab[1:].T
    chroma = np.hypot(ab[:, 0], ab[:, 1])
    bright = (lightness >= 70.0) & (lightness < 97.0)
    middle = (lightness >= 25.0) & (lightness < 70.0)
    if (chroma[bright | middle] < NEUTRAL).mean() > 0.03:
        return None
    centers = []
    for part in (bright, middle):
        near = ab[part & (chroma < MOST_CAST + 6.0)]
        if len(near) < 0.08 * len(ab):
            return None
        center = np.median(near, axis=0)
        for _ in range(4):  # to the densest place
            close = np.hypot(*(near - center).T) < 6.0
            if not close.any():
                return None
            center = near[close].mean(axis=0)
        if close.mean() < 0.45:  # of several colours: none of them needs to be the light's
            return None
        centers.append(center)
    white, gray = centers
    cast = np.asarray((white + gray) / 2.0)
    sure = np.hypot(*(white - gray)) <= 4.0 and LEAST_CAST <= np.hypot(*cast) <= MOST_CAST
    return cast if sure else None


def remove_cast(rgb: NDArray[np.uint8], cast: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The photo as under neutral light: every channel scaled in linear light (von Kries).

    rgb: (H, W, 3) uint8 sRGB.  cast: (2,), the ab that a neutral of L* 65 has.
    """
    tinted = torch.tensor([65.0, *cast], dtype=torch.float64)[:, None, None]
    neutral = torch.tensor([65.0, 0.0, 0.0], dtype=torch.float64)[:, None, None]
    channels, gray = (_linear(lab_to_rgb(c)[:, 0, 0].numpy()) for c in (tinted, neutral))
    codes = _linear(np.arange(256) / 255.0)
    out = np.empty_like(rgb)
    for channel in range(3):
        gain = gray[channel] / max(1e-4, channels[channel])
        table = np.rint(srgb_encode(np.minimum(codes * gain, 1.0)) * 255.0).astype(np.uint8)
        out[..., channel] = table[rgb[..., channel]]
    return out


def _linear(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(srgb_decode(np.clip(codes, 0.0, 1.0)))
