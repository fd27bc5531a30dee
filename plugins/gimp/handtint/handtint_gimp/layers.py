"""Which layer is what: photos, results, hint layers."""

from __future__ import annotations

import re
from typing import Iterator, List, Tuple

from gi.repository import Gimp

from . import memory
from .problem import Problem

HINTS_NAME = "Color Hints"

# GIMP makes names unique: "Color Hints #1".
_HINTS_NAME = re.compile(re.escape(HINTS_NAME) + r"( #\d+)?\Z")


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
    """Whether a layer holds hints: by its name or, if renamed, by its memory."""
    return bool(_HINTS_NAME.match(layer.get_name())) or memory.is_marked_as_hints(layer)


def active_layer(drawables: list[Gimp.Drawable]) -> Gimp.Layer:
    """The one selected layer; raises Problem."""
    layers = []
    for drawable in drawables:
        if isinstance(drawable, Gimp.LayerMask):
            layers.append(Gimp.Layer.from_mask(drawable))
        elif isinstance(drawable, Gimp.Layer):
            layers.append(drawable)
    if len(layers) != 1:
        raise Problem("Select one layer, the photo, in the Layers dialog, then try again.")
    return layers[0]


def check_mode(image: Gimp.Image) -> None:
    """Raises Problem for images that cannot hold colours."""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise Problem(
            "This image has a fixed palette (indexed colors). Convert it with Image > Mode > RGB, "
            "then try again."
        )


def photo_of(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    """The photo that is meant when a layer is active; raises Problem."""
    if is_hints(layer):
        photo = photo_of_hints(image, layer)
        if photo is None:
            raise Problem(
                "There is no photo below the hint layer %s. Select the photo's layer."
                % layer.get_name()
            )
        return photo
    return _source_of(image, layer) or layer


def _source_of(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer | None:
    """The photo of a result; None if the layer is no result or its photo is gone."""
    everything = all_layers(image)
    result = memory.read_result(everything, layer)
    source = memory.find_photo(everything, result.photo) if result else None
    return source if source is not None and not is_hints(source) else None


def photo_of_hints(image: Gimp.Image, hints: Gimp.Layer) -> Gimp.Layer | None:
    """The photo a hint layer is bound to; for an unbound one, the photo below it."""
    everything = all_layers(image)
    photo = memory.find_photo(everything, memory.read_hints_photo(hints))
    if photo is not None and not is_hints(photo):
        return photo
    places = [layer.get_id() for layer in everything]
    below = [
        layer
        for layer in everything[places.index(hints.get_id()) + 1 :]
        if not layer.is_group() and not is_hints(layer)
    ]
    # A hidden layer below is hardly what the user paints over.
    below.sort(key=lambda layer: not layer.get_visible())
    if not below:
        return None
    return _source_of(image, below[0]) or below[0]


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
