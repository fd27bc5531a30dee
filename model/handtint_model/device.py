"""The device that the network runs on, and the room that a limit leaves it (`ulimit -v`)."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import torch

from .errors import BadOption, DeviceProblem

NEEDED = 768 << 20
"""Bytes of addresses: Numba, LLVM, code made while running and threads take 600 MB."""

_STATM = Path("/proc/self/statm")


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


class _Alone(threading.local):
    """Of each thread: whether torch takes no other one for its work."""

    sure = False


_alone = _Alone()
_changing = threading.Lock()


def work_alone() -> None:
    """From now on torch does all work of the calling thread on this thread.

    For threads that do the same kind of work beside each other.  Torch's own threads would have to
    wait for each other after every small step, and much longer where other programs are busy.
    """
    if _alone.sure:
        return
    with _changing:
        usual = torch.get_num_threads()
        torch.set_num_threads(1)
        # That became the default of new threads, too.  A thread that ends at once changes it back.
        restore = threading.Thread(target=torch.set_num_threads, args=(usual,))
        restore.start()
        restore.join()
    _alone.sure = True


def room_left() -> int | None:
    """Bytes of addresses that may still be taken; None where nothing limits them."""
    try:
        import resource  # Windows has none

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return None
        return limit - int(_STATM.read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return None


def require_room() -> None:
    """Raises MemoryError where too little is left for the first photo.

    Asked before, since LLVM and the system's library end the whole program, without an error
    that could be caught, where they find no room.
    """
    if "numba" in sys.modules:  # the large part is done
        return
    left = room_left()
    if left is not None and left < NEEDED:
        raise MemoryError(f"{left >> 20} MB of addresses are left, {NEEDED >> 20} are needed")
