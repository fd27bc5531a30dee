"""Images of our own that are never shown.

They go when their block ends.  But Cancel kills the process, and then GIMP keeps the image: so
each one says whose it is, and the next run deletes those of processes that have ended.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from gi.repository import Gimp

from . import turn

SCRATCH = "handtint-scratch"


@contextmanager
def copy_of(layer: Gimp.Layer) -> Iterator[Gimp.Layer]:
    """A copy of a layer in an image of its own, like the layer's image in all that matters."""
    image = layer.get_image()
    scratch = Gimp.Image.new_with_precision(
        image.get_width(), image.get_height(), image.get_base_type(), image.get_precision()
    )
    try:
        mark(scratch)
        profile = image.get_color_profile()
        if profile is not None:
            scratch.set_color_profile(profile)
        copy = Gimp.Layer.new_from_drawable(layer, scratch)
        scratch.insert_layer(copy, None, 0)
        yield copy
    finally:
        scratch.delete()


def mark(image: Gimp.Image) -> None:
    """Note that an image is of this process, which will delete it."""
    owner = turn.own_mark()
    if owner:
        image.attach_parasite(Gimp.Parasite.new(SCRATCH, 0, owner.encode("ascii")))


def is_one(image: Gimp.Image) -> bool:
    """Whether an image is none of the user's."""
    return image.get_parasite(SCRATCH) is not None


def delete_left() -> None:
    """Delete the images of processes that have ended."""
    for image in Gimp.get_images():
        parasite = image.get_parasite(SCRATCH)
        if parasite is not None and turn.has_ended(bytes(parasite.get_data()).decode("ascii")):
            image.delete()
