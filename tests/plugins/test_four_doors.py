"""One engine, four doors: in GIMP and Krita the same photo and hints give Python's pixels.

Command line and HTTP: tests/server/test_four_doors.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import four_doors
import numpy as np
import pytest
import run_in_krita
from server_process import ServerProcess, be_patient

from handtint_model import Colorizer

from .conftest import GimpAndServer

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.gimp
def test_gimp(in_gimp: GimpAndServer, colorizer: Colorizer) -> None:
    """An 8-bit sRGB image in perceptual encoding is stored as it comes."""
    photo, hints = four_doors.write(in_gimp.gimp.work)
    assert in_gimp.gimp.run("doors", limit=900)["doors"] is None
    data = np.fromfile(in_gimp.gimp.work / "doors.rgb", np.uint8)
    found = data.reshape(*photo.shape, 3)
    assert (
        four_doors.table("GIMP", found, four_doors.by_python(colorizer, photo, hints))
        <= four_doors.ROUNDING
    )


@pytest.mark.gimp
def test_gimp_reads_pngs_as_the_command_line_does(
    in_gimp: GimpAndServer, colorizer: Colorizer
) -> None:
    """What a PNG says by gAMA and cHRM counts like a profile, here and there."""
    files = four_doors.pngs()
    del files["cicp"]  # which GIMP 3.0 ignores
    for name, content in files.items():
        (in_gimp.gimp.work / f"{name}.png").write_bytes(content)
    assert in_gimp.gimp.run("pngs", limit=900, NAMES=list(files))["pngs"] is None
    for name, content in files.items():
        wanted = four_doors.by_files(colorizer, content).astype(int)
        found = np.fromfile(in_gimp.gimp.work / f"{name}.rgb", np.uint8).reshape(wanted.shape)
        off = np.abs(found - wanted)
        # GIMP keeps 8 bits in the file's own curve, this side 16.
        assert off.mean() < 0.5, name
        assert off.max() <= 6, name


@pytest.mark.krita
def test_krita(tmp_path: Path, colorizer: Colorizer) -> None:
    """Krita converts the gray document to RGB at 8 bits."""
    run_in_krita.need()
    runtime, home, out = tmp_path / "runtime", tmp_path / "data", tmp_path / "krita"
    be_patient(home)
    photo, hints = four_doors.write(out)
    with ServerProcess(runtime, home):
        folders = {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)}
        run_in_krita.run_headless("cases_doors", out, folders, limit=900).check("case_doors")
    data = np.fromfile(out / "doors.bgra", np.uint8).reshape(*photo.shape, 4)
    assert (data[..., 3] == 255).all()
    found = data[..., 2::-1]
    assert (
        four_doors.table("Krita", found, four_doors.by_python(colorizer, photo, hints))
        <= four_doors.ROUNDING
    )


@pytest.mark.krita
def test_krita_shows_pngs_as_the_command_line_does(tmp_path: Path, colorizer: Colorizer) -> None:
    """Krita does not read what a PNG says; the plug-in does, when the user agrees."""
    run_in_krita.need()
    runtime, home, out = tmp_path / "runtime", tmp_path / "data", tmp_path / "krita"
    be_patient(home)
    out.mkdir()
    files = four_doors.pngs()
    for name, content in {**files, "hdr": four_doors.hdr_png()}.items():
        (out / f"{name}.png").write_bytes(content)
    with ServerProcess(runtime, home):
        environment = {"HANDTINT_RUNTIME_DIR": str(runtime), "HANDTINT_HOME": str(home)}
        environment["HANDTINT_TEST_NAMES"] = json.dumps(list(files))
        outcome = run_in_krita.run_headless("cases_pngs", out, environment, limit=900)
    for case in outcome.cases:
        outcome.check(case)
    assert outcome.complete
    for name, content in files.items():
        wanted = four_doors.by_files(colorizer, content).astype(int)
        data = np.fromfile(out / f"{name}.bgra", np.uint8).reshape(*wanted.shape[:2], 4)
        off = np.abs(data[..., 2::-1] - wanted)
        print(f"{name:10} mean {off.mean():.2f}, largest {off.max()} codes")
        # Krita keeps 8 bits in the file's own curve, this side 16: linear light has steps of 13
        # codes at black, half of which is lost; other primaries and this test's own conversion
        # take one more each.
        assert off.mean() < 0.5, name
        assert off.max() <= (8 if name in ("linear", "cicp") else 2), name
