"""`handtint doctor` tells the truth: each state of issue 13 made for real where it can be."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from handtint_server import doctor, torch_build
from handtint_server.cli.doctor import scrub, table
from handtint_server.discovery import FILE, Discovery
from handtint_server.editors import connection, given, installer
from handtint_server.editors.environment import Environment, Target
from handtint_server.editors.places import find_targets, given_target
from handtint_server.model import kernels_in_use

from .conftest import Live, Start

pytestmark = pytest.mark.timeout(900)  # several programs, each of which imports torch
GIB = 1 << 30


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(tmp_path / "no-runtime"))
    return folder


def environment(home: Path) -> Environment:
    return Environment({"HOME": str(home), "PATH": ""}, "linux")


def gimp(home: Path, place: str = ".config/GIMP/3.0") -> Target:
    (home / place).mkdir(parents=True)
    return find_targets("gimp", environment(home))[0]


def runtime_of(live: Live) -> Path:
    assert live.runner.publication is not None
    return live.runner.publication.folder


# --- the server ------------------------------------------------------------------------


def test_no_server(tmp_path: Path) -> None:
    finding, usable = doctor.check_server(tmp_path)
    assert (finding.state, usable) == ("note", False)
    assert "none is running" in finding.saw
    assert "handtint serve" in finding.remedy


def test_a_server_that_works(start_server: Start) -> None:
    live = start_server()
    finding, usable = doctor.check_server(runtime_of(live))
    assert (finding.state, usable) == ("ok", True)
    assert live.url in finding.saw


def test_stale_discovery(start_server: Start) -> None:
    live = start_server()
    path = runtime_of(live) / FILE
    text = path.read_text()
    found = Discovery.read(path)
    assert found is not None
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    path.write_text(text.replace(f'"pid": {found.pid}', f'"pid": {dead.stdout.strip()}'))
    finding, usable = doctor.check_server(runtime_of(live))
    assert (finding.state, usable) == ("note", False)
    assert "of one that ended" in finding.saw


def test_wrong_token(start_server: Start) -> None:
    live = start_server()
    (runtime_of(live) / "token").write_text("another-token-altogether\n")
    finding, usable = doctor.check_server(runtime_of(live))
    assert (finding.state, usable) == ("bad", False)
    assert "refuses the token" in finding.saw
    (runtime_of(live) / "token").unlink()
    finding, usable = doctor.check_server(runtime_of(live))
    assert (finding.state, usable) == ("bad", False)
    assert "cannot be read" in finding.saw


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "state", "usable"),
    [({"version": "0.0.9"}, "note", True), ({"api": 2, "version": "9.0"}, "bad", False)],
)
def test_server_of_another_version(
    start_server: Start, change: dict[str, object], state: str, usable: bool
) -> None:
    live = start_server()
    path = runtime_of(live) / FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    finding, found_usable = doctor.check_server(runtime_of(live))
    assert (finding.state, found_usable) == (state, usable)
    assert str(change["version"]) in finding.saw
    assert "restart" in finding.remedy


def test_nothing_answers_or_something_else_does(start_server: Start) -> None:
    live = start_server()
    path = runtime_of(live) / FILE
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, "url": "http://127.0.0.1:9"}))
    finding, usable = doctor.check_server(runtime_of(live))
    assert (finding.state, usable) == ("bad", False)
    assert "nothing answers" in finding.saw
    other = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=other.handle_request)
    thread.start()
    url = f"http://127.0.0.1:{other.server_address[1]}"
    path.write_text(json.dumps({**found, "url": url}))
    finding, usable = doctor.check_server(runtime_of(live))
    thread.join()
    other.server_close()
    assert (finding.state, usable) == ("bad", False)
    path.write_text(json.dumps({**found, "instance": "of-another-run"}))
    finding, usable = doctor.check_server(runtime_of(live))
    assert (finding.state, usable) == ("bad", False)
    assert "something else" in finding.saw


# --- the graphics card -----------------------------------------------------------------


def test_graphics_card() -> None:
    none = doctor.check_gpu("", 0, 0)
    assert none.state == "note"
    # PyPI's PyTorch for Linux is built for a card: then a command that has less is told.
    assert ("the processor does the work" in none.saw) == (none.remedy == "")
    if torch_build.installed_build().kind == "cpu" and not torch_build.card_here():
        assert none.remedy == ""
    else:
        assert none.remedy == "" or "install torch" in none.remedy
    full = doctor.check_gpu("RTX", 200 << 20, 8 * GIB)
    assert full.state == "note"
    assert "200 of 8192 MB" in full.saw
    assert "--device cpu" in full.remedy
    assert doctor.check_gpu("RTX", 4 * GIB, 8 * GIB).state == "ok"


def test_this_machine() -> None:
    import torch

    name, free, total = doctor.gpu_memory()
    assert bool(name) == (torch.cuda.is_available() or torch.backends.mps.is_available())
    assert free <= total


# --- the editors -----------------------------------------------------------------------


def editors(home: Path, *, answers: bool = False) -> Iterator[tuple[doctor.Finding, bool]]:
    return doctor.check_editors(environment(home), answers, True)


def test_editor_not_found(home: Path) -> None:
    for finding, works in editors(home):
        assert not works
        assert finding.saw == "not found"
        assert "--editor-dir" in finding.remedy


def test_plugin_not_installed(home: Path) -> None:
    gimp(home)
    finding, works = next(editors(home))
    assert (finding.state, works) == ("bad", False)
    assert "not installed" in finding.saw
    assert "handtint install gimp" in finding.remedy


def test_plugin_installed(home: Path) -> None:
    target = gimp(home)
    installer.install(target)
    finding, works = next(editors(home))
    assert not works  # it would not find its server
    assert "connection.json" in finding.saw
    path = connection.write_connection(target, environment(home))
    finding, works = next(editors(home))
    assert (finding.state, works) == ("ok", True), finding
    gone = json.loads(path.read_text())
    gone["start"][0] = str(home / "no-python")
    path.write_text(json.dumps(gone))
    finding, works = next(editors(home))
    assert not works
    assert "no-python" in finding.saw
    assert next(editors(home, answers=True))[1]  # a server that runs needs no start


def test_plugin_of_another_version(home: Path) -> None:
    target = gimp(home)
    installer.install(target)
    path = target.folder / installer.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": "0.0.1"}))
    finding, works = next(editors(home))
    assert not works
    assert "0.0.1" in finding.saw


def test_plugin_damaged(home: Path) -> None:
    target = gimp(home)
    installer.install(target)
    connection.write_connection(target, environment(home))
    main = target.folder / "handtint.py"
    main.chmod(0o644)
    finding, works = next(editors(home))
    assert not works
    assert "may not be executed" in finding.saw
    main.unlink()
    finding, works = next(editors(home))
    assert not works
    assert "missing or changed" in finding.saw


def test_plugin_in_a_folder_that_was_named(home: Path) -> None:
    env, folder = environment(home), home / "my gimp"
    target = given_target("gimp", folder, env)
    given.note("gimp", folder, env)
    assert next(editors(home))[0].saw == "not found"  # named, but nothing is there
    installer.install(target)
    given.note("gimp", folder, env)
    connection.write_connection(target, env)
    assert [works for _, works in editors(home)] == [True, False]
    (target.folder / "handtint.py").unlink()
    finding, works = next(editors(home))
    assert not works
    assert finding.remedy == f"handtint install gimp --editor-dir '{folder}/plug-ins'"
    gimp(home)  # found by looking, too: both are told
    assert len(list(editors(home))) == 3


def test_krita_plugin_switched_off(home: Path) -> None:
    (home / ".local/share/krita").mkdir(parents=True)
    (target,) = find_targets("krita", environment(home))
    installer.install(target)
    connection.write_connection(target, environment(home))
    assert list(editors(home))[1][1]
    assert target.kritarc is not None
    installer.enable_in_kritarc(target.kritarc, False)
    finding, works = list(editors(home))[1]
    assert not works
    assert "switched off" in finding.saw


@pytest.mark.parametrize(
    "place", [".var/app/org.gimp.GIMP/config/GIMP/3.0", "snap/gimp/current/.config/GIMP/3.0"]
)
def test_sandboxed_editor(home: Path, place: str) -> None:
    target = gimp(home, place)
    assert target.sandbox
    installer.install(target)
    connection.write_connection(target, environment(home))
    finding, works = next(editors(home))
    assert not works
    assert "cannot start the server" in finding.saw
    assert "handtint_server serve" in finding.remedy or "systemctl" in finding.remedy
    finding, works = next(editors(home, answers=True))
    assert not works
    assert "has not told" in finding.saw
    found = Discovery("http://127.0.0.1:1", os.getpid(), "0.1.0", 1, "x", "t", "now")
    (target.data / FILE).write_text(json.dumps({**vars(replace(found))}))
    assert next(editors(home, answers=True))[1]


def test_model_that_fails(home: Path) -> None:
    target = gimp(home)
    installer.install(target)
    connection.write_connection(target, environment(home))
    finding, works = next(doctor.check_editors(environment(home), False, False))
    assert not works
    assert "the model fails" in finding.saw


def test_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_kernels("numba").state == "ok"
    missing = doctor.check_kernels("numpy")
    assert (missing.state, missing.remedy) == ("note", "install Numba: pip install numba")
    monkeypatch.setenv("HANDTINT_NUMBA", "0")
    assert doctor.check_kernels("numpy").remedy == "unset HANDTINT_NUMBA"


@pytest.mark.slow
@pytest.mark.parametrize(("variable", "kernels"), [("0", "numpy"), ("1", "numba")])
def test_kernels_in_use(variable: str, kernels: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from handtint_server.model import kernels_in_use; print(kernels_in_use())",
        ],
        env={**os.environ, "HANDTINT_NUMBA": variable},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.stdout.strip() == kernels, run.stderr


def test_info_says_which_kernels_run(live: Live) -> None:
    assert live.get("/v1/info").json()["kernels"] == kernels_in_use()


# --- the command -----------------------------------------------------------------------


def run_doctor(home: Path, runtime: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG", "HANDTINT", "GIMP"))}
    return subprocess.run(
        [sys.executable, "-m", "handtint_server", "doctor", *arguments],
        env={
            **kept,
            "HOME": str(home),
            "PATH": "",
            "HANDTINT_RUNTIME_DIR": str(runtime),
            "HANDTINT_LOG_FILE": str(home / "server.log"),
        },
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.slow
def test_command_on_a_server(home: Path, tmp_path: Path, start_server: Start) -> None:
    none = run_doctor(home, tmp_path / "nothing", "--server")
    assert none.returncode == 1
    assert "none is running" in none.stdout
    live = start_server()
    report = tmp_path / "report.txt"
    (home / "server.log").write_text(f"a line with {live.token} in it\nBearer {'x' * 20}\n")
    good = run_doctor(home, runtime_of(live), "--server", "--report", str(report))
    assert good.returncode == 0, good.stdout + good.stderr
    assert live.url in good.stdout
    text = report.read_text()
    assert live.url in text
    assert "torch" in text
    assert "a line with (token) in it" in text
    assert live.token not in text
    assert "x" * 20 not in text
    assert str(home) not in text


@pytest.mark.slow
def test_command_on_editors(home: Path, tmp_path: Path) -> None:
    target = gimp(home)
    bad = run_doctor(home, tmp_path / "nothing")
    assert bad.returncode == 1
    assert "the plug-in is not installed" in bad.stdout
    assert "-> handtint install gimp" in bad.stdout
    installer.install(target)
    connection.write_connection(target, environment(home))
    good = run_doctor(home, tmp_path / "nothing")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "Ready" in good.stdout
    assert "compiled by Numba" in good.stdout


def test_table_and_scrub() -> None:
    text = table([doctor.Finding("A", "bad", "broken", "mend it")])
    assert text.splitlines() == ["BAD   A  broken", "         -> mend it"]
    assert "secret" not in scrub("Authorization: Bearer secret-token")
    assert "y" * 43 not in scrub("y" * 43)


def test_scrub_leaves_the_rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also in a container, where / is the home, and where a token file is empty."""
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(runtime))
    (runtime / "token").write_text("\n")
    announced = Discovery("http://127.0.0.1:1", 1, "0", 1, "x", str(runtime / "token"), "")
    (runtime / "server.json").write_text(json.dumps(asdict(announced)))
    saw = "Python in /usr/bin/python3, data in /home/ada/x and /home/adam/x"
    monkeypatch.setenv("HOME", "/")
    assert scrub(saw) == saw
    monkeypatch.setenv("HOME", "/home/ada")
    assert scrub(saw) == saw.replace("/home/ada/", "~/")
    (runtime / "token").write_text("data\n")
    assert "data" not in scrub(saw)
