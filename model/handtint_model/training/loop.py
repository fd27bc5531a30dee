"""The training loop, in running order."""

from __future__ import annotations

import copy
import csv
import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from ..color.bins import COUNT, SoftEncoding, rebalancing_weights, smoothed_prior
from ..errors import BadCheckpoint, BadOption
from ..hints.mixture import HintCells, mixture
from ..network import ColorNetwork
from ..network.checkpoint import config_from_dict, load_weights, save_weights
from ..network.encoder import blocks_of, calibrate_stem, load_pretrained, read_encoder_file
from .augment import jitter_tone, paste, wear
from .checkpoints import load_run, save_run
from .config import Stage, TrainConfig
from .device_photos import DevicePhotos
from .hint_simulation import alter_truth, simulate_hints
from .losses import (
    Target,
    hinted_error,
    hinted_log_probabilities,
    soft_cross_entropy,
    target_log_probabilities,
)
from .photos import PhotoRef, PhotoSampler, host_batches, index_photos
from .samples import Sample, held_crops, hold_out, measure_prior, prepare
from .team import Team, join, sharing_gradients

PRIOR_CROPS = 3000
WEIGHTS = "weights.safetensors"
LOG_EVERY = 20.0  # seconds


class Ema:
    """Exponential moving average of the parameters, with a start that forgets faster."""

    def __init__(self, network: ColorNetwork, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take one step towards the network."""
        weight = 1.0 - min(self.decay, (1.0 + step) / (10.0 + step))
        mine: list[Tensor] = list(self.network.parameters())
        theirs = list(network.parameters())
        torch._foreach_lerp_(mine, [p.detach() for p in theirs], weight)


def losses(
    network: Callable[[Tensor], Any],
    owner: ColorNetwork,
    sample: Sample,
    encoder: SoftEncoding,
    weights: Tensor,
    config: TrainConfig,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Automatic and hinted loss of a batch, each the mean over the samples it applies to."""
    with torch.autocast(sample.ab.device.type, torch.bfloat16, enabled=config.bf16):
        heads = network(sample.lightness)
    if config.loss == "plain":
        weights = torch.ones_like(weights)
    # The network's own distribution is held against the real colours, p' against those that
    # the hints tell of: an altered truth cannot be known without its hints.
    target = Target(*encoder.sparse(sample.ab.flatten(1, 2)))
    log_p = target_log_probabilities(heads, target)
    automatic = soft_cross_entropy(log_p, target, weights)
    if config.hint_loss == 0.0:
        return automatic.mean(), torch.zeros_like(automatic[0])
    truth = alter_truth(rng, sample.ab, config.share_altered, config.share_altered_object)
    simulated = simulate_hints(rng, truth.ab, config.share_without_hints, truth.regions)
    wanted = truth.ab.flatten(1, 2)
    if config.share_altered + config.share_altered_object > 0:
        target = Target(*encoder.sparse(wanted))
        known = target_log_probabilities(heads, target)
        # Where hints do not reach, p' is p: were it held against invented colours, it would
        # learn to expect them, and grow broad and gray.
        log_p = torch.where(truth.altered[:, None, None], known.detach(), known)
    cells = HintCells(simulated.number, simulated.mass, encoder.dense(simulated.ab))
    mixed = mixture(heads.embedding, heads.gate, cells, owner.log_sigma, owner.log_gamma)
    hinted = soft_cross_entropy(
        hinted_log_probabilities(mixed, log_p, cells, target), target, weights
    )
    if config.hint_error > 0:
        error = hinted_error(heads, mixed, simulated.ab, wanted, weights)
        hinted = hinted + config.hint_error * error
    return automatic.mean(), _mean(hinted, (cells.mass > 0).any(dim=1))


@torch.no_grad()
def watched_loss(
    network: ColorNetwork, photos: Tensor, encoder: SoftEncoding, weights: Tensor, bf16: bool
) -> float:
    """The automatic loss on photos that are kept out, (N, S, S, 3) uint8: the class weights'
    cross-entropy of the averaged network, whatever loss it is trained by."""
    total = torch.zeros((), device=weights.device)
    for start in range(0, len(photos), 16):
        sample = prepare(photos[start : start + 16].to(weights.device))
        with torch.autocast(weights.device.type, torch.bfloat16, enabled=bf16):
            heads = network(sample.lightness)
        target = Target(*encoder.sparse(sample.ab.flatten(1, 2)))
        log_p = target_log_probabilities(heads, target)
        total += soft_cross_entropy(log_p, target, weights).sum()
    return float(total) / len(photos)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    mean: Tensor = (values * mask).sum() / mask.sum().clamp(min=1)
    return mean


def regression_loss(
    network: Callable[[Tensor], Any], sample: Sample, config: TrainConfig
) -> Tensor:
    """L2 of ab (in units of 10) from the first two logits: the ablation's plain regression."""
    with torch.autocast(sample.ab.device.type, torch.bfloat16, enabled=config.bf16):
        heads = network(sample.lightness)
    ab = heads.logits[:, :2].float().permute(0, 2, 3, 1) * 10.0
    loss: Tensor = (ab - sample.ab).square().sum(-1).mean() / 100.0
    return loss


def learning_rate(config: TrainConfig, done: float) -> float:
    """Factor 0..1 at a fraction of the run: linear warm-up, then a cosine down to 1 %."""
    if done < config.warmup:
        return max(0.01, done / config.warmup)
    rest = (done - config.warmup) / (1.0 - config.warmup)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, rest)))


def fitted(config: TrainConfig, names: Iterable[str]) -> TrainConfig:
    """A configuration with as many encoder blocks as the tensors that will fill it."""
    blocks = blocks_of(name.removeprefix("encoder.") for name in names)
    return replace(config, model=replace(config.model, encoder_blocks=blocks))


def build(config: TrainConfig, encoder_file: Path | None) -> ColorNetwork:
    """A network with the pretrained encoder in it (None: random, for tests)."""
    torch.manual_seed(config.seed)
    tensors = None if encoder_file is None else read_encoder_file(encoder_file)
    network = ColorNetwork(config.model if tensors is None else fitted(config, tensors).model)
    network.initialize()
    if tensors is not None:
        load_pretrained(network.encoder, tensors, compensated=config.stem == "compensated")
    return network


def train(
    photos: Sequence[Path],
    out: Path,
    config: TrainConfig,
    *,
    encoder_file: Path | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    resume: bool = False,
    start_from: Path | None = None,
    device: str = "auto",
    checkpoint_every: float = 180.0,
    sheet_every: float = 1800.0,
    watch: Callable[[ColorNetwork, NDArray[np.float64], list[PhotoRef], Path], None] | None = None,
) -> Path:
    """Train for some minutes or steps; returns the weights' path.

    photos: tar shards, folders or files.  out: the run's folder (checkpoint, CSV log,
    contact sheets, weights).  encoder_file: pretrained ResNet-18 or -34 (docs/training.md).
    resume: go on from the folder's checkpoint, if it holds one.  start_from: weights of an
    earlier run to begin with instead of the pretrained encoder alone; their sizes decide.
    watch: called every ``sheet_every`` seconds with the averaged network, the prior and the
    photos held out.
    Ctrl-C and SIGTERM save a checkpoint first.  Under `torchrun` all its processes train one
    network, each on its own photos of the one stream, and the first writes the files.
    """
    if (minutes is None) == (steps is None):
        raise BadOption("a run needs either --minutes or --steps.")
    with join(device) as team:
        return _train(
            team, photos, out, config, encoder_file, minutes, steps, resume, start_from,
            checkpoint_every, sheet_every, watch if team.main else None,
        )  # fmt: skip


def _train(
    team: Team,
    photos: Sequence[Path],
    out: Path,
    config: TrainConfig,
    encoder_file: Path | None,
    minutes: float | None,
    steps: int | None,
    resume: bool,
    start_from: Path | None,
    checkpoint_every: float,
    sheet_every: float,
    watch: Callable[[ColorNetwork, NDArray[np.float64], list[PhotoRef], Path], None] | None,
) -> Path:
    where = team.device
    out.mkdir(parents=True, exist_ok=True)
    sources, held = hold_out(index_photos(photos))
    sampler = PhotoSampler(sources, config)
    on_device = DevicePhotos(sources, config, where) if where.type == "cuda" else None

    state = team.share(load_run(out) if resume and team.main else None)
    if state is not None:
        if "model" not in state:
            raise BadCheckpoint(f"the checkpoint in {out} is of an older version.")
        network = build(replace(config, model=config_from_dict(state["model"])), None)
    elif start_from is not None:
        begin = load_weights(start_from).network
        network = build(replace(config, model=begin.config), None)
        network.load_state_dict(begin.state_dict())
    else:
        network = build(config, encoder_file)
    config = replace(config, model=network.config)
    counts, step, seen, elapsed = np.zeros(COUNT), 0, 0, 0.0
    if state is None and team.main:
        first = Stage(1.0, config.stages[0].crop, 50)
        stream = on_device.batches(first, 0) if on_device else host_batches(sampler, first, 0)
        counts = measure_prior(stream, PRIOR_CROPS)
        if encoder_file is not None and config.calibrate and start_from is None:
            pictures = torch.cat([prepare(next(stream)[0].cpu()).lightness for _ in range(6)])
            if config.model.stem_norm == "group":
                error = calibrate_stem(network.encoder, pictures - config.model.input_mean)
                print(f"stem: GroupNorm reproduces the original within {error:.3f}")
        del stream
    if state is None:
        counts, start = team.share((counts, network.state_dict()))
        network.load_state_dict(start)
    else:
        network.load_state_dict(state["network"])
        counts = np.array(state["counts"])
        step, seen, elapsed = state["step"], state["seen"], state["elapsed"]
        if team.main:
            print(f"resumed at step {step}, {seen} photos, {elapsed / 60:.1f} minutes")
    prior = smoothed_prior(counts)
    weights = torch.tensor(rebalancing_weights(prior), dtype=torch.float32, device=where)
    network = network.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema = Ema(network, config.ema)
    network.set_dropout(config.dropout)
    groups = parameter_groups(network, config)
    others = [p for n, p in network.named_parameters() if not n.startswith("encoder.")]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=True)
    if state is not None:
        ema.network.load_state_dict(state["ema"])
        optimizer.load_state_dict(state["optimizer"])
    run: Callable[[Tensor], Any] = (
        torch.compile(network, dynamic=False) if config.compile else network
    )
    encoder = SoftEncoding(where)
    watched = held_crops(held, config) if team.main else None
    held_loss = ""

    def compute(sample: Sample, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        if config.loss == "regression":
            return regression_loss(run, sample, config), torch.zeros((), device=where)
        return losses(run, network, sample, encoder, weights, config, rng)

    if team.main:
        (out / "config.json").write_text(json.dumps(asdict(config), indent=1))
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, _: stopped.append(n))

    def checkpoint() -> None:
        nonlocal held_loss
        if watched is not None and config.loss != "regression":
            held_loss = f"{watched_loss(ema.network, watched, encoder, weights, config.bf16):.4f}"
        save_run(
            out,
            {
                "model": asdict(network.config),
                "network": network.state_dict(),
                "ema": ema.network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "counts": counts.tolist(),
                "step": step,
                "seen": seen,
                "elapsed": elapsed,
            },
        )
        record = {
            "photos_seen": seen,
            "steps": step,
            "minutes": round(elapsed / 60, 1),
            "device": where.type,
            "processes": team.size,
            "training_photos": sum(len(s) for s in sources.values()),
            "config": asdict(config),
            "started_from": str(start_from.name) if start_from else None,
        }
        save_weights(out / WEIGHTS, ema.network, prior, record)

    log_path = out / "log.csv" if team.main else Path(os.devnull)
    fresh = not log_path.exists() or state is None
    bar = tqdm(
        total=steps,
        initial=step if steps else 0,
        unit="step",
        dynamic_ncols=True,
        disable=not team.main,
    )
    with log_path.open("w" if fresh else "a", newline="") as log_file:
        log = csv.writer(log_file)
        if fresh:
            log.writerow(
                [
                    *("step", "photos", "minutes", "automatic", "hinted", "norm", "rate"),
                    *("photos_s", "held_out"),
                ]
            )
        last_save = last_sheet = clock = time.monotonic()
        last_log = elapsed
        # Added up where they are: asking a GPU for a number each step would let it wait.
        sums, since, logged = torch.zeros(3, device=where), 0, seen
        batches: Iterator[tuple[Tensor, int]] | None = None
        stage: Stage | None = None
        free: bool | None = None
        halt = False  # agreed on by the team: a signal may reach one of it a step later
        while not halt:
            done = step / steps if steps else elapsed / (60.0 * (minutes or 1.0))
            if done >= 1.0:
                break
            wanted = next(s for s in config.stages if done < s.until or s is config.stages[-1])
            if wanted != stage:
                stage, batches = wanted, None
            mine = seen + team.rank * stage.batch  # number of this process's first photo
            if on_device is not None:
                crops, skipped = on_device.batch(mine, stage), on_device.skipped
            else:
                if batches is None:
                    batches = host_batches(sampler, stage, seen, team.rank, team.size)
                crops, skipped = next(batches)
            rng = np.random.default_rng((config.seed, 1, mine))
            sample = prepare(paste(rng, crops.to(where), config.share_pasted))
            seen_as = jitter_tone(rng, sample.lightness, config.share_toned)
            seen_as = wear(rng, seen_as, config.share_worn)
            sample.lightness = seen_as.contiguous(memory_format=torch.channels_last)

            factor = learning_rate(config, done)
            if free != (done >= config.encoder_frozen):
                free = done >= config.encoder_frozen
                network.encoder.requires_grad_(free)
                step_losses = sharing_gradients(
                    team, network, compute, partial=config.loss == "regression"
                )
            for group in optimizer.param_groups:
                base = config.learning_rate * factor
                group["lr"] = base * (config.encoder_rate if group["encoder"] else 1.0)
            automatic, hinted = step_losses(sample, rng)
            loss = automatic + config.hint_loss * hinted
            loss.backward()  # type: ignore[no-untyped-call]
            # Apart: the encoder's gradients are many times larger and would leave the rest none.
            encoder_norm = nn.utils.clip_grad_norm_(network.encoder.parameters(), config.clip)
            norm = nn.utils.clip_grad_norm_(others, config.clip)
            # A step whose gradients are not finite is left out, as a gradient scaler would.
            finite = torch.isfinite(norm) & torch.isfinite(encoder_norm.to(where))
            optimizer.found_inf = (~finite).float()  # type: ignore[attr-defined]
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            ema.update(network, step)

            step, seen = step + 1, seen + len(crops) * team.size
            step_sums = torch.stack([automatic.detach(), hinted.detach(), norm.detach()])
            sums += torch.where(finite, step_sums, sums / max(1, since))  # the mean stays
            since += 1
            if where.type == "cuda" and step % 4 == 0:
                torch.cuda.synchronize(where)  # so that clock and stop are not far ahead of it
            now = time.monotonic()
            halted, elapsed = team.mean((bool(stopped), elapsed + now - clock))
            halt, clock = halted > 0, now
            if elapsed - last_log > LOG_EVERY or (steps and step == steps):
                rate = (seen - logged) / max(1e-6, elapsed - last_log)
                auto, hint, grad = team.mean((sums / since).tolist())
                log.writerow(
                    [
                        *(step, seen, f"{elapsed / 60:.2f}", f"{auto:.4f}", f"{hint:.4f}"),
                        *(f"{grad:.3f}", f"{factor:.4f}", f"{rate:.2f}", held_loss),
                    ]
                )
                log_file.flush()
                bar.set_postfix_str(
                    f"auto {auto:.3f} hinted {hint:.3f} {rate:.1f} photos/s skipped {skipped}"
                )
                sums, since, logged, last_log = torch.zeros_like(sums), 0, seen, elapsed
                held_loss = ""
            bar.update(1)
            if team.main and now - last_save > checkpoint_every:
                checkpoint()
                last_save = time.monotonic()
            if watch is not None and now - last_sheet > sheet_every:
                watch(ema.network, prior, held, out / f"sheet-{step:07d}.png")
                last_sheet = time.monotonic()
    bar.close()
    if team.main:
        checkpoint()
        if held_loss:  # of the weights that the run ends with
            with log_path.open("a", newline="") as log_file:
                csv.writer(log_file).writerow(
                    [step, seen, f"{elapsed / 60:.2f}", "", "", "", "", "", held_loss]
                )
    # torchrun kills what is not over half a minute after it was told to stop.
    if watch is not None and not (halt and team.size > 1):
        watch(ema.network, prior, held, out / f"sheet-{step:07d}.png")
    return out / WEIGHTS


def parameter_groups(network: ColorNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    """Encoder and rest apart (rates), vectors without weight decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        key = name.startswith("encoder."), parameter.ndim > 1
        groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "encoder": encoder,
            "weight_decay": config.weight_decay if matrix else 0.0,
        }
        for (encoder, matrix), parameters in sorted(groups.items())
    ]
