"""What the panel follows in an image: a photo, its result and its hint layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gi.repository import Gimp

from .. import footprint, layers, memory


@dataclass(frozen=True)
class Target:
    """A photo of an image and what belongs to it.

    hints: from bottom to top.  result: the one that may be replaced, or None; remembered: what it
    remembers.  shape: sizes, places, mode and precision; a change of them changes everything.
    """

    image: Gimp.Image
    photo: Gimp.Layer
    hints: list[Gimp.Layer]
    result: Gimp.Layer | None
    remembered: memory.Result | None
    shape: tuple[Any, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for the same layers in the same shape."""
        result = self.result.get_id() if self.result is not None else 0
        return self.photo_key, tuple(layer.get_id() for layer in self.hints), result, self.shape

    @property
    def photo_key(self) -> tuple[int, int]:
        """Of image and photo."""
        return self.image.get_id(), self.photo.get_id()

    @property
    def size(self) -> tuple[int, int]:
        """Of the photo in pixels."""
        width, height = self.shape[0][:2]
        return int(width), int(height)

    def is_there(self) -> bool:
        """Whether image, photo and hint layers still exist."""
        every = [self.photo, *self.hints]
        return bool(self.image.is_valid()) and all(layer.is_valid() for layer in every)


def find(image: Gimp.Image, before: Target | None) -> Target | None:
    """What to follow in an image now; None if there is no photo in it.

    A layer that is none of ours leaves the photo that was followed before.
    """
    photo = _photo(image, before)
    if photo is None:
        return None
    hints = layers.hints_of(image, photo)
    current = [(la, re) for la, re in layers.results_of(image, photo) if re.pixels]
    result, remembered = current[0] if current else (None, None)
    return Target(image, photo, hints, result, remembered, _shape(image, photo, hints))


def _photo(image: Gimp.Image, before: Target | None) -> Gimp.Layer | None:
    selected = image.get_selected_layers()
    old = before.photo if before is not None and before.image.get_id() == image.get_id() else None
    if old is not None and not old.is_valid():
        old = None
    if len(selected) != 1:
        return old if old is not None else _lowest(image)
    layer = selected[0]
    if layers.is_hints(layer):
        return layers.photo_of_hints(image, layer) or old
    source = layers.source_of(image, layer)
    if source is not None:
        return source
    if memory.is_photo(layer) or (old is None and not memory.was_result(layer)):
        return layer
    return old if old is not None else _lowest(image)


def _lowest(image: Gimp.Image) -> Gimp.Layer | None:
    """The layer at the bottom: a photo, as a rule."""
    every = [layer for layer in layers.all_layers(image) if not layers.is_hints(layer)]
    return every[-1] if every else None


def _shape(image: Gimp.Image, photo: Gimp.Layer, hints: list[Gimp.Layer]) -> tuple[Any, ...]:
    every = [photo, *hints]
    places = [(la.get_width(), la.get_height(), *la.get_offsets()[1:]) for la in every]
    return (*places, footprint.kind_of(image))


def effects_of(layer: Gimp.Layer) -> tuple[int, ...]:
    """The visible filters of a layer, by their ids."""
    return tuple(effect.get_id() for effect in layer.get_filters() if effect.get_visible())
