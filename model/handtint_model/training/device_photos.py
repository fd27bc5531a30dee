"""All photos are decoded once and kept on the accelerator; crops are cut there.

A data-centre GPU processes thousands of photos a second. Decoding them again each time would be
slower than training.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor
from tqdm import tqdm

from ..errors import BadImage
from .config import Stage, TrainConfig
from .photos import PhotoRef, load_photo


class DevicePhotos:
    """Every photo as uint8, in one flat tensor on the device."""

    def __init__(
        self, sources: dict[str, list[PhotoRef]], config: TrainConfig, device: torch.device
    ) -> None:
        self.config, self.device = config, device
        pixels: list[Tensor] = []
        shapes: list[tuple[int, int]] = []
        self.sources: list[list[int]] = []
        self.skipped = 0

        # A large photo is kept at the size at which the closest crop shows it.
        most = max(
            math.ceil(stage.crop / math.sqrt((stage.scale or config.scale)[0]))
            for stage in config.stages
        )

        def load(ref: PhotoRef) -> NDArray[np.uint8] | None:
            rgb = load_photo(ref, config)
            if rgb is None or min(rgb.shape[:2]) <= most:
                return rgb
            height, width = (round(side * most / min(rgb.shape[:2])) for side in rgb.shape[:2])
            return np.asarray(Image.fromarray(rgb).resize((width, height), Resampling.LANCZOS))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for refs in tqdm(sources.values(), desc="decoding", unit="source"):
                kept = []
                for rgb in pool.map(load, refs):
                    if rgb is None:
                        self.skipped += 1
                        continue
                    kept.append(len(shapes))
                    shapes.append((rgb.shape[0], rgb.shape[1]))
                    pixels.append(torch.from_numpy(rgb.reshape(-1, 3).copy()))
                if kept:
                    self.sources.append(kept)
        if not shapes:
            raise BadImage("none of the photos can be used: broken or gray.")
        self.pixels = torch.cat(pixels).to(device)  # (sum of H*W, 3) uint8
        self.shapes = np.array(shapes)
        self.offsets = np.concatenate([[0], np.cumsum(self.shapes.prod(axis=1))])[:-1]
        self._large_enough: dict[int, tuple[list[NDArray[np.int64]], NDArray[np.float64]]] = {}

    def _drawn_from(self, crop: int) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
        """Per source the photos that are large enough for the crop, and how often it is drawn."""
        if crop not in self._large_enough:
            least = self.config.least_side * crop
            large = self.shapes.min(axis=1) >= least
            kept = [np.array([p for p in s if large[p]], np.int64) for s in self.sources]
            kept = [s for s in kept if s.size]
            if not kept:
                raise BadImage(f"no photo has a short side of {least:.0f} pixels or more.")
            weights = np.array([s.size for s in kept], np.float64) ** self.config.balance
            self._large_enough[crop] = kept, weights / weights.sum()
        return self._large_enough[crop]

    def batch(self, first: int, stage: Stage) -> Tensor:
        """(B, crop, crop, 3) uint8 on the device, from photo number ``first`` on."""
        rng = np.random.default_rng((self.config.seed, first))
        count = stage.batch
        sources, weights = self._drawn_from(stage.crop)
        drawn = rng.choice(len(weights), count, p=weights)
        held = np.array([s.size for s in sources])[drawn]
        place = (rng.random(count) * held).astype(np.int64)
        chosen = np.array([sources[s][p] for s, p in zip(drawn, place)])
        height, width = self.shapes[chosen].T
        area = rng.uniform(*(stage.scale or self.config.scale), count)
        side = np.minimum(height, width) * np.sqrt(area)
        left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
        boxes, flip = np.stack([left, top, side], axis=1), rng.random(count) < 0.5
        return self.crop(chosen, boxes, flip, stage.crop)

    def batches(self, stage: Stage, first: int) -> Iterator[tuple[Tensor, int]]:
        """Endless batches from photo number ``first`` on, each with the count of skipped photos."""
        while True:
            yield self.batch(first, stage), self.skipped
            first += stage.batch

    def crop(
        self,
        chosen: NDArray[np.int64],
        boxes: NDArray[np.float64],
        flip: NDArray[np.bool_],
        size: int,
    ) -> Tensor:
        """Crops (left, top, side) of the chosen photos, (B, size, size, 3) uint8.

        Resized as Pillow does, bicubic and without aliasing, so that a network trained here
        sees photos as sharp as it will be given them.
        """

        def on_device(values: NDArray[Any]) -> Tensor:
            return torch.as_tensor(values, device=self.device)

        # A window of the photos that holds all boxes and what the kernels reach beyond them.
        margin = math.ceil(2 * max(1.0, boxes[:, 2].max() / size)) + 1
        window = math.ceil(boxes[:, 2].max()) + 2 * margin + 1
        shapes = self.shapes[chosen]  # height, width
        first = np.floor(boxes[:, 1::-1]).astype(np.int64) - margin
        first = np.clip(first, 0, np.maximum(shapes - window, 0))  # top, left
        reach = np.arange(window)
        rows, columns = (
            on_device(np.minimum(first[:, k, None] + reach, shapes[:, k, None] - 1))
            for k in range(2)
        )
        base = on_device(self.offsets[chosen])[:, None, None]
        width = on_device(shapes[:, 1])[:, None, None]
        pixels = self.pixels[base + rows[:, :, None] * width + columns[:, None, :]].float()
        side, start = on_device(boxes[:, 2]), on_device(boxes[:, 1::-1] - first)
        inside = on_device(shapes - first)
        down = _bicubic(start[:, 0], side, inside[:, 0], window, size)
        across = _bicubic(start[:, 1], side, inside[:, 1], window, size)
        across = torch.where(on_device(flip)[:, None, None], across.flip(1), across)
        out = torch.einsum("bij,bjkc->bikc", down, pixels)
        out = torch.einsum("blk,bikc->bilc", across, out)
        return (out + 0.5).clamp(0, 255).to(torch.uint8)


def _bicubic(start: Tensor, side: Tensor, extent: Tensor, window: int, size: int) -> Tensor:
    """(B, size, window) weights that resize ``side`` pixels from ``start`` on to ``size``.

    Keys' cubic convolution (1981) with a = -0.5, widened where it reduces.  Pixels from
    ``extent`` on lie beyond the photo and have none.
    """
    step = torch.arange(size, device=side.device, dtype=side.dtype) + 0.5
    place = torch.arange(window, device=side.device, dtype=side.dtype) + 0.5
    ratio = (side / size)[:, None, None]
    center = start[:, None, None] + step[None, :, None] * ratio
    x = ((place - center) / ratio.clamp(min=1.0)).abs()
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    weight = torch.where(x < 1.0, near, torch.where(x < 2.0, far, 0.0))
    weight = weight * (place < extent[:, None, None])
    return (weight / weight.sum(-1, keepdim=True)).float()
