"""A photo that a device has no memory for: shown to it smaller, then left to the processor.

The way of the server and of `handtint colorize` alike.  What was done is told in a note.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..api.errors import is_device_out_of_memory
from ..model import RENDER_SIZES, Plane, Progress
from .devices import free_unused

if TYPE_CHECKING:
    from handtint_model import Colorizer, EncodedPhoto

log = logging.getLogger("handtint.memory")

Spare = Callable[[], "Colorizer"]
"""Gives the colorizer of the processor, for what a graphics card has no memory for."""

ON_THE_PROCESSOR = "The device ran out of memory: the processor did the work."
_SMALLER = 0.7


@dataclass(frozen=True, eq=False)
class Encoding:
    """An encoded photo.

    colorizer: what encoded it, and so has to paint it.  note: what was done otherwise than
    asked, a sentence or empty.
    """

    encoded: EncodedPhoto
    colorizer: Colorizer
    note: str = ""


def encode(
    colorizer: Colorizer,
    spare: Spare,
    luminance: Plane,
    alpha: Plane | None,
    render_size: int,
    progress: Progress,
) -> Encoding:
    """Encode with what memory there is; raises torch's error where the processor has none."""
    used, size, note = colorizer, render_size, ""
    while True:
        try:
            encoded = used.encode(luminance, render_size=size, alpha=alpha, progress=progress)
        except RuntimeError as error:
            if not is_device_out_of_memory(error):
                raise
            if size > RENDER_SIZES[0]:
                size = max(int(size * _SMALLER), RENDER_SIZES[0])
                note = (
                    f"The device ran out of memory: the network saw {size} pixels of the "
                    f"short side instead of {render_size}."
                )
            elif used is colorizer and colorizer.device != "cpu":
                used, size, note = spare(), render_size, ON_THE_PROCESSOR
            else:
                raise
        else:
            return Encoding(encoded, used, note)
        # Here the error is gone, and with it the frames that held its tensors.
        free_unused()
        log.warning("%s", note)


def paint(
    encoding: Encoding,
    spare: Spare,
    alpha: Plane | None,
    render_size: int,
    progress: Progress,
    work: Callable[[Colorizer, EncodedPhoto], Any],
) -> tuple[Any, Encoding]:
    """(what `work` returns, the encoding that it was done with).

    Where the device has no memory for the work, the processor encodes the photo anew and does
    it; raises torch's error where that has none either.
    """
    try:
        return work(encoding.colorizer, encoding.encoded), encoding
    except RuntimeError as error:
        if not is_device_out_of_memory(error) or encoding.colorizer.device == "cpu":
            raise
    free_unused()
    log.warning("%s", ON_THE_PROCESSOR)
    used = spare()
    encoded = used.encode(
        encoding.encoded.luminance, render_size=render_size, alpha=alpha, progress=progress
    )
    again = Encoding(encoded, used, ON_THE_PROCESSOR)
    return work(used, encoded), again
