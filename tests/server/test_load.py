"""A small run of bench/load.py: every answer right, nothing leaked."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The bench as a module, beside the one it imports."""
    monkeypatch.syspath_prepend(str(BENCH))
    spec = importlib.util.spec_from_file_location("handtint_bench_load", BENCH / "load.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_mixed_requests_of_many_clients(load: ModuleType) -> None:
    photos = load.make_photos(seed=5)
    small = [p for p in photos if p.plane.size <= 300 * 400]
    outcome = load.run(clients=12, requests=160, seed=5, photos=small)
    assert outcome.wrong == []
    assert sum(len(v) for v in outcome.milliseconds.values()) == 160
    assert len(outcome.health) > 10
    _, _, threads, descriptors = outcome.states[0]
    _, _, threads_end, descriptors_end = outcome.states[-1]
    assert threads_end <= threads
    assert descriptors_end <= descriptors
