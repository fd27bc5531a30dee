"""Layers as they are seen: GIMP 3 keeps filters such as Levels beside the pixels."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from gi.repository import Gimp

from . import scratch


@contextmanager
def applied(image: Gimp.Image, layer: Gimp.Layer) -> Iterator[tuple[Gimp.Layer, int, int]]:
    """A layer with its filters applied, and where the layer's own top left pixel is in it.

    A layer without filters is given as it is.  Otherwise a copy in an image of its own, which
    is never shown and goes when the block ends: merging would change the user's image.
    """
    if layer.is_group() or not any(effect.get_visible() for effect in layer.get_filters()):
        yield layer, 0, 0
        return
    with scratch.copy_of(layer) as copy:
        copy.merge_filters()
        _, x, y = layer.get_offsets()
        _, copy_x, copy_y = copy.get_offsets()
        yield copy, x - copy_x, y - copy_y
