"""Picks the inner loops of rendering: Numba's, or NumPy's where Numba is missing.

``HANDTINT_NUMBA=0`` in the environment takes NumPy's.
"""

from __future__ import annotations

import importlib
import os
from functools import lru_cache
from types import ModuleType


@lru_cache(maxsize=1)
def kernels() -> ModuleType:
    """`kernels.numba` or `kernels.numpy`: the same functions."""
    if os.environ.get("HANDTINT_NUMBA", "1") != "0":
        try:
            return importlib.import_module(".numba", __name__)
        except ImportError:
            pass
    return importlib.import_module(".numpy", __name__)


def prepare() -> None:
    """Load all inner loops now rather than each at its first call: a tenth of a second."""
    module = kernels()
    for name in module.__all__:
        load = getattr(getattr(module, name), "prepare", None)
        if load is not None:
            load()
