"""What happens when a device runs out of memory, in the server and in `handtint colorize`.

First the network sees a smaller photo; if that is still too much, the processor does the work.
The answer carries a note that says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..memory import is_no_room_for_code
from ..model import RENDER_SIZES, Plane, Progress
from .devices import free_unused

if TYPE_CHECKING:
    from handtint_model import Colorizer, EncodedPhoto

log = logging.getLogger("handtint.memory")

CpuColorizer = Callable[[], "Colorizer"]
"""Gives the colorizer that works on the processor, loaded at its first use."""

ON_THE_PROCESSOR = "The device ran out of memory: the processor did the work."
_SMALLER = 0.7

_OUT_OF_MEMORY = (
    "out of memory",  # CUDA beside its allocator, MPS
    "can't allocate memory",  # the processor
    "not enough memory",  # the processor, on Windows
    "ALLOC_FAILED",  # cuBLAS, cuDNN
)


def is_device_out_of_memory(error: BaseException) -> bool:
    """Whether this is one of torch's errors for a device without memory.

    Recognized by name and words: torch loads slowly, and has a class only for CUDA's allocator.
    """
    if type(error).__name__ == "OutOfMemoryError":
        return True
    if is_no_room_for_code(error):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)


def in_a_clean_thread(action: Callable[[], Any]) -> Any:
    """The action's result; done in a new thread where oneDNN cannot make code in this one.

    Otherwise a moment without memory would be the end of a worker that runs for days.
    """
    try:
        return action()
    except RuntimeError as error:
        if not is_no_room_for_code(error):
            raise
    free_unused()
    with ThreadPoolExecutor(1, thread_name_prefix="handtint-clean") as clean:
        return clean.submit(action).result()


@dataclass(frozen=True, eq=False)
class EncodingResult:
    """An encoded photo.

    colorizer: the one that encoded it, and so the only one that can colorize it.
    note: what was done otherwise than asked, a sentence or empty.
    """

    encoded: EncodedPhoto
    colorizer: Colorizer
    note: str = ""


def encode_with_fallback(
    colorizer: Colorizer,
    cpu_colorizer: CpuColorizer,
    luminance: Plane,
    alpha: Plane | None,
    render_size: int,
    progress: Progress,
) -> EncodingResult:
    """Encode with the memory there is; raises torch's error if the processor has too little."""
    used, size, note = colorizer, render_size, ""
    while True:
        try:
            encoded = in_a_clean_thread(
                partial(used.encode, luminance, render_size=size, alpha=alpha, progress=progress)
            )
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
                used, size, note = cpu_colorizer(), render_size, ON_THE_PROCESSOR
            else:
                raise
        else:
            return EncodingResult(encoded, used, note)
        # Only after the except block: until then the error's frames hold its tensors.
        free_unused()
        log.warning("%s", note)


def work_with_fallback(
    result: EncodingResult,
    cpu_colorizer: CpuColorizer,
    alpha: Plane | None,
    render_size: int,
    progress: Progress,
    work: Callable[[Colorizer, EncodedPhoto], Any],
) -> tuple[Any, EncodingResult]:
    """(what `work` returns, the encoding that it was done with).

    If the device has too little memory for the work, the processor encodes the photo again and
    does the work; raises torch's error if that has too little memory, too.
    """
    try:
        done = in_a_clean_thread(partial(work, result.colorizer, result.encoded))
        return done, result
    except RuntimeError as error:
        if not is_device_out_of_memory(error) or result.colorizer.device == "cpu":
            raise
    free_unused()
    log.warning("%s", ON_THE_PROCESSOR)
    colorizer = cpu_colorizer()
    encoded = colorizer.encode(
        result.encoded.luminance, render_size=render_size, alpha=alpha, progress=progress
    )
    return work(colorizer, encoded), EncodingResult(encoded, colorizer, ON_THE_PROCESSOR)
