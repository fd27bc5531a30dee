"""The reference of a picture, read from another layer or a file, small enough to travel.

It is named by "layer:" with the layer's tattoo and name, or by "file:" with a path
(`client.references`).  What was read is kept until the layer or the file changes.
"""

from __future__ import annotations

import os
from typing import Any, Iterator

from gi.repository import Gegl, Gimp, Gio, GLib

from . import layers, memory
from .client.references import FILE, LAYER, NoReference, gone, png, scaled, split
from .client.translation import _

KEPT = 4

_kept: dict[tuple[int, str], tuple[Any, bytes]] = {}


def of_layer(layer: Gimp.Layer) -> str:
    """The text that names a layer."""
    return "%s:%d %s" % (LAYER, layer.get_tattoo(), layer.get_name())


def of_file(path: str) -> str:
    """The text that names a file."""
    return "%s:%s" % (FILE, path)


def layer_of(image: Gimp.Image, reference: str) -> Gimp.Layer | None:
    """The layer that a reference names, or None.

    In a copy of the image the tattoos are others: there the name tells.
    """
    kind, name = split(reference)
    if kind != LAYER:
        return None
    tattoo, _blank, title = name.partition(" ")
    found = layers.all_layers(image)
    exact = [layer for layer in found if str(layer.get_tattoo()) == tattoo]
    named = [layer for layer in found if layer.get_name() == title]
    return next(iter(exact), None) or (named[0] if len(named) == 1 else None)


def name_of(image: Gimp.Image, reference: str) -> str:
    """What to call a reference: the layer's name, or the file's without its folder."""
    kind, name = split(reference)
    if kind == FILE:
        return os.path.basename(name)
    layer = layer_of(image, reference)
    return str(layer.get_name()) if layer is not None else name.partition(" ")[2]


def choices(image: Gimp.Image, photo: Gimp.Layer) -> Iterator[Gimp.Layer]:
    """The layers of an image that could be the reference of a photo, from top to bottom."""
    own = {photo.get_id(), *(layer.get_id() for layer, _found in layers.results_of(image, photo))}
    for layer in layers.all_layers(image):
        is_picture = not (layers.is_hints(layer) or layer.is_text_layer() or layer.is_group())
        if is_picture and layer.get_id() not in own:
            yield layer


def read(image: Gimp.Image, reference: str) -> tuple[bytes | None, str]:
    """(a PNG file or None, what the user should know or ""); raises NoReference."""
    kind, name = split(reference)
    if not kind:
        return None, ""
    layer = layer_of(image, reference)
    if (kind == FILE and not os.path.isfile(name)) or (kind == LAYER and layer is None):
        return None, gone(name_of(image, reference))
    stamp: Any = memory.look_of(layer) if layer is not None else _stamp_of_file(name)
    key = (image.get_id(), reference)
    kept = _kept.get(key)
    if kept is not None and kept[0] == stamp:
        return kept[1], ""
    data = _of_layer(layer) if layer is not None else _of_file(name)
    _kept[key] = (stamp, data)
    for old in list(_kept)[:-KEPT]:
        del _kept[old]
    return data, ""


def _stamp_of_file(path: str) -> Any:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


def _of_layer(layer: Gimp.Layer) -> bytes:
    """A layer as a small picture in sRGB."""
    width, height = scaled(layer.get_width(), layer.get_height())
    scale = min(1.0, width / layer.get_width())
    where = Gegl.Rectangle.new(0, 0, width, height)
    data = layer.get_buffer().get(where, scale, "R'G'B' u8", Gegl.AbyssPolicy.CLAMP)
    return png(width, height, bytes(data))


def _of_file(path: str) -> bytes:
    """A file as a small picture in sRGB; any that GIMP can open."""
    try:
        image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
    except GLib.Error:
        image = None
    if image is None:
        raise NoReference(
            _("The reference %s cannot be read: choose another under Alternatives.")
            % os.path.basename(path)
        )
    try:
        seen = [layer for layer in image.get_layers() if layer.get_visible()]
        layer = seen[0] if len(seen) == 1 else image.flatten()
        return _of_layer(layer)
    finally:
        image.delete()
