"""The encoder against its check file, the stem, the whole network's shape and cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from handtint_model import BadCheckpoint, Colorizer
from handtint_model.network import ColorNetwork, ModelConfig
from handtint_model.network.encoder import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Encoder,
    calibrate_stem,
    load_pretrained,
    read_encoder_file,
)


def random_encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(3, "none")


@pytest.mark.data
def test_reproduces_the_check_file(data_folder: Path) -> None:
    check = np.load(data_folder / "encoder" / "resnet18-l3-check.npz")
    encoder = Encoder(3, "none")
    tensors = read_encoder_file(data_folder / "encoder" / "resnet18-l3.safetensors")
    encoder.load_state_dict(tensors)
    picture = torch.from_numpy(check["input"])
    with torch.no_grad():
        stages = {"stem": encoder.stem(picture)}
        stages |= dict(zip(("layer1", "layer2", "layer3"), encoder(picture)))
    for name, got in stages.items():
        wanted = torch.from_numpy(check[name])
        assert (got - wanted).norm() / wanted.norm() < 1e-2, name


@pytest.mark.parametrize("compensated", [True, False])
def test_gray_stem_equals_the_color_stem_on_gray(compensated: bool) -> None:
    color = random_encoder()
    gray = Encoder(1, "none")
    load_pretrained(gray, color.state_dict(), compensated=compensated)
    picture = torch.rand(2, 1, 64, 64)
    mean, std = (torch.tensor(v)[None, :, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.no_grad():
        wanted = color.conv1((picture.repeat(1, 3, 1, 1) - mean) / std)
        got = gray.conv1(picture - 0.449)
    # Zero padding stands for the channel means, which differ from 0.449: not the border.
    inside = (..., slice(2, -2), slice(2, -2))
    same = torch.allclose(got[inside], wanted[inside], atol=1e-4)
    assert same is compensated


def test_calibrated_groupnorm_reproduces_the_stem() -> None:
    gray = Encoder(1, "group")
    pictures = torch.rand(24, 1, 64, 64) ** torch.linspace(0.5, 2, 24)[:, None, None, None] - 0.449
    plain = gray.conv1(pictures)
    before = (gray.norm(plain) - plain).norm()
    error = calibrate_stem(gray, pictures)
    assert (gray.norm(plain) - plain).norm() < 0.5 * before
    assert 0.0 < error < 0.5
    # Least squares: no other slope or shift comes closer.
    for name in ("weight", "bias"):
        best = (gray.norm(plain) - plain).square().sum()
        with torch.no_grad():
            getattr(gray.norm, name).add_(0.05)
            assert (gray.norm(plain) - plain).square().sum() > best
            getattr(gray.norm, name).sub_(0.05)


@pytest.mark.slow
def test_no_batchnorm_and_at_most_15_gflop(colorizer: Colorizer) -> None:
    network = colorizer.network
    assert isinstance(network.encoder.norm, nn.GroupNorm)
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        heads = network(torch.rand(1, 1, 256, 256))
    assert counter.get_total_flops() <= 15e9
    assert [t.shape for t in heads] == [(1, 313, 64, 64), (1, 32, 64, 64), (1, 1, 64, 64)]


@pytest.mark.parametrize("shape", [(32, 32), (32, 96), (160, 64)])
def test_any_size_and_batch(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = ColorNetwork(ModelConfig()).eval()
    pictures = torch.rand(2, 1, *shape)
    with torch.no_grad():
        both = network(pictures)
        one = network(pictures[1:])
    assert both.logits.shape[2:] == (shape[0] // 4, shape[1] // 4)
    assert torch.allclose(both.logits[1:], one.logits, atol=1e-4)


def test_a_foreign_encoder_file_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"conv1.weight": torch.zeros(1)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(BadCheckpoint, match="lacks"):
        read_encoder_file(tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors")
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        read_encoder_file(tmp_path / "text.safetensors")
