"""No server, a wrong one, one that fails: one sentence each in the real GIMP."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_proxy import FaultyProxy
from run_in_gimp import Gimp, Outcome
from server_process import ServerProcess, end_announced

from .conftest import need_gimp

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(1800)]

SENTENCES = {
    "wrong_token": r"refuses the token.*Enter it",
    "nobody_answers": r"No Handtint server answers at http://127\.0\.0\.1:9",
    "address_is_none": r"photos\.example\.org\?x cannot be used",
    "damaged_setting": r"setting.*cannot be read",
    "other_version": r"plug-in is too old.*handtint install gimp",
    "something_else_answers": r"not Handtint.*server setting",
    "silent": r"no sign of life for 1 s.*nothing was changed",
    "cut_off": r"ended before its answer was complete.*nothing was changed",
    "not_installed": r"handtint install gimp",
    "sandbox": r"sandbox.*systemctl --user enable --now handtint",
    "server_removed": r"could not be started.*/nowhere/python",
    "server_fails_to_start": r"could not be started.*damaged\.safetensors",
    "suggest_fails_as_well": r"not Handtint",
    "server_killed_in_mid_answer": r"ended before its answer was complete.*nothing was changed",
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    need_gimp()
    work = tmp_path_factory.mktemp("gimp")
    data, runtime = work / "data", work / "runtime"
    gimp = Gimp(work, HANDTINT_HOME=str(data), HANDTINT_RUNTIME_DIR=str(work / "hidden"))
    connection = json.loads((data / "connection.json").read_text())
    # A sandbox sees the data folder alone: what it starts runs outside, in another folder.
    start = ["/usr/sbin/chroot", "/host", "/usr/bin/env", f"PATH={os.environ['PATH']}"]
    start += ["OMP_NUM_THREADS=1", "NUMBA_NUM_THREADS=1", f"HOME={Path.home()}"]
    start += [sys.executable, *connection["start"][1:4]]
    start += ["--runtime-dir", str(runtime), "--home", str(data)]
    start += ["--log-file", str(work / "started.log")]
    connection["discovery"] = [str(data / "server.json")]
    other = work / "other"
    try:
        with (
            ServerProcess(other / "runtime", other / "home") as server,
            FaultyProxy(server.url) as proxy,
        ):
            yield gimp.run(
                "failures",
                limit=1500,
                HOME=str(data),
                PROXY=proxy.url,
                TOKEN=server.token,
                CONNECTION=connection,
                HOST_START=start,
            )
    finally:
        end_announced(runtime)


@pytest.mark.parametrize("name", list(SENTENCES))
def test_one_sentence_with_the_remedy(outcome: Outcome, name: str) -> None:
    text = outcome[name]["text"]
    assert text.count("\n") == 0
    assert "Traceback" not in text
    assert re.search(SENTENCES[name], text), text


def test_a_silent_server_does_not_hold_gimp(outcome: Outcome) -> None:
    assert outcome["silent"]["seconds"] < 60


def test_busy_is_waited_for(outcome: Outcome) -> None:
    assert outcome["busy_is_waited_for"] is None


def test_a_cancelled_run_leaves_no_image(outcome: Outcome) -> None:
    assert outcome["cancelled_with_a_filter"] is None


def test_the_installed_server_is_started(outcome: Outcome) -> None:
    assert outcome["installed_server_is_started"] is None


def test_a_broken_plugin_is_red(tmp_path: Path) -> None:
    """The tests see a plug-in that GIMP cannot run: otherwise they would prove nothing."""
    need_gimp()
    gimp = Gimp(tmp_path, HANDTINT_HOME=str(tmp_path / "data"))
    script = gimp.settings / "plug-ins" / "handtint" / "handtint.py"
    script.write_text(script.read_text().replace("import gi\n", "import gi_that_is_not_there\n"))
    with pytest.raises(AssertionError, match="GIMP does not know plug-in-handtint-colorize"):
        gimp.run("layers", limit=900)["result"]
