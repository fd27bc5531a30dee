"""Fences: masks of hint layers, or of groups around them, that keep what is painted inside."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from . import graphs, layers, pixels
from .client import strokes


@dataclass(frozen=True)
class Shape:
    """One byte a pixel of a box in the photo's pixels, 255 inside."""

    box: strokes.Box
    mask: bytes


def around(layer: Gimp.Layer, photo: Gimp.Layer) -> tuple[Gimp.Layer, ...]:
    """The hint layer and the groups around it whose masks fence it.

    A group that holds the photo, too, is none: its mask hides both.
    """
    shared = {group.get_id() for group in layers.groups_around(photo)}
    groups = [group for group in layers.groups_around(layer) if group.get_id() not in shared]
    return tuple(item for item in (layer, *groups) if _is_masked(item))


def _is_masked(layer: Gimp.Layer) -> bool:
    return layer.get_mask() is not None and layer.get_apply_mask()


def shape_of(masked: tuple[Gimp.Layer, ...], photo: Gimp.Layer) -> Shape | None:
    """What the masks of some layers let through together, on the photo; None for nothing."""
    _, photo_x, photo_y = photo.get_offsets()
    size = photo.get_width(), photo.get_height()
    sheets = []
    left, top, right, bottom = 0, 0, *size
    for layer in masked:
        _, x, y = layer.get_offsets()
        x, y = x - photo_x, y - photo_y
        left, top = max(left, x), max(top, y)
        right, bottom = min(right, x + layer.get_width()), min(bottom, y + layer.get_height())
        sheets.append((layer.get_mask().get_buffer(), x, y))
    if left >= right or top >= bottom:
        return None
    width, height = right - left, bottom - top
    if len(sheets) == 1:
        buffer, x, y = sheets[0]
        where = Gegl.Rectangle.new(left - x, top - y, width, height)
        data = bytes(buffer.get(where, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
    else:
        data = graphs.product(sheets, (left, top, width, height))
    box = strokes.bounds(strokes.marked(data), width, height)
    if box is None:
        return None
    rows = range(box[1], box[1] + box[3])
    cut = b"".join(data[y * width + box[0] : y * width + box[0] + box[2]] for y in rows)
    return Shape((left + box[0], top + box[1], box[2], box[3]), cut)


def of_selection(layer: Gimp.Layer) -> None:
    """Give a new hint layer a mask of the active selection; the brush stays on the layer."""
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))
    layer.set_edit_mask(False)


def like_selection(found: list[Gimp.Layer]) -> Gimp.Layer | None:
    """The topmost of some layers that is fenced by what is selected now, or None."""
    for layer in reversed(found):
        if layer.get_mask() is None:
            continue
        now = layer.create_mask(Gimp.AddMaskType.SELECTION)  # not attached, so it is in no stack
        same = pixels.stored_fingerprint(now) == pixels.stored_fingerprint(layer.get_mask())
        now.delete()
        if same:
            return layer
    return None
