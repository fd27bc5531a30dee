"""New Color Hints Layer."""

from __future__ import annotations

from gi.repository import Gimp

from . import fences, insert, layers, memory
from .client.translation import _

# GIMP shows a message in the status bar if it is short, else in a window that takes the keyboard
# away from painting: only one of these is said, and none is long in any language.
PAINT = _("Press P and paint colors on %s, then Colorize Layer.")
THERE = _("Paint on the hint layer that is there already.")
CONFINED = _("A selection is active: you can paint only inside it.")
FENCED = _("Press P and paint: the layer's mask keeps colors inside the selection.")


def go_to(image: Gimp.Image, active: Gimp.Layer) -> tuple[Gimp.Layer, str]:
    """(the photo's hint layer, selected and shown; what to tell the user); made if need be.

    With a selection it is a layer of its own, which a mask of the selection fences.
    """
    layers.check_mode(image)
    photo = layers.photo_of(image, active)
    found = layers.hints_of(image, photo)
    limits = insert.limits(image)  # and is no place that colors were suggested for
    if limits:
        fenced = fences.like_selection(found)
        found = [] if fenced is None else [fenced]
    if found:
        layer = found[-1]
        hidden = [x for x in [layer, *layers.groups_around(layer)] if not x.get_visible()]
        for item in hidden:
            item.set_visible(True)
        image.set_selected_layers([layer])
    else:
        image.undo_group_start()
        try:
            layer = add(image, photo)
            if limits:
                fences.of_selection(layer)
            image.set_selected_layers([layer])
        finally:
            image.undo_group_end()
    return layer, _what_to_do(image, layer, bool(found), limits)


def _what_to_do(image: Gimp.Image, layer: Gimp.Layer, there: bool, fenced: bool) -> str:
    if fenced:
        return FENCED
    if not Gimp.Selection.is_empty(image):
        return CONFINED
    return THERE if there else PAINT % layer.get_name()


def add(image: Gimp.Image, photo: Gimp.Layer) -> Gimp.Layer:
    """A transparent layer on top, bound to the photo and as large.  Within an undo group."""
    if image.get_base_type() == Gimp.ImageBaseType.GRAY:
        image.convert_rgb()
    layer = Gimp.Layer.new(
        image,
        layers.HINTS_NAME,
        photo.get_width(),
        photo.get_height(),
        Gimp.ImageType.RGBA_IMAGE,
        100.0,
        Gimp.LayerMode.NORMAL,
    )
    layer.fill(Gimp.FillType.TRANSPARENT)
    image.insert_layer(layer, None, 0)
    _, x, y = photo.get_offsets()
    layer.set_offsets(x, y)
    memory.write_hints_photo(layer, memory.make_photo_key(layers.all_layers(image), photo))
    return layer
