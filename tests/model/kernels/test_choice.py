"""Which inner loops are taken, and what Numba's cache of compiled code is keyed by."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHOICE = """
import sys
sys.modules[sys.argv[1]] = None  # as if it were not there
from handtint_model.kernels import backend, kernels
kernels()
kernels.cache_clear() if len(sys.argv) > 2 else None
print(backend())
"""


def run(script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "HANDTINT_NUMBA"}
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**environment, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_numba_numpy_is_taken_with_one_warning() -> None:
    done = run(CHOICE, "numba")
    assert (done.returncode, done.stdout.strip()) == (0, "numpy")
    assert done.stderr.count("Numba is not installed") == 1


def test_asked_for_numpy_there_is_no_warning() -> None:
    done = run(CHOICE, "numba", HANDTINT_NUMBA="0")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "numpy", "")


@pytest.mark.parametrize("module", ["handtint_model.kernels.numba.grid", "llvmlite"])
def test_another_fault_is_not_hidden(module: str) -> None:
    done = run(CHOICE, module)
    assert done.returncode != 0
    assert "ModuleNotFoundError" in done.stderr
    assert module in done.stderr


# Far outside the gamut, where the number of refinements shows.
RENDER = """
import hashlib, sys
import numpy as np
from handtint_model.color import gamut
gamut.REFINEMENTS = int(sys.argv[1])
from handtint_model.kernels.numba.color import linear_red_blue
y = np.linspace(0.02, 0.98, 4096, dtype=np.float32)
f = np.cbrt(y)
a, b = np.full_like(y, 90), np.full_like(y, 80)
linear_red_blue(y, f, a, b, gamut.chroma_limits())
print(hashlib.sha256(a.tobytes() + b.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_changed_constant_is_compiled_anew(tmp_path: Path) -> None:
    def rendered(refinements: int, cache: str) -> str:
        done = run(RENDER, str(refinements), NUMBA_CACHE_DIR=str(tmp_path / cache))
        assert done.returncode == 0, done.stderr
        return done.stdout

    before = rendered(3, "one")
    assert rendered(3, "one") == before
    files = {path for path in (tmp_path / "one").rglob("*") if path.suffix in (".nbi", ".nbc")}
    assert files, "nothing was cached"
    after = rendered(0, "one")
    assert after != before
    assert after == rendered(0, "another")
