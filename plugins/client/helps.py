"""Where a hint would help most: which of the server's cells are marked."""

from __future__ import annotations

from .messages import Buffer

SHARE = 0.3
"""So much of the picture is marked at most: the places where a hint helps most."""


def bar(cells: Buffer) -> int:
    """The value, 1 to 255, from which on a cell is marked.

    Marked is what lies above the middle between the tenth and the last but one hundredth of the
    values, and at most SHARE of the picture.
    """
    ordered = sorted(bytes(cells))
    low, high = ordered[len(ordered) // 10], ordered[len(ordered) * 99 // 100]
    return max((low + high) // 2, ordered[int(len(ordered) * (1 - SHARE))], 1)
