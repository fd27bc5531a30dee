"""Functions that Numba compiles on their first use, for fixed types, cached on disk.

They release the GIL: threads come from the callers (`threads`), because Numba's own threads
must not be entered from two Python threads at once.

Numba's cache notices changes of the file that holds a function, but not of the constants that
the file imports and that are compiled in.  So they are part of the name that the cache files code
under: see `fingerprint`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba import types


def _constants(function: FunctionType, seen: set[str]) -> Iterator[str]:
    """Names and values of the globals that a function and the functions it calls compile in."""
    for name in sorted(function.__code__.co_names):
        value = function.__globals__.get(name)
        called = getattr(value, "py_func", None)
        key = f"{function.__module__}.{name}"
        if value is None or key in seen or isinstance(value, (ModuleType, type)):
            continue
        seen.add(key)
        if called is not None:
            yield from _constants(called, seen)
        else:
            yield f"{key}={np.asarray(value).dtype}:{np.asarray(value).tobytes().hex()}"


def fingerprint(function: Callable[..., None]) -> str:
    """Eight hex digits that change with any constant that is compiled into a function."""
    assert isinstance(function, FunctionType)
    return hashlib.sha256("\n".join(_constants(function, set())).encode()).hexdigest()[:8]


class Kernel:
    """A function that Numba compiles when it is first called."""

    _lock = threading.Lock()

    def __init__(
        self, function: Callable[..., None], signatures: list[Any], any_order: bool = False
    ) -> None:
        self.function, self.signatures, self.any_order = function, signatures, any_order
        self.compiled: Any = None
        self.__doc__ = function.__doc__

    def __call__(self, *arguments: Any) -> None:
        """Call the compiled function; it writes into its arguments."""
        if self.compiled is None:
            self.prepare()
        self.compiled(*arguments)

    def prepare(self) -> None:
        """Compile it, or load what was compiled before; nothing if that is done."""
        with self._lock:
            if self.compiled is None:
                self.compiled = self._compile()

    def _compile(self) -> Any:
        jit: Any = numba.njit
        fastmath = {"contract", "nsz"} | ({"reassoc", "nnan"} if self.any_order else set())
        options = {"nogil": True, "fastmath": fastmath, "error_model": "numpy"}
        # Numba's cache files code under this name.
        self.function.__qualname__ = f"{self.function.__name__}_{fingerprint(self.function)}"
        try:
            return jit(self.signatures, cache=True, **options)(self.function)
        except (RuntimeError, OSError):  # no folder to write to: compile in every process
            return jit(self.signatures, **options)(self.function)


def kernel(*signatures: Any, any_order: bool = False) -> Callable[[Callable[..., None]], Kernel]:
    """Decorate a function that is to be compiled for these types.

    any_order: its sums may be taken in any order and it meets no NaN, so that LLVM makes
    vector code of them; their last bits then depend on the processor.
    """
    return lambda function: Kernel(function, list(signatures), any_order)


def read_only(kind: Any, dimensions: int) -> Any:
    """The type of a contiguous array that a kernel only reads."""
    return types.Array(kind, dimensions, "C", readonly=True)


F1, F2, F3 = (types.Array(types.float32, n, "C") for n in (1, 2, 3))
"""float32 arrays that a kernel writes."""

R1, R2, R3 = (read_only(types.float32, n) for n in (1, 2, 3))
"""float32 arrays that a kernel reads."""
