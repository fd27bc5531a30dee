"""Whether a picture is still as it was read: a server's answer is for that one only.

The user may crop, turn or convert it while the server works, or undo a conversion.
"""

from __future__ import annotations

from typing import Any

from .client import ClientError
from .client.translation import _
from .nodes import by_uid, uid
from .photos import Photo, read_sample, rect_of
from .spaces import space_of
from .untouched import signature


class Changed(ClientError):
    """The photo is not as it was read.  moved: nor is its place, its size or its space."""

    def __init__(self, moved: bool = False) -> None:
        self.moved = moved
        super().__init__(_("The photo was changed meanwhile: nothing was changed. Try again."))


class AsRead:
    """A photo's place and space, and those of its document, from before it is read."""

    def __init__(self, document: Any, photo: Any) -> None:
        self._document, self._key = document, uid(photo)
        self._was = self._now(photo)

    def _now(self, photo: Any) -> tuple[Any, ...]:
        return rect_of(photo), space_of(photo), signature(self._document)

    def check_place(self) -> None:
        """Raises Changed unless place and spaces are the same; quick."""
        photo = by_uid(self._document, self._key)
        if photo is None or self._now(photo) != self._was:
            raise Changed(moved=True)

    def check(self, read: Photo) -> None:
        """Raises Changed unless the pixels, too, are those that were read."""
        self._document.waitForDone()
        self.check_place()
        photo = by_uid(self._document, self._key)
        if photo is None or read_sample(photo, read.rect) != read.sample:
            raise Changed
