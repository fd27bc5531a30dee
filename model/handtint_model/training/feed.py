"""The batches of a run: crops of photos, numbered from the run's first step."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import torch
from torch import Tensor

from .augment import film, jitter_tone, paste, wear
from .config import Stage, TrainConfig
from .device_photos import DevicePhotos
from .photos import PhotoRef, PhotoSampler, host_batches
from .samples import Sample, prepare
from .team import Team


class Feed:
    """The batches of one process; the GPU cuts the crops if there is one."""

    def __init__(self, sources: dict[str, list[PhotoRef]], config: TrainConfig, team: Team) -> None:
        self.config, self.team = config, team
        self.photos = sum(len(s) for s in sources.values())
        self.skipped = 0  # photos that could not be used
        self._sampler = PhotoSampler(sources, config)
        self._on_device = (
            DevicePhotos(sources, config, team.device) if team.device.type == "cuda" else None
        )
        self._stage: Stage | None = None
        self._batches: Generator[tuple[Tensor, int], None, None] | None = None

    def from_the_start(self, stage: Stage) -> Iterator[tuple[Tensor, int]]:
        """(crops, photos skipped) of a stage, from the first photo on, whoever takes them."""
        if self._on_device is not None:
            return self._on_device.batches(stage, 0)
        return host_batches(self._sampler, stage, 0)

    def batch(self, stage: Stage, seen: int) -> tuple[Sample, int, np.random.Generator]:
        """The batch after ``seen`` photos of all processes, ready for the network.

        Returns it, the number of its crops, and the random numbers of its step.
        """
        mine = seen + self.team.rank * stage.batch  # number of this process's first photo
        crops = self._crops(stage, seen, mine)
        rng = np.random.default_rng((self.config.seed, 1, mine))
        crops = paste(rng, crops.to(self.team.device), self.config.share_pasted)
        sample = prepare(crops)
        seen_as = film(rng, crops, sample.lightness, self.config.share_film)
        seen_as = jitter_tone(rng, seen_as, self.config.share_toned)
        seen_as = wear(rng, seen_as, self.config.share_worn)
        sample.lightness = seen_as.contiguous(memory_format=torch.channels_last)
        return sample, len(crops), rng

    def close(self) -> None:
        """End the worker processes that decode; otherwise they would outlive the run."""
        if self._batches is not None:
            self._batches.close()
            self._batches = None

    def _crops(self, stage: Stage, seen: int, mine: int) -> Tensor:
        if self._on_device is not None:
            crops = self._on_device.batch(mine, stage)
            self.skipped = self._on_device.skipped
            return crops
        if self._batches is None or stage != self._stage:
            self._batches = host_batches(self._sampler, stage, seen, self.team.rank, self.team.size)
            self._stage = stage
        crops, self.skipped = next(self._batches)
        return crops
