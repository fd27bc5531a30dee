"""Whether somebody has painted on a result that Live writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generator

from .. import insert, memory
from ..client.steps import Tick
from . import transfer
from .target import Target

if TYPE_CHECKING:
    from .follower import Follower


def is_seen(follower: Follower, target: Target, before: str, look: str) -> bool:
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
