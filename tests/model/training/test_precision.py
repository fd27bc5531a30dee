"""bfloat16 only where the processor multiplies in it."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from handtint_model.training.precision import uses_bf16


def test_what_is_asked_for_counts() -> None:
    assert uses_bf16(torch.device("cpu"), True)
    assert not uses_bf16(torch.device("cpu"), False)


@pytest.mark.skipif(platform.system() != "Linux", reason="reads what Linux says")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="AVX-512 is of x86")
def test_else_the_processor_decides() -> None:
    flags = Path("/proc/cpuinfo").read_text().split()
    has_it = {"avx512f", "avx512bw", "avx512vl"} <= set(flags)
    assert uses_bf16(torch.device("cpu"), None) == has_it
