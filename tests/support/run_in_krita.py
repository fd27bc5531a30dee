"""Runs test modules inside the real Krita of the Debian folder and reads their verdict."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server_process import ServerProcess, be_patient

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
PHOTO = ROOT / "tests" / "data" / "photos" / "astronaut-gray.jpg"
FOLDER = Path(os.environ.get("HANDTINT_DEBIAN", "/var/tmp/handtint-debian13"))
"""Folder made by `tests/support/debian_folder.sh`."""


def missing() -> str:
    """Why there is no Krita to test in; "" if there is one."""
    if not (FOLDER / ".handtint-ready").exists():
        return f"no editors in {FOLDER}: run tests/support/debian_folder.sh {FOLDER} build"
    if os.getuid() != 0:
        return "entering the Debian folder needs root"
    return ""


def need() -> None:
    """Skip where there is no Krita to test in; fail where the caller counts on one."""
    import pytest

    if problem := missing():
        if os.environ.get("HANDTINT_NEED_EDITORS"):
            pytest.fail(problem)
        pytest.skip(problem)


def stage(target: Path) -> None:
    """The plug-in as an installation has it, in a folder for PYTHONPATH."""
    sys.path.insert(0, str(ROOT / "plugins"))
    import package

    for name, source in package.files("krita").items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)


@dataclass
class Outcome:
    """What a run in Krita has said.  values: whatever the cases measured."""

    cases: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    output: str = ""
    status: int = -1

    def check_end(self) -> None:
        """Raises AssertionError unless all steps were gone through."""
        if "steps" in self.cases or not self.complete:
            raise AssertionError(self.cases.get("steps", "Krita ended in the middle"))

    def check_faults(self) -> None:
        """Raises AssertionError for a fault in the plug-in.

        Faults in slots are printed, not raised: PyQt would end Krita.
        """
        faults = re.findall(r"Traceback.*?\n(?=\S)[^\n]*", self.output, re.DOTALL)
        ours = [fault for fault in faults if "pykrita/handtint/" in fault]
        if ours:
            raise AssertionError("\n".join(ours))

    def check(self, name: str) -> None:
        """Raises AssertionError unless a case has run well."""
        verdict = self.cases.get(name, "was not run")
        if verdict != "ok":
            raise AssertionError(f"{name}: {verdict}\n--- Krita's output:\n{self.output[-4000:]}")


def inside(
    command: list[str], out: Path, environment: dict[str, str], limit: float, host: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in the Debian folder with a clean environment.

    The repository and `out` are seen there under the same paths, and this machine as a whole
    under `host`, if that is given.
    """
    clean = {
        "PATH": "/usr/bin:/bin:/usr/games",
        "LANG": "C.UTF-8",
        "HOME": str(out / "home"),
        "XDG_RUNTIME_DIR": str(out / "run"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **environment,
    }
    (out / "home").mkdir(parents=True, exist_ok=True)
    (out / "run").mkdir(mode=0o700, exist_ok=True)
    words = ["env", "-i", *(f"{name}={value}" for name, value in clean.items())]
    bind = {ROOT, out}
    seen = [f"/:{host}"] if host else []
    for name in ("HANDTINT_RUNTIME_DIR", "HANDTINT_HOME"):
        if name in environment and not Path(environment[name]).is_relative_to(out):
            Path(environment[name]).mkdir(parents=True, exist_ok=True)
            bind.add(Path(environment[name]))
    return subprocess.run(
        ["sh", str(SUPPORT / "debian_folder.sh"), str(FOLDER), "run", *words,
         "timeout", "-k", "5", str(int(limit)), *command],
        env={**os.environ, "BIND": " ".join([*(f"{path}:{path}" for path in sorted(bind)), *seen])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=limit + 60,
        check=False,
    )  # fmt: skip


def run_headless(
    module: str,
    out: Path,
    environment: dict[str, str] | None = None,
    limit: float = 600.0,
    host: str = "",
) -> Outcome:
    """Run the cases of a module of tests/support/in_krita with kritarunner."""
    out.mkdir(parents=True, exist_ok=True)
    plugin = out / "plugin"
    stage(plugin)
    result = out / "result.json"
    result.unlink(missing_ok=True)
    done = inside(
        ["kritarunner", "-s", "harness", "-f", "main"],
        out,
        {
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": f"{plugin}:{SUPPORT / 'in_krita'}",
            "HANDTINT_TEST_MODULE": module,
            "HANDTINT_TEST_OUT": str(out),
            **(environment or {}),
        },
        limit,
        host,
    )
    output = done.stdout.decode("utf-8", "replace")
    (out / "krita.log").write_text(output)
    return read(result, output)


def install(out: Path, environment: dict[str, str], shortcuts: str = "") -> None:
    """Install the plug-in into the home folder of a run, as a user would.

    shortcuts: lines of kritashortcutsrc, those that a user has chosen.
    """
    home = out / "home"
    for path in (home / ".config", home / ".local" / "share" / "krita" / "pykrita"):
        path.mkdir(parents=True, exist_ok=True)
    (home / ".config" / "kritarc").write_text(
        "[python]\nenable_handtint_probe=true\n\n[theme]\nTheme=Krita dark\n"
    )
    (home / ".config" / "kritashortcutsrc").write_text("[Shortcuts]\n" + shortcuts)
    # Krita paints without OpenGL: a killed run leaves no half-tried OpenGL behind.
    (home / ".config" / "kritadisplayrc").write_text(
        "[General]\ncanvasState=OPENGL_FAILED\nOpenGLRenderer=none\n"
    )
    subprocess.run(
        [sys.executable, "-m", "handtint_server", "install", "krita"],
        env={**os.environ, **environment, "HOME": str(home)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    target = home / ".local" / "share" / "krita" / "pykrita"
    shutil.copytree(SUPPORT / "in_krita" / "probe", target, dirs_exist_ok=True)


def run_window(
    module: str,
    out: Path,
    photos: list[Path],
    environment: dict[str, str],
    size: str = "1400x900",
    limit: float = 600.0,
    shortcuts: str = "",
) -> Outcome:
    """Run the steps of a module of tests/support/in_krita in Krita's window under Xvfb."""
    out.mkdir(parents=True, exist_ok=True)
    install(out, environment, shortcuts)
    result = out / "result.json"
    result.unlink(missing_ok=True)
    done = inside(
        ["sh", str(SUPPORT / "in_krita" / "window.sh"), size, *map(str, photos)],
        out,
        {
            "PYTHONPATH": str(SUPPORT / "in_krita"),
            "HANDTINT_TEST_MODULE": module,
            "HANDTINT_TEST_OUT": str(out),
            "HANDTINT_TEST_PATIENCE": "300",
            **environment,
        },
        limit,
    )
    output = done.stdout.decode("utf-8", "replace")
    (out / "krita.log").write_text(output)
    outcome = read(result, output)
    outcome.status = done.returncode
    return outcome


def run_with_server(
    folder: Path,
    module: str,
    shots: str,
    files: dict[str, bytes] | None = None,
    size: str = "1400x900",
    shortcuts: str = "",
) -> Outcome:
    """Run a module in Krita's window with the gray photo, and with a server of its own.

    folder: an empty one.  shots: where in $HANDTINT_SHOTS the screenshots go, to be looked at.
    files: what else lies in the run's own folder.  The value "server log" is the server's.
    """
    need()
    runtime, home, out = folder / "runtime", folder / "data", folder / "krita"
    be_patient(home)
    out.mkdir()
    for name, content in (files or {}).items():
        (out / name).write_bytes(content)
    with ServerProcess(runtime, home) as server:
        outcome = run_window(
            module,
            out,
            [PHOTO],
            {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)},
            size=size,
            limit=1500,
            shortcuts=shortcuts,
        )
    outcome.values["server log"] = server.log.read_text()
    if kept := os.environ.get("HANDTINT_SHOTS"):
        target = Path(kept) / shots
        target.mkdir(parents=True, exist_ok=True)
        for picture in out.glob("*.png"):
            shutil.copy(picture, target)
    return outcome


def parts(module: str) -> list[str]:
    """The names in PARTS of a module of tests/support/in_krita, without importing Krita."""
    tree = ast.parse((SUPPORT / "in_krita" / f"{module}.py").read_text())
    value = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PARTS"
    )
    assert isinstance(value, ast.Tuple)
    return [name.id for name in value.elts if isinstance(name, ast.Name)]


def read(result: Path, output: str) -> Outcome:
    """The verdict of a run; a missing file is none."""
    if not result.exists():
        return Outcome({}, output=output)
    content = json.loads(result.read_text())
    return Outcome(content["cases"], content["values"], content["complete"], output)
