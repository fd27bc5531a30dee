"""CUDA and MPS against the processor: one code path, half precision on CUDA."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from skimage import data
from skimage.color import deltaE_cie76, rgb2lab

from handtint_model import Colorizer, Hints, load_colorizer, luminance_of
from handtint_model.device import work_alone

MOST = 2.0
"""dE at the 99th percentile."""

DEVICES = [
    pytest.param(
        name,
        marks=[pytest.mark.gpu, pytest.mark.skipif(not there, reason=f"there is no {name} device")],
    )
    for name, there in (
        ("cuda", torch.cuda.is_available()),
        ("mps", torch.backends.mps.is_available()),
    )
]
HINTS = Hints.from_points([(250, 400, "#2060d0"), (60, 60, "#c04030")], radius=12)


def far(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.percentile(deltaE_cie76(rgb2lab(one), rgb2lab(other)), 99))


@pytest.mark.parametrize("picture", ["astronaut", "coffee", "chelsea"])
@pytest.mark.parametrize("device", DEVICES)
def test_agrees_with_the_processor(colorizer: Colorizer, device: str, picture: str) -> None:
    plane = luminance_of(getattr(data, picture)())
    other = load_colorizer(device=device)
    here, there = colorizer.encode(plane), other.encode(plane)
    for hints in (None, HINTS):
        for vividness in (0.0, 0.4, 1.0):
            first = colorizer.colorize(here, hints, vividness=vividness)
            second = other.colorize(there, hints, vividness=vividness)
            assert far(first, second) < MOST
            np.testing.assert_array_equal(luminance_of(second), plane)
        close = np.abs(other.uncertainty(there, hints) - colorizer.uncertainty(here, hints))
        assert np.percentile(close, 99) < 0.02
        p = other.probabilities(there, hints)
        assert p.sum(axis=0) == pytest.approx(np.ones(p.shape[1:]), abs=1e-3)
        found = other.suggest(there, (200.0, 150.0), hints)
        assert found[0].probability == pytest.approx(
            colorizer.suggest(here, (200.0, 150.0), hints)[0].probability, abs=0.1
        )


@pytest.mark.slow
def test_half_precision_is_near_enough(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    """The very network in float16, as on CUDA, where there is a processor only."""
    canvas = torch.from_numpy(astronaut[::2, ::2].astype(np.float32) / 255 - 0.449)[None, None]
    with torch.inference_mode():
        full = colorizer.network(canvas)
        with torch.autocast("cpu", torch.float16):
            half = colorizer.network(canvas)
    p, q = (torch.softmax(h.logits.float(), 1) for h in (full, half))
    assert half.logits.dtype == torch.float16
    difference = (colorizer._soft_encoding.centers.T @ (p - q)[0].flatten(1)).norm(dim=0)
    assert float(difference.quantile(0.99)) < MOST
    assert float(difference.max()) > 0


def in_a_thread(work: Callable[[], int]) -> int:
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(work()))
    thread.start()
    thread.join()
    return got[0]


def test_a_thread_that_works_alone_leaves_the_others_as_they_are() -> None:
    def alone() -> int:
        work_alone()
        return torch.get_num_threads()

    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert in_a_thread(alone) == 1
        assert torch.get_num_threads() == 3
        assert in_a_thread(torch.get_num_threads) == 3
    finally:
        torch.set_num_threads(usual)
