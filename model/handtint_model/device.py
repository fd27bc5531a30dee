"""The device that the network runs on."""

from __future__ import annotations

import torch

from .errors import BadOption, DeviceProblem


def select_device(name: str) -> torch.device:
    """A torch device by name; ``"auto"`` takes CUDA, then MPS, then the CPU."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BadOption(f"device is auto, cpu, cuda, cuda:N or mps, not {name!r}.") from error
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(device.type, False):
        raise DeviceProblem(f"there is no usable device {name} on this machine; try auto or cpu.")
    return device
