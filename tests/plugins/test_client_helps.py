"""Which of the server's cells are marked as places where a hint helps."""

from __future__ import annotations

import numpy as np
import pytest

from client import helps


def marked(cells: np.ndarray) -> float:
    """The share of cells that are marked."""
    return float((cells >= helps.bar(cells.tobytes())).mean())


def test_a_few_uncertain_cells_are_marked_and_no_others() -> None:
    cells = np.full(1000, 20, np.uint8)
    cells[:80] = 200
    assert marked(cells) == 0.08


def test_at_most_a_share_is_marked() -> None:
    cells = np.random.default_rng(0).permutation(np.repeat(np.arange(250, dtype=np.uint8), 8))
    assert 0.2 < marked(cells) <= helps.SHARE + 1 / 250
    half = np.repeat(np.array([10, 240], np.uint8), 500)
    assert marked(half) == 0.5, "cells that are alike are marked alike"


@pytest.mark.parametrize("value", [0, 255])
def test_cells_that_are_all_alike(value: int) -> None:
    cells = np.full(64, value, np.uint8)
    assert marked(cells) == (1.0 if value else 0.0)
