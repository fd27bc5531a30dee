"""Which results hold paint of the user's, as far as that is known while a picture is followed.

The checksum of a result tells (see `untouched`), but reading all of it before each live update
would take too long.  So a result is clean from when it was written or looked at until something
may have happened to it: every tool, filter and menu entry works on the active layer, and Undo
brings back what was there when a layer was active.
"""

from __future__ import annotations

import zlib
from typing import Any, Callable

from .client import Dropped
from .client.steps import Until
from .memory import Memory
from .nodes import uid
from .photos import Rect, read_checksum
from .untouched import Flow, StillThere, painted_over, signature, take_as_written


class OwnPaint:
    """See the module's docstring.  Results are named by their unique ids.

    presses: how often the brush was put down so far.
    """

    def __init__(self, presses: Callable[[], int] = lambda: 0) -> None:
        self._presses = presses
        self._clean: set[str] = set()
        self._painted: set[str] = set()
        self._been_active: set[str] = set()
        self._parts: dict[str, tuple[Rect, Any, int | None]] = {}
        self._in_writing: set[str] = set()
        self._writes = 0

    # --- what has happened -----------------------------------------------------------------

    def forget(self) -> None:
        """Another document is followed: this one may change unseen."""
        self._clean.clear()

    def doubt(self, key: str) -> None:
        """Something may have happened to a result: it has to be looked at."""
        self._clean.discard(key)
        self._painted.discard(key)

    def note_active(self, key: str) -> None:
        """A result is the active layer."""
        self._clean.discard(key)
        self._been_active.add(key)

    def undone(self) -> None:
        """Something was undone or redone, whichever layer is active."""
        self._clean -= self._been_active
        self._painted.clear()

    def begins_to_write(self, key: str) -> None:
        """A live update writes into a result."""
        self._in_writing.add(key)
        self._writes += 1

    def ends_writing(self, key: str) -> None:
        """It does not any more."""
        self._in_writing.discard(key)

    def wrote(self, key: str) -> None:
        """All of a result was written."""
        self._clean.add(key)
        self._painted.discard(key)
        self._parts.pop(key, None)

    def wrote_part(self, key: str, rect: Rect, pixels: Any, checksum: int | None) -> None:
        """A part was written, the rest will follow.  checksum: of the part, if it is known."""
        self._clean.add(key)
        self._parts[key] = rect, pixels, checksum

    def settled(self, key: str) -> None:
        """A result of which only a part was written is known by its checksum, too."""
        self._parts.pop(key, None)

    # --- what is known ---------------------------------------------------------------------

    def is_part(self, key: str) -> bool:
        """Whether a result is half of one answer and half of another."""
        return key in self._parts

    def is_painted(self, key: str) -> bool:
        """Whether a look has found paint on a result."""
        return key in self._painted

    def look(self, document: Any, node: Any, still_there: StillThere) -> Flow:
        """Whether the user has painted on a result; quick where nothing can have happened."""
        key = uid(node)
        while True:
            yield Until(lambda: key not in self._in_writing)
            still_there()
            known = Memory(document).results[key]
            if known.painted:
                return True
            active = document.activeNode()
            if active is not None and uid(active) == key:
                self.note_active(key)
                document.waitForDone()  # a stroke may not be finished
            if key in self._clean:
                return False
            before = self._presses(), self._writes
            painted = yield from self._differs(document, node, still_there)
            if before == (self._presses(), self._writes):
                break
        (self._painted.add if painted else self._painted.discard)(key)
        (self._clean.discard if painted else self._clean.add)(key)
        return painted

    def _differs(self, document: Any, node: Any, still_there: StillThere) -> Flow:
        part = self._parts.get(uid(node))
        if part is not None:
            return not (yield from self.part_is_as_written(node, still_there))
        return (yield from painted_over(document, node, Memory(document), still_there))

    def part_is_as_written(self, node: Any, still_there: StillThere) -> Flow:
        """Whether the part of a result that was written last, which the user sees, is still so."""
        part = self._parts.get(uid(node))
        if part is None:
            return True
        rect, pixels, checksum = part
        found = yield from read_checksum(node, rect, still_there)
        return found == (zlib.crc32(pixels) if checksum is None else checksum)

    # --- the whole picture was changed -----------------------------------------------------

    def renew(self, document: Any, node: Any, still_there: StillThere) -> Flow:
        """The picture was cropped, scaled or converted, and a result with it.

        One that nobody had painted on is known by its new pixels from now on.
        """
        key = uid(node)
        begun = self._presses()

        def undisturbed() -> None:
            still_there()
            active = document.activeNode()
            if self._presses() != begun and active is not None and uid(active) == key:
                raise Dropped("Somebody paints on it.")

        memory = Memory(document)
        known = memory.results[key]
        if known.painted or tuple(known.document) == signature(document):
            return
        if key in self._painted:
            # Paint with the photo's lightness would not be seen any more.
            memory.change_result(key, painted=True)
            return
        is_clean = key in self._clean
        if not is_clean and (yield from painted_over(document, node, memory, undisturbed)):
            return
        yield from take_as_written(document, key, undisturbed)
