"""The coloured picture into the image: a new layer, or in an earlier result's place."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator

from gi.repository import Gegl, Gimp

from . import effects, footprint, graphs, layers, marking, memory, pixels
from .client import Picture
from .client.translation import _
from .settings import Settings

_MODES = {"normal": Gimp.LayerMode.NORMAL, "color": Gimp.LayerMode.LCH_COLOR}


@dataclass(frozen=True)
class Inserted:
    """The new layer, and what the user shall know about it; "" for nothing."""

    layer: Gimp.Layer
    note: str


def insert(
    image: Gimp.Image,
    photo: Gimp.Layer,
    results: layers.Results,
    picture: Picture,
    settings: Settings,
    note: dict[str, Any],
    before_replacing: Callable[[Gimp.Layer], None] = lambda old: None,
    keep_mask: bool = False,
) -> Inserted:
    """Put a picture above its photo, as one undo step.

    results: the photo's earlier ones, from the top.  One that nobody has painted on is
    replaced; a painted or locked one stays, and the new picture goes above it, where it can be
    seen.  note: what the layer shall remember besides what is known here.  before_replacing: may
    change the earlier result, so that Undo brings it back like that.  keep_mask: leave the mask of
    the earlier result as it is, whatever is selected.
    """
    above = results[0][0] if results else photo
    old, remembered = next(((la, re) for la, re in results if re.pixels), (None, None))
    locked = old is not None and old.get_lock_content()
    stays = locked or (old is not None and was_painted(image, photo, old, remembered, note["sent"]))
    message = (_LOCKED if locked else _PAINTED) % old.get_name() if stays else ""
    selected = image.get_selected_layers()
    image.undo_group_start()
    try:
        if image.get_base_type() == Gimp.ImageBaseType.GRAY:
            image.convert_rgb()
        if stays:
            memory.write_result(old, replace(remembered, pixels=""))
            old = remembered = None
        hints = layers.hints_of(image, photo)
        wanted = _to_select(selected, [photo, *(layer for layer, _ in results)], hints)
        if old is not None:
            _mark_selection(image, selected)
        with _unlocked(layers.groups_around(above if old is None else old)):
            if old is None:
                layer = _put_above(image, photo, above, picture, settings)
            else:
                layer = _put_in_place_of(image, photo, old, picture, before_replacing)
                if remembered.settings.get("output") != settings.output:
                    layer.set_mode(_MODES[settings.output])
            _, x, y = photo.get_offsets()
            locks = _take_locks(layer)
            layer.set_offsets(x, y)
            keep = keep_mask and remembered is not None
            mask = (
                remembered.mask if keep else _follow_mask(image, photo, layer, settings, remembered)
            )
            _remember(image, photo, layer, picture, mask, note)
            _give_locks(layer, locks)
        if settings.mark:
            marking.mark_image(image, picture)
        image.set_selected_layers(wanted or [layer])
        if old is not None:
            _mark_selection(image, wanted or [layer])
    finally:
        image.undo_group_end()
    return Inserted(layer, message)


_LOCKED = _("%s is locked: it stays, and the new colors lie above it.")
_PAINTED = _("You have painted on %s: it stays, and the new colors lie above it.")


def was_painted(
    image: Gimp.Image,
    photo: Gimp.Layer,
    result: Gimp.Layer,
    remembered: memory.Result,
    sent: str,
) -> bool:
    """Whether the user has painted on a result; sent: fingerprint of the photo now."""
    if pixels.stored_fingerprint(result) == remembered.pixels:
        return False
    if memory.is_live(result):
        return False  # the panel has changed it
    if sent == remembered.sent and footprint.kind_of(image) == remembered.kind:
        return True  # nothing was done to the whole image
    with effects.applied(image, photo) as seen:
        return not footprint.is_untouched(
            image, photo, seen, result, remembered.footprint, remembered.kind
        )


def _remember(
    image: Gimp.Image,
    photo: Gimp.Layer,
    layer: Gimp.Layer,
    picture: Picture,
    mask: str,
    note: dict[str, Any],
) -> None:
    memory.write_result(
        layer,
        memory.Result(
            photo=memory.make_photo_key(layers.all_layers(image), photo),
            pixels=pixels.stored_fingerprint(layer),
            image_id=picture.image_id,
            footprint=footprint.take(layer),
            kind=footprint.kind_of(image),
            mask=mask,
            **note,
        ),
    )
    memory.forget_live(layer)


def new_layer(
    image: Gimp.Image, photo: Gimp.Layer, picture: Picture, settings: Settings
) -> Gimp.Layer:
    """An empty layer for the picture, not in the image yet."""
    return Gimp.Layer.new(
        image,
        _("%s (colorized)") % photo.get_name(),
        picture.width,
        picture.height,
        _image_type(picture),
        100.0,
        _MODES[settings.output],
    )


def _put_above(
    image: Gimp.Image, photo: Gimp.Layer, above: Gimp.Layer, picture: Picture, settings: Settings
) -> Gimp.Layer:
    """A new layer with the picture, over another one."""
    layer = new_layer(image, photo, picture, settings)
    pixels.write(layer, picture.dtype, picture.layout, picture.data)
    image.insert_layer(layer, above.get_parent(), image.get_item_position(above))
    return layer


def _put_in_place_of(
    image: Gimp.Image,
    photo: Gimp.Layer,
    old: Gimp.Layer,
    picture: Picture,
    before_replacing: Callable[[Gimp.Layer], None],
) -> Gimp.Layer:
    """A copy of an earlier result with the picture, where that result was."""
    layer = _successor(image, photo, old, picture)
    pixels.write(layer, picture.dtype, picture.layout, picture.data)
    before_replacing(old)
    _take_place(image, layer, old)
    return layer


def _image_type(picture: Picture) -> Gimp.ImageType:
    alpha = picture.layout.endswith("A")
    return Gimp.ImageType.RGBA_IMAGE if alpha else Gimp.ImageType.RGB_IMAGE


def _successor(
    image: Gimp.Image, photo: Gimp.Layer, old: Gimp.Layer, picture: Picture
) -> Gimp.Layer:
    """A copy of the old result for the new picture: mask, mode, effects and all the rest stay."""
    layer = old.copy()
    _take_locks(layer)
    alpha = picture.layout.endswith("A") and not layer.has_alpha()
    if (layer.get_width(), layer.get_height()) == (picture.width, picture.height) and not alpha:
        return layer
    # Only a layer that is in the image can be changed like this; it gets its place later.
    image.insert_layer(layer, None, 0)
    if alpha:
        layer.add_alpha()
    _, x, y = photo.get_offsets()
    _, old_x, old_y = layer.get_offsets()
    layer.resize(picture.width, picture.height, old_x - x, old_y - y)
    return layer


def _take_place(image: Gimp.Image, layer: Gimp.Layer, old: Gimp.Layer) -> None:
    """Put a layer where an old one is, under its name, and remove the old one."""
    name, visible, locks = old.get_name(), old.get_visible(), _take_locks(old)
    parent, position = old.get_parent(), image.get_item_position(old)
    if layer.get_id() in [item.get_id() for item in image.get_layers()]:
        image.reorder_item(layer, parent, image.get_item_position(old))
    else:
        image.insert_layer(layer, parent, position)
    image.remove_layer(old)
    layer.set_name(name)
    layer.set_visible(visible)
    _give_locks(layer, locks)


_LOCKS = ("content", "position", "visibility")


def _take_locks(layer: Gimp.Layer) -> list[str]:
    """Unlock a layer; the locks that it had.  GIMP ends a plug-in that writes to a locked one."""
    locks = [lock for lock in _LOCKS if getattr(layer, "get_lock_" + lock)()]
    for lock in locks:
        getattr(layer, "set_lock_" + lock)(False)
    return locks


def _give_locks(layer: Gimp.Layer, locks: list[str]) -> None:
    for lock in locks:
        getattr(layer, "set_lock_" + lock)(True)


@contextmanager
def _unlocked(groups: list[Gimp.Layer]) -> Iterator[None]:
    """A locked group takes no layers, and locks those in it."""
    locks = [(group, _take_locks(group)) for group in reversed(groups)]
    try:
        yield
    finally:
        for group, taken in reversed(locks):
            _give_locks(group, taken)


def _follow_mask(
    image: Gimp.Image,
    photo: Gimp.Layer,
    layer: Gimp.Layer,
    settings: Settings,
    remembered: memory.Result | None,
) -> str:
    """Give a layer the mask of this run; the fingerprint of that, "" without one.

    A mask that we made for the earlier result goes: the present selection counts.  One that
    the user made or painted on stays.
    """
    mask = layer.get_mask()
    ours = remembered is not None and remembered.mask
    if mask is not None:
        if pixels.stored_fingerprint(mask) != ours:
            return ""
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    _add_mask(image, photo, layer, settings, inherit=remembered is None or mask is not None)
    made = layer.get_mask()
    return pixels.stored_fingerprint(made) if made is not None else ""


def _add_mask(
    image: Gimp.Image, photo: Gimp.Layer, layer: Gimp.Layer, settings: Settings, inherit: bool
) -> None:
    """The selection, where it is wanted, as the layer's mask, within the photo's own mask."""
    selection = settings.area == "selection" and limits(image)
    shape = photo.get_mask() if inherit and photo.get_apply_mask() else None
    if not selection and shape is None:
        return
    kind = Gimp.AddMaskType.SELECTION if selection else Gimp.AddMaskType.WHITE
    mask = layer.create_mask(kind)
    layer.add_mask(mask)
    if shape is not None:
        _multiply(mask, shape)
    layer.set_edit_mask(False)


def limits(image: Gimp.Image) -> bool:
    """Whether there is a selection that limits the result, and not only one to suggest at."""
    if Gimp.Selection.is_empty(image):
        return False
    return not memory.is_place(image, pixels.stored_fingerprint(image.get_selection()))


def _multiply(mask: Gimp.LayerMask, by: Gimp.LayerMask) -> None:
    """Take from a mask what another one of the same size hides."""
    buffer, shape = mask.get_buffer(), by.get_buffer()
    width, height = mask.get_width(), mask.get_height()
    product = graphs.multiply(buffer, shape, width, height)
    for top, rows in pixels.strips(width, height, 4):
        where = Gegl.Rectangle.new(0, top, width, rows)
        data = product.get(where, 1.0, "Y float", Gegl.AbyssPolicy.NONE)
        buffer.set(where, "Y float", data)
    buffer.flush()
    mask.update(0, 0, width, height)


def _mark_selection(image: Gimp.Image, selected: list[Gimp.Layer]) -> None:
    """Make this the layer selection that Undo, or Redo, of the steps so far ends with.

    GIMP selects every layer that Undo brings back, here the old result: the next brush stroke
    would go there in place of the hint layer.  With a layer that comes and goes it keeps the
    selection of that moment, and falls back on it.
    """
    mark = Gimp.Layer.new(
        image, "mark", 1, 1, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL
    )
    image.insert_layer(mark, None, 0)
    image.set_selected_layers(selected)
    image.remove_layer(mark)


def _to_select(
    selected: list[Gimp.Layer], ours: list[Gimp.Layer], hints: list[Gimp.Layer]
) -> list[Gimp.Layer]:
    """The layers to select: the hint layer, so that the user paints on; [] for the new layer.

    ours: the photo and its results.  Any other layer stays selected.
    """
    ids = [layer.get_id() for layer in ours]
    if len(selected) != 1 or selected[0].get_id() in ids:
        return hints[-1:]
    paintable = not (selected[0].is_group() and layers.is_hints(selected[0]))
    return selected if paintable else hints[-1:]
