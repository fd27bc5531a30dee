"""Cases that run inside Krita: everything that can stand between Krita and colour.

HANDTINT_TEST_PROXY: address of the faulty relay; HANDTINT_TEST_TOKEN: the server's token.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from handtint import commands
from handtint.client import ClientError, state
from handtint.client.session import STAGES
from handtint.qt import QtCore
from handtint.settings import Settings
from harness import VALUES, run, session
from pictures import RECT, SEEN, add_layer, codes, document, gray_rgba, names, photo, raw

HOME = Path(os.environ["HANDTINT_HOME"])
PROXY = os.environ["HANDTINT_TEST_PROXY"]
TOKEN = os.environ["HANDTINT_TEST_TOKEN"]
State = state.ServerState


def set_server(**setting):
    """The user's own server setting; none: automatic."""
    path = HOME / "client.json"
    path.unlink(missing_ok=True)
    if setting:
        path.write_text(json.dumps({"format": 1, **setting}))


def set_connection(content):
    (HOME / "connection.json").write_text(json.dumps({"format": 1, "version": "0", **content}))


def set_fault(fault):
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(PROXY).port)
    connection.request("POST", "/control", fault)
    connection.getresponse().read()
    connection.close()


def through_proxy(fault, **more):
    set_fault(fault)
    set_server(url=PROXY, token=TOKEN, **more)


def told(pattern, expected=None, size=RECT[2:]):
    """Colorize fails with one sentence that matches; the picture is as before."""
    made = document(size=size)
    node = add_layer(made, gray_rgba(codes(*size)))
    before = raw(node)
    began = time.monotonic()
    try:
        run(commands.colorize(made, node, session(), Settings(), SEEN))
    except ClientError as error:
        text = str(error)
        VALUES.setdefault("told", {})[pattern] = text
        assert re.search(pattern, text), text
        assert "\n" not in text
        assert "Traceback" not in text
        assert names(made) == ["Photo"], names(made)
        assert raw(node) == before
        if expected is not None:
            assert state.view_of_error(error).state is expected, state.view_of_error(error)
        return time.monotonic() - began
    finally:
        set_fault("")
        set_server()
        (HOME / "connection.json").unlink(missing_ok=True)
    raise AssertionError("no failure")


def seen_state():
    """What the docker would show."""
    return run(state.look(session())).state


def case_wrong_token():
    set_server(url=PROXY, token="wrong-wrong-wrong-wrong")
    told(r"refuses the token.*Enter it again in the field Token")


def case_nobody_answers():
    set_server(url="http://127.0.0.1:9", token="x")
    assert seen_state() is State.UNREACHABLE
    told(
        r"No Handtint server answers at http://127\.0\.0\.1:9.*Is it running there",
        State.UNREACHABLE,
    )


def case_the_address_is_none():
    set_server(url="photos.example.org:none", token="x")
    told(r"photos\.example\.org:none cannot be used", State.UNREACHABLE)


def case_other_version():
    through_proxy("api")
    assert seen_state() is State.WRONG_VERSION
    told(r"plug-in is too old.*handtint install krita", State.WRONG_VERSION)


def case_something_else_answers():
    through_proxy("page")
    assert seen_state() is State.UNREACHABLE
    told(r"not Handtint.*server setting", State.UNREACHABLE)


def case_silent():
    through_proxy("silent", timeout=1.0)
    seconds = told(r"no sign of life for 1 s.*nothing was changed", State.UNREACHABLE)
    assert seconds < 30, seconds


def case_cut_off():
    through_proxy("cut")
    told(r"ended before its answer was complete.*nothing was changed", State.UNREACHABLE)


def case_busy_is_waited_for():
    through_proxy("busy:2")
    made = document()
    node = photo(made)
    reports = []
    began = time.monotonic()
    run(commands.colorize(made, node, session(), Settings(), SEEN), reports=reports)
    set_server()
    assert names(made) == ["Photo", "Photo (colorized)"]
    assert time.monotonic() - began >= 2, "Retry-After said 1 s, twice"
    assert any("busy" in text for text, _ in reports), reports


def case_not_installed():
    assert seen_state() is State.NOT_INSTALLED
    told(r"handtint install krita", State.NOT_INSTALLED)


def case_sandbox():
    set_connection(
        {
            "start": ["/nowhere/python"],
            "can_start": False,
            "start_by_hand": "systemctl --user enable --now handtint",
            "discovery": [],
        }
    )
    assert seen_state() is State.NOT_INSTALLED
    told(r"sandbox.*systemctl --user enable --now handtint", State.NOT_INSTALLED)


def case_the_server_was_removed():
    set_connection(
        {
            "start": ["/nowhere/python", "-m", "handtint_server", "serve"],
            "can_start": True,
            "start_by_hand": "handtint serve",
            "discovery": [],
        }
    )
    assert seen_state() is State.STOPPED
    told(r"could not be started.*/nowhere/python", State.UNREACHABLE)


def case_the_server_is_started():
    """By connection.json, outside this folder, with the runtime folder hidden."""
    set_connection(
        {
            "start": json.loads(os.environ["HANDTINT_TEST_START"]),
            "can_start": True,
            "start_by_hand": "handtint serve",
            "discovery": [str(HOME / "server.json")],
        }
    )
    made = document()
    node = photo(made)
    reports = []
    run(commands.colorize(made, node, session(), Settings(), SEEN), 300, reports)
    assert names(made) == ["Photo", "Photo (colorized)"]
    assert any("Starting" in text for text, _ in reports), reports
    assert seen_state() in (State.READY_CPU, State.READY_GPU)
    (HOME / "connection.json").unlink()


def case_the_server_is_killed_in_mid_answer():
    """The one that was started.  The photo is large, so that there is time for it."""
    killer = Path(__file__).parents[1] / "kill_busy_server.py"
    process = subprocess.Popen(["python3", str(killer), str(HOME / "server.json")])
    try:
        lost = r"ended before its answer was complete.*nothing was changed"
        told(lost, State.UNREACHABLE, (4000, 3000))
        assert process.wait(60) == 0, "the server was not at work"
    finally:
        process.kill()


def case_progress_comes_from_the_server():
    set_server(url=PROXY, token=TOKEN)
    made = document(size=(2500, 2000))
    node = made.createNode("Big", "paintlayer")

    node.setPixelData(QtCore.QByteArray(bytes((90, 90, 90, 255)) * 5_000_000), 0, 0, 2500, 2000)
    made.rootNode().addChildNode(node, None)
    reports = []
    run(commands.colorize(made, node, session(), Settings(), SEEN), 300, reports)
    set_server()
    texts = list(dict.fromkeys(text for text, _ in reports))
    VALUES["progress"] = texts
    assert "Reading the layer" in texts
    assert "Sending the photo" in texts
    assert "Looking at the photo" in texts or "Coloring" in texts, texts
    known = {text for text, _, _ in STAGES.values()}
    assert set(texts) - known <= {"Reading the layer", "Inserting the colors"}, texts
    fractions = [fraction for _, fraction in reports]
    assert fractions == sorted(fractions), "progress went backwards"
