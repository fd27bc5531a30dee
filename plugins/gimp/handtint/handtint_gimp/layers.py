"""Which layer is what: photos, results, hint layers."""

from __future__ import annotations

import re
from typing import Iterator, List, Tuple

from gi.repository import Gimp

from . import memory
from .client.translation import _, in_all_languages
from .pixels import read_strips
from .problem import Problem

HINTS_NAME = _("Color Hints")

# GIMP makes names unique: "Color Hints #1".
# An image may come from somebody who speaks another language.
_HINTS_NAMES = re.compile(
    "(%s)" % "|".join(map(re.escape, in_all_languages("Color Hints"))) + r"( #\d+)?\Z"
)


def walk(layers: list[Gimp.Layer]) -> Iterator[Gimp.Layer]:
    """All layers of a stack from top to bottom, those of a group after the group."""
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from walk(layer.get_children())


def all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    """All layers of an image from top to bottom."""
    return list(walk(image.get_layers()))


def is_hints(layer: Gimp.Layer) -> bool:
    """Whether a layer holds hints: by its name or, if renamed, by its memory.

    So does everything in a group that is one, and a group in which there are only hint layers.
    """
    if _is_called_hints(layer) or any(_is_called_hints(group) for group in groups_around(layer)):
        return True
    inside = [item for item in walk([layer]) if not item.is_group()]
    return layer.is_group() and bool(inside) and all(_is_called_hints(item) for item in inside)


def _is_called_hints(layer: Gimp.Layer) -> bool:
    return bool(_HINTS_NAMES.match(layer.get_name())) or memory.is_marked_as_hints(layer)


def groups_around(layer: Gimp.Layer) -> list[Gimp.Layer]:
    """The groups around a layer, from the innermost."""
    found = []
    parent = layer.get_parent()
    while parent is not None:
        found.append(parent)
        parent = parent.get_parent()
    return found


def active_layer(drawables: list[Gimp.Drawable]) -> Gimp.Layer:
    """The one selected layer; raises Problem."""
    layers = []
    for drawable in drawables:
        if isinstance(drawable, Gimp.LayerMask):
            layers.append(Gimp.Layer.from_mask(drawable))
        elif isinstance(drawable, Gimp.Layer):
            layers.append(drawable)
    if len(layers) != 1:
        raise Problem(_("Select one layer, the photo, in the Layers dialog, then try again."))
    return layers[0]


def check_mode(image: Gimp.Image) -> None:
    """Raises Problem for images that cannot hold colours."""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise Problem(
            _(
                "This image has a fixed palette (indexed colors). Convert it with Image > Mode > "
                "RGB, then try again."
            )
        )


def photo_of(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    """The photo that is meant when a layer is active; raises Problem."""
    if is_hints(layer):
        photo = photo_of_hints(image, layer)
        if photo is None:
            raise Problem(
                _("There is no photo below the hint layer %s. Select the photo's layer.")
                % layer.get_name()
            )
    else:
        photo = source_of(image, layer) or layer
    _check_picture(photo)
    return photo


def _check_picture(photo: Gimp.Layer) -> None:
    """Raises Problem for a layer that is no photo."""
    name = photo.get_name()
    if photo.is_text_layer() or photo.is_floating_sel():
        raise Problem(
            _("%s holds no picture to colorize: click a layer with a photo and try again.") % name
        )
    if _is_empty(photo):
        raise Problem(_("%s is empty: click the photo's layer and try again.") % name)


def _is_empty(layer: Gimp.Layer) -> bool:
    if layer.is_group() and not layer.get_children():
        return True
    if not layer.has_alpha():
        return False
    width, height = layer.get_width(), layer.get_height()
    strips = read_strips(layer.get_buffer(), width, height, "R'G'B'A u8", 4)
    return not any(any(data[3::4]) for data in strips)


def source_of(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer | None:
    """The photo of a result; None if the layer is no result or its photo is gone."""
    everything = all_layers(image)
    result = memory.read_result(everything, layer)
    source = memory.find_photo(everything, result.photo) if result else None
    return source if source is not None and not is_hints(source) else None


def photo_of_hints(image: Gimp.Image, hints: Gimp.Layer) -> Gimp.Layer | None:
    """The photo a hint layer is bound to; for an unbound one, the photo below it.

    A group is bound as the layers in it are, and a layer as the group around it.
    """
    everything = all_layers(image)
    for layer in [*walk([hints]), *groups_around(hints)]:
        photo = memory.find_photo(everything, memory.read_hints_photo(layer))
        if photo is not None and not is_hints(photo):
            return photo
    return photo_below(image, hints)


def photo_below(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer | None:
    """The photo under a layer: the next one below it, or the photo of that."""
    everything = all_layers(image)
    places = [item.get_id() for item in everything]
    below = [
        item
        for item in everything[places.index(layer.get_id()) + 1 :]
        if not item.is_group() and not is_hints(item)
    ]
    # A hidden layer below is hardly what the user paints over.
    below.sort(key=lambda item: not item.get_visible())
    if not below:
        return None
    return source_of(image, below[0]) or below[0]


def hints_of(image: Gimp.Image, photo: Gimp.Layer) -> list[Gimp.Layer]:
    """The hint layers of a photo, from bottom to top; hidden ones count."""
    found = []
    for layer in reversed(all_layers(image)):
        if is_hints(layer) and not layer.is_group():
            owner = photo_of_hints(image, layer)
            if owner is not None and owner.get_id() == photo.get_id():
                found.append(layer)
    return found


Results = List[Tuple[Gimp.Layer, memory.Result]]


def results_of(image: Gimp.Image, photo: Gimp.Layer) -> Results:
    """The results of a photo and what they remember, from top to bottom.

    At most one of them is not painted on by the user, and may be replaced.
    """
    everything = all_layers(image)
    key = memory.photo_key(everything, photo)
    if not key:
        return []
    found = [(layer, memory.read_result(everything, layer)) for layer in everything]
    return [(layer, result) for layer, result in found if result and result.photo == key]
