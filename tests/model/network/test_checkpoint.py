"""Weights files: what is written is read, and nothing hostile is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from handtint_model import BadCheckpoint, Colorizer, load_colorizer
from handtint_model.network.checkpoint import EMBEDDED, load_weights, save_weights


@pytest.fixture
def tiny(tmp_path: Path, tiny_colorizer: Colorizer) -> Path:
    """A small file of weights."""
    path = tmp_path / "tiny.safetensors"
    save_weights(path, tiny_colorizer.network, tiny_colorizer.checkpoint.prior, {"steps": 3})
    return path


def rewrite(path: Path, change: Callable[[dict, dict], None]) -> None:
    """Change tensors and metadata of a file."""
    tensors = load_file(str(path))
    with safe_open(str(path), "pt") as file:
        metadata = dict(file.metadata())
    change(tensors, metadata)
    save_file(tensors, str(path), metadata)


def test_round_trip(tiny: Path, tiny_colorizer: Colorizer) -> None:
    back = load_weights(tiny)
    assert back.record == {"steps": 3}
    assert back.network.config == tiny_colorizer.network.config
    assert back.prior == pytest.approx(tiny_colorizer.checkpoint.prior, rel=1e-5)
    for name, tensor in tiny_colorizer.network.state_dict().items():
        assert torch.equal(back.network.state_dict()[name], tensor.half().float()), name
    assert not list(tiny.parent.glob("*.part"))


def test_the_embedded_weights() -> None:
    assert EMBEDDED.stat().st_size < 40e6
    checkpoint = load_weights()
    assert checkpoint.record["photos_seen"] > 0
    assert checkpoint.prior.sum() == pytest.approx(1, abs=1e-3)


def broken_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 8 + path.read_bytes()[8:])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def text(path: Path) -> None:
    path.write_text("these are no weights")


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def missing(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def changed(change: Callable[[dict, dict], None]) -> Callable[[Path], None]:
    return lambda path: rewrite(path, change)


def config(**values: object) -> Callable[[Path], None]:
    def change(tensors: dict, metadata: dict) -> None:
        metadata["config"] = json.dumps(json.loads(metadata["config"]) | values)

    return changed(change)


def nan(tensors: dict, metadata: dict) -> None:
    tensors["logits.2.bias"][0] = np.nan


CASES: dict[str, Callable[[Path], None]] = {
    "zero bytes": zero_bytes,
    "text": text,
    "truncated": truncated,
    "header of 2^64 bytes": broken_header,
    "missing": missing,
    "folder": a_folder,
    "no metadata": changed(lambda t, m: m.clear()),
    "another format": changed(lambda t, m: m.update(format="other")),
    "a later version": changed(lambda t, m: m.update(version="2")),
    "config is no JSON": changed(lambda t, m: m.update(config="{")),
    "config is a list": changed(lambda t, m: m.update(config="[1]")),
    "unknown setting": config(wings=2),
    "huge": config(decoder_width=2**20),
    "negative": config(global_blocks=-1),
    "text for a number": config(decoder_width="128"),
    "heads that do not divide": config(global_heads=5),
    "another width": config(decoder_width=64),
    "short prior": changed(lambda t, m: m.update(prior="[1.0]")),
    "negative prior": changed(lambda t, m: m.update(prior=json.dumps([-1.0] * 313))),
    "record is text": changed(lambda t, m: m.update(record='"x"')),
    "a tensor is missing": changed(lambda t, m: t.__delitem__("logits.2.bias")),
    "NaN": changed(nan),
    "integers": changed(lambda t, m: t.update({"log_sigma": torch.tensor(3)})),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_files_are_refused_with_a_sentence(case: str, tiny: Path) -> None:
    CASES[case](tiny)
    with pytest.raises(BadCheckpoint) as caught:
        load_colorizer(tiny, "cpu")
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_copy_has_the_same_id(tiny: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    shutil.copy(tiny, copy)
    assert load_weights(copy).weights_id == load_weights(tiny).weights_id
    rewrite(copy, lambda t, m: t.update({"log_sigma": torch.tensor(3.0)}))
    assert load_weights(copy).weights_id != load_weights(tiny).weights_id
