"""Which PyTorch `handtint doctor` recommends: each case, in made-up machines and environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from handtint_server import torch_build
from handtint_server.torch_build import Build, advice, card_here, install_command

CPU = Build("cpu", 700_000_000)
CUDA = Build("cuda", 4_300_000_000, ("nvidia-cudnn-cu13", "triton"))


def nothing(_name: str) -> None:
    return None


@pytest.mark.parametrize(
    ("system", "made", "program", "machine", "card"),
    [
        ("linux", "", "", "", ""),
        ("linux", "proc/driver/nvidia", "", "", "nvidia"),
        ("linux", "", "nvidia-smi", "", "nvidia"),
        ("win32", "", "nvidia-smi", "", "nvidia"),
        ("linux", "dev/kfd", "", "", "amd"),
        ("darwin", "", "", "arm64", "apple"),
        ("darwin", "", "", "x86_64", ""),
    ],
)
def test_the_card(
    tmp_path: Path, system: str, made: str, program: str, machine: str, card: str
) -> None:
    if made:
        (tmp_path / made).mkdir(parents=True)
    found = card_here(system, tmp_path, lambda name: name if name == program else None, machine)
    assert found == card


def test_a_card_that_pytorch_is_not_built_for() -> None:
    saw, remedy = advice("nvidia", CPU)
    assert "NVIDIA card" in saw
    assert remedy.endswith("install torch --index-url https://download.pytorch.org/whl/cu126")
    saw, remedy = advice("amd", CUDA)
    assert "AMD card" in saw
    assert "whl/rocm" in remedy
    assert "uninstall -y torch nvidia-cudnn-cu13 triton &&" in remedy


def test_a_card_that_its_driver_keeps_from_pytorch() -> None:
    saw, remedy = advice("nvidia", CUDA)
    assert "cannot use it" in saw
    assert remedy.startswith("update NVIDIA's driver")


def test_gigabytes_for_a_card_that_is_not_there() -> None:
    saw, remedy = advice("", CUDA)
    assert "takes 4.3 GB" in saw
    assert "uninstall -y torch nvidia-cudnn-cu13 triton &&" in remedy
    assert remedy.endswith("install torch --index-url https://download.pytorch.org/whl/cpu")


@pytest.mark.parametrize(("card", "build"), [("", CPU), ("apple", Build("mps", 300_000_000))])
def test_nothing_to_do(card: str, build: Build) -> None:
    saw, remedy = advice(card, build)
    assert "the processor does the work" in saw
    assert remedy == ""


def test_the_command_is_of_what_made_the_environment(tmp_path: Path) -> None:
    pip = install_command("cpu", (), str(tmp_path), "/x y/python")
    assert pip.startswith("'/x y/python' -m pip uninstall -y torch && '/x y/python' -m pip install")
    pipx = install_command("cpu", (), "/home/u/.local/share/pipx/venvs/handtint", "/p")
    assert pipx.startswith(
        "pipx runpip handtint uninstall -y torch && pipx runpip handtint install"
    )
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.9.2\n")
    uv = install_command("cpu", (), str(tmp_path), "/p")
    assert uv.startswith("uv pip uninstall --python /p torch && uv pip install --python /p torch")


def test_what_is_installed_here() -> None:
    found = torch_build.installed_build()
    assert found.kind in ("cpu", "cuda", "rocm", "mps")
    assert found.size > 50_000_000
