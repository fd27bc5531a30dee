#!/usr/bin/env python3
"""Handtint for GIMP 3: what GIMP starts.  Everything else is in handtint_gimp beside it.

`handtint.py --check` says which Python would run it, and ends with 1 if none can.
"""

import os
import subprocess
import sys

NEEDED = """import gi
gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Babl", "0.1")
from gi.repository import Gimp
"""

# What an active virtual environment, conda or pyenv sets for its own Python.
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__")
TRIED = "HANDTINT_PYTHON_TRIED"


def other_pythons():
    """Every other Python that may have GIMP's bindings: the system's, then those on the PATH."""
    folders = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    folders += os.environ.get("PATH", "").split(os.pathsep)
    names = ("python3", "python") if os.name != "nt" else ("python3.exe", "python.exe")
    found = []
    for folder in folders:
        for name in names:
            path = os.path.join(folder, name)
            if path not in found and os.access(path, os.X_OK):
                found.append(path)
    return found


def clean_environment():
    """Variables for another Python."""
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    environment[TRIED] = "1"
    return environment


def run_with_another_python():
    """Start again with a Python that has GIMP's bindings; returns only if there is none."""
    if os.environ.get(TRIED):
        return
    environment = clean_environment()
    for python in other_pythons():
        try:
            works = subprocess.run(
                [python, "-c", NEEDED],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=20,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        if works.returncode == 0:
            # The same process: GIMP waits for this one, and holds pipes to it.
            os.execve(python, [python, *sys.argv], environment)


try:
    exec(NEEDED)
except (ImportError, ValueError) as error:
    run_with_another_python()
    sys.exit(
        "Handtint: the Python %s has no GIMP bindings (%s), and no other one was found. "
        "Install them (Debian, Ubuntu: python3-gi and gir1.2-gimp-3.0)." % (sys.executable, error)
    )

if sys.argv[1:] == ["--check"]:
    print(sys.executable)
    sys.exit(0)

from gi.repository import Gimp  # noqa: E402
from handtint_gimp.plugin import Handtint  # noqa: E402

Gimp.main(Handtint.__gtype__, sys.argv)
