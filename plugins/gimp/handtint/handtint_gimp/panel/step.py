"""The one undo step that is made of everything that Live has written."""

from __future__ import annotations

from dataclasses import asdict

from gi.repository import Gimp

from .. import hints as painting
from .. import insert, memory, turn
from .. import settings as kept
from ..client import ClientError, Picture, strokes
from . import transfer
from .target import Target


def make_step(
    target: Target,
    base: transfer.Stored,
    picture: Picture,
    settings: kept.Settings,
    sent: str,
) -> Gimp.Layer | None:
    """Put a picture that a result shows already into its place; Undo brings back the base.

    base: the result's pixels before the first change.  settings, sent: what the picture was made
    with, and of.  Returns the new layer, or None if the result is not any more what was written.
    """
    if not _fits(target, base, picture):
        return None
    with turn.wanted(target.image) as has_come:
        if not has_come():
            return None  # another run makes a result, and a step, right now
        assert target.result is not None
        assert target.remembered is not None
        before = target.remembered
        used = target.hints if settings.use_hints else []
        paint = painting.collect(used, target.photo) if used else None
        sums = paint.sums if paint else {}
        new = strokes.new_tiles(sums, strokes.unpack_sums(before.hints))
        fresh = {tile: value for tile, value in sums.items() if tile in new}
        note = {
            "sent": sent,
            "hints": strokes.pack_sums(sums) if paint else "",
            "fresh": strokes.pack_sums(fresh) if fresh else before.fresh,
            "settings": asdict(settings),
        }
        layer = insert.insert(
            target.image,
            target.photo,
            [(target.result, before)],
            picture,
            settings,
            note,
            before_replacing=base.put_back,
            keep_mask=True,
        ).layer
        if memory.wanted(target.photo) == asdict(settings):  # else a slider was moved since
            memory.note_wanted(target.photo, None)
        return layer


def _fits(target: Target, base: transfer.Stored, picture: Picture) -> bool:
    """Whether the result is still the one that was written, and may be replaced."""
    result = target.result
    if result is None or result.get_id() != base.layer.get_id():
        return False
    if not target.is_there() or (picture.width, picture.height) != target.size:
        return False
    try:
        transfer.check_writable(target.image, result, target.size)
    except ClientError:
        return False
    return memory.is_live(result)
