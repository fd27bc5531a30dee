"""From the setting `device` to the devices that get an engine each."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys


def engine_devices(setting: str) -> list[str]:
    """Names for `load_colorizer`.

    setting: ``auto`` (every CUDA device, or else what the model chooses), ``cuda`` (the
    same, without the alternative), or names with commas between them.
    """
    names = [name.strip() for name in setting.split(",") if name.strip()] or ["auto"]
    devices: list[str] = []
    for name in names:
        count = _cuda_devices() if name in ("auto", "cuda") else 0
        devices += [f"cuda:{i}" for i in range(count)] if count else [name]
    return list(dict.fromkeys(devices))


def describe(device: str) -> str:
    """A name for people: the graphics card's, or how many threads the CPU works with."""
    import torch

    if device.startswith("cuda") and torch.cuda.is_available():
        return str(torch.cuda.get_device_name(device))
    if device == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def settle_malloc() -> None:
    """Keep a server of weeks small: glibc would keep a heap for every thread, and freed planes.

    Large arrays get mappings of their own, which go back to the system when they are freed;
    the threads share two heaps.  Kept for the next request instead, arrays of up to 32 MB made
    requests for a few megapixels a little quicker, and the memory grow by a fifth under load:
    planes that are cached lie between those that were freed.
    """
    if sys.platform != "linux":
        return
    arena_max, mmap_threshold = -8, -3  # malloc.h: M_ARENA_MAX, M_MMAP_THRESHOLD
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(arena_max, 2)
        mallopt(mmap_threshold, 1 << 20)


def trim_heaps() -> None:
    """Give freed memory that the C library keeps back to the system."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def free_unused() -> None:
    """Give cached memory of dropped models back to the devices and the system."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim_heaps()


def _cuda_devices() -> int:
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
