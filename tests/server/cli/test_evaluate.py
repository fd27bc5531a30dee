"""handtint evaluate, run as people run it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from handtint_model.network import ColorNetwork, ModelConfig
from handtint_model.network.checkpoint import save_weights
from handtint_server.cli import main


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder with two small photos."""
    folder = tmp_path_factory.mktemp("photos")
    for name, picture in (("cat.png", data.cat()), ("coffee.png", data.coffee())):
        Image.fromarray(picture).resize((96, 80)).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Untrained weights of a small network."""
    torch.manual_seed(3)
    config = ModelConfig(
        global_width=64, global_blocks=1, global_heads=4, decoder_width=64, decoder_blocks=(1, 1, 1)
    )
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_weights(path, ColorNetwork(config).eval(), np.full(313, 1 / 313), {})
    return path


def rows(text):
    """Method, hints and PSNR of the first table's lines."""
    return [
        (" ".join(parts[:-1]), int(parts[-1]), float(line.split("±")[0].split()[-1]))
        for line in text.split("tinted whites")[0].splitlines()
        if "±" in line
        for parts in [line.split("±")[0].split()[:-1]]
    ]


def test_baselines_as_table_and_json(photos, tmp_path, capsys):
    out = tmp_path / "figures.json"
    arguments = ["evaluate", "--photos", str(photos), "--baselines-only", "--size", "64"]
    assert main([*arguments, "--hints", "0,4", "--json", str(out)]) == 0
    table = rows(capsys.readouterr().out)
    assert [row[:2] for row in table] == [("gray", 0), ("levin", 0), ("levin", 4)]
    record = json.loads(out.read_text())
    assert record["photos"] == ["cat.png", "coffee.png"]
    assert record["size"] == 64
    for row, score in zip(table, record["scores"], strict=True):
        assert row[:2] == (score["method"], score["hints"])
        assert row[2] == pytest.approx(score["psnr"], abs=0.006)

    assert main([*arguments, "--hints", "4", "--reuse", str(out)]) == 0
    again = rows(capsys.readouterr().out)
    assert again == [row for row in table if row[:2] != ("levin", 0)]


@pytest.mark.slow
def test_the_colorizer_beside_baselines(photos, weights, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    arguments = ["--photos", str(photos / "cat.png"), str(photos / "coffee.png")]
    arguments += ["--size", "64", "--hints", "0,3", "--vividness", "0,1", "--baselines", "gray"]
    arguments += ["--weights", str(weights), "--device", "cpu", "--contact-sheet", str(sheet)]
    assert main(["evaluate", *arguments, "--protocol", "icolorit"]) == 0
    text = capsys.readouterr().out
    assert "2 photos, 64 x 64, icolorit" in text
    assert [row[:2] for row in rows(text)] == [
        ("gray", 0),
        ("handtint v=0", 0),
        ("handtint v=1", 0),
        ("handtint v=0", 3),
        ("handtint v=1", 3),
    ]
    with Image.open(sheet) as image:
        # Gray, two ours, two ours with hints, Levin, truth: squares of 192 pixels.
        assert image.width == 7 * 192 + 8 * 4


@pytest.mark.slow
def test_colors_that_look_right_and_a_sheet_of_the_worst_tints(photos, weights, tmp_path, capsys):
    out, sheet = tmp_path / "figures.json", tmp_path / "sheet.png"
    arguments = ["evaluate", "--photos", str(photos), "--size", "64", "--hints", "0"]
    arguments += ["--vividness", "0,0.5,1", "--baselines", "gray", "--json", str(out)]
    arguments += ["--weights", str(weights), "--device", "cpu"]
    assert main([*arguments, "--contact-sheet", str(sheet), "--worst-tint"]) == 0
    text = capsys.readouterr().out
    table = text[text.index("tinted whites") :]
    gray = next(line for line in table.splitlines() if line.startswith("gray"))
    assert gray.split()[2:5] == ["0.00", "±", "0.00"]  # gray tints nothing
    assert "calibrated cross-entropy: 5." in table  # untrained: about log 313
    record = json.loads(out.read_text())
    # A network without any training answers gray: no vividness tints 16 % of the neutrals.
    assert record["colors_right_at_16"] is None
    assert "not spanned by the values of --vividness" in table
    tinted = [s["tinted_neutrals"] for s in record["scores"] if s["method"] == "gray"]
    assert tinted == [0.0]
    assert sheet.stat().st_size > 0


@pytest.mark.slow
def test_profile_counts_by_hand(weights, capsys):
    assert main(["evaluate", "--profile", "--weights", str(weights), "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    gflop = float(text.split(" GFLOP")[0])
    million = float(text.splitlines()[1].split()[0])
    # The encoder alone, by its layers: 7x7 stem, then 4, 3 + 1 and 3 + 1 convolutions.
    stem = 2 * 49 * 64 * 128**2
    layer1 = 4 * 2 * 9 * 64 * 64 * 64**2
    layer2 = 2 * (9 * 64 * 128 + 3 * 9 * 128 * 128 + 64 * 128) * 32**2
    layer3 = 2 * (9 * 128 * 256 + 3 * 9 * 256 * 256 + 128 * 256) * 16**2
    encoder = (stem + layer1 + layer2 + layer3) / 1e9
    assert encoder < gflop < 2 * encoder
    assert 2.5 < million < 5


@pytest.mark.slow
def test_trust_sheet(photos, weights, tmp_path, capsys):
    sheet = tmp_path / "trust.png"
    arguments = ["evaluate", "--photos", str(photos), "--weights", str(weights), "--device", "cpu"]
    arguments += ["--contact-sheet", str(sheet)]
    assert main([*arguments, "--show-trust", "40,30"]) == 0
    with Image.open(sheet) as image:
        assert image.height > 2 * 256
    assert main([*arguments, "--show-trust", "96,30"]) == 1
    assert "outside a photo of 96 x 80" in capsys.readouterr().err


def test_broken_photos_are_named_and_the_others_measured(photos, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    arguments = ["evaluate", "--baselines-only", "--size", "64", "--hints", "0", "--photos"]
    assert main([*arguments, str(photos), str(bad)]) == 1
    captured = capsys.readouterr()
    assert "2 photos" in captured.out
    assert "bad.png" in captured.err
    assert main([*arguments, str(bad)]) == 1
    assert "None of the photos" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "--photos PATH"),
        (["--photos", "nowhere.tar"], 1, "nowhere.tar"),
        (["--photos", "PHOTOS", "--hints", "one"], 2, "0,1,5"),
        (["--photos", "PHOTOS", "--hints", "-1"], 2, "negative"),
        (["--photos", "PHOTOS", "--baselines", "deoldify"], 1, "gray, levin"),
        (["--photos", "PHOTOS", "--protocol", "pixcolor"], 2, "siggraph17"),
        (["--photos", "PHOTOS", "--show-trust", "40"], 2, "120,80"),
    ],
)
def test_wrong_use_gets_a_sentence(photos, capsys, arguments, code, says):
    arguments = [str(photos) if argument == "PHOTOS" else argument for argument in arguments]
    if "--show-trust" not in arguments:
        arguments.append("--baselines-only")
    assert main(["evaluate", *arguments]) == code
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
