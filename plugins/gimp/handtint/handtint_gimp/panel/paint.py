"""Whether somebody has painted on a result that Live writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generator

from gi.repository import Gimp

from .. import insert, memory
from ..client.steps import Tick
from . import transfer
from .target import Target

if TYPE_CHECKING:
    from .follower import Follower


class Left:
    """How a result was left by us: what makes it look otherwise since then may be paint.

    was_selected: whether the user could paint on it since then, while nobody looked for paint.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Nothing is known."""
        self._id, self._look, self.was_selected = 0, "", False

    def note(self, result: Gimp.Layer) -> None:
        """A result is left as it is now."""
        self._id, self._look = result.get_id(), memory.look_of(result)
        self.was_selected = False

    def is_of(self, result: Gimp.Layer) -> bool:
        """Whether it is known how a result was left."""
        return bool(self._id == result.get_id())

    def is_painted_on(self, follower: Follower, target: Target) -> bool:
        """Whether the user has painted on the result of a target since it was left."""
        if target.result is None or not target.result.is_valid():
            return False
        ids = [layer.get_id() for layer in target.image.get_selected_layers()]
        may_be = self.was_selected or target.result.get_id() in ids
        return may_be and self.sees_paint(follower, target)

    def sees_paint(self, follower: Follower, target: Target) -> bool:
        """Whether the result of a target looks otherwise than at the last look, by a brush."""
        if target.result is None:
            return False
        before, self._look = self._look, memory.look_of(target.result)
        return _is_paint(follower, target, before, self._look)


def _is_paint(follower: Follower, target: Target, before: str, look: str) -> bool:
    """Whether a result that looks otherwise than before does so by a brush.

    before, look: of the result, by `memory.look_of`; before is "" if it was not looked at yet.
    """
    result, remembered = target.result, target.remembered
    if result is None or remembered is None or before in ("", look) or memory.is_live(result):
        return False
    follower.search()  # a change of the whole image may not have been noticed yet
    now = follower.target
    if now is None or now.key != target.key:
        return False
    # No fingerprint of the photo: that is turned, too, if the whole image is.
    return insert.was_painted(target.image, target.photo, result, remembered, "")


def read_unpainted(target: Target, sent: str) -> Generator[Any, Any, transfer.Stored | None]:
    """A result as it is, piece by piece; None if somebody has painted on it.

    sent: fingerprint of the photo now.
    """
    result, remembered = target.result, target.remembered
    assert result is not None
    assert remembered is not None
    transfer.check_writable(target.image, result, target.size)
    base = transfer.Stored(target.image, result)
    for _ in base.read():
        yield Tick()
    if base.fingerprint == remembered.pixels or memory.is_live(result):
        return base
    painted = insert.was_painted(target.image, target.photo, result, remembered, sent)
    return None if painted else base
