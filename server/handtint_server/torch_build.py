"""Which build of PyTorch is installed, which one suits this machine, and the command for it.

PyTorch is built for one kind of hardware at a time, and PyPI has one build for each system:
CUDA for Linux, the processor for Windows, Metal for macOS.  docs/install.md has the table.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

INDEX = "https://download.pytorch.org/whl/"
PROCESSOR, CUDA, ROCM = "cpu", "cu126", "rocm6.4"
"""Builds by their names in PyTorch's index; the CUDA one runs with the oldest drivers."""

LIBRARIES = ("nvidia-", "cuda-", "triton", "pytorch-triton")
"""How the packages begin that a build for a card brings with it."""


@dataclass(frozen=True)
class Build:
    """The installed PyTorch.

    kind: "cpu", "cuda", "rocm" or "mps".  size: bytes on the disk, its libraries included.
    libraries: names of the packages that it brought for the card.
    """

    kind: str
    size: int
    libraries: tuple[str, ...] = ()


def card_here(
    system: str = sys.platform,
    root: Path = Path("/"),
    which: Callable[[str], str | None] = shutil.which,
    machine: str = "",
) -> str:
    """Whose graphics card is in this machine: "nvidia", "amd", "apple", or "" if none is seen.

    root: where the devices are looked up on Linux.
    """
    if system == "darwin":
        return "apple" if (machine or platform.machine()) == "arm64" else ""
    if (root / "proc/driver/nvidia").exists() or which("nvidia-smi"):
        return "nvidia"
    return "amd" if system == "linux" and (root / "dev/kfd").exists() else ""


def installed_build() -> Build:
    """The PyTorch of this environment; reads files and versions only."""
    import torch

    if torch.version.cuda:
        kind = "cuda"
    elif torch.version.hip:
        kind = "rocm"
    else:
        kind = "mps" if sys.platform == "darwin" else "cpu"
    names = {d.name for d in metadata.distributions() if d.name.lower().startswith(LIBRARIES)}
    size = sum(_bytes_of(name) for name in {*names, "torch"})
    return Build(kind, size, tuple(sorted(names)))


def _bytes_of(name: str) -> int:
    """Bytes of an installed package, as its record lists them."""
    try:
        files = metadata.distribution(name).files or []
    except metadata.PackageNotFoundError:
        return 0
    return sum(file.size or 0 for file in files)


def install_command(
    build: str, remove: tuple[str, ...] = (), prefix: str = "", python: str = ""
) -> str:
    """The command that puts another build into this environment, made by pip, pipx or uv.

    build: its name in PyTorch's index.  remove: packages that it does not need any more.
    prefix, python: the environment and its Python; this process's unless given.
    """
    prefix, python = prefix or sys.prefix, python or sys.executable
    where = f"--index-url {INDEX}{build}"
    if "pipx" in Path(prefix).parts:
        install = f"pipx runpip {Path(prefix).name} install"
        uninstall = f"pipx runpip {Path(prefix).name} uninstall -y"
    elif _made_by_uv(Path(prefix)):
        install = f"uv pip install --python {_quoted(python)}"
        uninstall = f"uv pip uninstall --python {_quoted(python)}"
    else:
        install = f"{_quoted(python)} -m pip install"
        uninstall = f"{_quoted(python)} -m pip uninstall -y"
    # The version is the same for all builds: without this the installed one would do.
    steps = [f"{uninstall} {' '.join(('torch', *remove))}", f"{install} torch {where}"]
    return " && ".join(steps)


def _made_by_uv(prefix: Path) -> bool:
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in lines)


def _quoted(path: str) -> str:
    return shlex.quote(path) if os.name == "posix" else f'"{path}"'


def advice(card: str, build: Build) -> tuple[str, str]:
    """(what is so, what would help) where PyTorch uses no graphics card.

    card: whose is in the machine, as `card_here` says.
    """
    size = f"{build.size / 1e9:.1f} GB"
    if card == "nvidia" and build.kind == "cuda":
        return (
            "there is an NVIDIA card, and PyTorch is built for CUDA, but cannot use it",
            "update NVIDIA's driver; if it is an old card: "
            + install_command(CUDA, build.libraries),
        )
    if card == "nvidia":
        return (
            "there is an NVIDIA card, but PyTorch is not built for it",
            "to be faster: " + install_command(CUDA, build.libraries),
        )
    if card == "amd" and build.kind != "rocm":
        return (
            "there is an AMD card, but PyTorch is not built for it",
            "to be faster, if ROCm knows the card: " + install_command(ROCM, build.libraries),
        )
    if not card and build.kind in ("cuda", "rocm"):
        return (
            f"none; PyTorch is built for one all the same, and takes {size}",
            "to have less on the disk: " + install_command(PROCESSOR, build.libraries),
        )
    return f"none that PyTorch can use; the processor does the work (PyTorch: {size})", ""
