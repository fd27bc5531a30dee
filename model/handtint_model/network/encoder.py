"""ResNet-18 to its third layer, fed with lightness, with GroupNorm in the stem.

The BatchNorms of the layers are folded into their convolutions in the file that the
weights come from, so the blocks hold none (He et al., "Deep Residual Learning", 2016).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import BadCheckpoint

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CHANNELS = (64, 64, 128, 256)
"""Channels of the stem and of layers 1, 2, 3 (strides 2, 4, 8, 16)."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; norms folded into the convolutions."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inside, H, W) to (B, outside, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        inner = F.relu(self.conv1(x), inplace=True)
        return F.relu(self.conv2(inner) + shortcut, inplace=True)


class Encoder(nn.Module):
    """Features at strides 4, 8 and 16 of a one-channel (or, for checks, RGB) picture.

    blocks: of layers 1, 2, 3; those of ResNet-18 unless told otherwise.
    """

    def __init__(
        self, channels: int = 1, norm: str = "group", blocks: tuple[int, int, int] = (2, 2, 2)
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, CHANNELS[0], 7, 2, 3)
        self.norm = nn.GroupNorm(32, CHANNELS[0]) if norm == "group" else nn.Identity()
        self.layer1 = self._layer(CHANNELS[0], CHANNELS[1], 1, blocks[0])
        self.layer2 = self._layer(CHANNELS[1], CHANNELS[2], 2, blocks[1])
        self.layer3 = self._layer(CHANNELS[2], CHANNELS[3], 2, blocks[2])

    @staticmethod
    def _layer(inside: int, outside: int, stride: int, blocks: int) -> nn.Sequential:
        more = (BasicBlock(outside, outside, 1) for _ in range(blocks - 1))
        return nn.Sequential(BasicBlock(inside, outside, stride), *more)

    def stem(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, 64, H/2, W/2), after the activation."""
        return F.relu(self.norm(self.conv1(x)), inplace=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, C, H, W) to features (B, 64, H/4, W/4), (B, 128, H/8, ..), (B, 256, H/16, ..)."""
        stride4 = self.layer1(F.max_pool2d(self.stem(x), 3, 2, 1))
        stride8 = self.layer2(stride4)
        return stride4, stride8, self.layer3(stride8)


def blocks_of(names: Iterable[str]) -> tuple[int, int, int]:
    """How many blocks layers 1, 2, 3 have, told by the names of an encoder's tensors."""
    last = [0, 0, 0]
    for name in names:
        if found := re.fullmatch(r"layer([123])\.(\d{1,2})\.conv1\.weight", name):
            layer, block = int(found[1]) - 1, int(found[2])
            last[layer] = max(last[layer], block)
    return last[0] + 1, last[1] + 1, last[2] + 1


def fold_norms(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """torchvision's tensors with every BatchNorm folded into the convolution before it."""
    folded = {name: tensor.float() for name, tensor in tensors.items()}
    for name, weight in tensors.items():
        conv, _, kind = name.rpartition(".")
        bn = re.sub(r"downsample\.0$", "downsample.1", re.sub(r"conv(\d)$", r"bn\1", conv))
        if kind != "weight" or weight.ndim != 4 or f"{bn}.running_var" not in tensors:
            continue
        scale, shift, mean, variance = (
            tensors[f"{bn}.{part}"].float()
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = scale / (variance + 1e-5).sqrt()
        folded[name] = weight.float() * scale[:, None, None, None]
        folded[f"{conv}.bias"] = shift - mean * scale
    return folded


def read_encoder_file(path: Path | str) -> dict[str, Tensor]:
    """The tensors of a ResNet-18 or -34 by torchvision's names, norms folded or as they are."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise BadCheckpoint(f"the encoder file {path} cannot be read: {error}.") from error
    try:
        tensors = fold_norms(tensors)
    except (KeyError, RuntimeError, IndexError) as error:
        raise BadCheckpoint(f"the norms in the encoder file {path} do not fit: {error}.") from error
    with torch.device("meta"):
        wanted = Encoder(3, "none", blocks_of(tensors)).state_dict()
    if missing := sorted(set(wanted) - set(tensors)):
        raise BadCheckpoint(f"the encoder file {path} lacks {', '.join(missing[:3])}.")
    for name, tensor in wanted.items():
        if tensors[name].shape != tensor.shape:
            raise BadCheckpoint(
                f"the encoder file {path} is of another kind at {name}: ResNet-18 and ResNet-34 "
                "can be used."
            )
    return {name: tensors[name] for name in wanted}


def gray_stem(tensors: Mapping[str, Tensor], *, compensated: bool = True) -> tuple[Tensor, Tensor]:
    """Weight (64, 1, 7, 7) and bias (64,) of a one-channel stem.

    Compensated: the RGB kernels divided by the channels' deviations and summed, for input
    minus 0.449, so that a gray picture gives the features that it gave as RGB; what the
    channel means differ from 0.449 goes into the bias (exact but for the border, where the
    padding's zeros stand for that mean).  Not compensated: the kernels simply summed, as
    is often done, kept for the ablation.
    """
    weight, bias = tensors["conv1.weight"], tensors["conv1.bias"]
    if not compensated:
        return weight.sum(dim=1, keepdim=True), bias.clone()
    std = torch.tensor(IMAGENET_STD)[None, :, None, None]
    shift = torch.tensor(IMAGENET_MEAN)[None, :, None, None] - 0.449
    scaled = weight / std
    return scaled.sum(dim=1, keepdim=True), bias - (scaled * shift).sum(dim=(1, 2, 3))


@torch.no_grad()
def load_pretrained(
    encoder: Encoder, tensors: Mapping[str, Tensor], *, compensated: bool = True
) -> None:
    """Fill a one-channel encoder from a folded RGB file; GroupNorm starts as identity."""
    weight, bias = gray_stem(tensors, compensated=compensated)
    state = {k: v for k, v in tensors.items() if not k.startswith("conv1.")}
    state |= {"conv1.weight": weight, "conv1.bias": bias}
    encoder.load_state_dict(state, strict=False)


@torch.no_grad()
def calibrate_stem(encoder: Encoder, pictures: Tensor) -> float:
    """Set the GroupNorm's affine so that it reproduces the stem without it.

    pictures: (B, 1, H, W), network input.  Least squares per channel of
    ``weight * normalised + bias`` against the plain convolution.  Returns the relative error
    of the stem's output after the activation.
    """
    assert isinstance(encoder.norm, nn.GroupNorm)
    target = encoder.conv1(pictures)
    normalized = F.group_norm(target, encoder.norm.num_groups, eps=encoder.norm.eps)
    x, y = (t.transpose(0, 1).flatten(1).double() for t in (normalized, target))
    x_mean, y_mean = x.mean(1), y.mean(1)
    covariance = (x * y).mean(1) - x_mean * y_mean
    slope = covariance / ((x * x).mean(1) - x_mean**2).clamp(min=1e-12)
    encoder.norm.weight.copy_(slope)
    encoder.norm.bias.copy_(y_mean - slope * x_mean)
    wanted, got = F.relu(target), F.relu(encoder.norm(target))
    return float((got - wanted).norm() / wanted.norm())
