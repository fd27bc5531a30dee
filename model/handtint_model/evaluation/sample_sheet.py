"""The sheet that shows how a colorizer does: gray, ours, ours with hints, truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from .contact_sheet import contact_sheet, mark_hints
from .methods import Levin, Method, Ours
from .protocols import Protocol, Truth


def sample_sheet(
    colorizer: Any | None,
    truths: Sequence[Truth],
    protocol: Protocol,
    *,
    vividness: Sequence[float | None] = (None,),
    hints: int = 5,
    levin: bool = False,
    height: int = 192,
) -> Image.Image:
    """One row per photo: gray with the hints' places, ours, ours with hints, truth.

    colorizer: None leaves it out.  truths: photos, as `Protocol.load` gives them.
    vividness: one column each, None for the default.  levin: also the baseline with the
    same hints.  height: of each picture, in pixels.
    """
    methods: list[Method] = []
    if colorizer is not None:
        methods.append(Ours(colorizer, vividness, "ours"))
    if levin:
        methods.append(Levin())
    columns = ["gray, hints marked"]
    for method in methods:
        columns += [label for label in method.labels if isinstance(method, Ours)]
        columns += [f"{label}, {hints} hints" for label in method.labels]
    rows = []
    for truth in truths:
        placed = protocol.place(truth, hints)
        painted, _ = placed.paint()
        row = [mark_hints(truth.luminance[..., None].repeat(3, axis=2), painted, truth.codes)]
        for method in methods:
            answers = method.start(truth)
            if isinstance(method, Ours):
                row += answers(protocol.place(truth, 0))
            row += answers(placed)
        rows.append([*row, truth.codes])
    return contact_sheet(
        rows, columns=[*columns, "truth"], names=[truth.name for truth in truths], height=height
    )
