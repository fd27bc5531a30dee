"""The client against a real `handtint serve` on a real socket."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from server_process import COMMAND, ServerProcess, quiet_environment

from client import errors, messages, places, protocol, session, transport

ROOT = Path(__file__).parents[2]


def gray(width: int = 320, height: int = 240) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return ((np.sin(x / 17) + np.cos(y / 23) + 2) * 60).astype("u1")


def plane_of(luminance: np.ndarray) -> messages.Plane:
    height, width = luminance.shape
    return messages.Plane(width, height, "u8", "Y", luminance.tobytes())


def session_for(server: ServerProcess, **more: Any) -> session.Session:
    environ = {
        **os.environ,
        "HANDTINT_RUNTIME_DIR": str(server.runtime),
        "HANDTINT_HOME": str(server.home),
    }
    return session.Session("gimp", environ, **more)


def colorize(
    chosen: session.Session,
    photo: messages.Plane,
    image_id: str = "",
    hints: messages.HintCrop | None = None,
    report: transport.Report = lambda stage, fraction: None,
    request_id: str = "",
) -> messages.Picture:
    flow = chosen.ask_about(
        photo,
        image_id,
        lambda source: protocol.colorize(
            source, hints, request_id=request_id or protocol.new_request_id()
        ),
    )
    answer, _ = transport.run(flow, report)
    return protocol.read_picture(answer, (photo.width, photo.height))


def luminance_codes(picture: messages.Picture) -> np.ndarray:
    from handtint_model import luminance_of

    shape = (picture.height, picture.width, 3)
    return luminance_of(np.frombuffer(picture.data, "u1").reshape(shape))


def red_hints(x: int = 100, y: int = 80, width: int = 40, height: int = 20) -> messages.HintCrop:
    return messages.HintCrop(x, y, width, height, bytes((200, 40, 40, 255)) * (width * height))


def test_color_comes_back_and_lightness_stays(shared_server: ServerProcess) -> None:
    luminance = gray()
    stages = []
    picture = colorize(
        session_for(shared_server), plane_of(luminance), report=lambda s, f: stages.append((s, f))
    )
    assert (picture.dtype, picture.layout) == ("u8", "RGB")
    assert (luminance_codes(picture) == luminance).all()
    assert {"send", "receive"} <= {stage for stage, _ in stages}
    assert all(0 <= fraction <= 1 for _, fraction in stages)


def test_a_stream_is_sent_as_it_is_made(shared_server: ServerProcess) -> None:
    luminance = gray()
    whole = plane_of(luminance)
    stream = messages.Stream(whole.size, lambda: (row.tobytes() for row in luminance))
    streamed = messages.Plane(whole.width, whole.height, "u8", "Y", stream)
    chosen = session_for(shared_server)
    assert colorize(chosen, streamed).data == colorize(chosen, whole).data


def test_later_calls_send_the_id_alone(shared_server: ServerProcess) -> None:
    chosen = session_for(shared_server)
    first = colorize(chosen, plane_of(gray()))
    unsent = messages.Plane(320, 240, "u8", "Y", messages.Stream(320 * 240, lambda: iter(())))
    second = colorize(chosen, unsent, first.image_id, red_hints())
    assert second.cache == "hit"
    a, b = (np.frombuffer(p.data, "u1").reshape(240, 320, 3).astype(int) for p in (first, second))
    painted = np.s_[85:95, 110:130]
    assert b[painted][..., 0].mean() > b[painted][..., 2].mean() + 30
    assert not (a == b).all()


def test_an_unknown_id_makes_it_send_the_pixels(shared_server: ServerProcess) -> None:
    chosen = session_for(shared_server)
    known = colorize(chosen, plane_of(gray()))
    again = colorize(chosen, plane_of(gray()), "not-here")
    assert again.data == known.data
    assert again.image_id == known.image_id


def test_suggestions(shared_server: ServerProcess) -> None:
    flow = session_for(shared_server).ask_about(
        plane_of(gray()), "", lambda source: protocol.suggest(source, (100, 100), n=5)
    )
    answer, _ = transport.run(flow)
    found = protocol.read_suggestions(answer)
    assert 1 <= len(found.colors) <= 5
    chances = [color.probability for color in found.colors]
    assert chances == sorted(chances, reverse=True)


def test_a_refusal_is_one_sentence(shared_server: ServerProcess) -> None:
    bad = messages.Plane(4, 4, "f32", "Y", np.full((4, 4), np.nan, "<f4").tobytes())
    with pytest.raises(errors.Rejected) as caught:
        colorize(session_for(shared_server), bad)
    assert caught.value.code == "bad_plane"
    assert str(caught.value).endswith(".")


def test_a_wrong_token_of_the_users_own_is_said(
    shared_server: ServerProcess, tmp_path: Path
) -> None:
    places.write_setting(
        str(tmp_path), places.ServerSetting(shared_server.url, "wrong-wrong-wrong")
    )
    chosen = session.Session("gimp", {**os.environ, "HANDTINT_HOME": str(tmp_path)})
    with pytest.raises(errors.TokenRefused, match=r"Enter it again in the field Token"):
        colorize(chosen, plane_of(gray()))


def test_the_users_own_server_is_never_overridden(
    shared_server: ServerProcess, tmp_path: Path
) -> None:
    """Discovery would find the running server; the setting names another one."""
    places.write_setting(str(tmp_path), places.ServerSetting("http://127.0.0.1:9", "x"))
    environ = {"HANDTINT_RUNTIME_DIR": str(shared_server.runtime), "HANDTINT_HOME": str(tmp_path)}
    with pytest.raises(errors.ServerUnreachable, match=r"127\.0\.0\.1:9"):
        colorize(session.Session("gimp", {**os.environ, **environ}), plane_of(gray()))


def test_the_users_own_server_answers(shared_server: ServerProcess, tmp_path: Path) -> None:
    places.write_setting(
        str(tmp_path), places.ServerSetting(shared_server.url + "/", shared_server.token + "\n")
    )
    chosen = session.Session("gimp", {**os.environ, "HANDTINT_HOME": str(tmp_path)})
    assert colorize(chosen, plane_of(gray())).width == 320


@pytest.mark.slow
def test_a_restarted_server_is_found_again(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "runtime", tmp_path / "home") as server:
        chosen = session_for(server)
        first = colorize(chosen, plane_of(gray()))
        old = server.found
        server.kill()
        server.start()
        assert server.found["instance"] != old["instance"]
        again = colorize(chosen, plane_of(gray()), first.image_id)
        assert again.data == first.data


@pytest.mark.slow
def test_a_full_server_is_waited_for(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "runtime", tmp_path / "home", "--places", "1") as server:
        slow = threading.Thread(
            target=lambda: colorize(session_for(server), plane_of(gray(4000, 3000)))
        )
        slow.start()
        while server.get("/v1/info")["queue"]["running"] == 0:
            time.sleep(0.02)
        seen: set[str] = set()
        picture = colorize(
            session_for(server), plane_of(gray()), report=lambda stage, _: seen.add(stage)
        )
        slow.join()
        assert picture.width == 320
        assert any("busy" in stage for stage in seen)


@pytest.mark.slow
def test_a_full_server_is_given_up_at_last(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "runtime", tmp_path / "home", "--places", "1") as server:
        slow = threading.Thread(
            target=lambda: colorize(session_for(server), plane_of(gray(4000, 3000)))
        )
        slow.start()
        while server.get("/v1/info")["queue"]["running"] == 0:
            time.sleep(0.02)
        with pytest.raises(errors.Busy, match="still busy"):
            colorize(session_for(server, busy_wait=0.0), plane_of(gray()))
        slow.join()


@pytest.mark.slow
def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "runtime", tmp_path / "home") as server:
        chosen = session_for(server)
        colorize(chosen, plane_of(gray()))
        server.signal(signal.SIGSTOP)
        chosen.setting = places.ServerSetting(timeout=1.0)
        with pytest.raises(errors.ServerTimeout, match="no sign of life for 1 s"):
            colorize(chosen, plane_of(gray()))
        server.signal(signal.SIGCONT)


@pytest.mark.slow
def test_a_server_killed_while_it_works(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "runtime", tmp_path / "home") as server:
        chosen = session_for(server)

        def kill_once_it_works(stage: str, fraction: float) -> None:
            if stage != "send" and server.process.poll() is None:
                server.kill()

        with pytest.raises(errors.ServerLost, match="ended before its answer was complete"):
            colorize(chosen, plane_of(gray(4000, 3000)), report=kill_once_it_works)


@pytest.mark.slow
def test_a_client_that_goes_away_cancels_the_work(tmp_path: Path) -> None:
    """As GIMP's Cancel does: the plug-in's process is killed without a word."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from test_client_server import *\n"
        "class Found: runtime, home = Path(sys.argv[3]), Path(sys.argv[4])\n"
        "colorize(session_for(Found), plane_of(gray(6000, 4000)), request_id='going')\n"
    )
    here = [str(ROOT / "plugins"), str(ROOT / "tests" / "support"), str(Path(__file__).parent)]
    with ServerProcess(tmp_path / "runtime", tmp_path / "home") as server:
        script = code.replace("sys.argv[1:3]", repr(here))
        arguments = ["", "", str(server.runtime), str(server.home)]
        child = subprocess.Popen([sys.executable, "-c", script, *arguments])
        while True:
            assert child.poll() is None
            try:
                now = server.get("/v1/requests/going")
            except OSError:
                continue
            assert now["stage"] in ("", *session.STAGES), "a stage without a text on the bar"
            if now["state"] == "running" and now["stage"] in ("network", "render"):
                break
        child.kill()
        child.wait()
        deadline = time.monotonic() + 60
        while server.get("/v1/requests/going")["state"] != "cancelled":
            assert time.monotonic() < deadline, server.get("/v1/requests/going")
            time.sleep(0.1)
        while server.get("/v1/info")["queue"]["running"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)


# --- no server -----------------------------------------------------------------------------


def leave_connection(home: Path, **changes: Any) -> dict[str, Any]:
    """connection.json as `handtint install` leaves it."""
    content = {
        "format": 1,
        "version": "0.1.0",
        "start": COMMAND,
        "can_start": True,
        "start_by_hand": "systemctl --user enable --now handtint",
        "discovery": [str(home / "server.json")],
        **changes,
    }
    home.mkdir(parents=True, exist_ok=True)
    (home / "connection.json").write_text(json.dumps(content))
    return content


@pytest.fixture
def no_server(tmp_path: Path) -> dict[str, str]:
    """An environment whose folders are empty; the runtime folder is hidden as in a sandbox."""
    return quiet_environment(
        HANDTINT_RUNTIME_DIR=str(tmp_path / "hidden"), HANDTINT_HOME=str(tmp_path / "home")
    )


def test_not_installed(no_server: dict[str, str]) -> None:
    with pytest.raises(errors.NotRunning, match="handtint install gimp"):
        colorize(session.Session("gimp", no_server), plane_of(gray()))


def test_a_sandbox_gets_the_command_to_run(no_server: dict[str, str], tmp_path: Path) -> None:
    leave_connection(tmp_path / "home", can_start=False)
    with pytest.raises(errors.NotRunning, match="systemctl --user enable --now handtint"):
        colorize(session.Session("gimp", no_server), plane_of(gray()))


def test_a_removed_server_cannot_be_started(no_server: dict[str, str], tmp_path: Path) -> None:
    leave_connection(tmp_path / "home", start=["/nowhere/python", "-m", "handtint_server"])
    with pytest.raises(errors.StartFailed, match="/nowhere/python"):
        colorize(session.Session("gimp", no_server), plane_of(gray()))


@pytest.mark.slow
def test_a_server_that_fails_says_why(no_server: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "damaged.safetensors").write_bytes(b"no weights")
    start = [*COMMAND, "--weights", str(tmp_path / "damaged.safetensors")]
    start += ["--runtime-dir", str(tmp_path / "runtime"), "--no-discovery"]
    leave_connection(tmp_path / "home", start=start)
    with pytest.raises(errors.StartFailed, match=r"damaged\.safetensors.*systemctl"):
        colorize(session.Session("gimp", no_server, start_wait=120), plane_of(gray()))


@pytest.mark.parametrize("own", [{}, {"HANDTINT_EXIT_IDLE": "0"}])
def test_a_started_server_does_not_stay_for_ever(
    no_server: dict[str, str], tmp_path: Path, own: dict[str, str]
) -> None:
    """What the user has set wins."""
    shown = "import os, json; print(json.dumps(dict(os.environ)))"
    log = tmp_path / "log"
    started = transport.start(
        session.Start([sys.executable, "-c", shown], str(log)), {**no_server, **own}
    )
    assert started._process.wait(60) == 0
    seen = json.loads(log.read_text())
    assert seen["HANDTINT_EXIT_IDLE"] == own.get("HANDTINT_EXIT_IDLE", "30")
    assert seen["HANDTINT_IDLE_UNLOAD"] == "10"


def test_the_variables_of_a_started_server_are_the_server_s() -> None:
    from handtint_server.settings import table

    rows = {row.variable: row for row in table()}
    for name, value in transport.STARTED_BY_AN_EDITOR.items():
        assert rows[name].default == 0.0
        assert rows[name].low <= float(value) <= rows[name].high


@pytest.mark.slow
def test_the_installed_server_is_started(no_server: dict[str, str], tmp_path: Path) -> None:
    """The runtime folder is hidden; the mirror in the data folder leads to the server."""
    home, runtime = tmp_path / "home", tmp_path / "runtime"
    start = [*COMMAND, "--runtime-dir", str(runtime), "--home", str(home)]
    leave_connection(home, start=start)
    (home / "mirrors.json").write_text(json.dumps({"folders": [str(home)]}))
    seen: set[str] = set()
    try:
        picture = colorize(
            session.Session("gimp", no_server, start_wait=120),
            plane_of(gray()),
            report=lambda stage, _: seen.add(stage),
        )
        assert picture.width == 320
        assert "Starting the server, first time only" in seen
    finally:
        for process in transport._RUNNING:
            process.terminate()
            process.wait(20)


def test_the_server_gets_none_of_the_editors_variables() -> None:
    editors = {"PYTHONHOME": "/gimp", "PYTHONPATH": "/gimp", "LD_LIBRARY_PATH": "/gimp"}
    own = {"HOME": "/home/ada", "HANDTINT_HOME": "/h", "CUDA_VISIBLE_DEVICES": "0"}
    assert transport.clean_environment({**editors, **own}) == own


# --- what else may answer ------------------------------------------------------------------


class Health(BaseHTTPRequestHandler):
    """A server of another version: there is no real one to test with yet."""

    def do_GET(self) -> None:
        body = json.dumps(self.server.content).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other_server() -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Health)
    server.content = {"status": "ready", "api": 2, "version": "9.0", "instance": "x"}  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("api", "advice"), [(2, "plug-in is too old.*handtint install gimp"), (0, "server is too old")]
)
def test_another_version(other_server: Any, tmp_path: Path, api: int, advice: str) -> None:
    other_server.content["api"] = api
    url = f"http://127.0.0.1:{other_server.server_port}"
    places.write_setting(str(tmp_path), places.ServerSetting(url, "t"))
    chosen = session.Session("gimp", {**os.environ, "HANDTINT_HOME": str(tmp_path)})
    with pytest.raises(errors.OtherVersion, match=advice):
        colorize(chosen, plane_of(gray()))


def test_a_stale_announcement_is_passed_over(
    other_server: Any, no_server: dict[str, str], tmp_path: Path
) -> None:
    """The port belongs to another program by now: its instance is another one."""
    other_server.content["api"] = 1
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text("t\n")
    content = {
        "format": 1,
        "url": f"http://127.0.0.1:{other_server.server_port}",
        "pid": os.getpid(),
        "version": "0.1.0",
        "api": 1,
        "instance": "gone",
        "token_file": str(home / "token"),
        "started": "",
    }
    (home / "server.json").write_text(json.dumps(content))
    with pytest.raises(errors.NotRunning):
        colorize(session.Session("gimp", no_server), plane_of(gray()))
    content["instance"] = "x"
    (home / "server.json").write_text(json.dumps(content))
    endpoint = transport.run(session.Session("gimp", no_server).connect())
    assert endpoint.url == content["url"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
@pytest.mark.slow
def test_https_with_an_own_ca(other_server: Any, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key),
            *("-out", certificate, "-addext", "subjectAltName=DNS:localhost"),
            *("-addext", "basicConstraints=CA:TRUE"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    other_server.socket = context.wrap_socket(other_server.socket, server_side=True)
    other_server.content["api"] = 1
    url = f"https://localhost:{other_server.server_port}"
    places.write_setting(str(tmp_path), places.ServerSetting(url, "t", str(certificate)))
    environ = {**os.environ, "HANDTINT_HOME": str(tmp_path)}
    assert transport.run(session.Session("gimp", environ).connect()).url == url
    places.write_setting(str(tmp_path), places.ServerSetting(url, "t"))
    with pytest.raises(errors.ServerUnreachable, match=r"not trusted.*CA of its own"):
        transport.run(session.Session("gimp", environ).connect())
