"""`handtint --weights FILE` and HANDTINT_WEIGHTS, from the command line to the editors' server."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from server_process import ServerProcess, end_announced, quiet_environment

from client import session, transport
from handtint_model import load_colorizer
from handtint_model.color.bins import smoothed_prior
from handtint_model.network import ColorNetwork, ModelConfig
from handtint_model.network.checkpoint import save_weights

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TINY = ModelConfig(
    global_width=32, global_blocks=1, global_heads=2, decoder_width=32, decoder_blocks=(1, 1, 1)
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """(file, id) of weights that are not the embedded ones."""
    path = tmp_path_factory.mktemp("weights") / "own weights.safetensors"
    torch.manual_seed(7)
    save_weights(path, ColorNetwork(replace(TINY)), smoothed_prior(np.ones(313)), {"own": True})
    return path, load_colorizer(path, device="cpu").weights_id


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    return quiet_environment(
        HOME=str(tmp_path),
        HANDTINT_RUNTIME_DIR=str(tmp_path / "runtime"),
        HANDTINT_HOME=str(tmp_path / "home"),
    )


def handtint(environ: dict[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "handtint_server", *map(str, words)],
        env=environ,
        cwd=environ["HOME"],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_colorize(own: tuple[Path, str], folders: dict[str, str], tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, 80, dtype=np.uint8), (60, 1))
    Image.fromarray(ramp).save(tmp_path / "photo.png")
    runs = {
        "embedded": ((), {}),
        "before": (("--weights", own[0]), {}),
        "variable": ((), {"HANDTINT_WEIGHTS": str(own[0])}),
        "after": ((), {}),
    }
    results = {}
    for name, (words, more) in runs.items():
        late = ("--weights", own[0]) if name == "after" else ()
        out = tmp_path / f"{name}.png"
        done = handtint(
            {**folders, **more},
            *words,
            "colorize",
            "photo.png",
            "-o",
            out,
            "--device",
            "cpu",
            *late,
        )
        assert done.returncode == 0, done.stderr
        results[name] = out.read_bytes()
    assert results["before"] == results["variable"] == results["after"] != results["embedded"]


def test_a_file_that_is_missing_or_damaged(folders: dict[str, str], tmp_path: Path) -> None:
    done = handtint(folders, "--weights", "nowhere.safetensors", "doctor")
    assert done.returncode == 2
    assert "nowhere.safetensors" in done.stderr
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    done = handtint(
        folders, "--weights", "bad.safetensors", "install", "gimp", "--editor-dir", tmp_path / "g"
    )
    assert done.returncode == 1
    assert "bad.safetensors" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "g").exists()


def test_serve(own: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDTINT_WEIGHTS", str(own[0]))
    with ServerProcess(tmp_path / "runtime", tmp_path / "home") as server:
        assert server.get("/v1/info")["weights"]["id"] == own[1]


def test_the_server_that_an_editor_starts(
    own: tuple[Path, str], folders: dict[str, str], tmp_path: Path
) -> None:
    """Installed with weights; started without the variable, as from a desktop."""
    done = handtint(
        folders, "--weights", own[0], "install", "gimp", "--editor-dir", tmp_path / "gimp"
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / "home" / "connection.json"
    connection = json.loads(path.read_text())
    assert connection["start"][-2:] == ["--weights", str(own[0])]
    connection["start"] += ["--runtime-dir", str(tmp_path / "runtime")]  # for `end_announced`
    path.write_text(json.dumps(connection))
    try:
        connecting = session.Session("gimp", folders, start_wait=300).connect()
        endpoint = _driven(connecting, folders)
        request = urllib.request.Request(
            endpoint.url + "/v1/info", headers={"Authorization": f"Bearer {endpoint.token}"}
        )
        found = ""
        while not found:  # empty until they are loaded
            with urllib.request.urlopen(request, timeout=60) as answer:
                info = json.load(answer)
            found = info["weights"]["id"]
            assert not any(engine.get("problem") for engine in info["engines"]), info
        assert found == own[1]
    finally:
        end_announced(tmp_path / "runtime")
        for process in transport._RUNNING:
            process.wait(60)


def _driven(flow, environ):  # type: ignore[no-untyped-def]
    """`transport.run`, but a server that is started gets this environment."""
    outcome = None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as end:
            return end.value
        if isinstance(step, session.Start):
            outcome = transport.start(step, environ)
        elif isinstance(step, session.Pause):
            transport._pause(step, lambda *_: None)
            outcome = None
        else:
            outcome = transport.send(step.endpoint, step.request, step.timeout)
