"""From the setting `device` to the devices that get an engine each."""

from __future__ import annotations

import gc
import os


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


def free_unused() -> None:
    """Give the memory of dropped models and failed work back to the devices."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _cuda_devices() -> int:
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
