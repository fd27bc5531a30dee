"""The coloured picture into the image: a new layer, or in an earlier result's place."""

from __future__ import annotations

from typing import Any, Callable

from gi.repository import Gegl, Gimp

from . import memory, pixels
from .client import Picture
from .settings import Settings

_MODES = {"normal": Gimp.LayerMode.NORMAL, "color": Gimp.LayerMode.LCH_COLOR}


def insert(
    image: Gimp.Image,
    photo: Gimp.Layer,
    previous: tuple[Gimp.Layer, memory.Result] | tuple[None, None],
    picture: Picture,
    settings: Settings,
    note: dict[str, Any],
    report: Callable[[float], None],
) -> Gimp.Layer:
    """Put a picture above its photo, as one undo step; returns the layer.

    previous: the photo's earlier result; it is replaced unless somebody has painted on it.
    note: what the layer shall remember besides what is known here.
    """
    old, remembered = previous
    if old is not None and pixels.stored_fingerprint(old) != remembered.pixels:
        old = remembered = None
    selected = image.get_selected_layers()
    image.undo_group_start()
    try:
        if image.get_base_type() == Gimp.ImageBaseType.GRAY:
            image.convert_rgb()
        if old is None:
            layer = _new(image, photo, picture, settings)
        else:
            layer = _successor(image, photo, old, picture, settings, remembered)
        pixels.write(layer, picture.dtype, picture.layout, picture.data, report)
        if layer.get_mask() is None:
            _add_mask(image, photo, layer, settings, inherit=old is None)
        memory.write_result(
            image,
            layer,
            memory.Result(
                source=photo.get_tattoo(),
                own=layer.get_tattoo(),
                pixels=pixels.stored_fingerprint(layer),
                image_id=picture.image_id,
                **note,
            ),
        )
        _select(image, selected, photo, old, layer)
    finally:
        image.undo_group_end()
    return layer


def _new(image: Gimp.Image, photo: Gimp.Layer, picture: Picture, settings: Settings) -> Gimp.Layer:
    """An empty layer directly above the photo."""
    layer = Gimp.Layer.new(
        image,
        "%s (colorized)" % photo.get_name(),
        picture.width,
        picture.height,
        _image_type(picture),
        100.0,
        _MODES[settings.output],
    )
    image.insert_layer(layer, photo.get_parent(), image.get_item_position(photo))
    _, x, y = photo.get_offsets()
    layer.set_offsets(x, y)
    return layer


def _image_type(picture: Picture) -> Gimp.ImageType:
    alpha = picture.layout.endswith("A")
    return Gimp.ImageType.RGBA_IMAGE if alpha else Gimp.ImageType.RGB_IMAGE


def _successor(
    image: Gimp.Image,
    photo: Gimp.Layer,
    old: Gimp.Layer,
    picture: Picture,
    settings: Settings,
    remembered: memory.Result,
) -> Gimp.Layer:
    """A copy in the old result's place: name, mask, mode, effects and all the rest stay."""
    layer = old.copy()
    name, visible = old.get_name(), old.get_visible()
    locks = {lock: getattr(old, "get_lock_" + lock)() for lock in _LOCKS}
    # A locked layer can be neither moved nor removed.
    for lock in _LOCKS:
        getattr(old, "set_lock_" + lock)(False)
    image.insert_layer(layer, old.get_parent(), image.get_item_position(old))
    image.remove_layer(old)
    for lock in _LOCKS:
        getattr(layer, "set_lock_" + lock)(False)
    layer.set_name(name)
    _, x, y = photo.get_offsets()
    _, old_x, old_y = layer.get_offsets()
    if (layer.get_width(), layer.get_height()) != (picture.width, picture.height):
        layer.resize(picture.width, picture.height, old_x - x, old_y - y)
    elif (old_x, old_y) != (x, y):
        layer.set_offsets(x, y)
    if picture.layout.endswith("A") and not layer.has_alpha():
        layer.add_alpha()
    if remembered.settings.get("output") != settings.output:
        layer.set_mode(_MODES[settings.output])
    layer.set_visible(visible)
    for lock, value in locks.items():
        getattr(layer, "set_lock_" + lock)(value)
    return layer


_LOCKS = ("content", "position", "visibility")


def _add_mask(
    image: Gimp.Image, photo: Gimp.Layer, layer: Gimp.Layer, settings: Settings, inherit: bool
) -> None:
    """The selection, where it is wanted, as the layer's mask, within the photo's own mask."""
    selection = settings.area == "selection" and not Gimp.Selection.is_empty(image)
    shape = photo.get_mask() if inherit and photo.get_apply_mask() else None
    if not selection and shape is None:
        return
    kind = Gimp.AddMaskType.SELECTION if selection else Gimp.AddMaskType.WHITE
    mask = layer.create_mask(kind)
    layer.add_mask(mask)
    if shape is not None:
        _multiply(mask, shape)
    layer.set_edit_mask(False)


def _multiply(mask: Gimp.LayerMask, by: Gimp.LayerMask) -> None:
    """Take from a mask what another one of the same size hides."""
    graph = Gegl.Node()
    buffers = [drawable.get_buffer() for drawable in (mask, by)]
    width, height = mask.get_width(), mask.get_height()
    target = Gegl.Buffer.new("Y float", 0, 0, width, height)
    first, second = (graph.create_child("gegl:buffer-source") for _ in buffers)
    first.set_property("buffer", buffers[0])
    second.set_property("buffer", buffers[1])
    multiply = graph.create_child("gegl:multiply")
    sink = graph.create_child("gegl:write-buffer")
    sink.set_property("buffer", target)
    first.connect_to("output", multiply, "input")
    second.connect_to("output", multiply, "aux")
    multiply.connect_to("output", sink, "input")
    sink.process()
    for top, rows in pixels.strips(width, height, 4):
        where = Gegl.Rectangle.new(0, top, width, rows)
        data = target.get(where, 1.0, "Y float", Gegl.AbyssPolicy.NONE)
        buffers[0].set(where, "Y float", data)
    buffers[0].flush()
    mask.update(0, 0, width, height)


def _select(
    image: Gimp.Image,
    selected: list[Gimp.Layer],
    photo: Gimp.Layer,
    old: Gimp.Layer | None,
    layer: Gimp.Layer,
) -> None:
    """Select the new layer, but leave a hint layer selected: the user paints on."""
    ids = [item.get_id() for item in selected]
    ours = {photo.get_id()} | ({old.get_id()} if old is not None else set())
    if len(ids) == 1 and ids[0] not in ours:
        image.set_selected_layers(selected)
    else:
        image.set_selected_layers([layer])
