"""A real `handtint serve` in a process of its own, for tests of what talks to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

COMMAND = [sys.executable, "-m", "handtint_server", "serve"]


def quiet_environment(**more: str) -> dict[str, str]:
    """The environment with one thread for every library, so that tests leave room."""
    threads = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    return {**os.environ, **threads, **more}


def be_patient(home: Path) -> None:
    """Let the plug-ins wait longer than a user would for a server on a busy machine."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "client.json").write_text(json.dumps({"format": 1, "timeout": 300}))


def end_announced(runtime: Path) -> None:
    """End the server that an editor has started with a runtime folder, if it still runs."""
    if not (runtime / "server.json").exists():
        return
    pid = int(json.loads((runtime / "server.json").read_text())["pid"])
    with contextlib.suppress(OSError):
        # After a crash the number may be another program's by now.
        if str(runtime).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)


class ServerProcess:
    """Starts a server when entered, ends it when left.

    runtime: folder of server.json and token.  home: data folder.  options: flags of
    `handtint serve`.
    """

    def __init__(self, runtime: Path, home: Path, *options: str) -> None:
        self.runtime, self.home, self.options = runtime, home, options
        self.output = home.with_name(home.name + ".log")
        self.log = home.with_name("server-log")
        self.process: subprocess.Popen[bytes] | None = None
        self.found: dict[str, Any] = {}

    def __enter__(self) -> ServerProcess:
        self.start()
        return self

    def start(self, wait: float = 240.0) -> None:
        """Start it and wait until the model is loaded."""
        command = [*COMMAND, "--runtime-dir", self.runtime, "--home", self.home]
        command += ["--log-file", self.log, *self.options]
        self.output.parent.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                list(map(str, command)), stdout=output, stderr=output, env=quiet_environment()
            )
        deadline = time.monotonic() + wait
        while True:
            try:
                self.found = json.loads((self.runtime / "server.json").read_text())
                if self.found["pid"] == self.process.pid and self.health()["status"] == "ready":
                    return
            except (OSError, ValueError):
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError(f"no server: {self.output.read_text()}")
            time.sleep(0.1)

    @property
    def url(self) -> str:
        return str(self.found["url"])

    @property
    def token(self) -> str:
        return (self.runtime / "token").read_text().strip()

    def get(self, path: str) -> Any:
        """JSON of a route."""
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def health(self) -> Any:
        with urllib.request.urlopen(self.url + "/v1/health", timeout=5) as answer:
            return json.load(answer)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would: its files stay behind."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
