"""The training loop, in the order in which it runs."""

from __future__ import annotations

import copy
import json
import math
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..color.bins import SoftEncoding, rebalancing_weights, smoothed_prior
from ..errors import BadOption
from ..network import PRETRAINED, ColorNetwork
from ..network.checkpoint import save_weights
from .beginning import Beginning, begin
from .checkpoints import load_run, save_run
from .config import Stage, TrainConfig
from .feed import Feed
from .lightness_bands import BandedLoss
from .objective import losses, regression_loss, watched_loss
from .photos import PhotoRef, index_photos
from .precision import uses_bf16
from .run_log import RunLog
from .samples import Sample, held_crops, hold_out
from .team import Team, join, sharing_gradients

WEIGHTS = "weights.safetensors"

Watch = Callable[[ColorNetwork, NDArray[np.float64], list[PhotoRef], Path], None]
"""Called with the averaged network, the prior, the photos held out, and a sheet's path."""


class Ema:
    """Exponential moving average of the parameters; it forgets faster at the start."""

    def __init__(self, network: ColorNetwork, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move one step towards the network."""
        weight = 1.0 - min(self.decay, (1.0 + step) / (10.0 + step))
        mine: list[Tensor] = list(self.network.parameters())
        theirs = list(network.parameters())
        torch._foreach_lerp_(mine, [p.detach() for p in theirs], weight)


def learning_rate(config: TrainConfig, done: float) -> float:
    """Factor 0..1 at a fraction of the run: linear warm-up, then cosine decay to 1 %."""
    if done < config.warmup:
        return max(0.01, done / config.warmup)
    rest = (done - config.warmup) / (1.0 - config.warmup)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, rest)))


@dataclass(frozen=True)
class Order:
    """The arguments of `train`."""

    photos: Sequence[Path]
    out: Path
    config: TrainConfig
    encoder_file: Path | None
    minutes: float | None
    steps: int | None
    resume: bool
    start_from: Path | None
    checkpoint_every: float
    sheet_every: float
    watch: Watch | None
    second_encoder_file: Path | None = None


def train(
    photos: Sequence[Path],
    out: Path,
    config: TrainConfig,
    *,
    encoder_file: Path | None = None,
    second_encoder_file: Path | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    resume: bool = False,
    start_from: Path | None = None,
    device: str = "auto",
    checkpoint_every: float = 180.0,
    sheet_every: float = 1800.0,
    watch: Watch | None = None,
) -> Path:
    """Train for some minutes or steps; returns the weights' path.

    photos: tar shards, folders or files.  out: the run's folder (checkpoint, CSV log,
    contact sheets, weights).  encoder_file: pretrained ResNet-18 or -34 (docs/training.md).
    second_encoder_file: EfficientNet-Lite2's checkpoint, to stand beside the ResNet.
    resume: go on from the folder's checkpoint, if it holds one.  start_from: weights of an
    earlier run to begin with instead of the pretrained encoder alone; their sizes decide.
    watch: called every ``sheet_every`` seconds.
    Ctrl-C and SIGTERM save a checkpoint first.  Under `torchrun` all its processes train one
    network, each on its own photos of the one stream, and the first writes the files.
    """
    if (minutes is None) == (steps is None):
        raise BadOption("a run needs either --minutes or --steps.")
    with join(device) as team:
        order = Order(
            photos, out, config, encoder_file, minutes, steps, resume, start_from,
            checkpoint_every, sheet_every, watch if team.main else None,
            second_encoder_file,
        )  # fmt: skip
        return _train(team, order)


def _train(team: Team, order: Order) -> Path:
    order.out.mkdir(parents=True, exist_ok=True)
    sources, held = hold_out(index_photos(order.photos))
    feed = Feed(sources, order.config, team)
    state = team.share(load_run(order.out) if order.resume and team.main else None)
    beginning = begin(
        team, feed, order.config, state,
        out=order.out, encoder_file=order.encoder_file, start_from=order.start_from,
        second_encoder_file=order.second_encoder_file,
    )  # fmt: skip
    run = Run(team, order, feed, beginning, held)
    if team.main and state is not None:
        print(f"resumed at step {run.step}, {run.seen} photos, {run.elapsed / 60:.1f} minutes")
    if team.main:
        (order.out / "config.json").write_text(json.dumps(asdict(run.config), indent=1))
    try:
        halt = run.go(stop_signals())
    finally:
        feed.close()
    if team.main:
        run.finish()
    # torchrun kills a process that has not ended half a minute after it was told to stop.
    if not (halt and team.size > 1):
        run.draw_sheet()
    return order.out / WEIGHTS


def stop_signals() -> list[int]:
    """A list that gets an entry when the process is told to stop."""
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, _: stopped.append(n))
    return stopped


class Run:
    """A run in progress: the network, its average, its optimizer, and how far it is."""

    def __init__(
        self, team: Team, order: Order, feed: Feed, beginning: Beginning, held: list[PhotoRef]
    ) -> None:
        self.team, self.order, self.feed, self.held = team, order, feed, held
        bf16 = uses_bf16(team.device, beginning.config.bf16)
        self.config, self.counts = replace(beginning.config, bf16=bf16), beginning.counts
        self.band_counts = beginning.band_counts
        self.prior = smoothed_prior(beginning.counts)
        self.weights = torch.tensor(
            rebalancing_weights(self.prior), dtype=torch.float32, device=team.device
        )
        network: Any = beginning.network.to(team.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: ColorNetwork = network
        self.ema = Ema(self.network, self.config.ema)
        self.network.set_dropout(self.config.dropout, self.config.second_encoder_dropout)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.network, self.config),
            lr=self.config.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.step, self.seen, self.elapsed = 0, 0, 0.0
        state = beginning.state
        if state is not None:
            self.ema.network.load_state_dict(state["ema"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seen, self.elapsed = state["step"], state["seen"], state["elapsed"]
        self._fresh = state is None
        self._compiled: Callable[[Tensor], Any] = (
            torch.compile(self.network, dynamic=False) if self.config.compile else self.network
        )
        self._encoding = SoftEncoding(team.device)
        self._banded: BandedLoss | None = None
        if beginning.band_counts is not None:
            self._banded = BandedLoss(beginning.band_counts, self.weights)
        self._watched = held_crops(held, self.config) if team.main else None
        self._held_loss = ""
        self._encoder_is_free: bool | None = None
        self._step_losses: Callable[..., tuple[Tensor, Tensor]] = self._losses

    def go(self, stopped: list[int]) -> bool:
        """Train until the order is done, or until a signal comes; returns that signal."""
        log = RunLog(
            self.team, self.order.out, fresh=self._fresh, steps=self.order.steps,
            step=self.step, seen=self.seen, elapsed=self.elapsed,
        )  # fmt: skip
        self._log = log
        last_save = last_sheet = clock = time.monotonic()
        halt = False  # agreed by the team: a signal may reach one process a step later
        while not halt and self.done < 1.0:
            factor = self._one_step(log)
            now = time.monotonic()
            halted, self.elapsed = self.team.mean((bool(stopped), self.elapsed + now - clock))
            halt, clock = halted > 0, now
            if log.due(self.elapsed) or self.step == self.order.steps:
                log.row(
                    self.step, self.seen, self.elapsed, factor, self._held_loss, self.feed.skipped
                )
                self._held_loss = ""
            log.advance()
            if self.team.main and now - last_save > self.order.checkpoint_every:
                self.checkpoint()
                last_save = time.monotonic()
            if self.order.watch is not None and now - last_sheet > self.order.sheet_every:
                self.draw_sheet()
                last_sheet = time.monotonic()
        log.close()
        return halt

    @property
    def done(self) -> float:
        """How much of the run is over, 0..1."""
        if self.order.steps:
            return self.step / self.order.steps
        return self.elapsed / (60.0 * (self.order.minutes or 1.0))

    def _stage(self) -> Stage:
        stages, done = self.config.stages, self.done
        return next(s for s in stages if done < s.until or s is stages[-1])

    def _one_step(self, log: RunLog) -> float:
        """Learn from one batch; returns the factor of the learning rate."""
        sample, count, rng = self.feed.batch(self._stage(), self.seen)
        factor = learning_rate(self.config, self.done)
        self._free_the_encoder(self.done >= self.config.encoder_frozen)
        for group in self.optimizer.param_groups:
            base = self.config.learning_rate * factor
            group["lr"] = base * (self.config.encoder_rate if group["encoder"] else 1.0)
        automatic, hinted = self._step_losses(sample, rng)
        loss = automatic + self.config.hint_loss * hinted
        loss.backward()  # type: ignore[no-untyped-call]
        norm, finite = self._clip()
        # Skip a step whose gradients are not finite, as a gradient scaler would.
        self.optimizer.found_inf = (~finite).float()  # type: ignore[attr-defined]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.update(self.network, self.step)
        self.step, self.seen = self.step + 1, self.seen + count * self.team.size
        log.add(torch.stack([automatic.detach(), hinted.detach(), norm.detach()]), finite)
        if self.team.device.type == "cuda" and self.step % 4 == 0:
            # Otherwise clock and stop would run far ahead of the device.
            torch.cuda.synchronize(self.team.device)
        return factor

    def _free_the_encoder(self, free: bool) -> None:
        """Let the encoders learn, or freeze them."""
        if free == self._encoder_is_free:
            return
        self._encoder_is_free = free
        for name, parameter in self.network.named_parameters():
            if name.startswith(PRETRAINED):
                still = self.config.second_encoder_frozen and name.startswith("second.")
                parameter.requires_grad_(free and not still)
        partial = self.config.loss == "regression"
        self._step_losses = sharing_gradients(
            self.team, self.network, self._losses, partial=partial
        )

    def _clip(self) -> tuple[Tensor, Tensor]:
        """Clip the gradients; returns the norm of the decoder's, and whether all are finite.

        Encoders and decoder are clipped separately: the encoders' gradients are many times larger
        and would leave nothing of the decoder's.
        """
        named = list(self.network.named_parameters())
        parts = [[p for n, p in named if n.startswith(prefix)] for prefix in PRETRAINED]
        parts.append([p for n, p in named if not n.startswith(PRETRAINED)])
        clip, device = self.config.clip, self.team.device
        norms = [nn.utils.clip_grad_norm_(part, clip).to(device) for part in parts]
        return norms[-1], torch.isfinite(torch.stack(norms)).all()

    def _losses(self, sample: Sample, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        if self.config.loss == "regression":
            none = torch.zeros((), device=self.team.device)
            return regression_loss(self._compiled, sample, self.config), none
        return losses(
            self._compiled, self.network, sample, self._encoding, self.weights, self.config, rng,
            self._banded,
        )  # fmt: skip

    def checkpoint(self) -> None:
        """Save the run, to resume it, and the averaged weights, to use them."""
        if self._watched is not None and self.config.loss != "regression":
            held = watched_loss(
                self.ema.network,
                self._watched,
                self._encoding,
                self.weights,
                bool(self.config.bf16),
            )
            self._held_loss = f"{held:.4f}"
        state = {
            "model": asdict(self.network.config),
            "network": self.network.state_dict(),
            "ema": self.ema.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "counts": self.counts.tolist(),
            "band_counts": None if self.band_counts is None else self.band_counts.tolist(),
            "step": self.step,
            "seen": self.seen,
            "elapsed": self.elapsed,
        }
        save_run(self.order.out, state)
        start_from = self.order.start_from
        record = {
            "photos_seen": self.seen,
            "steps": self.step,
            "minutes": round(self.elapsed / 60, 1),
            "device": self.team.device.type,
            "processes": self.team.size,
            "training_photos": self.feed.photos,
            "config": asdict(self.config),
            "started_from": str(start_from.name) if start_from else None,
        }
        save_weights(self.order.out / WEIGHTS, self.ema.network, self.prior, record)

    def finish(self) -> None:
        """Save what the run ends with, and its held-out loss."""
        self.checkpoint()
        if self._held_loss:
            self._log.last_row(self.step, self.seen, self.elapsed, self._held_loss)

    def draw_sheet(self) -> None:
        """Let the watcher draw a contact sheet of the averaged network."""
        if self.order.watch is not None:
            sheet = self.order.out / f"sheet-{self.step:07d}.png"
            self.order.watch(self.ema.network, self.prior, self.held, sheet)


def parameter_groups(network: ColorNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    """Parameter groups: encoders and rest have their own rate; vectors have no weight decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        key = name.startswith(PRETRAINED), parameter.ndim > 1
        groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "encoder": encoder,
            "weight_decay": config.weight_decay if matrix else 0.0,
        }
        for (encoder, matrix), parameters in sorted(groups.items())
    ]
