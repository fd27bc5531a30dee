"""Runs test cases inside the real GIMP of the Debian folder and brings back what they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).resolve().parent / "in_gimp"
FOLDER = Path(os.environ.get("HANDTINT_DEBIAN", "/var/tmp/handtint-debian13"))
"""Folder made by `tests/support/debian_folder.sh`."""

SCRIPT = ROOT / "tests" / "support" / "debian_folder.sh"


def missing() -> str:
    """Why there is no GIMP to test in; "" if there is one."""
    if not (FOLDER / ".handtint-ready").exists():
        return f"no editors in {FOLDER}: run {SCRIPT.relative_to(ROOT)} {FOLDER} build"
    if os.getuid() != 0:
        return "entering the Debian folder needs root"
    return ""


class Gimp:
    """A GIMP with a settings folder of its own, in which the plug-in is installed.

    work: an empty folder for everything.  environ: variables for GIMP.  `handtint install`
    puts the plug-in where GIMP looks, as a user would.
    """

    def __init__(self, work: Path, **environ: str) -> None:
        self.work = work
        self.settings = work / "gimp3"
        self.home = work / "home"
        self.environ = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIMP3_DIRECTORY": str(self.settings),
            "OMP_NUM_THREADS": "1",
            **environ,
        }
        self.home.mkdir(parents=True)
        self.install()

    def install(self) -> None:
        """`handtint install gimp`, with the folders of `environ`."""
        own = {k: v for k, v in self.environ.items() if k.startswith("HANDTINT_")}
        subprocess.run(
            [
                sys.executable,
                "-m",
                "handtint_server",
                "install",
                "gimp",
                "--editor-dir",
                str(self.settings),
            ],
            env={**os.environ, **own},
            check=True,
            capture_output=True,
        )

    def inside(
        self, command: list[str], limit: float = 600, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the Debian folder, where repository and `work` have their own paths.

        /host is this machine, so that a program can be started as from outside a sandbox.
        """
        binds = f"{ROOT}:{ROOT} {self.work}:{self.work} /:/host"
        variables = [f"{k}={v}" for k, v in {**self.environ, **environ}.items()]
        return subprocess.run(
            [SCRIPT, FOLDER, "run", "env", "-i", *variables, *command],
            env={**os.environ, "BIND": binds},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
        )

    def run(self, cases: str, limit: float = 600, fonts: bool = False, **values: Any) -> Outcome:
        """Run the cases of a file in `in_gimp`; values: globals for them."""
        result = self.work / f"{cases}.result.json"
        result.unlink(missing_ok=True)
        given = {
            "CASES": str(CASES / f"{cases}.py"),
            "RESULT": str(result),
            "OUT": str(self.work),
            **values,
        }
        start = (
            f"G={given!r}; exec(compile(open({str(CASES / 'runner.py')!r}).read(),'runner','exec'))"
        )
        done = self.inside(
            [
                "gimp-console",
                "-i",
                *([] if fonts else ["--no-fonts"]),
                "--no-data",
                "--quit",
                "--batch-interpreter=python-fu-eval",
                "-b",
                start,
            ],
            limit,
        )
        output = done.stdout + done.stderr
        if not result.exists():
            raise AssertionError(f"GIMP ended without a result:\n{output[-6000:]}")
        return Outcome(json.loads(result.read_text()), output)


class Outcome:
    """What the cases of a file have found."""

    def __init__(self, cases: dict[str, Any], output: str) -> None:
        self.cases, self.output = cases, output

    def __getitem__(self, name: str) -> Any:
        """What a case returned; AssertionError with its traceback if it failed."""
        if name not in self.cases:
            raise AssertionError(f"case {name} was not run:\n{self.output[-6000:]}")
        found = self.cases[name]
        if found["error"]:
            raise AssertionError(f"{found['error']}\n--- output of GIMP:\n{self.output[-6000:]}")
        return found["value"]
