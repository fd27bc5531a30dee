"""The second encoder: its file, its padding, and a network that has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from handtint_model import BadCheckpoint
from handtint_model.network import PRETRAINED, ColorNetwork
from handtint_model.network.checkpoint import load_weights, save_weights
from handtint_model.network.second_encoder import (
    CHANNELS,
    DEVIATION,
    MEAN,
    STAGES,
    SecondEncoder,
    load_pretrained_second,
    read_second_encoder_file,
)
from handtint_model.training import PRESETS, Stage, train
from handtint_model.training.beginning import with_second_encoder
from handtint_model.training.checkpoints import load_run
from handtint_model.training.loop import parameter_groups

Tensors = dict[str, Tensor]

TINY = PRESETS["toy"].model


def published() -> Tensors:
    """Tensors by the names and of the sizes of EfficientNet-Lite2's checkpoint, at random."""
    numbers = torch.Generator().manual_seed(3)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=numbers)

    def conv(name: str, norm: str, *shape: int) -> Tensors:
        fan = float(np.prod(shape[1:]))
        return {
            f"{name}.weight": random(*shape) * (2.0 / fan) ** 0.5,
            f"{norm}.weight": 1.0 + 0.1 * random(shape[0]),
            f"{norm}.bias": 0.1 * random(shape[0]),
            f"{norm}.running_mean": 0.1 * random(shape[0]),
            f"{norm}.running_var": 0.5 + random(shape[0]).square(),
        }

    found = conv("_conv_stem", "_bn0", 32, 3, 3, 3)
    inside, number = 32, 0
    for stage in STAGES:
        for _ in range(stage.blocks):
            name, wide = f"_blocks.{number}", inside * stage.expand
            if stage.expand > 1:
                found |= conv(f"{name}._expand_conv", f"{name}._bn0", wide, inside, 1, 1)
            kernel = stage.kernel, stage.kernel
            found |= conv(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, *kernel)
            found |= conv(f"{name}._project_conv", f"{name}._bn2", stage.channels, wide, 1, 1)
            inside, number = stage.channels, number + 1
    return found


def as_published(tensors: Tensors, lightness: Tensor) -> list[Tensor]:
    """Lite2's features as its authors compute them: RGB, norms by themselves, "same" padding."""

    def conv(x: Tensor, name: str, norm: str, stride: int = 1) -> Tensor:
        weight = tensors[f"{name}.weight"]
        pads = []
        for side in (x.shape[3], x.shape[2]):
            more = max(0, (-(-side // stride) - 1) * stride + weight.shape[-1] - side)
            pads += [more // 2, more - more // 2]
        groups = weight.shape[0] if "depthwise" in name else 1
        x = F.conv2d(F.pad(x, pads), weight, None, stride, 0, 1, groups)
        mean, variance, scale, shift = (
            tensors[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, variance, scale, shift, False, 0.0, 1e-3)

    x = (lightness.expand(-1, 3, -1, -1) - MEAN) / DEVIATION
    x = F.relu6(conv(x, "_conv_stem", "_bn0", 2))
    found, number = [], 0
    for stage in STAGES:
        for block in range(stage.blocks):
            name, start = f"_blocks.{number}", x
            if stage.expand > 1:
                x = F.relu6(conv(x, f"{name}._expand_conv", f"{name}._bn0"))
            stride = stage.stride if block == 0 else 1
            x = F.relu6(conv(x, f"{name}._depthwise_conv", f"{name}._bn1", stride))
            x = conv(x, f"{name}._project_conv", f"{name}._bn2")
            if block > 0:
                x = x + start
            number += 1
        if stage.channels in CHANNELS:
            found.append(x)
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lite") / "lite2.pth"
    torch.save(published() | {"_fc.weight": torch.zeros(1)}, path)
    return path


@torch.no_grad()
def test_at_its_own_size_it_is_the_published_network(file: Path) -> None:
    encoder = SecondEncoder(CHANNELS)
    load_pretrained_second(encoder, read_second_encoder_file(file))
    for join in encoder.joins:
        assert isinstance(join, nn.Conv2d)
        assert join.bias is not None
        nn.init.dirac_(join.weight)
        nn.init.zeros_(join.bias)
    picture = torch.rand((1, 1, 260, 260), generator=torch.Generator().manual_seed(1))
    wanted = as_published(published(), picture)
    got = encoder(picture)
    assert [x.shape[2] for x in got] == [33, 17, 9]
    for x, y in zip(got, wanted, strict=True):
        assert (x - y).norm() / y.norm() < 1e-4


@torch.no_grad()
def test_a_network_with_one_begins_as_it_was(file: Path) -> None:
    torch.manual_seed(2)
    alone = ColorNetwork(TINY).eval()
    both = with_second_encoder(alone, file).eval()
    picture = torch.rand(1, 1, 64, 96)
    for was, now in zip(alone(picture), both(picture)):
        assert torch.equal(was, now)
    assert both.second is not None
    both.second.joins[0].weight[0, 0] = 1.0  # type: ignore[index]
    assert not torch.equal(alone(picture).logits, both(picture).logits)


def test_it_is_saved_with_the_weights(file: Path, tmp_path: Path) -> None:
    both = with_second_encoder(ColorNetwork(TINY), file).eval()
    save_weights(tmp_path / "w.safetensors", both, np.full(313, 1 / 313), {}, torch.float32)
    again = load_weights(tmp_path / "w.safetensors").network
    assert again.config.second_encoder
    picture = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        assert torch.equal(again(picture).logits, both(picture).logits)


def test_it_learns_at_the_rate_of_the_encoder(file: Path) -> None:
    network = with_second_encoder(ColorNetwork(TINY), file)
    slow = {
        id(p)
        for group in parameter_groups(network, PRESETS["toy"])
        if group["encoder"]
        for p in group["params"]
    }
    for name, parameter in network.named_parameters():
        assert (id(parameter) in slow) == name.startswith(PRETRAINED), name
    assert network.second is not None
    assert id(network.second.stem.weight) in slow
    assert id(network.second.joins[0].weight) not in slow


def test_half_precision_reaches_its_gradients(file: Path) -> None:
    encoder = SecondEncoder((8, 8, 8))
    encoder.load_state_dict(read_second_encoder_file(file), strict=False)
    picture = torch.rand(2, 1, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(picture)
    whole = encoder(picture)
    for x, y in zip(half, whole):
        assert float((x.float() - y).detach().norm() / y.detach().norm()) < 0.3
    sum(x.float().sum() for x in half).backward()  # type: ignore[union-attr]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_other_files_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        read_second_encoder_file(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("no checkpoint")
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        read_second_encoder_file(tmp_path / "text.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(BadCheckpoint, match="holds no EfficientNet-Lite2"):
        read_second_encoder_file(tmp_path / "list.pth")
    other = published()
    del other["_blocks.3._bn1.weight"]
    torch.save(other, tmp_path / "lacks.pth")
    with pytest.raises(BadCheckpoint, match="holds no EfficientNet-Lite2"):
        read_second_encoder_file(tmp_path / "lacks.pth")
    wide = published()
    wide["_conv_stem.weight"] = torch.zeros(32, 3, 5, 5)
    torch.save(wide, tmp_path / "wide.pth")
    with pytest.raises(BadCheckpoint, match=r"another kind at stem\.weight"):
        read_second_encoder_file(tmp_path / "wide.pth")


@pytest.mark.slow
def test_training_goes_on_with_it(file: Path, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(8):
        coarse = generator.integers(0, 256, (4, 4, 3), np.uint8)
        picture = Image.fromarray(coarse).resize((48, 48), Image.Resampling.BICUBIC)
        picture.save(tmp_path / "photos" / f"{number}.png")
    begun = read_second_encoder_file(file)
    for frozen, still, name in ((1.0, False, "frozen"), (0.0, False, "free"), (0.0, True, "still")):
        config = replace(
            PRESETS["toy"],
            stages=(Stage(1.0, 32, 4),),
            encoder_frozen=frozen,
            second_encoder_frozen=still,
        )
        out, photos = tmp_path / name, [tmp_path / "photos"]
        train(photos, out, config, second_encoder_file=file, steps=2)
        weights = load_weights(train(photos, out, config, steps=3, resume=True)).network
        assert weights.config.second_encoder
        run = load_run(out)
        assert run is not None
        assert run["step"] == 3
        same = [torch.equal(run["network"][f"second.{n}"], t) for n, t in begun.items()]
        assert all(same) if frozen or still else not all(same)
        assert run["network"]["second.joins.1.weight"].abs().max() > 0


def test_some_photos_are_seen_without_it_while_training() -> None:
    torch.manual_seed(5)
    encoder = SecondEncoder((8, 8, 8))
    lightness = torch.rand(40, 1, 64, 64)
    encoder.left_out = 0.4
    with torch.no_grad():
        whole = encoder.eval()(lightness)
        parts = encoder.train()(lightness)
    kept = torch.tensor([not torch.equal(x, torch.zeros_like(x)) for x in parts[0]])
    assert 12 < int(kept.sum()) < 36  # 24 expected, with a deviation of 3.1
    for part, x in zip(parts, whole):
        assert torch.equal(part[~kept], torch.zeros_like(x[~kept]))
        torch.testing.assert_close(part[kept], x[kept])
