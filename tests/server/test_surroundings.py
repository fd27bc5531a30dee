"""Proxies, machines with little memory, users without a home: one sentence, or it just works."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from handtint_server.cli import main
from handtint_server.client.client import Client
from handtint_server.settings import memory_bytes

from .conftest import Start

CAT = Path(__file__).parents[1] / "data" / "photos" / "cat-gray.png"
PROXY = "http://127.0.0.1:9"  # nothing listens there
MIB = 1 << 20


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, PROXY)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_no_proxy_lies_before_this_machine(start_server: Start, host: str) -> None:
    if host == "::1" and not has_ipv6():
        pytest.skip("no IPv6 here")
    live = start_server(host=host)
    with Client(live.url, live.token, patience=0) as client:
        assert client.health()["status"] in ("loading", "ready")
    if host == "127.0.0.1":
        with Client(f"http://localhost:{live.port}/", live.token, patience=0) as client:
            assert client.info()


@pytest.mark.usefixtures("proxies")
def test_a_proxy_is_used_for_other_machines() -> None:
    from handtint_server.client.client import Unreachable

    with (
        Client("http://192.0.2.1", "token-of-a-test", timeout=5, patience=0) as client,
        pytest.raises(Unreachable),
    ):
        client.health()


def test_the_smaller_of_machine_and_container(tmp_path: Path) -> None:
    none = tmp_path / "none"
    machine = memory_bytes(none, none)
    own = tmp_path / "cgroup"
    root = tmp_path / "fs"
    (root / "user" / "job").mkdir(parents=True)
    (root / "user" / "job" / "memory.max").write_text("max\n")
    own.write_text("0::/user/job\n")
    assert memory_bytes(root, own) == machine
    (root / "user" / "memory.max").write_text(f"{700 * MIB}\n")  # a limit of a group above
    assert memory_bytes(root, own) == 700 * MIB
    (root / "memory.max").write_text(f"{500 * MIB}\n")
    assert memory_bytes(root, own) == 500 * MIB
    (root / "memory.max").write_text(f"{machine * 4}\n")
    assert memory_bytes(root, own) == 700 * MIB


def test_version_1_of_cgroups(tmp_path: Path) -> None:
    group = tmp_path / "fs" / "memory" / "docker" / "abc"
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text(f"{600 * MIB}\n")
    own = tmp_path / "cgroup"
    own.write_text("5:cpu:/\n4:memory:/docker/abc\nbroken\n")
    assert memory_bytes(tmp_path / "fs", own) == 600 * MIB


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is Linux'")
@pytest.mark.parametrize("megabytes", [300, 600, 1200, 1300, 1400])
def test_too_little_memory_is_one_sentence(tmp_path: Path, megabytes: int) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * MIB, megabytes * MIB))

    done = subprocess.run(
        [sys.executable, "-m", "handtint_server", "colorize", str(CAT), "-o",
         str(tmp_path / "a.png"), "--device", "cpu"],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 1
    assert "too little memory" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose user has a number only: no HOME, no entry in /etc/passwd."""

    def unknown(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in list(os.environ):
        if name in ("HOME", "USERPROFILE") or name.startswith(("XDG_", "HANDTINT_")):
            monkeypatch.delenv(name)


@pytest.mark.slow
@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize("command", [["install", "gimp"], ["serve"], ["doctor"]])
def test_no_home_is_one_sentence(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    try:
        code = main(command)
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code != 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "no home folder" in err


@pytest.mark.usefixtures("homeless")
def test_no_home_is_needed_where_folders_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(tmp_path / "runtime"))
    report = tmp_path / "report.txt"
    with pytest.raises(SystemExit) as stop:
        main(["doctor", "--server", "--report", str(report)])
    assert stop.value.code == 1
    assert "none is running" in capsys.readouterr().out
    assert "none is running" in report.read_text()


def test_sudo_is_told_for_whom_it_installs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("sudo makes root")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HANDTINT_HOME", str(tmp_path / "data"))
    for user, told in (("ada", True), ("root", False)):
        monkeypatch.setenv("SUDO_USER", user)
        assert main(["install", "gimp", "--editor-dir", str(tmp_path / "gimp")]) == 0
        assert ("sudo installs for root" in capsys.readouterr().err) == told
