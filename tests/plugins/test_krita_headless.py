"""The plug-in in the real Krita, without its window, against a real server.

The cases are functions in tests/support/in_krita; each module runs in one kritarunner, whose
result file says how every case went.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path

import pytest
import run_in_krita
from faulty_proxy import FaultyProxy
from run_in_krita import Outcome
from server_process import ServerProcess, be_patient, end_announced

pytestmark = [pytest.mark.krita, pytest.mark.timeout(3000)]


def cases(module: str) -> list[str]:
    """The names of the cases in a module, without importing Krita."""
    source = (run_in_krita.SUPPORT / "in_krita" / f"{module}.py").read_text()
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("case_")
    ]


def run_module(module: str, folder: Path, *options: str) -> Outcome:
    """Run a module beside a server of its own.  options: flags of `handtint serve`."""
    run_in_krita.need()
    runtime, home = folder / "runtime", folder / "data"
    be_patient(home)
    with ServerProcess(runtime, home, *options):
        return run_in_krita.run_headless(
            module,
            folder / "krita",
            {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)},
            limit=1800,
        )


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_layers", tmp_path_factory.mktemp("layers"))


@pytest.fixture(scope="module")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_spaces", tmp_path_factory.mktemp("spaces"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_live", tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_day", tmp_path_factory.mktemp("day"))


@pytest.fixture(scope="module")
def fences(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_fences", tmp_path_factory.mktemp("fences"))


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_follower", tmp_path_factory.mktemp("follower"))


@pytest.fixture(scope="module")
def meanwhile(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_meanwhile", tmp_path_factory.mktemp("meanwhile"))


@pytest.fixture(scope="module")
def own_paint(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_module("cases_ownpaint", tmp_path_factory.mktemp("own-paint"))


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("forgetful")
    return run_module("cases_forgetful", folder, "--cache-mb", "0")


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    run_in_krita.need()
    folder = tmp_path_factory.mktemp("failures")
    data, started = folder / "data", folder / "started"
    data.mkdir()
    # What Krita starts runs outside the Debian folder, where the server's Python is, and
    # announces itself in the data folder only: Krita does not see its runtime folder.
    start = ["/usr/sbin/chroot", "/host", "/usr/bin/env", f"PATH={os.environ['PATH']}"]
    start += ["OMP_NUM_THREADS=1", "NUMBA_NUM_THREADS=1", f"HOME={Path.home()}"]
    start += [sys.executable, "-m", "handtint_server", "serve", "--idle-unload", "10"]
    start += ["--runtime-dir", str(started), "--home", str(data)]
    start += ["--log-file", str(folder / "started.log")]
    (data / "mirrors.json").write_text(json.dumps({"folders": [str(data)]}))
    try:
        with (
            ServerProcess(folder / "runtime", folder / "home") as server,
            FaultyProxy(server.url) as proxy,
        ):
            return run_in_krita.run_headless(
                "cases_failures",
                folder / "krita",
                {
                    "HANDTINT_RUNTIME_DIR": str(folder / "hidden"),
                    "HANDTINT_HOME": str(data),
                    "HANDTINT_TEST_PROXY": proxy.url,
                    "HANDTINT_TEST_TOKEN": server.token,
                    "HANDTINT_TEST_START": json.dumps(start),
                },
                limit=1800,
                host="/host",
            )
    finally:
        end_announced(started)


@pytest.mark.parametrize("name", cases("cases_layers"))
def test_layers(layers: Outcome, name: str) -> None:
    layers.check(name)


@pytest.mark.parametrize("name", cases("cases_spaces"))
def test_spaces(spaces: Outcome, name: str) -> None:
    spaces.check(name)


@pytest.mark.parametrize("name", cases("cases_live"))
def test_live(live: Outcome, name: str) -> None:
    live.check(name)


@pytest.mark.parametrize("name", cases("cases_day"))
def test_a_days_work(day: Outcome, name: str) -> None:
    day.check(name)


@pytest.mark.parametrize("name", cases("cases_fences"))
def test_fences(fences: Outcome, name: str) -> None:
    fences.check(name)


@pytest.mark.parametrize("name", cases("cases_follower"))
def test_what_is_followed(follower: Outcome, name: str) -> None:
    follower.check(name)


@pytest.mark.parametrize("name", cases("cases_meanwhile"))
def test_what_is_done_meanwhile(meanwhile: Outcome, name: str) -> None:
    meanwhile.check(name)


@pytest.mark.parametrize("name", cases("cases_ownpaint"))
def test_paint_on_a_result_is_not_lost(own_paint: Outcome, name: str) -> None:
    own_paint.check(name)


@pytest.mark.parametrize("name", cases("cases_forgetful"))
def test_a_server_without_room(forgetful: Outcome, name: str) -> None:
    forgetful.check(name)


@pytest.mark.parametrize("name", cases("cases_failures"))
def test_failures(failures: Outcome, name: str) -> None:
    failures.check(name)


def test_every_run_came_to_its_end(
    layers: Outcome,
    spaces: Outcome,
    live: Outcome,
    day: Outcome,
    fences: Outcome,
    follower: Outcome,
    meanwhile: Outcome,
    forgetful: Outcome,
    failures: Outcome,
) -> None:
    runs = (layers, spaces, live, day, fences, follower, meanwhile, forgetful, failures)
    assert all(run.complete for run in runs)
