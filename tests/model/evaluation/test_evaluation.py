"""A whole evaluation on small files: reading, running, tables, contact sheets."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image
from skimage import data

from handtint_model.errors import BadImage, BadOption
from handtint_model.evaluation.contact_sheet import contact_sheet, mark_hints, save_sheet
from handtint_model.evaluation.lab import rgb_to_lab
from handtint_model.evaluation.methods import Gray, Levin, Ours, baseline
from handtint_model.evaluation.photos import evenly, find_photos
from handtint_model.evaluation.protocols import Siggraph17, Truth, protocol
from handtint_model.evaluation.report_file import earlier_scores, to_json
from handtint_model.evaluation.run import evaluate
from handtint_model.evaluation.sample_sheet import sample_sheet
from handtint_model.evaluation.tables import summary, to_text


def encoded(picture, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A shard with two photos and a broken one, beside a photo in a folder."""
    root = tmp_path_factory.mktemp("photos")
    (root / "deep").mkdir()
    (root / "deep" / "cat.png").write_bytes(encoded(data.cat()))
    (root / "notes.txt").write_text("not a photo")
    with tarfile.open(root / "shard.tar", "w") as shard:
        for name, content in (
            ("b/coffee.webp", encoded(data.coffee(), "WEBP")),
            ("b/astronaut.jpg", encoded(data.astronaut(), "JPEG")),
            ("b/broken.png", encoded(data.cat())[:500]),
            ("b/readme.md", b"not a photo"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            shard.addfile(member, io.BytesIO(content))
    return root


class HalfColor:
    """Stands for a colorizer: knows the truth and gives half of its colour, more if vivid."""

    def __init__(self, truth_ab):
        self.truth_ab = truth_ab
        self.encoded = 0

    def encode(self, luminance):
        assert luminance.dtype == np.float32
        self.encoded += 1
        return luminance

    def colorize(self, photo, hints=None, *, vividness=0.5):
        gray = np.repeat(photo[..., None], 3, axis=2)
        lab = rgb_to_lab(gray)
        lab[..., 1:] = self.truth_ab * vividness
        from handtint_model.evaluation.lab import lab_to_rgb

        return lab_to_rgb(lab).astype(np.float32)


def test_photos_are_found_in_order_and_read(folder):
    photos = find_photos([folder])
    assert [photo.name for photo in photos] == [
        "deep/cat.png",
        "b/astronaut.jpg",
        "b/broken.png",
        "b/coffee.webp",
    ]
    np.testing.assert_array_equal(photos[0].read(), data.cat())
    assert photos[3].read().shape == data.coffee().shape
    with pytest.raises(BadImage, match=r"b/broken\.png cannot be read: it is damaged"):
        photos[2].read()
    assert [photo.name for photo in evenly(photos, 2)] == ["deep/cat.png", "b/broken.png"]
    assert evenly(photos, 9) == photos


def test_avif_photos_are_found_and_read(tmp_path):
    coffee = data.coffee()
    Image.fromarray(coffee).save(tmp_path / "coffee.avif", quality=90)
    (photo,) = find_photos([tmp_path])
    assert photo.name == "coffee.avif"
    assert np.abs(photo.read().astype(int) - coffee).mean() < 4


@pytest.mark.parametrize(
    ("name", "content"),
    [("missing.png", None), ("empty.tar", b""), ("text.tar", b"hello" * 300)],
)
def test_places_without_photos_are_refused(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadImage, match=name):
        find_photos([tmp_path / name])
    with pytest.raises(BadImage, match=str(tmp_path)):
        find_photos([tmp_path]) if content is None else find_photos([tmp_path / name])


def test_broken_photos_are_skipped_and_named(folder):
    photos = find_photos([folder / "shard.tar"])
    steps = []
    report = evaluate(
        photos, [Gray()], Siggraph17(), [0], size=64, progress=lambda *done: steps.append(done)
    )
    assert report.photos == ["b/astronaut.jpg", "b/coffee.webp"]
    assert len(report.skipped) == 1
    assert "b/broken.png" in report.skipped[0]
    assert steps[-1] == (3, 3)
    with pytest.raises(BadImage, match=r"none of the photos.*broken"):
        evaluate(photos[1:2], [Gray()], Siggraph17(), [0])


def test_figures_of_gray_and_levin(folder):
    photos = [photo for photo in find_photos([folder]) if "broken" not in photo.name]
    report = evaluate(photos, [Gray(), Levin()], Siggraph17(), [0, 5], size=64)
    gray, levin = report.score("gray", 0), report.score("levin", 5)
    assert report.score("gray", 5) is None  # it takes no hints
    assert gray.colorfulness == pytest.approx([0, 0, 0], abs=1e-4)
    # Without hints Levin has no colour either.
    assert report.score("levin", 0).psnr == pytest.approx(gray.psnr, abs=0.1)

    figures = summary(report, gray)
    assert figures["way_from_gray_percent"] == 0
    assert figures["gain_over_gray"] is None
    truth = np.mean(report.colorfulness)
    assert figures["colorfulness_difference_of_means"] == pytest.approx(truth, abs=1e-3)

    assert figures["lightness_drift"] < 0.02

    figures = summary(report, levin)
    assert figures["gain_over_gray"] == pytest.approx(np.mean(levin.psnr) - np.mean(gray.psnr))
    assert figures["gain_over_gray"] > 0
    assert figures["way_from_gray_percent"] > 0
    # Means of differences are never below differences of means.
    assert (
        figures["colorfulness_mean_difference"]
        >= figures["colorfulness_difference_of_means"] - 1e-9
    )


def test_a_perfect_colorizer_reaches_the_top_and_is_encoded_once(folder):
    photo = next(photo for photo in find_photos([folder]) if "cat" in photo.name)
    rules = Siggraph17()
    truth = rules.load(photo.open(), 64, photo.name)
    colorizer = HalfColor(truth.ab)
    report = evaluate([photo], [Gray(), Ours(colorizer, (0.0, 0.5, 1.0))], rules, [0, 2], size=64)
    assert colorizer.encoded == 1
    best = summary(report, report.score("handtint v=1", 2))
    half = summary(report, report.score("handtint v=0.5", 2))
    none = summary(report, report.score("handtint v=0", 2))
    assert best["psnr"] > 48
    assert best["auc"] > 99.5
    assert best["way_from_gray_percent"] > 95
    assert none["way_from_gray_percent"] == pytest.approx(0, abs=0.05)
    assert 40 < half["way_from_gray_percent"] < 60
    assert half["colorfulness"] == pytest.approx(best["colorfulness"] / 2, rel=0.15)
    assert best["colorfulness_difference_of_means"] < 0.3
    assert best["gain_over_gray"] == pytest.approx(
        best["psnr"] - summary(report, report.score("gray", 0))["psnr"]
    )
    assert best["gain_over_levin"] is None


def test_a_report_as_text_and_json(folder):
    photos = find_photos([folder / "deep"])
    report = evaluate(photos, [Gray(), Levin()], protocol("icolorit", ["cat.png"]), [0, 1], size=64)
    text = to_text(report)
    assert "1 photos, 64 x 64, icolorit" in text
    lines = [line.split() for line in text.splitlines()]
    assert [line[:2] for line in lines if line[:1] in (["gray"], ["levin"])] == [
        ["gray", "0"],
        ["levin", "0"],
        ["levin", "1"],
    ]
    record = json.loads(json.dumps(to_json(report), allow_nan=False))
    assert record["photos"] == ["cat.png"]
    assert [score["method"] for score in record["scores"]] == ["gray", "levin", "levin"]
    assert record["scores"][2]["psnr_by_photo"] == report.score("levin", 1).psnr


def test_baselines_figures_are_taken_from_an_earlier_run(folder, tmp_path):
    photos = find_photos([folder / "shard.tar"])
    report = evaluate(photos, [Gray(), Levin()], Siggraph17(), [0, 3], size=64)
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(to_json(report)))
    names = ["gray", "levin"]
    again = evaluate(photos, [], Siggraph17(), [3], size=64)
    again.scores = earlier_scores(path, names, [3], photos, "siggraph17", 64)
    for method, hints in (("gray", 0), ("levin", 3)):
        old, new = report.score(method, hints), again.score(method, hints)
        assert summary(again, new) == summary(report, old)
    for wrong in (
        (names, [3], photos[:2], "siggraph17", 64),
        (names, [3], photos, "icolorit", 64),
        (names, [3], photos, "siggraph17", 96),
    ):
        with pytest.raises(BadOption, match="other photos"):
            earlier_scores(path, *wrong)
    with pytest.raises(BadOption, match="no figures of levin with 10 hints"):
        earlier_scores(path, names, [10], photos, "siggraph17", 64)
    path.write_text("{}")
    with pytest.raises(BadOption, match="not the JSON"):
        earlier_scores(path, names, [3], photos, "siggraph17", 64)


def test_unknown_baseline():
    with pytest.raises(BadOption, match="gray, levin"):
        baseline("deoldify")


def test_contact_sheet_holds_every_picture_where_it_belongs(tmp_path):
    red = np.zeros((50, 100, 3), np.uint8)
    red[..., 0] = 255
    green = np.zeros((30, 30, 3))
    green[..., 1] = 1.0
    gray = np.full((40, 20), 128, np.uint8)
    sheet = contact_sheet(
        [[red, green, gray], [green, red]], columns=["one", "two"], names=["a", "b"], height=60
    )
    # Columns are as wide as their widest picture at 60 pixels of height: 120, 120, 30.
    assert sheet.width == 4 + 120 + 4 + 120 + 4 + 30 + 4
    pixels = np.asarray(sheet)
    top = (pixels == (255, 0, 0)).all(-1).any(1).argmax()
    assert tuple(pixels[top + 30, 64]) == (255, 0, 0)
    assert tuple(pixels[top + 30, 128 + 30]) == (0, 255, 0)
    assert tuple(pixels[top + 30, 252 + 15]) == (128, 128, 128)
    assert (pixels[:top] < 128).any()  # captions

    save_sheet(sheet, tmp_path / "new" / "sheet.png")
    with Image.open(tmp_path / "new" / "sheet.png") as image:
        assert image.size == sheet.size
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sheet.png"]
    with pytest.raises(ValueError, match="at least one picture"):
        contact_sheet([[red], []])


def test_hints_are_marked_with_a_ring():
    gray = np.full((20, 20), 0.5)
    painted = np.zeros((20, 20), bool)
    painted[5:8, 5:8] = True
    blue = np.zeros((20, 20, 3))
    blue[..., 2] = 1.0
    marked = mark_hints(gray, painted, blue)
    assert tuple(marked[6, 6]) == (0, 0, 255)
    assert tuple(marked[4, 6]) == (255, 255, 255)
    assert tuple(marked[3, 6]) == (128, 128, 128)


def test_sample_sheet_shows_a_row_per_photo():
    rules = Siggraph17()
    truth = rules.load(Image.fromarray(data.cat()), 64, "cat")
    sheet = sample_sheet(HalfColor(truth.ab), [truth, truth], rules, levin=True, height=64)
    # gray, ours, ours with hints, Levin with hints, truth.
    assert sheet.width == 5 * 64 + 6 * 4
    assert sheet.height > 2 * 64
    without = sample_sheet(None, [truth], rules, levin=True, height=64)
    assert without.width == 3 * 64 + 4 * 4


def test_truth_is_made_from_codes():
    truth = Truth.from_codes(np.full((4, 6, 3), 51, np.uint8), "flat")
    assert truth.name == "flat"
    np.testing.assert_allclose(truth.luminance, 0.2)
