"""Encoder files of other depths and with their norms: what larger training starts from."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from skimage import data
from torch import Tensor, nn
from torch.nn import functional as F

from handtint_model import BadCheckpoint
from handtint_model.network import ModelConfig
from handtint_model.network.checkpoint import load_weights
from handtint_model.network.encoder import Encoder, blocks_of, read_encoder_file
from handtint_model.training import PRESETS, Stage, train

RESNET34 = (3, 4, 6)


def torchvision_tensors(blocks: tuple[int, int, int]) -> dict[str, Tensor]:
    """Random tensors with the names and shapes of torchvision's ResNet, layer 4 included."""
    torch.manual_seed(3)
    tensors: dict[str, Tensor] = {}

    def conv(name: str, bn: str, outside: int, inside: int, size: int) -> None:
        tensors[f"{name}.weight"] = torch.randn(outside, inside, size, size) * 0.05
        tensors[f"{bn}.weight"] = 0.5 + torch.rand(outside)
        tensors[f"{bn}.bias"] = torch.randn(outside) * 0.2
        tensors[f"{bn}.running_mean"] = torch.randn(outside) * 0.3
        tensors[f"{bn}.running_var"] = 0.2 + torch.rand(outside)
        tensors[f"{bn}.num_batches_tracked"] = torch.tensor(7)

    conv("conv1", "bn1", 64, 3, 7)
    inside = 64
    for layer, (count, width) in enumerate(zip((*blocks, 2), (64, 128, 256, 512)), 1):
        for block in range(count):
            name = f"layer{layer}.{block}"
            conv(f"{name}.conv1", f"{name}.bn1", width, inside, 3)
            conv(f"{name}.conv2", f"{name}.bn2", width, width, 3)
            if inside != width:
                conv(f"{name}.downsample.0", f"{name}.downsample.1", width, inside, 1)
            inside = width
    tensors["fc.weight"], tensors["fc.bias"] = torch.randn(10, 512), torch.randn(10)
    return tensors


def with_norms(tensors: dict[str, Tensor], x: Tensor, blocks: tuple[int, int, int]) -> Tensor:
    """Stride 16 as torchvision computes it, norm by norm."""

    def step(x: Tensor, conv: str, bn: str, stride: int, padding: int) -> Tensor:
        x = F.conv2d(x, tensors[f"{conv}.weight"], None, stride, padding)
        norm = [tensors[f"{bn}.{part}"] for part in ("running_mean", "running_var")]
        return F.batch_norm(x, *norm, tensors[f"{bn}.weight"], tensors[f"{bn}.bias"])

    x = F.max_pool2d(F.relu(step(x, "conv1", "bn1", 2, 3)), 3, 2, 1)
    for layer, count in enumerate(blocks, 1):
        for block in range(count):
            name = f"layer{layer}.{block}"
            stride = 2 if layer > 1 and block == 0 else 1
            inner = F.relu(step(x, f"{name}.conv1", f"{name}.bn1", stride, 1))
            inner = step(inner, f"{name}.conv2", f"{name}.bn2", 1, 1)
            if f"{name}.downsample.0.weight" in tensors:
                x = step(x, f"{name}.downsample.0", f"{name}.downsample.1", stride, 0)
            x = F.relu(inner + x)
    return x


@pytest.mark.parametrize("blocks", [(2, 2, 2), RESNET34])
def test_norms_are_folded_and_blocks_are_counted(
    blocks: tuple[int, int, int], tmp_path: Path
) -> None:
    tensors = torchvision_tensors(blocks)
    save_file(tensors, str(tmp_path / "resnet.safetensors"))
    read = read_encoder_file(tmp_path / "resnet.safetensors")
    assert blocks_of(read) == blocks
    encoder = Encoder(3, "none", blocks)
    encoder.load_state_dict(read)
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        wanted = with_norms(tensors, picture, blocks)
        got = encoder(picture)[2]
    assert (got - wanted).norm() / wanted.norm() < 1e-4
    # Folded once, it is read as it is.
    save_file(read, str(tmp_path / "folded.safetensors"))
    again = read_encoder_file(tmp_path / "folded.safetensors")
    assert all(torch.equal(read[name], again[name]) for name in read)


def test_an_encoder_of_another_kind_is_refused(tmp_path: Path) -> None:
    tensors = torchvision_tensors((2, 2, 2))
    tensors["layer1.0.conv1.weight"] = torch.zeros(64, 64, 1, 1)  # a ResNet-50's
    save_file(tensors, str(tmp_path / "resnet50.safetensors"))
    with pytest.raises(BadCheckpoint, match=r"another kind at layer1\.0\.conv1"):
        read_encoder_file(tmp_path / "resnet50.safetensors")
    tensors = torchvision_tensors((2, 2, 2))
    del tensors["layer1.0.bn1.weight"]
    save_file(tensors, str(tmp_path / "part.safetensors"))
    with pytest.raises(BadCheckpoint, match="norms"):
        read_encoder_file(tmp_path / "part.safetensors")


@pytest.mark.slow
def test_trained_resumed_and_loaded_with_more_blocks(tmp_path: Path) -> None:
    """The weights say how deep their encoder is; resuming and starting from them need no file."""
    for number in range(6):
        out = io.BytesIO()
        Image.fromarray(data.coffee()[:130, 90 * number :][:, :140]).save(out, "PNG")
        (tmp_path / f"{number}.png").write_bytes(out.getvalue())
    save_file(torchvision_tensors(RESNET34), str(tmp_path / "resnet34.safetensors"))
    config = replace(PRESETS["toy"], stages=(Stage(1.0, 32, 2),))
    assert config.model.encoder_blocks == (2, 2, 2)
    encoder, run = tmp_path / "resnet34.safetensors", tmp_path / "run"
    weights = train([tmp_path], run, config, encoder_file=encoder, steps=2, device="cpu")
    network = load_weights(weights).network
    assert network.config.encoder_blocks == RESNET34
    assert len(network.encoder.layer3) == 6
    assert isinstance(network.encoder.layer3[5].conv2, nn.Conv2d)
    train([tmp_path], run, config, steps=3, resume=True, device="cpu")
    again = load_weights(weights)
    assert again.network.config.encoder_blocks == RESNET34
    assert again.record["steps"] == 3
    # Whatever sizes the configuration names, those of the weights and of the checkpoint count.
    other, on = replace(config, model=ModelConfig()), tmp_path / "on"
    later = train([tmp_path], on, other, steps=1, start_from=weights, device="cpu")
    assert load_weights(later).network.config == network.config
    train([tmp_path], on, other, steps=2, resume=True, device="cpu")
    assert load_weights(later).network.config == network.config


def test_weights_without_the_setting_are_of_resnet18() -> None:
    """The shipped file is older than the setting, or agrees with it."""
    assert load_weights().network.config.encoder_blocks == ModelConfig().encoder_blocks
