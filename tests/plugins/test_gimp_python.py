"""GIMP is started from a shell whose `python3` has no bindings for GIMP."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from handtint_server import doctor
from handtint_server.editors import installer
from handtint_server.editors.environment import Target

from .conftest import GimpAndServer


@pytest.mark.gimp
@pytest.mark.timeout(1200)
def test_entries_appear_from_an_active_virtual_environment(in_gimp: GimpAndServer) -> None:
    gimp = in_gimp.gimp
    venv = gimp.work / "venv"
    made = gimp.inside(["python3", "-m", "venv", "--without-pip", str(venv)])
    assert made.returncode == 0, made.stderr
    gimp.environ.update(VIRTUAL_ENV=str(venv), PATH=f"{venv}/bin:{gimp.environ['PATH']}")
    without = gimp.inside(["python3", "-c", "import gi"])
    assert "No module named 'gi'" in without.stderr, "nothing is tried here"
    # GIMP's own Python has the same trouble, so that no case can run in it.
    command = ["gimp-console", "-i", "--no-fonts", "--no-data", "--quit"]
    done = gimp.inside([*command, "--batch-interpreter=plug-in-script-fu-eval", "-b", "(+ 1 1)"])
    known = (gimp.settings / "pluginrc").read_text(errors="replace")
    assert "plug-in-handtint-colorize" in known, done.stdout + done.stderr
    checked = gimp.inside([str(gimp.settings / "plug-ins/handtint/handtint.py"), "--check"])
    assert (checked.returncode, checked.stdout.strip()) == (0, "/usr/bin/python3"), checked.stderr


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A plug-in for the GIMP of a machine whose `python3` is the test's own, without gi."""
    target = Target("gimp", "GIMP 3.0", tmp_path / "plug-ins", tmp_path / "data")
    installer.install(target)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    gimp = programs / "gimp"
    gimp.write_text("#!/bin/sh\n")
    gimp.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    # No other Python is looked for: the machine that runs this test may have one.
    monkeypatch.setenv("HANDTINT_PYTHON_TRIED", "1")
    return target


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere GIMP brings its own Python")
def test_doctor_tries_what_gimp_would_try(
    installed: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = doctor.check_plugin(installed)
    assert found.state == doctor.BAD
    assert "no GIMP bindings" in found.saw
    assert "Traceback" not in found.saw
    assert "virtual environment" in found.remedy
    # A Python that has them, as far as this file asks.
    bindings = tmp_path / "bindings"
    (bindings / "gi" / "repository").mkdir(parents=True)
    (bindings / "gi" / "__init__.py").write_text("def require_version(*_): pass\n")
    (bindings / "gi" / "repository" / "__init__.py").write_text("Gimp = None\n")
    monkeypatch.setenv("PYTHONPATH", str(bindings))
    assert doctor.check_plugin(installed).state == doctor.OK


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere GIMP brings its own Python")
def test_doctor_expects_no_bindings_without_a_gimp(
    installed: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin" / "gimp").unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert doctor.check_plugin(installed).state == doctor.OK
