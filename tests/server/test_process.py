"""What `handtint serve` does to its process, and an application elsewhere leaves alone."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from handtint_server.process import Housekeeper

from .conftest import SECONDS, Start
from .watched import wait_until

EMBEDDED = """
import gc, json, sys, threading
from pathlib import Path

import numpy as np
import pyvips

from handtint_server.api.app import create_app
from handtint_server.settings import Settings

thresholds = gc.get_threshold()
cached = pyvips.vips_lib.vips_cache_get_max()
app = create_app(Settings(port=80, weights=Path(sys.argv[1]), device="cpu"))
assert app.extensions["handtint"].engines.first_load.wait(280)
described = {"width": 64, "height": 48, "dtype": "u8", "layout": "Y", "output": "raw"}
head = '--x\\r\\nContent-Disposition: form-data; name="%s"\\r\\n\\r\\n'
body = (head % "request").encode() + json.dumps(described).encode() + b"\\r\\n"
body += (head % "plane").encode() + bytes(64 * 48) + b"\\r\\n--x--\\r\\n"
answer = app.test_client().post(
    "/v1/colorize", data=body, content_type="multipart/form-data; boundary=x",
    headers={"Host": "127.0.0.1", "Authorization": "Bearer " + app.config["TOKEN"]},
)
assert answer.status_code == 200, answer.data
names = [thread.name for thread in threading.enumerate()]
print(json.dumps({
    "frozen": gc.get_freeze_count(),
    "enabled": gc.isenabled(),
    "thresholds": gc.get_threshold() == thresholds,
    "libvips": pyvips.vips_lib.vips_cache_get_max() == cached > 0,
    "housekeeper": any("housekeeper" in name for name in names),
    "ours": any("handtint" in name for name in names),
}))
"""


@pytest.mark.slow
def test_an_embedded_application_leaves_its_host_alone(tiny_weights: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", EMBEDDED, str(tiny_weights)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "frozen": 0,
        "enabled": True,
        "thresholds": True,
        "libvips": True,
        "housekeeper": False,
        "ours": True,
    }


@pytest.mark.slow
def test_the_runner_keeps_house(start_server: Start) -> None:
    live = start_server()
    assert live.service.engines.first_load.wait(SECONDS)
    wait_until(lambda: gc.get_freeze_count() > 0)
    names = [thread.name for thread in threading.enumerate()]
    assert "handtint-housekeeper" in names
    live.stop()
    wait_until(lambda: not any(t.name == "handtint-housekeeper" for t in threading.enumerate()))
    assert gc.get_freeze_count() == 0


@pytest.mark.slow
def test_garbage_of_a_request_is_collected_after_it() -> None:
    """A cycle that holds an array, as a traceback does, with the collector too lazy for it."""

    class Held:
        pass

    gone = threading.Event()
    loaded = threading.Event()
    loaded.set()
    finished = [0]
    keeper = Housekeeper(loaded, lambda: finished[0], lambda: False)
    gc.collect()
    gc.disable()
    try:
        keeper.start()
        wait_until(lambda: gc.get_freeze_count() > 0)
        held = Held()
        held.me = held  # type: ignore[attr-defined]
        weakref.finalize(held, gone.set)
        del held
        assert not gone.is_set()
        finished[0] = 1
        assert gone.wait(SECONDS)
    finally:
        gc.enable()
        keeper.stop()
        keeper.join(SECONDS)
    assert not keeper.is_alive()
