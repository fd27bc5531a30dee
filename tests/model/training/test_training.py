"""Training: streams, simulated users, losses, and that a run goes on after a kill."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage import data

from handtint_model import BadImage, BadOption
from handtint_model.color.bins import SoftEncoding
from handtint_model.network.checkpoint import load_weights
from handtint_model.training import PRESETS, Stage, read_config, train
from handtint_model.training.augment import jitter_tone, paste, wear
from handtint_model.training.beginning import build
from handtint_model.training.checkpoints import load_run
from handtint_model.training.device_photos import DevicePhotos
from handtint_model.training.hint_simulation import (
    STROKE_TOLERANCE,
    alter_truth,
    pick_objects,
    simulate_hints,
)
from handtint_model.training.loop import learning_rate
from handtint_model.training.objective import losses
from handtint_model.training.photos import PhotoSampler, host_batches, index_photos
from handtint_model.training.samples import hold_out, prepare

SMALL = Stage(1.0, 32, 4)
TOY = replace(PRESETS["toy"], stages=(SMALL,))


def encoded(picture: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind)
    return out.getvalue()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photos and a tar shard, with broken, gray and foreign files among them."""
    folder = tmp_path_factory.mktemp("photos")
    crops = [data.coffee()[y : y + 130, x : x + 140] for y in (0, 130, 260) for x in (0, 200, 400)]
    (folder / "coffee").mkdir()
    for number, crop in enumerate(crops):
        kind = ("PNG", "JPEG", "WEBP")[number % 3]
        (folder / "coffee" / f"{number}.{kind.lower()}").write_bytes(encoded(crop, kind))
    gray = np.repeat(crops[0].mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    (folder / "coffee" / "gray.png").write_bytes(encoded(gray, "PNG"))
    (folder / "coffee" / "broken.jpg").write_bytes(encoded(crops[1], "JPEG")[:300])
    (folder / "coffee" / "notes.txt").write_text("no photo")
    with tarfile.open(folder / "cats-000.tar", "w") as tar:
        for number in range(4):
            cat = encoded(data.chelsea()[: 200 + number], "WEBP")
            info = tarfile.TarInfo(f"{number}.webp")
            info.size = len(cat)
            tar.addfile(info, io.BytesIO(cat))
    return folder


def test_index(photos: Path) -> None:
    sources = index_photos([photos])
    assert {name: len(refs) for name, refs in sources.items()} == {"cats": 4, "coffee": 11}
    assert sources["cats"][2].read()[8:12] == b"WEBP"
    with pytest.raises(BadImage, match="no file or folder"):
        index_photos([photos / "nothing"])
    with pytest.raises(BadImage, match="holds no photos"):
        index_photos([photos / "coffee" / "notes.txt"])


def test_sampling_skips_counts_and_repeats(photos: Path) -> None:
    sampler = PhotoSampler(index_photos([photos]), TOY)
    first = [sampler.draw(n, SMALL) for n in range(60)]
    assert sampler.skipped == {
        f"{photos}/coffee/{name}/{name}" for name in ("gray.png", "broken.jpg")
    }
    again = PhotoSampler(index_photos([photos]), TOY)
    assert np.array_equal(again.draw(17, SMALL), first[17])
    assert not np.array_equal(first[17], first[18])


def test_sources_are_balanced_by_the_square_root(photos: Path) -> None:
    sampler = PhotoSampler(index_photos([photos]), TOY)
    assert sampler.weights == pytest.approx(np.sqrt([4, 11]) / np.sqrt([4, 11]).sum())


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_do_not_depend_on_workers(photos: Path, workers: int) -> None:
    config = replace(TOY, workers=workers)
    sampler = PhotoSampler(index_photos([photos]), config)
    stream = host_batches(sampler, config.stages[0], 8)
    got = torch.cat([next(stream)[0] for _ in range(3)])
    wanted = np.stack(
        [PhotoSampler(index_photos([photos]), TOY).draw(8 + n, SMALL) for n in range(12)]
    )
    assert np.array_equal(got.numpy(), wanted)


def test_crops_on_the_device_are_the_same_pictures(photos: Path) -> None:
    config = replace(TOY, scale=(0.01, 0.9))  # close enough to need every pixel
    sources = {"cats": index_photos([photos])["cats"]}
    store = DevicePhotos(sources, config, torch.device("cpu"))
    whole = data.chelsea()[:200]
    crop = store.crop(np.array([0]), np.array([[30.0, 10.0, 128.0]]), np.array([False]), 128)
    difference = crop[0].numpy().astype(int) - whole[10:138, 30:158]
    assert np.abs(difference).mean() < 6  # WebP is lossy
    flipped = store.crop(np.array([0]), np.array([[30.0, 10.0, 128.0]]), np.array([True]), 128)
    assert np.array_equal(flipped[0].numpy()[:, ::-1], crop[0].numpy())
    assert store.batch(0, config.stages[0]).shape == (4, 32, 32, 3)


@pytest.mark.parametrize("side", [37.3, 128.0, 199.5])  # to 64: enlarged, reduced, reduced more
def test_crops_on_the_device_are_resized_as_pillow_does(tmp_path: Path, side: float) -> None:
    Image.fromarray(data.chelsea()[:200, :330]).save(tmp_path / "cat.png")
    Image.fromarray(data.coffee()[:210, :200]).save(tmp_path / "coffee.png")
    config = replace(TOY, stages=(Stage(1.0, 64, 2, (0.02, 1.0)),))
    store = DevicePhotos(index_photos([tmp_path]), config, torch.device("cpu"))
    boxes = np.array([[330.0 - side, 0.0, side], [0.5, 210.0 - side, side]])
    crops = store.crop(np.array([0, 1]), boxes, np.array([False, True]), 64).numpy()
    for number, picture in enumerate((data.chelsea()[:200, :330], data.coffee()[:210, :200])):
        left, top, _ = boxes[number]
        expected = Image.fromarray(picture).resize(
            (64, 64), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
        )
        got = crops[number] if number == 0 else crops[number][:, ::-1]
        # Pillow rounds between its two passes.
        assert np.abs(got.astype(int) - np.asarray(expected)).max() <= 2


def test_large_photos_are_kept_as_large_as_crops_show_them(tmp_path: Path) -> None:
    Image.fromarray(data.coffee()).save(tmp_path / "coffee.png")  # 600 x 400
    config = replace(TOY, stages=(Stage(0.5, 32, 2, (0.25, 1.0)), Stage(1.0, 64, 2, (0.64, 1.0))))
    store = DevicePhotos(index_photos([tmp_path]), config, torch.device("cpu"))
    assert store.shapes.tolist() == [[80, 120]]  # 64 pixels at 0.8 of the side
    whole = np.asarray(Image.fromarray(data.coffee()).resize((120, 80), Image.Resampling.BOX))
    kept = store.pixels.reshape(80, 120, 3).numpy()
    assert np.abs(kept.astype(int) - whole).mean() < 6


def test_simulated_hints_bring_the_truth() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(20, 80, (40, 12, 16, 2)).astype(np.float32)
    truth[:, :, :8] = 5.0  # half of every picture is one object, which no stroke leaves
    hints = simulate_hints(rng, torch.from_numpy(truth), 0.25)
    number, mass, ab = (part.numpy() for part in hints)
    count = (mass > 0).sum(axis=1)
    assert 3 <= (count == 0).sum() <= 20
    assert count.max() > 8
    assert set(np.unique(mass)) <= {0.0, 1.0}
    assert number.min() >= 0
    assert number.max() < 12 * 16
    plain = 0
    for b in range(40):
        assert (mass[b, : count[b]] == 1).all()  # those that there are come first
        for k in range(count[b]):
            column = number[b, k] % 16
            if column < 2:  # squares up to 6 cells do not reach from here to column 8
                assert ab[b, k] == pytest.approx([5.0, 5.0], abs=1e-4)
                plain += 1
    assert plain > 20


def test_a_square_and_a_stroke_have_the_color_under_them() -> None:
    """One hint a picture: its cells bring the mean of just those cells of the truth."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:12, :16]
    smooth = np.stack([3.0 * y, 4.0 * x], axis=-1).astype(np.float32)
    truth = torch.from_numpy(np.repeat(smooth[None], 400, axis=0))
    number, mass, ab = (part.numpy() for part in simulate_hints(rng, truth, 0.0))
    flat, lines, squares = smooth.reshape(-1, 2), 0, 0
    for b in range(400):
        cells, colors = number[b][mass[b] > 0], ab[b][mass[b] > 0]
        if len(np.unique(colors, axis=0)) != 1:
            continue  # several hints
        assert colors[0] == pytest.approx(flat[cells].mean(axis=0), abs=0.2)
        rows, columns = np.divmod(np.unique(cells), 16)
        high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        squares += len(rows) == high * wide and 1 < high == wide
        if len(rows) < high * wide and min(high, wide) > 1:
            lines += 1
            assert np.abs(flat[cells] - flat[cells[0]]).max() <= STROKE_TOLERANCE
    assert lines > 5
    assert squares > 20


def test_altered_truth_is_turned_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 15, (60, 4, 4, 2)).astype(np.float32)
    changed, altered, regions = (p.numpy() for p in alter_truth(rng, torch.from_numpy(truth), 0.4))
    assert 12 <= altered.sum() <= 36
    assert not regions.any()
    assert np.array_equal(changed[~altered], truth[~altered])
    for b in np.flatnonzero(altered):
        before, after = truth[b].reshape(-1, 2), changed[b].reshape(-1, 2)
        ratio = np.linalg.norm(after, axis=1) / np.linalg.norm(before, axis=1)
        assert ratio == pytest.approx(np.full(16, ratio[0]), rel=1e-3)
        assert not np.allclose(after, before, atol=1.0)


def test_one_object_is_altered_and_hinted() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((40, 12, 16, 2), np.float32)
    truth[:, 2:8, 3:9] = (30.0, 20.0)
    truth += rng.normal(0, 1, truth.shape).astype(np.float32)
    found = alter_truth(rng, torch.from_numpy(truth), 0.0, 0.5)
    changed, altered, regions = (part.numpy() for part in found)
    assert 8 <= altered.sum() <= 32
    number, mass, _ = (p.numpy() for p in simulate_hints(rng, found.ab, 1.0, found.regions))
    for b in range(40):
        region = regions[b]
        assert region.any() == altered[b]
        assert (mass[b] > 0).any() == altered[b]
        if not altered[b]:
            assert np.array_equal(changed[b], truth[b])
            continue
        # All of the object, and nothing else.
        assert np.array_equal(np.unique(truth[b][region].round(-1), axis=0), [[30.0, 20.0]])
        assert region.sum() == 36
        assert np.array_equal(changed[b][~region], truth[b][~region])
        shift = changed[b][region] - truth[b][region]
        assert shift == pytest.approx(np.broadcast_to(shift[0], shift.shape), abs=1e-3)
        assert np.linalg.norm(shift[0]) > 19
        assert region.ravel()[number[b, 0]]


def test_a_winding_object_is_whole_or_none() -> None:
    """A part of a long winding object would teach hints to stop where nothing ends."""
    ab = np.zeros((48, 48, 2), np.float32)
    ab[30:46, 4:24] = 40.0
    ab[0:28:4] = -40.0  # lines, joined at alternate ends
    for number, row in enumerate(range(0, 24, 4)):
        ab[row : row + 4, -1 if number % 2 == 0 else 0] = -40.0
    dice = torch.Generator().manual_seed(0)
    regions = pick_objects(dice, torch.from_numpy(np.repeat(ab[None], 12, axis=0))).numpy()
    for region in regions:
        parts, _ = ndimage.label((ab == ab[region][0]).all(-1), np.ones((3, 3)))
        assert np.array_equal(region, parts == parts[region][0])
    winding = regions[:, 0, 0]
    assert not winding.any()
    assert regions[:, 35, 10].any()


def test_other_tone_curves_rise_and_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    ramp = torch.linspace(0, 1, 64).reshape(1, 1, 8, 8).repeat(50, 1, 1, 1)
    toned = jitter_tone(rng, ramp, 0.6).flatten(1).numpy()
    same = (toned == ramp.flatten(1).numpy()).all(axis=1)
    assert 10 <= same.sum() <= 30
    assert (np.diff(toned, axis=1) > 0).all()
    assert toned.min() >= 0.0
    assert toned.max() <= 1.0
    assert np.ptp(toned[:, 32]) > 0.2
    assert jitter_tone(rng, ramp, 0.0) is ramp


def test_worn_pictures_are_blurred_or_grainy_and_the_others_as_they_were() -> None:
    rng = np.random.default_rng(0)
    step = torch.full((60, 1, 32, 32), 0.3)
    step[..., 16:] = 0.7
    worn = wear(rng, step, 0.5)
    same = (worn == step).flatten(1).all(1)
    assert 20 <= same.sum() <= 40
    soft = (worn[:, 0, :, 13:19].mean(1).diff(dim=1).amax(1) < 0.3) & ~same
    grainy = (worn[:, 0, :, :8].std((1, 2)) > 0.005) & ~same
    assert (soft & ~grainy).sum() >= 5
    assert (grainy & ~soft).sum() >= 5
    assert (grainy & soft).sum() >= 5
    assert torch.allclose(worn.mean((1, 2, 3)), step.mean((1, 2, 3)), atol=0.01)
    assert wear(rng, step, 0.0) is step


def test_a_pasted_rectangle_has_its_own_place_and_ends_between_cells() -> None:
    rng = np.random.default_rng(0)
    crops = torch.randint(0, 256, (40, 64, 64, 3), dtype=torch.uint8)
    pasted = paste(rng, crops, 0.5)
    foreign = (pasted != crops).any(-1)
    assert torch.equal(torch.where(foreign[..., None], crops.roll(1, 0), crops), pasted)
    some = foreign.flatten(1).any(1)
    assert 12 <= some.sum() <= 28
    cells = foreign[some].float().view(-1, 16, 4, 16, 4).mean((2, 4))
    assert ((cells < 0.01) | (cells > 0.9)).all()  # a pixel may be the same by chance
    share = (cells > 0.5).float().mean((1, 2))
    assert share.min() >= 0.07
    assert share.max() <= 0.55
    assert paste(rng, crops, 0.0) is crops


def test_dropout_is_for_training_only() -> None:
    torch.manual_seed(0)
    network = build(TOY, None)
    picture = torch.rand(1, 1, 64, 64)
    for module in network.modules():  # residual branches start at 0
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, std=0.05)
    network.set_dropout(0.5)
    assert not torch.equal(network.train()(picture).logits, network(picture).logits)
    assert torch.equal(network.eval()(picture).logits, network(picture).logits)


def test_prepare_averages_per_cell() -> None:
    crops = torch.zeros(1, 32, 32, 3, dtype=torch.uint8)
    crops[:, :, :16] = torch.tensor([255, 0, 0], dtype=torch.uint8)
    sample = prepare(crops)
    assert sample.lightness.shape == (1, 1, 32, 32)
    assert sample.ab.shape == (1, 8, 8, 2)
    assert sample.ab[0, 0, 0].tolist() == pytest.approx([80.09, 67.20], abs=0.05)
    assert sample.lightness[0, 0, 0, 0] == pytest.approx(0.5324, abs=1e-3)


def test_learning_rate_warms_up_and_falls() -> None:
    rates = [learning_rate(TOY, done) for done in np.linspace(0, 1, 101)]
    peak = int(np.argmax(rates))
    assert rates[peak] == pytest.approx(1)
    assert peak <= 3
    assert rates[-1] == pytest.approx(0.01)
    assert (np.diff(rates[peak:]) <= 0).all()


def test_held_out_photos_are_not_trained_on(photos: Path) -> None:
    sources = {"many": index_photos([photos])["coffee"] * 20}
    kept, held = hold_out(sources)
    assert len(kept["many"]) + len(held) == 220
    assert 2 <= len(held) <= 6


def log(folder: Path, closing: bool = False) -> list[dict[str, str]]:
    """Rows of the log; ``closing``: with the last one, which has the kept-out loss alone."""
    with (folder / "log.csv").open() as file:
        return [row for row in csv.DictReader(file) if closing or row["automatic"]]


@pytest.mark.slow
def test_a_run_in_two_parts_is_the_run_in_one(photos: Path, tmp_path: Path) -> None:
    config = replace(TOY, encoder_frozen=0.5)
    whole = train([photos], tmp_path / "whole", config, steps=6)
    # The same schedule, stopped by its own signal after some steps, then resumed.
    halves = tmp_path / "halves"
    stopping = replace(config)
    real = signal.getsignal(signal.SIGTERM)
    from handtint_model.training import loop

    original, calls = loop.losses, [0]

    def count(*args: object) -> object:
        calls[0] += 1
        if calls[0] == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(*args)  # type: ignore[arg-type]

    loop.losses = count  # type: ignore[assignment]
    try:
        train([photos], halves, stopping, steps=6)
    finally:
        loop.losses = original
        signal.signal(signal.SIGTERM, real)
    state = load_run(halves)
    assert state is not None
    assert state["step"] == 3
    second = train([photos], halves, config, steps=6, resume=True)
    one, two = load_weights(whole), load_weights(second)
    assert one.record["photos_seen"] == two.record["photos_seen"] == 24
    for name, tensor in one.network.state_dict().items():
        assert torch.equal(tensor, two.network.state_dict()[name]), name
    assert np.array_equal(one.prior, two.prior)


def test_invented_colors_do_not_reach_the_automatic_ones() -> None:
    """A truth that was altered teaches how far hints reach, and nothing of what is likely."""
    rng = np.random.default_rng(0)
    config = replace(TOY, share_altered=1.0, share_altered_object=0.0)
    network = build(config, None)
    crops = torch.from_numpy(rng.integers(0, 256, (4, 32, 32, 3), np.uint8))
    weights = torch.ones(313)
    automatic, hinted = losses(
        network, network, prepare(crops), SoftEncoding(), weights, config, rng
    )
    (likely,) = torch.autograd.grad(
        hinted, network.logits[2].weight, allow_unused=True, retain_graph=True
    )
    assert likely is None or not likely.any()
    (reach,) = torch.autograd.grad(hinted, network.gate[2].weight, retain_graph=True)
    assert reach.any()
    (likely,) = torch.autograd.grad(automatic, network.logits[2].weight)
    assert likely.any()


def test_a_stage_may_have_its_own_scale(photos: Path) -> None:
    """A crop that shows a hundredth of the photo is smooth, the whole photo is not."""
    whole, part = Stage(0.5, 32, 4), Stage(1.0, 32, 4, (0.01, 0.02))
    sampler = PhotoSampler(index_photos([photos]), replace(TOY, scale=(1.0, 1.0)))

    def roughness(stage: Stage) -> float:
        crops = [sampler.draw(n, stage).astype(float) for n in range(20)]
        return float(np.median([np.abs(np.diff(crop, axis=1)).mean() for crop in crops]))

    assert roughness(part) < 0.5 * roughness(whole)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["encoder.layer1.0.conv1.weight", "logits.2.weight"])
def test_a_step_that_is_not_finite_changes_nothing(
    tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on with the weights that it had, and its log stays finite."""
    from handtint_model.training import loop

    pictures = tmp_path / "coffee"
    pictures.mkdir()
    for number in range(5):
        crop = data.coffee()[:130, 90 * number :][:, :140]
        Image.fromarray(crop).save(pictures / f"{number}.png")
    config = replace(TOY, encoder_frozen=0.0)
    original, calls = loop.losses, [0]
    before: dict[str, torch.Tensor] = {}

    def broken(run: object, network: torch.nn.Module, *rest: object) -> object:
        automatic, hinted = original(run, network, *rest)  # type: ignore[arg-type]
        calls[0] += 1
        if calls[0] == 3:
            before.update({k: v.detach().clone() for k, v in network.named_parameters()})
            infinite = dict(network.named_parameters())[part].sum() * float("inf")
            automatic = automatic + infinite - infinite.detach()
        if calls[0] == 4:
            for name, value in network.named_parameters():
                assert torch.equal(value, before[name]), name
        return automatic, hinted

    monkeypatch.setattr(loop, "losses", broken)
    train([pictures], tmp_path / "run", config, steps=4, device="cpu")
    assert calls[0] == 4
    rows = log(tmp_path / "run", closing=True)
    assert all(np.isfinite(float(row["automatic"])) for row in rows[:-1])
    assert rows[-1]["automatic"] == ""
    assert 1.0 < float(rows[-1]["held_out"]) < 20.0  # of the weights that were written


@pytest.mark.slow
def test_the_workers_end_with_the_run(photos: Path, tmp_path: Path) -> None:
    assert multiprocessing.active_children() == []
    train([photos / "cats-000.tar"], tmp_path, replace(TOY, workers=2), steps=2)
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_the_loss_falls(photos: Path, tmp_path: Path) -> None:
    config = replace(TOY, encoder_frozen=0.0, encoder_rate=1.0, learning_rate=3e-3)
    train([photos / "cats-000.tar"], tmp_path, config, steps=30)
    first = load_weights(tmp_path / "weights.safetensors")
    assert first.record["steps"] == 30
    assert float(log(tmp_path)[-1]["automatic"]) < 5.2  # log(313) = 5.75 at the start


@pytest.mark.slow
def test_killed_hard_and_resumed_by_the_command(photos: Path, tmp_path: Path) -> None:
    code = "from handtint_server.cli.train import command; command()"
    command = [sys.executable, "-c", code, "--photos", str(photos), "--out", str(tmp_path)]
    config = tmp_path / "toy.json"
    config.write_text('{"preset": "toy", "workers": 2}')
    command += ["--config", str(config), "--steps", "100000"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 240
    while not log_has_rows(tmp_path) and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGTERM)  # a service manager stops the workers too
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    state = load_run(tmp_path)
    assert state is not None
    steps = state["step"]
    process = subprocess.Popen([*command, "--resume"], stderr=subprocess.PIPE)
    time.sleep(5)
    process.kill()
    process.communicate()
    command[-1] = str(steps + 2)
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert f"resumed at step {steps}" in done.stdout
    state = load_run(tmp_path)
    assert state is not None
    assert state["step"] == steps + 2
    assert list(tmp_path.glob("sheet-*.png"))


def log_has_rows(folder: Path) -> bool:
    return (folder / "log.csv").exists() and len(log(folder)) > 0


def test_configs(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(
        '{"preset": "toy", "learning_rate": 0.5, "model": {"embedding": 16},'
        ' "stages": [{"until": 1.0, "crop": 64, "batch": 2, "scale": [0.2, 0.7]}]}'
    )
    config = read_config(str(file))
    assert config.learning_rate == 0.5
    assert config.model.embedding == 16
    assert config.model.decoder_width == PRESETS["toy"].model.decoder_width
    assert config.stages == (Stage(1.0, 64, 2, (0.2, 0.7)),)
    for text in ("{", "[]", '{"wings": 2}', '{"preset": "none"}', '{"stages": [{"x": 1}]}'):
        file.write_text(text)
        with pytest.raises(BadOption):
            read_config(str(file))
    for wrong in ({"share_worn": 2}, {"dropout": -0.1}, {"share_pasted": 1.5}):
        (tmp_path / "wrong.json").write_text(json.dumps(wrong))
        with pytest.raises(BadOption, match="between 0 and 1"):
            read_config(str(tmp_path / "wrong.json"))
    with pytest.raises(BadOption, match="choose default"):
        read_config("nothing")
    with pytest.raises(BadOption, match="minutes or"):
        train([], tmp_path, TOY)
