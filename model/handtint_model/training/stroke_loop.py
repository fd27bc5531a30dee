"""Training of the stroke decoder: objects that people outlined and colors of photos, together."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..color.bins import SoftEncoding, rebalancing_weights
from ..device import select_device
from ..errors import BadOption
from ..network import PRETRAINED, ColorNetwork
from ..network.checkpoint import load_weights, save_weights
from .augment import jitter_tone, wear
from .checkpoints import load_run, save_run
from .config import Stage, StrokeConfig, TrainConfig
from .loop import WEIGHTS, Ema, learning_rate, stop_signals
from .masks import MaskedCrop, MaskRef, MaskSampler, index_masks
from .objective import losses
from .photos import PhotoSampler, index_photos
from .precision import uses_bf16
from .samples import Sample, hold_out, prepare
from .stroke_objective import (
    automatic_ab,
    color_loss,
    lessons_of,
    object_loss,
    points_of,
)

HELD_EVERY = 50
"""Every so many-th photo with masks is kept out of training, to watch it by."""

LOG_EVERY = 50
SAVE_EVERY = 180.0
WATCHED = 48


@dataclass(frozen=True, eq=False)
class _Batch:
    crops: list[MaskedCrop]
    sample: Sample
    rng: np.random.Generator


class _Feed:
    """Batches by number, decoded on a thread beside the training."""

    def __init__(
        self, masks: dict[str, list[MaskRef]], photos: Sequence[Path], config: StrokeConfig
    ) -> None:
        self.config = config
        self._masks = MaskSampler(masks, config.seed)
        sources, _ = hold_out(index_photos(photos))
        self._plain = PhotoSampler(sources, TrainConfig(seed=config.seed, cache_gb=0.5))
        self._stage = Stage(1.0, config.crop, config.plain, (0.4, 1.0))

    def batch(self, step: int) -> _Batch:
        config = self.config
        first = step * config.with_masks
        crops = [self._masks.draw(first + i, config.crop) for i in range(config.with_masks)]
        plain = [
            self._plain.draw(step * config.plain + i, self._stage) for i in range(config.plain)
        ]
        rgb = np.stack([c.rgb for c in crops] + plain)
        rng = np.random.default_rng((config.seed, 3, step))
        sample = prepare(torch.from_numpy(rgb))
        seen = wear(rng, jitter_tone(rng, sample.lightness, 0.2), 0.15)
        sample.lightness = seen.contiguous(memory_format=torch.channels_last)
        return _Batch(crops, sample, rng)

    def batches(self, step: int) -> Iterator[_Batch]:
        """Batches from a step on, the next one being made meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self.batch, step)
            while True:
                step += 1
                now, ahead = ahead, pool.submit(self.batch, step)
                yield now.result()


def train_strokes(
    photos: Sequence[Path],
    masks: Sequence[Path],
    start_from: Path | None,
    out: Path,
    config: StrokeConfig,
    *,
    steps: int,
    resume: bool = False,
    device: str = "auto",
) -> Path:
    """Teach a stroke decoder on the weights ``start_from``; returns the new weights' path.

    photos: as for `train`; masks: shards or folders of photos with label maps (`index_masks`).
    steps: in all, those included that ``resume`` goes on from.
    Raises BadOption, BadImage, BadCheckpoint.
    """
    if steps < 1:
        raise BadOption("a run needs at least one step.")
    if config.plain and not photos:
        raise BadOption("photos are needed beside those with masks, or plain must be 0.")
    kept, held = _hold_out(index_masks(masks))
    run = StrokeRun(
        start_from, out, config, load_run(out) if resume else None, select_device(device)
    )
    stopped = stop_signals()
    feed = _Feed(kept, photos, config)
    saved = clock = time.monotonic()
    for batch in feed.batches(run.step):
        run.learn(batch, steps)
        now = time.monotonic()
        run.elapsed, clock = run.elapsed + now - clock, now
        over = bool(stopped) or run.step >= steps
        if over or now - saved > SAVE_EVERY:
            run.save(_watched(held, config))
            saved = time.monotonic()
        if over:
            break
    return out / WEIGHTS


def _hold_out(
    sources: dict[str, list[MaskRef]],
) -> tuple[dict[str, list[MaskRef]], dict[str, list[MaskRef]]]:
    middle = HELD_EVERY // 2
    kept = {n: [r for i, r in enumerate(s) if i % HELD_EVERY != middle] for n, s in sources.items()}
    held = {n: s[middle::HELD_EVERY] for n, s in sources.items() if s[middle::HELD_EVERY]}
    return kept, held


def _watched(held: dict[str, list[MaskRef]], config: StrokeConfig) -> list[MaskedCrop]:
    if not held:
        return []
    sampler = MaskSampler(held, config.seed)
    return [sampler.draw(i, config.crop, (0.9, 1.0)) for i in range(WATCHED)]


class StrokeRun:
    """A run under way."""

    def __init__(
        self, start_from: Path | None, out: Path, config: StrokeConfig,
        state: dict[str, Any] | None, device: torch.device,
    ) -> None:  # fmt: skip
        checkpoint = load_weights(start_from)
        torch.manual_seed(config.seed)
        self.config, self.out, self.checkpoint, self.device = config, out, checkpoint, device
        old = checkpoint.network
        network: Any = ColorNetwork(replace(old.config, strokes=True))
        network.initialize()
        network.load_state_dict(old.state_dict(), strict=False)
        self.network: ColorNetwork = network.to(device, memory_format=torch.channels_last)
        assert self.network.strokes is not None
        self.free = config.network_rate > 0
        self._clipped: list[list[nn.Parameter]] = []
        rest = [(n, p) for n, p in self.network.named_parameters() if not n.startswith("strokes.")]
        for name, parameter in rest:
            still = config.second_encoder_frozen and name.startswith(
                ("second.stem", "second.stages")
            )
            parameter.requires_grad_(self.free and not still)
        groups: list[dict[str, Any]] = [
            {"params": list(self.network.strokes.parameters()), "share": 1.0}
        ]
        if self.free:
            encoders = [p for n, p in rest if n.startswith(PRETRAINED)]
            others = [p for n, p in rest if not n.startswith(PRETRAINED)]
            self._clipped = [encoders, others]
            for parameters, rate in zip(self._clipped, (config.encoder_rate, 1.0)):
                groups.append({"params": parameters, "share": config.network_rate * rate})
        self.optimizer = torch.optim.AdamW(
            groups, lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)
        )
        self.ema = Ema(self.network, config.ema)
        self.network.set_dropout(config.dropout)
        self.weights = torch.tensor(
            rebalancing_weights(checkpoint.prior), dtype=torch.float32, device=device
        )
        self._encoding = SoftEncoding(device)
        self._colors = TrainConfig()
        self.step, self.elapsed = 0, 0.0
        self._sums, self._since = np.zeros(4), 0
        if state is not None:
            self.network.load_state_dict(state["network"])
            self.ema.network.load_state_dict(state["ema"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.elapsed = state["step"], state["elapsed"]
        out.mkdir(parents=True, exist_ok=True)
        if state is None:
            self._write("w", ["step", "minutes", "objects", "iou", "colors", "gain", "held_iou"])

    def learn(self, batch: _Batch, steps: int) -> None:
        """Take one step."""
        factor = learning_rate(TrainConfig(), self.step / steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * factor * group["share"]
        loss, told = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        assert self.network.strokes is not None
        nn.utils.clip_grad_norm_(self.network.strokes.parameters(), 1.0)
        for parameters in self._clipped:
            nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimizer.step()
        self.ema.update(self.network, self.step)
        self.step += 1
        self._sums, self._since = self._sums + told, self._since + 1
        if self.step % LOG_EVERY == 0:
            means = [f"{v:.4f}" for v in self._sums / self._since]
            self._write("a", [self.step, f"{self.elapsed / 60:.2f}", *means, ""])
            self._sums, self._since = np.zeros(4), 0

    def _loss(self, batch: _Batch) -> tuple[Tensor, NDArray[np.float64]]:
        """The loss, and for the log: of objects, their IoU, of colors, the gain in dB."""
        ab, device = batch.sample.ab, self.device
        lessons = lessons_of(batch.rng, batch.crops, ab.numpy())
        points = points_of(batch.rng, ab).to(device)
        lightness = batch.sample.lightness.to(device)
        decoder = self.network.strokes
        assert decoder is not None
        with torch.autocast(device.type, torch.bfloat16, enabled=uses_bf16(device, None)):
            with torch.set_grad_enabled(self.free):
                features = self.network.features(lightness)
                heads = self.network.heads(features)
            photo = decoder.photo(features, heads.embedding, heads.gate, lightness)
            sigma = self.network.log_sigma.detach()
            drawn = decoder(photo, points.strokes, sigma)
            objects, iou = torch.zeros((), device=device), torch.zeros((), device=device)
            if lessons is not None:
                lessons = lessons.to(device)
                objects, iou = object_loss(decoder(photo, lessons.strokes, sigma), lessons)
        automatic = automatic_ab(heads, self.weights)
        colors, before = color_loss(drawn, points, automatic, decoder.log_gamma)
        loss = objects + self.config.color_weight * colors
        if self.free:
            # Lest it forget what it learned before: its own colors, and the mixture.
            sample = Sample(lightness, ab.to(device))
            known, hinted = losses(
                lambda _: heads, self.network, sample, self._encoding, self.weights,
                self._colors, batch.rng,
            )  # fmt: skip
            loss = loss + known + hinted
        gain = 10.0 / np.log(10.0) * (before - colors.detach())
        return loss, np.array([v.item() for v in (objects, iou, colors, gain)])

    @torch.no_grad()
    def watch(self, crops: list[MaskedCrop]) -> float:
        """The mean IoU of the averaged network on photos kept out."""
        found = []
        network = self.ema.network
        assert network.strokes is not None
        for start in range(0, len(crops), 8):
            some = crops[start : start + 8]
            sample = prepare(torch.from_numpy(np.stack([c.rgb for c in some])))
            lessons = lessons_of(np.random.default_rng(start), some, sample.ab.numpy())
            if lessons is None:
                continue
            lessons = lessons.to(self.device)
            lightness = sample.lightness.to(self.device)
            features = network.features(lightness)
            photo = network.stroke_features(features, network.heads(features), lightness)
            assert photo is not None
            logits = network.strokes(photo, lessons.strokes, network.log_sigma)
            found.append(object_loss(logits, lessons)[1])
        return float(torch.stack(found).mean()) if found else float("nan")

    def save(self, watched: list[MaskedCrop]) -> None:
        """Save the run, to be resumed, and the averaged weights, to be used."""
        held = self.watch(watched)
        self._write("a", [self.step, f"{self.elapsed / 60:.2f}", "", "", "", "", f"{held:.4f}"])
        state = {
            "network": self.network.state_dict(),
            "ema": self.ema.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "elapsed": self.elapsed,
        }
        save_run(self.out, state)
        strokes = {
            "steps": self.step,
            "minutes": round(self.elapsed / 60, 1),
            "config": asdict(self.config),
        }
        record = {**self.checkpoint.record, "strokes": strokes}
        network, prior = self.ema.network, self.checkpoint.prior
        save_weights(self.out / WEIGHTS, network, prior, record, decoding=self.checkpoint.decoding)

    def _write(self, mode: str, row: list[object]) -> None:
        with (self.out / "log.csv").open(mode, newline="") as file:
            csv.writer(file).writerow(row)
