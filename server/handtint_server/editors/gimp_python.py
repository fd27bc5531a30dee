"""Whether GIMP finds a Python that can run the plug-in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .environment import Target

PROGRAMS = ("gimp", "gimp-console", "gimp-3.2", "gimp-3.0", "gimp-3")
_RUN_SECONDS = 60.0


def python_problem(target: Target) -> str:
    """Why the plug-in would not start in the GIMP of a place; "" if it would.

    The plug-in's main file is started as GIMP would start it, from this shell.  Where that tells
    nothing, "" is returned: a GIMP in a sandbox and those of Windows and macOS bring their own
    Python, and without a GIMP its bindings are not expected.
    """
    if target.editor != "gimp" or target.sandbox or sys.platform in ("win32", "darwin"):
        return ""
    if not any(shutil.which(name) for name in PROGRAMS):
        return ""
    main: Path = target.path_of("handtint/handtint.py")
    try:
        done = subprocess.run(
            [main, "--check"], capture_output=True, text=True, timeout=_RUN_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{main} does not start: {error}"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1].removeprefix("Handtint: ") if lines else f"{main} ended without a word"
