"""Paint that lies where it is no hint: on an ordinary layer, or on the result itself."""

from __future__ import annotations

from dataclasses import replace

from gi.repository import Gegl, Gimp

from . import footprint, hintlayers, hints, insert, layers, memory, pixels, thumbnails
from . import settings as kept
from .client import Flow, Picture, strokes
from .client.translation import _
from .job import ColorizeJob, ask_for_picture
from .problem import Cancelled

MOSTLY = 0.5
"""A layer that is transparent to more than this share looks like strokes, whatever its colors."""

CLOSE, FAR = 6, 40
"""Of 255: what differs by more from the colorized picture was painted; FAR where other hints
were counted in since, which change the picture a little everywhere."""


def settle(image: Gimp.Image, active: Gimp.Layer) -> None:
    """Ask about layers that look like strokes and are no hint layers; raises Cancelled.

    The answer is kept with the layer, so that nobody is asked twice.
    """
    if _is_candidate(active) and _looks_painted(active, also_gray=True):
        _ask(image, active)
    photo = layers.photo_of(image, active)
    everything = layers.all_layers(image)
    place = [layer.get_id() for layer in everything].index(photo.get_id())
    for layer in everything[:place]:
        if not (layer.get_visible() and _is_candidate(layer)):
            continue
        below = layers.photo_below(image, layer)
        over_it = below is not None and below.get_id() == photo.get_id()
        if over_it and _looks_painted(layer, also_gray=False):
            _ask(image, layer)


def _is_candidate(layer: Gimp.Layer) -> bool:
    return (
        layer.has_alpha()
        and not layer.is_group()
        and not layer.is_text_layer()
        and not layers.is_hints(layer)
        and not memory.is_photo(layer)
        and not memory.was_result(layer)
    )


def _looks_painted(layer: Gimp.Layer, also_gray: bool) -> bool:
    """Whether a layer holds strokes.  Gray ones on a layer of their own are mostly retouching."""
    found = thumbnails.u8_of(layer, layer.get_thumbnail_data(256, 256))
    if found is None or found[3] not in (2, 4):
        return False
    data, _, _, channels = found
    alpha = data[channels - 1 :: channels]
    clear = alpha.count(0) / len(alpha)
    if clear in (0.0, 1.0):
        return False
    colored = channels == 4 and any(
        a and max(r, g, b) - min(r, g, b) > 8
        for r, g, b, a in zip(data[0::4], data[1::4], data[2::4], alpha)
    )
    return (colored and clear > 0.01) or (also_gray and clear > MOSTLY)


def _ask(image: Gimp.Image, layer: Gimp.Layer) -> None:
    photo = layers.photo_below(image, layer)
    if photo is None:
        return
    from . import dialogs

    answer = dialogs.ask_about_paint(dialogs.ON_A_LAYER % layer.get_name(), _("This is the _photo"))
    if answer == "cancel":
        raise Cancelled
    image.undo_group_start()
    try:
        everything = layers.all_layers(image)
        if answer == "hints":
            memory.write_hints_photo(layer, memory.make_photo_key(everything, photo))
            layer.set_name(layers.HINTS_NAME)
        else:
            memory.make_photo_key(everything, layer)
    finally:
        image.undo_group_end()


def move_from_result(job: ColorizeJob) -> Flow[bool]:
    """Ask about paint on the result; whether it was moved to a hint layer.  Raises Cancelled."""
    found = next(((la, re) for la, re in job.results if re.pixels), None)
    if found is None or found[0].get_lock_content():
        return False
    result, remembered = found
    if pixels.stored_fingerprint(result) == remembered.pixels:
        return False
    from . import dialogs

    before = kept.of_picture(remembered.settings)
    picture, sent = yield from ask_for_picture(replace(job, settings=before))
    if not insert.was_painted(job.image, job.photo, result, remembered, sent):
        return False
    same_hints = strokes.unpack_sums(remembered.hints) == job.sums
    found_paint = _paint_on(result, remembered, picture, CLOSE if same_hints else FAR, job)
    if found_paint is None:
        return False  # not on this photo as it is: then it is the user's picture
    answer = dialogs.ask_about_paint(dialogs.ON_A_RESULT % result.get_name(), _("_Keep it"))
    if answer == "cancel":
        raise Cancelled
    if answer == "hints":
        _move(job, result, remembered, found_paint)
    return answer == "hints"


def _paint_on(
    result: Gimp.Layer,
    remembered: memory.Result,
    picture: Picture,
    tolerance: int,
    job: ColorizeJob,
) -> hints.Painted | None:
    """What differs from the picture in the squares that were changed, as packed RGBA."""
    before = footprint.read(remembered.footprint)
    width, height = result.get_width(), result.get_height()
    if before is None or (width, height) != (picture.width, picture.height):
        return None
    now = footprint.read(footprint.take(result))
    if now is None or (now.width, now.height) != (before.width, before.height):
        return None  # turned or cropped since: no square lies where it was
    plain = insert.new_layer(job.image, job.photo, picture, kept.Settings())
    pixels.write(plain, picture.dtype, picture.layout, picture.data)
    painted = bytearray(4 * width * height)
    for left, top, w, h in _changed(before, now):
        where = Gegl.Rectangle.new(left, top, w, h)
        new, old = (
            layer.get_buffer().get(where, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
            for layer in (result, plain)
        )
        for i in range(w * h):
            mine = new[3 * i : 3 * i + 3]
            if max(abs(a - b) for a, b in zip(mine, old[3 * i : 3 * i + 3])) > tolerance:
                at = 4 * ((top + i // w) * width + left + i % w)
                painted[at : at + 4] = mine + b"\xff"
    box = strokes.bounds(strokes.marked(memoryview(painted)[3::4]), width, height)
    return hints.Painted(box, strokes.crop(painted, width, box)) if box else None


def _changed(before: footprint.Footprint, now: footprint.Footprint) -> list[strokes.Box]:
    """The squares that differ, and the rim that holds no whole square."""
    tile, boxes = before.tile, []
    for number, (old, new) in enumerate(zip(before.sums, now.sums)):
        if old != new:
            row, column = divmod(number, before.columns)
            boxes.append((column * tile, row * tile, tile, tile))
    right, bottom = before.columns * tile, before.rows * tile
    if before.width > right:
        boxes.append((right, 0, before.width - right, before.height))
    if before.height > bottom:
        boxes.append((0, bottom, right, before.height - bottom))
    return [box for box in boxes if box[2] and box[3]]


def _move(
    job: ColorizeJob, result: Gimp.Layer, remembered: memory.Result, paint: hints.Painted
) -> None:
    """The paint to a hint layer of its own; the result may be replaced then."""
    image = job.image
    image.undo_group_start()
    try:
        if image.get_base_type() == Gimp.ImageBaseType.GRAY:
            image.convert_rgb()
        layer = hintlayers.add(image, job.photo)
        where = Gegl.Rectangle.new(*paint.box)
        buffer = layer.get_buffer()
        buffer.set(where, "R'G'B'A u8", paint.rgba)
        buffer.flush()
        layer.update(*paint.box)
        memory.write_result(result, replace(remembered, pixels=pixels.stored_fingerprint(result)))
        image.set_selected_layers([layer])
    finally:
        image.undo_group_end()
