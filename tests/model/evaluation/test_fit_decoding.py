"""The constants of decoding, fitted and written by the command."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file
from skimage import data

from handtint_model.evaluation.fit_decoding import BOLD, BOLDNESS, NEUTRALS, fit_decoding
from handtint_model.evaluation.protocols import protocol
from handtint_model.network.checkpoint import load_weights
from handtint_server.cli import main


@pytest.fixture(scope="module")
def truths():
    pictures = (data.astronaut(), data.coffee(), data.cat())
    return [protocol("siggraph17").load(Image.fromarray(p), 128) for p in pictures]


def chroma_at(colorizer, decoding, truths, vividness):
    import torch

    from handtint_model.color.bins import BINS
    from handtint_model.color.decoding import decode

    found = []
    for truth in truths:
        photo = colorizer.encode(truth.luminance)
        p = colorizer.agreed(photo)
        lightness = torch.full((len(p),), 50.0)  # no fade: the curve alone
        color = decode(p, lightness, decoding, vividness) @ torch.tensor(BINS, dtype=torch.float32)
        found.append(color.norm(dim=1).numpy())
    return float(np.concatenate(found).mean())


@pytest.mark.slow
def test_the_fitted_curve_grows_evenly_from_calm_to_bold(colorizer, truths):
    decoding = fit_decoding(colorizer, truths)
    assert decoding.smoothing == colorizer.decoding.smoothing
    assert [row[0] for row in decoding.curve] == pytest.approx(np.linspace(0, 1, 9))
    assert decoding.at(0.0).decision == 0.0
    assert [decoding.at(v).boost for v in (0.0, 0.5, 1.0)] == [0.0, BOLD, BOLD]
    neutral = [row[2] for row in decoding.curve]
    assert neutral[0] == NEUTRALS[-1]  # what is calmer than the default tints less
    assert neutral == sorted(neutral, reverse=True)
    chroma = [chroma_at(colorizer, decoding, truths, v) for v in np.linspace(0, 1, 9)]
    steps = np.diff(chroma)
    assert (steps > 0).all()
    for half in (steps[:4], steps[4:]):
        assert half.max() < 2.0 * half.min()
    true = np.mean([np.hypot(*np.moveaxis(truth.ab, -1, 0)).mean() for truth in truths])
    assert chroma[-1] > 0.7 * BOLDNESS * true


@pytest.mark.slow
def test_the_command_writes_the_same_tensors_with_other_constants(tmp_path, capsys):
    photo, target = tmp_path / "astronaut.png", tmp_path / "new.safetensors"
    Image.fromarray(data.astronaut()).resize((96, 96)).save(photo)
    arguments = ["evaluate", "--photos", str(photo), "--fit-decoding", str(target)]
    assert main([*arguments, "--device", "cpu"]) == 0
    assert "vividness  decision  neutral  gain  boost" in capsys.readouterr().out
    old, new = load_weights(), load_weights(target)
    assert new.decoding != old.decoding
    assert new.record == old.record
    assert new.weights_id != old.weights_id
    for name, tensor in old.network.state_dict().items():
        assert np.array_equal(tensor.numpy(), new.network.state_dict()[name].numpy()), name
    assert load_file(str(target))["encoder.conv1.weight"].dtype.itemsize == 2
