"""Whether an error is about too little memory, whoever raises it."""

from __future__ import annotations

import errno

TOO_LITTLE_MEMORY = (
    "there is too little memory: close other programs, or raise the limit of this shell or "
    "container (ulimit -v, memory.max)."
)
_WORDS = (
    "cannot allocate memory",
    "can't allocate memory",
    "failed to map segment",
    "can't start new thread",
    "not enough memory",
    "bad_alloc",
)
_NO_ROOM_FOR_CODE = "could not create a primitive"
"""What oneDNN says, and nothing more, where the code that it makes finds no room."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory, or the address space, was at its end.

    Libraries that cannot be mapped and threads that cannot be started say it in words only,
    some of them in the error that theirs came from.
    """
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        if isinstance(link, MemoryError) or getattr(link, "errno", None) == errno.ENOMEM:
            return True
        if is_no_room_for_code(link):
            return True
        if isinstance(link, (ImportError, OSError, RuntimeError, SystemError)) and any(
            words in str(link).lower() for words in _WORDS
        ):
            return True
        link = link.__cause__ or link.__context__
    return False


def is_no_room_for_code(error: BaseException) -> bool:
    """Whether oneDNN, which torch computes with on a processor, could not make its code.

    It fails from then on in the same thread, however much room there is later.
    """
    return isinstance(error, RuntimeError) and str(error) == _NO_ROOM_FOR_CODE
