"""Picks the inner loops of rendering: Numba's, or NumPy's where Numba is missing.

``HANDTINT_NUMBA=0`` in the environment takes NumPy's.
"""

from __future__ import annotations

import importlib
import logging
import os
from functools import lru_cache
from types import ModuleType
from typing import Literal

log = logging.getLogger("handtint.kernels")


@lru_cache(maxsize=1)
def kernels() -> ModuleType:
    """`kernels.numba` or `kernels.numpy`: the same functions.

    Warns once where Numba is missing.  Any other fault of importing, as a Numba that does not fit
    NumPy, is raised: it is to be mended, not hidden behind slow loops.
    """
    if os.environ.get("HANDTINT_NUMBA", "1") != "0":
        try:
            return importlib.import_module(".numba", __name__)
        except ModuleNotFoundError as error:
            if error.name != "numba":
                raise
            log.warning("Numba is not installed: rendering takes NumPy's loops, which are slower.")
    return importlib.import_module(".numpy", __name__)


def backend() -> Literal["numba", "numpy"]:
    """Whose inner loops are in use."""
    return "numba" if kernels().__name__.endswith(".numba") else "numpy"


def prepare() -> None:
    """Load all inner loops now rather than each at its first call: a tenth of a second."""
    module = kernels()
    for name in module.__all__:
        load = getattr(getattr(module, name), "prepare", None)
        if load is not None:
            load()
