"""The ablation runs: presets, readings, stems, and the tables and plots of small runs."""

from __future__ import annotations

import importlib.util
import runpy
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from skimage import data

from handtint_model import Colorizer
from handtint_model.color.bins import BINS, mean_color, rebalancing_weights, smoothed_prior
from handtint_model.errors import BadCheckpoint
from handtint_model.evaluation.ablation import (
    WHAT,
    AblationRun,
    Reading,
    load_runs,
    readings,
    scaled_to,
)
from handtint_model.evaluation.ablation_tables import LOSSES, measure_runs, results_table
from handtint_model.evaluation.metrics import colorfulness
from handtint_model.evaluation.photos import find_photos
from handtint_model.evaluation.protocols import Truth, protocol
from handtint_model.network import ColorNetwork, ModelConfig
from handtint_model.network.checkpoint import Checkpoint
from handtint_model.network.encoder import Encoder, load_pretrained
from handtint_model.training import PRESETS, Stage, train
from handtint_model.training.objective import regression_loss
from handtint_model.training.samples import Sample

ROOT = Path(__file__).parents[3]


def bench_module(name: str) -> Any:
    """A file of bench/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "bench" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


stems = bench_module("stem_statistics")

TINY = {
    "global_width": 32, "global_blocks": 1, "global_heads": 2, "decoder_width": 32,
    "decoder_blocks": (1, 1, 1),
}  # fmt: skip
RUNS = sorted(WHAT)


def small(name: str) -> object:
    """A preset with a small network and small crops."""
    preset = PRESETS[name]
    model = replace(preset.model, **TINY)
    return replace(preset, model=model, stages=(Stage(1.0, 64, 4),), workers=0, bf16=False)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for name in ("coffee", "astronaut", "chelsea"):
        Image.fromarray(getattr(data, name)()[:300, :300]).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def encoder_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colour encoder of random values, its stem with means and deviations of a usual size."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("encoder") / "encoder.safetensors"
    tensors = Encoder(3, "none").state_dict()
    tensors["conv1.bias"] += 0.3
    tensors["conv1.weight"][5] = 0.0  # ResNet-18 has such channels
    tensors["conv1.bias"][5] = 0.0
    save_file(tensors, str(path))
    return path


@pytest.fixture(scope="module")
def runs(photos: Path, encoder_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All six runs, of three steps each."""
    folder = tmp_path_factory.mktemp("runs")
    for name in RUNS:
        train(
            [photos], folder / name, small(name), encoder_file=encoder_file, steps=3, device="cpu"
        )
    return folder


def test_the_presets_differ_in_one_thing_each() -> None:
    differing = {}
    ours = asdict(PRESETS["ablation-a"])
    assert set(WHAT) == {name for name in PRESETS if name.startswith("ablation")}
    for name in RUNS:
        theirs = asdict(PRESETS[name])
        settings = {k for k in ours if k != "model" and ours[k] != theirs[k]}
        settings |= {k for k in ours["model"] if ours["model"][k] != theirs["model"][k]}
        differing[name[-1]] = settings
    assert differing == {
        "a": set(),
        "b": {"loss"},
        "c": {"loss"},
        "d": {"stem_norm"},
        "e": {"stem_norm", "stem", "input_mean"},
        "f": {"calibrate", "stem", "input_mean"},
    }
    assert PRESETS["ablation-b"].loss == "plain"
    assert PRESETS["ablation-c"].loss == "regression"
    for name, (norm, stem, mean, calibrated) in stems.KINDS.items():
        preset = PRESETS[name]
        assert (preset.model.stem_norm, preset.stem, preset.model.input_mean) == (norm, stem, mean)
        assert (preset.calibrate and norm == "group") == calibrated


def model(loss: str, prior: np.ndarray | None = None) -> AblationRun:
    torch.manual_seed(3)
    network = ColorNetwork(ModelConfig(**TINY)).eval().requires_grad_(False)
    prior = smoothed_prior(np.ones(313)) if prior is None else prior
    checkpoint = Checkpoint(network, prior, {"config": {"loss": loss}}, "test")
    return AblationRun(Colorizer(checkpoint, torch.device("cpu")))


def test_a_regression_is_read_as_it_was_trained() -> None:
    """The colours read from the network are those for which its loss is 0."""
    run = model("regression")
    lightness = torch.rand(1, 1, 64, 64)
    ab = run.ab(run.colorizer.network(lightness).logits, Reading("as it is"))
    assert np.abs(ab).max() > 0.1
    sample = Sample(lightness, torch.from_numpy(ab).permute(1, 2, 0)[None])
    config = replace(PRESETS["ablation-c"], bf16=False)
    assert float(regression_loss(run.colorizer.network, sample, config)) < 1e-9
    sample = Sample(lightness, sample.ab + 1.0)
    assert float(regression_loss(run.colorizer.network, sample, config)) > 1e-3


def test_tilt_means_the_same_for_both_classifications() -> None:
    """Rebalanced training learns w z, plain training z: read at one tilt they agree."""
    rng = np.random.default_rng(0)
    z = torch.from_numpy(rng.dirichlet(np.full(313, 0.3), 6).T.reshape(1, 313, 2, 3))
    prior = smoothed_prior(rng.integers(1, 1000, 313))
    w = torch.from_numpy(rebalancing_weights(prior))[:, None, None]
    plain, rebalanced = model("plain", prior), model("rebalanced", prior)
    for tilt in (0.0, 1.2):
        reading = Reading("", tilt, 0.5)
        mine, theirs = rebalanced.ab((w * z).log(), reading), plain.ab(z.log(), reading)
        assert mine == pytest.approx(theirs, abs=1e-3)
    mean = mean_color(z)[0].numpy()
    assert plain.ab(z.log(), Reading("")) == pytest.approx(mean, abs=1e-3)
    assert plain.ab(z.log(), Reading("", None)) == pytest.approx(mean, abs=1e-3)
    tilted = mean_color(w * z / (w * z).sum(1, keepdim=True))[0].numpy()
    assert rebalanced.ab((w * z).log(), Reading("", None)) == pytest.approx(tilted, abs=1e-3)
    assert np.abs(tilted - mean).max() > 1.0


def test_readings_by_loss() -> None:
    assert [r.name for r in readings("regression")] == ["as it is"]
    for loss in ("plain", "rebalanced"):
        names = [r.name for r in readings(loss)]
        assert len(set(names)) == len(names)
        assert readings(loss)[0] == Reading("mean", 0.0, 1.0)
    bare, tilted = readings("plain")[-2:]
    assert (bare.tilt, bare.temperature) == (0.0, tilted.temperature)
    assert tilted.tilt == readings("rebalanced")[-1].tilt


@pytest.mark.slow
def test_scaling_to_a_colorfulness() -> None:
    run = model("regression")
    truths = [Truth.from_codes(data.coffee()[:128, :128]), Truth.from_codes(data.cat()[:96, :128])]
    reading = scaled_to(run, Reading("as it is"), truths, 20.0)
    drawn = [run.draw(run.colorizer.encode(t.luminance), reading) for t in truths]
    assert np.mean([colorfulness(rgb * 255.0) for rgb in drawn]) == pytest.approx(20.0, abs=0.3)
    assert reading.name == "as it is, scaled"


def gray_squares() -> list[np.ndarray]:
    pictures = [data.coffee(), data.astronaut(), data.cat()]
    return [np.repeat(p[40:264, 40:264].mean(2, keepdims=True), 3, 2).astype(np.uint8)
            for p in pictures]  # fmt: skip


def test_what_stems_make_of_gray(encoder_file: Path) -> None:
    """A compensated stem gives what the original gives of a gray picture; a naive one less."""
    from safetensors.torch import load_file

    tensors = load_file(str(encoder_file))
    pictures = gray_squares()
    light = stems.lightness_of(next(iter(stems.squares(pictures))))
    kinds = {name: stems.untrained_stem(name, tensors, light) for name in stems.KINDS}
    original, figures = stems.measure_stems(kinds, tensors, stems.squares(pictures, 2))
    assert original.error == 0.0
    assert np.isnan(original.faded)
    assert np.abs(original.shift(original)).max() == 0.0
    assert figures["ablation-d"].error < 0.15  # L* is not quite the code
    assert figures["ablation-e"].error > 3 * figures["ablation-d"].error
    assert np.median(figures["ablation-d"].spread(original)) == pytest.approx(1.0, abs=0.05)
    # Not divided by the channels' deviations: 0.23 of the contrast.
    assert np.median(figures["ablation-e"].spread(original)) == pytest.approx(0.226, abs=0.03)
    assert figures["ablation-a"].error < figures["ablation-f"].error
    # A print's own mean and deviation take part of its fading out, collected ones cannot.
    ours, theirs = figures["ablation-a"], figures["ablation-d"]
    assert ours.faded - ours.error < 0.7 * (theirs.faded - theirs.error)
    assert original.constant.sum() == 1
    whole = kinds["ablation-e"](light).transpose(0, 1).flatten(1)
    assert figures["ablation-e"].mean == pytest.approx(whole.mean(1).numpy(), abs=1e-5)
    spread = whole.std(1, correction=0).numpy()
    assert figures["ablation-e"].deviation == pytest.approx(spread, abs=1e-5)
    active = (whole > 0).double().mean(1).numpy()
    assert figures["ablation-e"].active == pytest.approx(active, abs=1e-9)


def test_untrained_stems_are_those_that_training_starts_with(encoder_file: Path) -> None:
    from safetensors.torch import load_file

    tensors = load_file(str(encoder_file))
    light = stems.lightness_of(next(iter(stems.squares(gray_squares()))))
    for name in ("ablation-d", "ablation-e", "ablation-f"):
        preset = PRESETS[name]
        network = ColorNetwork(replace(preset.model, **TINY)).requires_grad_(False)
        load_pretrained(network.encoder, tensors, compensated=preset.stem == "compensated")
        mine = stems.untrained_stem(name, tensors, light)(light)
        assert torch.equal(stems.trained_stem(network)(light), mine), name


@pytest.mark.slow
def test_six_runs_and_their_table(runs: Path, photos: Path) -> None:
    loaded = load_runs(runs, "cpu")
    assert [run.name for run in loaded] == RUNS
    assert [run.loss for run in loaded] == [PRESETS[name].loss for name in RUNS]
    measured = measure_runs(loaded, find_photos([photos]), protocol("siggraph17"), size=64)
    truth = np.mean(measured.report.colorfulness)
    for run in loaded:
        for reading in measured.shown[run.name]:
            score = measured.report.score(f"{run.name}: {reading.name}", 0)
            assert score is not None
            if reading.scale < 20 and reading.name.endswith("scaled"):
                assert np.mean(score.colorfulness) == pytest.approx(truth, rel=0.02)
    table = results_table(measured, LOSSES).splitlines()
    assert len({line.count("|") for line in table}) == 1
    assert sum(line.startswith("| (c) |") for line in table) == 2
    assert not any(line.startswith("| (d) |") for line in table)
    only = results_table(measured, ["ablation-d"], ["mean"]).splitlines()
    assert len(only) == 3
    assert "±" in only[2]


def test_runs_that_cannot_be_used(tmp_path: Path, tiny_colorizer: Colorizer) -> None:
    with pytest.raises(BadCheckpoint, match="no run such as"):
        load_runs(tmp_path)
    with pytest.raises(BadCheckpoint, match="what loss"):
        AblationRun(tiny_colorizer)


@pytest.mark.slow
def test_the_command(
    runs: Path,
    photos: Path,
    encoder_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = ROOT / "bench" / "ablations.py"
    places = ["--photos", photos, "--kodak", photos, "--encoder", encoder_file]
    arguments = [script, runs, *places, "--images", tmp_path / "images", "--device", "cpu"]
    arguments += ["--limit", "1", "--tables", tmp_path / "tables.md"]
    monkeypatch.setattr(sys, "argv", [str(a) for a in arguments])
    monkeypatch.syspath_prepend(str(script.parent))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(script), run_name="__main__")
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "tables.md").read_text()
    assert "**val, the stem.**" in printed
    assert "(e), trained" in printed
    drawn = sorted((tmp_path / "images").iterdir())
    assert len(drawn) == 6
    for path in drawn:
        assert path.stat().st_size < 150_000, path.name
        with Image.open(path) as image:
            assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 20, path.name


def test_bins_of_the_readings_are_the_bins() -> None:
    """A sure distribution is read as its bin's colour."""
    logits = torch.full((1, 313, 1, 1), -50.0)
    logits[0, 200] = 0.0
    ab = model("plain").ab(logits, Reading("mean"))
    assert ab[:, 0, 0] == pytest.approx(np.asarray(BINS)[200], abs=1e-3)
