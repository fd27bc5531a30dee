"""What the network is fed with: crops as lightness and ab, and the photos kept out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional as F

from ..color.bins import COUNT, SoftEncoding
from ..color.torch_conversions import rgb_to_lab
from ..network import STRIDE
from .config import TrainConfig
from .photos import PhotoRef, load_photo

HELD_OUT = 0.015
"""Share of the photos kept away from training, to watch it by."""


@dataclass
class Sample:
    """A batch, ready for the network."""

    lightness: Tensor  # (B, 1, S, S), L*/100
    ab: Tensor  # (B, h, w, 2), the truth per cell


def prepare(crops: Tensor) -> Sample:
    """(B, S, S, 3) uint8 sRGB to lightness and mean ab per cell."""
    lab = rgb_to_lab(crops.permute(0, 3, 1, 2).float() / 255.0)
    ab = F.avg_pool2d(lab[:, 1:], STRIDE)
    return Sample(lab[:, :1] / 100.0, ab.permute(0, 2, 3, 1).contiguous())


def hold_out(
    sources: dict[str, list[PhotoRef]],
) -> tuple[dict[str, list[PhotoRef]], list[PhotoRef]]:
    """Training photos by source, and every n-th photo, kept out to watch the training.

    At least one photo is kept out.
    """
    every = round(1.0 / HELD_OUT)
    kept: dict[str, list[PhotoRef]] = {}
    held: list[PhotoRef] = []
    for name, refs in sources.items():
        held += refs[every // 2 :: every]
        kept[name] = [ref for i, ref in enumerate(refs) if i % every != every // 2]
    if not held:
        held = [max(kept.values(), key=len).pop()]
    return {name: refs for name, refs in kept.items() if refs}, held


def held_crops(held: list[PhotoRef], config: TrainConfig, most: int = 192) -> Tensor | None:
    """(N, S, S, 3) uint8: the middle squares of some photos that are kept out.

    S is the first stage's crop.  Photos that training would skip are skipped here too; None if
    none is left.
    """
    size, crops = config.stages[0].crop, []
    for ref in held[:: max(1, len(held) // most)][:most]:
        rgb = load_photo(ref, config)
        if rgb is None:
            continue
        square = ImageOps.fit(Image.fromarray(rgb), (size, size), Image.Resampling.BICUBIC)
        crops.append(np.asarray(square))
    return torch.from_numpy(np.stack(crops)) if crops else None


def measure_prior(batches: Iterator[tuple[Tensor, int]], crops: int) -> NDArray[np.float64]:
    """Counts (313,) of the nearest bins over about ``crops`` training crops."""
    encoding = SoftEncoding()
    counts = np.zeros(COUNT)
    seen = 0
    while seen < crops:
        batch, _ = next(batches)
        numbers, _ = encoding.sparse(prepare(batch.cpu()).ab.reshape(-1, 2))
        counts += np.bincount(numbers[:, 0].numpy(), minlength=COUNT)
        seen += len(batch)
    return counts
