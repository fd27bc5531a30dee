"""Training in two real processes that `torchrun` starts: one network, two shares of the photos."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from handtint_model.network.checkpoint import load_weights
from handtint_model.training import read_config, train
from handtint_model.training.beginning import build
from handtint_model.training.checkpoints import load_run
from handtint_model.training.photos import PhotoSampler, host_batches, index_photos

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]

TOY = {"preset": "toy", "stages": [{"until": 1.0, "crop": 32, "batch": 2}]}

# The command, which leaves behind what each of its processes held at the end.
LOOK = """
import os, sys, torch
from pathlib import Path
from handtint_model.training import loop
from handtint_server.cli import main

update = loop.Ema.update
def looking(ema, network, step):
    update(ema, network, step)
    state = {"network": network.state_dict(), "ema": ema.network.state_dict()}
    torch.save(state, Path(os.environ["LOOK"]) / f"rank{os.environ['RANK']}.pt")
loop.Ema.update = looking
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tar shard with crops of a colourful picture."""
    path = tmp_path_factory.mktemp("photos") / "coffee-000.tar"
    with tarfile.open(path, "w") as tar:
        for number in range(12):
            out = io.BytesIO()
            y, x = 60 * (number // 4), 110 * (number % 4)
            Image.fromarray(data.coffee()[y : y + 130, x : x + 140]).save(out, "PNG")
            info = tarfile.TarInfo(f"{number}.png")
            info.size = out.tell()
            tar.addfile(info, io.BytesIO(out.getvalue()))
    return path


def config_file(folder: Path, **more: object) -> Path:
    path = folder / "toy.json"
    path.write_text(json.dumps({**TOY, **more}))
    return path


def torchrun(folder: Path, script: str, *arguments: object) -> subprocess.Popen[str]:
    """Two processes, with a place and a port of their own."""
    (folder / "look.py").write_text(script)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", str(folder / "look.py"), "train"]
    return subprocess.Popen(
        [*command, *map(str, arguments), "--device", "cpu"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "LOOK": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    try:
        output, _ = process.communicate(timeout=400)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return output


def both(folder: Path) -> list[dict[str, dict[str, torch.Tensor]]]:
    return [torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in (0, 1)]


def check_equal(folder: Path) -> None:
    first, second = both(folder)
    for part in ("network", "ema"):
        for name, tensor in first[part].items():
            assert torch.equal(tensor, second[part][name]), f"{part} {name}"


def test_each_process_draws_its_own_photos_of_the_one_stream(photos: Path, tmp_path: Path) -> None:
    config = read_config(str(config_file(tmp_path)))
    (stage,) = config.stages
    sampler = PhotoSampler(index_photos([photos]), config)
    streams = [host_batches(sampler, stage, 6, rank, 2) for rank in (0, 1)]
    dealt = [next(streams[number % 2])[0].numpy() for number in range(4)]
    wanted = [sampler.draw(6 + number, stage) for number in range(8)]
    assert np.array_equal(np.concatenate(dealt), np.stack(wanted))


def test_two_processes_do_what_one_does_with_their_batches_together(
    photos: Path, tmp_path: Path
) -> None:
    """Regression draws no hints, so that the two runs see the very same; and it leaves heads
    unused, and the encoder is frozen in the first half: neither may stop the exchange."""
    more = {"loss": "regression", "encoder_frozen": 0.5, "encoder_rate": 1.0}
    two = config_file(tmp_path, **more)
    paths = ["--photos", photos, "--out", tmp_path / "two", "--config", two, "--steps", 4]
    process = torchrun(tmp_path, LOOK, *paths)
    output = finished(process)
    assert process.returncode == 0, output
    assert output.count("weights: ") == 1
    check_equal(tmp_path)

    stages = [{"until": 1.0, "crop": 32, "batch": 4}]
    one = read_config(str(config_file(tmp_path, **more, stages=stages)))
    train([photos], tmp_path / "one", one, steps=4, device="cpu")
    together, alone = load_run(tmp_path / "two"), load_run(tmp_path / "one")
    assert together is not None
    assert alone is not None
    assert together["seen"] == alone["seen"] == 16
    start = build(one, None).state_dict()
    for part in ("encoder.", "decoder.", "logits."):
        names = [name for name in start if name.startswith(part)]
        for kind in ("network", "ema"):
            moved = sum(float((alone[kind][n] - start[n]).square().sum()) for n in names)
            apart = sum(float((alone[kind][n] - together[kind][n]).square().sum()) for n in names)
            assert moved > 0
            # Adam's first steps turn a rounding of a tiny gradient into a whole step.
            assert apart < 0.02 * moved, (part, kind, apart / moved)


def test_stopped_with_one_checkpoint_and_resumed(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    config = config_file(tmp_path, workers=1)
    start = ["--photos", photos, "--out", out, "--config", config]
    process = torchrun(tmp_path, LOOK, *start, "--steps", 100000)
    deadline = time.monotonic() + 300
    while not (tmp_path / "rank1.pt").exists() and time.monotonic() < deadline:
        assert process.poll() is None, finished(process)
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
    output = finished(process)
    state = load_run(out)
    assert state is not None, output
    step = state["step"]
    assert step >= 1
    assert state["seen"] == 4 * step
    check_equal(tmp_path)

    process = torchrun(tmp_path, LOOK, *start, "--steps", step + 3, "--resume")
    output = finished(process)
    assert process.returncode == 0, output
    assert output.count(f"resumed at step {step}, {4 * step} photos") == 1
    check_equal(tmp_path)
    state = load_run(out)
    assert state is not None
    assert (state["step"], state["seen"]) == (step + 3, 4 * (step + 3))
    record = load_weights(out / "weights.safetensors").record
    assert (record["photos_seen"], record["processes"]) == (4 * (step + 3), 2)
    assert len(list(out.glob("sheet-*.png"))) == 1
    with (out / "log.csv").open() as file:
        assert int(list(csv.DictReader(file))[-1]["photos"]) == 4 * (step + 3)


def test_what_cannot_be_is_said_once(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "latest.pt").write_bytes(b"damaged")
    start = ["--photos", photos, "--out", out, "--config", config_file(tmp_path), "--steps", 2]
    process = torchrun(tmp_path, LOOK, *start, "--resume")
    output = finished(process)
    assert process.returncode != 0
    assert output.count("latest.pt cannot be read") == 1, output
