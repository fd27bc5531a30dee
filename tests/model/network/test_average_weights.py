"""bench/average_weights.py: the mean of the weights of runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from handtint_model.color.decoding import Decoding
from handtint_model.network import ColorNetwork, ModelConfig
from handtint_model.network.checkpoint import load_weights, save_weights

SCRIPT = Path(__file__).parents[3] / "bench" / "average_weights.py"
TINY = ModelConfig(global_width=32, global_heads=1, global_blocks=1, decoder_width=32)
PRIOR = np.full(313, 1 / 313)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Weights of zeros, ones, and ones with a second encoder."""
    folder = tmp_path_factory.mktemp("weights")
    found = []
    for name, value, second in (("zeros", 0.0, False), ("ones", 1.0, False), ("more", 1.0, True)):
        network = ColorNetwork(replace(TINY, second_encoder=second))
        with torch.no_grad():
            for tensor in network.state_dict().values():
                tensor.fill_(value)
        path = folder / f"{name}.safetensors"
        save_weights(path, network, PRIOR, {"photos_seen": 5}, decoding=Decoding(smoothing=0.5))
        found.append(path)
    return found


@pytest.mark.slow
def test_every_tensor_is_the_mean_by_shares(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "mean.safetensors"
    assert run(out, files[0], 3, files[2], 1).returncode == 0
    mean = load_weights(out)
    assert mean.network.config.second_encoder
    assert mean.decoding.smoothing == 0.5
    assert [part["share"] for part in mean.record["mean_of"]] == [3.0, 1.0]
    for name, tensor in mean.network.state_dict().items():
        expected = 1.0 if name.startswith("second.") else 0.25
        assert torch.all(tensor == expected), name


@pytest.mark.slow
def test_what_it_cannot_do_is_said(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "mean.safetensors"
    for wrong in ([files[0], 1], [files[0], "x", files[1], 1], [files[0], 1, files[1], 0]):
        told = run(out, *wrong)
        assert told.returncode == 2
        assert "FILE SHARE" in told.stderr
    told = run(out, files[0], 1, tmp_path / "none.safetensors", 1)
    assert told.returncode == 1
    assert "there are no weights" in told.stderr
    assert "Traceback" not in told.stderr
    assert not out.exists()
