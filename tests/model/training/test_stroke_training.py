"""Training of the stroke decoder: masks, simulated strokes, losses, and going on after a stop."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from handtint_model import BadImage, BadOption
from handtint_model.network.checkpoint import load_weights
from handtint_model.training import StrokeConfig, read_stroke_config, stroke_loop, train_strokes
from handtint_model.training.masks import MaskedCrop, MaskSampler, index_masks
from handtint_model.training.stroke_objective import (
    Lessons,
    color_loss,
    lessons_of,
    object_loss,
    points_of,
)
from handtint_model.training.stroke_simulation import draw_lessons, draw_line, draw_points

TINY = StrokeConfig(crop=64, with_masks=2, plain=1, seed=3)


def encoded(picture: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind)
    return out.getvalue()


def labeled(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A blue disc on a photo, and its label map."""
    rng = np.random.default_rng(seed)
    rgb = data.coffee()[seed * 20 : seed * 20 + 120, 100:240].copy()
    y, x = np.mgrid[:120, :140]
    disc = np.hypot(y - rng.integers(45, 75), x - rng.integers(50, 90)) < 35
    rgb[disc] = (0.3 * rgb[disc] + (20, 20, 170)).astype(np.uint8)
    return rgb, np.where(disc, 1, 0).astype(np.uint8)


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard and a folder of photos with label maps; one photo has none."""
    folder = tmp_path_factory.mktemp("masks")
    with tarfile.open(folder / "discs-000.tar", "w") as tar:
        for number in range(4):
            for name, part in zip(("webp", "png"), labeled(number)):
                content = encoded(part, name.upper())
                info = tarfile.TarInfo(f"discs/{number}.{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    (folder / "loose").mkdir()
    rgb, labels = labeled(5)
    (folder / "loose" / "a.jpg").write_bytes(encoded(rgb, "JPEG"))
    (folder / "loose" / "a.png").write_bytes(encoded(labels, "PNG"))
    (folder / "loose" / "without.jpg").write_bytes(encoded(rgb, "JPEG"))
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    for number in range(3):
        (folder / f"{number}.png").write_bytes(encoded(labeled(number)[0], "PNG"))
    return folder


def test_photos_and_their_label_maps_are_found(masks: Path) -> None:
    found = index_masks([masks])
    assert {name: len(refs) for name, refs in found.items()} == {"discs": 4, "loose": 1}
    assert found["discs"][0].labels.read()[1:4] == b"PNG"


@pytest.mark.parametrize("path", ["nothing", "empty"])
def test_a_path_without_masks_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadImage, match="label maps"):
        index_masks([tmp_path / path])


def test_a_crop_and_its_labels_show_the_same_place(masks: Path) -> None:
    sampler = MaskSampler(index_masks([masks]), 0)
    crop = sampler.draw(7, 64)
    again = sampler.draw(7, 64)
    assert (crop.rgb == again.rgb).all()
    assert crop.labels.shape == (16, 16)
    # The disc is blue in the picture.
    small = crop.rgb.reshape(16, 4, 16, 4, 3).mean((1, 3))
    blueness = small[..., 2] - small[..., :2].mean(-1)
    assert blueness[crop.labels == 1].mean() > blueness[crop.labels == 0].mean() + 60


def test_a_line_lies_inside_its_object() -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((48, 48), bool)
    mask[10:40, 20:26] = True
    drawn = [draw_line(rng, mask) for _ in range(50)]
    assert all(line is not None and line.any() and not (line & ~mask).any() for line in drawn)
    assert draw_line(rng, np.zeros((48, 48), bool)) is None
    assert draw_line(rng, np.eye(48, dtype=bool)) is None, "too thin to paint in"


def test_of_a_mask_of_several_colors_the_like_part_is_wanted() -> None:
    rng = np.random.default_rng(1)
    labels = np.zeros((48, 48), np.uint8)
    labels[8:40, 8:40] = 1
    ab = np.zeros((48, 48, 2), np.float32)
    ab[8:24, 8:40] = (60, 0)  # red above, blue below
    ab[24:40, 8:40] = (0, -60)
    rgb = np.zeros((192, 192, 3), np.uint8)
    whole = [w for _ in range(9) for w in draw_lessons(rng, MaskedCrop(rgb, labels, "ccp"), ab, 3)]
    assert all((w.wanted == (labels == 1)).all() for w in whole)
    parts = [w for _ in range(9) for w in draw_lessons(rng, MaskedCrop(rgb, labels, "coco"), ab, 3)]
    pure = [w for w in parts if np.ptp(ab[w.painted][:, 0]) == 0]
    assert len(pure) > 3
    for lesson in pure:
        assert lesson.wanted.sum() == 16 * 32
        assert (lesson.painted & ~lesson.wanted).sum() == 0


def test_points_have_the_colors_under_them() -> None:
    rng = np.random.default_rng(2)
    ab = rng.normal(0, 30, (24, 24, 2)).astype(np.float32)
    region = np.zeros((24, 24), bool)
    region[4:9, 4:9] = True
    counts = set()
    for _ in range(60):
        cells, colors = draw_points(rng, ab, 7, region)
        counts.add(len(cells))
        for cell, color in zip(cells, colors):
            assert color == pytest.approx(ab[cell].mean(0), abs=1e-4)
        assert region[cells[0]].any()
    assert counts == set(range(1, 8))


def test_losses_are_least_for_the_right_answer() -> None:
    labels = np.zeros((16, 16), np.uint8)
    labels[4:12, 4:12] = 1
    crop = MaskedCrop(np.zeros((64, 64, 3), np.uint8), labels, "ccp")
    lessons = lessons_of(np.random.default_rng(0), [crop], np.zeros((1, 16, 16, 2), np.float32))
    assert isinstance(lessons, Lessons)
    right = (20.0 * lessons.wanted - 10.0)[:, None]
    loss, iou = object_loss(right, lessons)
    assert float(loss) < 0.05
    assert float(iou) == 1.0
    assert float(object_loss(-right, lessons)[0]) > float(loss) + 1.0
    assert float(object_loss(-right, lessons)[1]) == 0.0


def test_colors_are_best_where_points_go_as_far_as_their_colors_do() -> None:
    truth = torch.zeros(1, 16, 16, 2)
    truth[0, :, :8] = torch.tensor([50.0, 20.0])
    drawn = (points_of(np.random.default_rng(seed), truth) for seed in range(100))
    points = next(  # on both halves of a truth that was not altered
        p
        for p in drawn
        if torch.equal(p.truth, truth) and (p.ab[0].norm(dim=1) > 10).float().std() > 0
    )
    half = torch.zeros(1, 16, 16)
    half[:, :, :8] = 1
    automatic = torch.zeros(1, 16, 16, 2)
    logits = []
    for color in points.ab[0]:
        inside = half if float(color.norm()) > 10 else 1 - half
        logits.append(20.0 * inside - 10.0)
    good, before = color_loss(torch.stack(logits), points, automatic, torch.tensor(0.7))
    none, _ = color_loss(torch.full_like(torch.stack(logits), -10.0), points, automatic,
                         torch.tensor(0.7))  # fmt: skip
    assert float(good) < float(none) <= float(before) + 1e-4


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return list(csv.DictReader(file))


class _StopsAfter:
    """In place of the list of signals: true when it has been asked so many times."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __bool__(self) -> bool:
        self.left -= 1
        return self.left <= 0


@pytest.mark.slow
def test_training_teaches_only_the_stroke_decoder(
    photos: Path, masks: Path, tmp_path: Path
) -> None:
    path = train_strokes([photos], [masks], None, tmp_path, TINY, steps=2, device="cpu")
    before, after = load_weights(None), load_weights(path)
    assert after.network.strokes is not None
    for name, tensor in before.network.state_dict().items():
        if not name.startswith("strokes."):
            assert torch.equal(tensor, after.network.state_dict()[name]), name
    assert after.decoding == before.decoding
    assert after.record["strokes"]["steps"] == 2
    assert rows(tmp_path)[-1]["held_iou"] != ""


@pytest.mark.slow
def test_a_run_in_two_parts_is_the_run_in_one(
    photos: Path, masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = replace(TINY, dropout=0.0)  # its random numbers are those of the process

    def run(folder: str, **more: bool) -> Path:
        return train_strokes(
            [photos], [masks], None, tmp_path / folder, calm, steps=4, device="cpu", **more
        )

    whole = run("one")
    with monkeypatch.context() as patch:
        patch.setattr(stroke_loop, "stop_signals", lambda: _StopsAfter(2))
        half = load_weights(run("two"))
    assert half.record["strokes"]["steps"] == 2
    parts = load_weights(run("two", resume=True))
    assert parts.record["strokes"]["steps"] == 4
    for name, tensor in load_weights(whole).network.state_dict().items():
        assert torch.equal(tensor, parts.network.state_dict()[name]), name


@pytest.mark.slow
def test_a_network_that_learns_with_it_changes(photos: Path, masks: Path, tmp_path: Path) -> None:
    free = StrokeConfig(crop=64, with_masks=1, plain=1, network_rate=0.1)
    path = train_strokes([photos], [masks], None, tmp_path, free, steps=2, device="cpu")
    before, after = load_weights(None).network, load_weights(path).network
    assert not torch.equal(before.decoder.top.weight, after.decoder.top.weight)


def test_bad_orders(photos: Path, masks: Path, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="step"):
        train_strokes([photos], [masks], None, tmp_path, TINY, steps=0)
    with pytest.raises(BadOption, match="photos are needed"):
        train_strokes([], [masks], None, tmp_path, TINY, steps=1)
    (tmp_path / "c.json").write_text(json.dumps({"crop": 96, "plain": 2}))
    assert read_stroke_config(str(tmp_path / "c.json")).crop == 96
    for text in ('{"crop": 50}', '{"colour": 1}', "[]", '{"dropout": 2}'):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(BadOption):
            read_stroke_config(str(tmp_path / "c.json"))
    with pytest.raises(BadOption, match="no config"):
        read_stroke_config("other")
