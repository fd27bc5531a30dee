"""All photos decoded once and kept on the accelerator; crops are cut there.

So that decoding never limits a GPU: a data-centre card sees thousands of photos a second.
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
    """Every photo as uint8 in one flat tensor on the device."""

    def __init__(
        self, sources: dict[str, list[PhotoRef]], config: TrainConfig, device: torch.device
    ) -> None:
        self.config, self.device = config, device
        pixels: list[Tensor] = []
        shapes: list[tuple[int, int]] = []
        self.sources: list[list[int]] = []
        self.skipped = 0

        # Large photos are kept as large as the closest crop can show them.
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
        weights = np.array([len(s) for s in self.sources], np.float64) ** config.balance
        self.weights = weights / weights.sum()

    def batch(self, first: int, stage: Stage) -> Tensor:
        """(B, crop, crop, 3) uint8 on the device, from photo number ``first`` on."""
        rng = np.random.default_rng((self.config.seed, first))
        count = stage.batch
        drawn = rng.choice(len(self.weights), count, p=self.weights)
        held = np.array([len(s) for s in self.sources])[drawn]
        place = (rng.random(count) * held).astype(np.int64)
        chosen = np.array([self.sources[s][p] for s, p in zip(drawn, place)])
        height, width = self.shapes[chosen].T
        area = rng.uniform(*(stage.scale or self.config.scale), count)
        side = np.minimum(height, width) * np.sqrt(area)
        left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
        boxes, flip = np.stack([left, top, side], axis=1), rng.random(count) < 0.5
        return self.crop(chosen, boxes, flip, stage.crop)

    def batches(self, stage: Stage, first: int) -> Iterator[tuple[Tensor, int]]:
        """Endless batches from photo number ``first`` on, with the count of skipped photos."""
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
        """Bilinear crops (left, top, side) of the chosen photos, (B, size, size, 3) uint8."""

        def on_device(values: NDArray[Any]) -> Tensor:
            return torch.as_tensor(values, device=self.device)

        step = (torch.arange(size, device=self.device) + 0.5) / size
        columns = torch.where(on_device(flip)[:, None], 1.0 - step, step[None])
        left, top, side = on_device(boxes).float().unbind(1)
        height, width = on_device(self.shapes[chosen]).unbind(1)
        x = left[:, None] + columns * side[:, None] - 0.5
        y = top[:, None] + step[None] * side[:, None] - 0.5
        x = torch.minimum(x.clamp(min=0.0), (width - 1)[:, None].float())
        y = torch.minimum(y.clamp(min=0.0), (height - 1)[:, None].float())
        x0, y0 = x.floor().long(), y.floor().long()
        x1 = torch.minimum(x0 + 1, (width - 1)[:, None])
        y1 = torch.minimum(y0 + 1, (height - 1)[:, None])
        base = on_device(self.offsets[chosen])[:, None, None]

        def fetch(rows: Tensor, cols: Tensor) -> Tensor:
            number = base + rows[:, :, None] * width[:, None, None] + cols[:, None, :]
            return self.pixels[number].float()

        fx = (x - x0)[:, None, :, None]
        fy = (y - y0)[:, :, None, None]
        upper = fetch(y0, x0) * (1 - fx) + fetch(y0, x1) * fx
        lower = fetch(y1, x0) * (1 - fx) + fetch(y1, x1) * fx
        return (upper * (1 - fy) + lower * fy + 0.5).to(torch.uint8)
