#!/usr/bin/env python3
"""Installs Handtint for GIMP and Krita: double-click, or `python3 install.py`.

Makes an environment of its own (the folder `handtint` in your home folder), installs the
`handtint-*.whl` that lies beside this file there, or the source folder that this file is in,
and puts the plug-in into GIMP and Krita.  Again: updates.  Needs Python 3.11 to 3.14 and
nothing else.

    python3 install.py [--folder FOLDER] [--torch cpu|cu126|rocm6.4|pypi]
"""

import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
INDEX = "https://download.pytorch.org/whl/"
OLDEST, NEWEST = (3, 11), (3, 14)


def fail(text):
    """End with a sentence."""
    sys.exit("Handtint was not installed: " + text)


def check_python():
    """Only with a Python that all packages are made for."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        fail(
            "it needs Python 3.11 to 3.14, and this is Python %d.%d. Get one from python.org or "
            "your system, and start install.py with that." % sys.version_info[:2]
        )


def what_to_install():
    """The wheel beside this file, the newest if there are several, else this folder."""
    wheels = sorted(HERE.glob("handtint-*.whl"), key=lambda path: path.stat().st_mtime)
    if wheels:
        return wheels[-1]
    if (HERE / "pyproject.toml").is_file():
        return HERE
    return fail("there is no handtint-....whl beside install.py. Put both into one folder.")


def torch_build():
    """Which build of PyTorch suits this machine: "cpu", or "pypi" for PyPI's."""
    if sys.platform == "darwin":
        return "pypi"  # knows Apple's graphics
    nvidia = Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi")
    if not nvidia:
        return "cpu"  # PyPI's for Linux has gigabytes for NVIDIA's cards
    return "cu126" if os.name == "nt" else "pypi"


def run(*command):
    """Whether a program ended well; what it prints is seen."""
    return subprocess.run([str(word) for word in command]).returncode == 0


def install(source, folder, torch):
    """Make the environment and install into it; returns its folder of programs."""
    print("Installing Handtint into %s ..." % folder, flush=True)
    try:
        venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        fail(
            "no environment could be made in %s (%s). On Debian and Ubuntu install the package "
            "python3-venv first." % (folder, error)
        )
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install")
    if torch != "pypi" and not run(*pip, "torch", "--index-url", INDEX + torch):
        print("PyTorch's own build cannot be had; going on with PyPI's, which is larger.")
    if not run(*pip, "--upgrade", source):
        fail("pip could not install it; its last lines say why.")
    return programs


def install_plugins(programs):
    """Into each editor that is there; returns how many."""
    handtint = programs / ("handtint.exe" if os.name == "nt" else "handtint")
    return sum(run(handtint, "install", editor) for editor in ("gimp", "krita"))


def main():
    """All steps."""
    parser = argparse.ArgumentParser(description="Install Handtint for GIMP and Krita.")
    parser.add_argument("--folder", type=Path, default=Path.home() / "handtint")
    parser.add_argument("--torch", default=None, help="build of PyTorch; chosen unless given")
    given = parser.parse_args()
    check_python()
    programs = install(what_to_install(), given.folder, given.torch or torch_build())
    if install_plugins(programs):
        print("Done. Restart the editor; Help in Handtint's docker or menu says how to begin.")
    else:
        print(
            "Installed, but no GIMP and no Krita was found. Install one, start it once, and "
            "start install.py again."
        )
    print("To look whether all is well: %s doctor" % (programs / "handtint"))
    print("To remove it: uninstall with handtint uninstall, and delete %s." % given.folder)


if __name__ == "__main__":
    try:
        main()
    finally:
        if os.name == "nt" and sys.stdin is not None and sys.stdin.isatty():
            input("Press Enter to close this window.")
