"""Suggest Hint Colors: for a selected place, or for the last strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gi.repository import Gegl, Gimp

from . import asking, effects, hints, layers, memory, pixels
from . import settings as kept
from .client import Session, protocol, strokes, transport
from .client.translation import _
from .problem import Problem
from .progress import Bar

RGBA = "R'G'B'A u8"

SAME = 12
"""Of 255: paint of one stroke differs by no more from itself."""


OUTSIDE = _(
    "The last stroke lies outside the selection: take that away (Shift+Ctrl+A), and click again."
)


@dataclass(frozen=True)
class Place:
    """Where colors are wanted, in the photo's pixels.

    paint: the hints to count in.  tiles: where the stroke lies that is asked about; None: all
    paint in the selection.
    """

    photo: Gimp.Layer
    point: tuple[int, int]
    paint: hints.Painted | None
    tiles: set[strokes.Tile] | None


def suggest(
    image: Gimp.Image, active: Gimp.Layer, settings: kept.Settings
) -> tuple[list[Any], Place]:
    """Likely colors, likeliest first, and their place; raises Problem or ClientError."""
    layers.check_mode(image)
    photo = layers.photo_of(image, active)
    results = layers.results_of(image, photo)
    place = _place(image, photo, results)
    bar = Bar(_("Suggest Hint Colors"))
    with effects.applied(image, photo) as seen:

        def request(source: protocol.SentPhoto, session: Session, request_id: str) -> Any:
            return protocol.suggest(
                source,
                place.point,
                place.paint.crop() if place.paint else None,
                vividness=settings.vividness,
                strength=settings.strength,
                request_id=request_id,
            )

        flow = asking.ask(asking.reader_of(image, photo, seen), results, request)
        answer = transport.run(flow, bar)
    bar.close()
    found = protocol.read_suggestions(answer).colors
    if place.tiles is None:
        memory.note_place(image, pixels.stored_fingerprint(image.get_selection()))
    return found, place


def _place(image: Gimp.Image, photo: Gimp.Layer, results: layers.Results) -> Place:
    paint = hints.collect(layers.hints_of(image, photo), photo)
    _known, photo_x, photo_y = photo.get_offsets()
    size = photo.get_width(), photo.get_height()
    if not Gimp.Selection.is_empty(image):
        place = hints.selection_center(image)
        x, y = place[0] - photo_x, place[1] - photo_y
        if not (0 <= x < size[0] and 0 <= y < size[1]):
            raise Problem(_("The selection lies outside the photo. Select a place in the photo."))
        return Place(photo, (x, y), paint, None)
    if paint is not None:
        sums = paint.sums
        result = results[0][1] if results else None
        stroke = strokes.new_tiles(sums, strokes.unpack_sums(result.hints) if result else {})
        if not stroke and result:
            # Nothing new: the last stroke that was counted in, which may have turned out wrong.
            stroke = set(strokes.unpack_sums(result.fresh)) & set(sums)
        where = paint.center(stroke)
        if where is not None:
            # The stroke itself would only bring back its own color.
            return Place(photo, where, paint.without(stroke, sums), stroke)
    raise Problem(
        _(
            "Select a place in the photo first (for example with the Rectangle Select tool, R): "
            "likely colors for its center are shown."
        )
    )


# --- giving a stroke another color ---------------------------------------------------------


def recolor(image: Gimp.Image, place: Place, color: str) -> int:
    """Give the strokes at a place another color, as one undo step; how many pixels it gets.

    color: "#rrggbb".  How strong the paint is stays.  Locked layers are left alone.  Raises Problem
    if a stroke lies where a selection lets nothing be changed.
    """
    wanted = bytes.fromhex(color[1:])
    usable = [
        layer
        for layer in reversed(layers.hints_of(image, place.photo))
        if layer.has_alpha() and not layer.get_lock_content()
    ]
    before = _color_at(place, usable) if place.tiles is not None else None
    found = [
        (layer, box, *_recolored(place, layer, box, before, wanted))
        for layer, box in ((layer, _box(image, place, layer)) for layer in usable)
        if box is not None
    ]
    free = [(layer, box, data) for layer, box, data, marks in found if _is_free(layer, box, marks)]
    changed = sum(sum(marks) for _, _, _, marks in found)
    if not free:
        if changed and place.tiles is not None:
            raise Problem(OUTSIDE)
        return 0  # a step would change nothing
    image.undo_group_start()
    try:
        for layer, box, data in free:
            _write(layer, box, data)
    finally:
        image.undo_group_end()
    Gimp.displays_flush()
    return changed


def has_stroke(image: Gimp.Image, place: Place) -> bool:
    """Whether there is paint at a place that could get another color."""
    if place.tiles is not None:
        return True
    for layer in layers.hints_of(image, place.photo):
        box = _box(image, place, layer)
        if box is not None and any(_read(layer, box)[3::4]):
            return True
    return False


def box_of(tiles: set[strokes.Tile]) -> strokes.Box:
    """The box around tiles, at least one, in the photo's pixels."""
    columns, rows = zip(*tiles)
    left, top = min(columns) * strokes.TILE, min(rows) * strokes.TILE
    right, bottom = (max(columns) + 1) * strokes.TILE, (max(rows) + 1) * strokes.TILE
    return left, top, right - left, bottom - top


def _read(layer: Gimp.Layer, box: strokes.Box) -> bytes:
    where = Gegl.Rectangle.new(*box)
    return bytes(layer.get_buffer().get(where, 1.0, RGBA, Gegl.AbyssPolicy.NONE))


def _shift(place: Place, layer: Gimp.Layer) -> tuple[int, int]:
    """What is added to a pixel of the photo to get that of a layer."""
    _, x, y = layer.get_offsets()
    _, photo_x, photo_y = place.photo.get_offsets()
    return photo_x - x, photo_y - y


def _color_at(place: Place, found: list[Gimp.Layer]) -> bytes | None:
    """The color of the paint that one sees at the place."""
    for layer in found:
        x, y = _shift(place, layer)
        pixel = _read(layer, (place.point[0] + x, place.point[1] + y, 1, 1))
        if pixel[3]:
            return pixel[:3]
    return None


def _box(image: Gimp.Image, place: Place, layer: Gimp.Layer) -> strokes.Box | None:
    """Where in a layer the strokes can lie."""
    if place.tiles is None:
        _, some, left, top, right, bottom = Gimp.Selection.bounds(image)
        if not some:
            return None
        _, x, y = layer.get_offsets()
        left, top, right, bottom = left - x, top - y, right - x, bottom - y
    else:
        x, y = _shift(place, layer)
        left, top, width, height = box_of(place.tiles)
        left, top = left + x, top + y
        right, bottom = left + width, top + height
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right, layer.get_width()), min(bottom, layer.get_height())
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _recolored(
    place: Place, layer: Gimp.Layer, box: strokes.Box, before: bytes | None, wanted: bytes
) -> tuple[bytes, bytes]:
    """A box with its paint recolored, and 1 for each pixel of that, else 0.

    before: only what has about this color.
    """
    data = bytearray(_read(layer, box))
    left, top, width, _ = box
    x, y = _shift(place, layer)
    marks = bytearray(len(data) // 4)
    for i in range(len(marks)):
        if not data[4 * i + 3]:
            continue
        if place.tiles is not None:
            column = (left + i % width - x) // strokes.TILE
            row = (top + i // width - y) // strokes.TILE
            if (column, row) not in place.tiles:
                continue
        if before is not None and any(abs(data[4 * i + c] - before[c]) > SAME for c in range(3)):
            continue
        data[4 * i : 4 * i + 3] = wanted
        marks[i] = 1
    return bytes(data), bytes(marks)


def _is_free(layer: Gimp.Layer, box: strokes.Box, marks: bytes) -> bool:
    """Whether the selection lets any of the marked pixels of a box be changed."""
    if 1 not in marks:
        return False
    image = layer.get_image()
    if Gimp.Selection.is_empty(image):
        return True
    _, x, y = layer.get_offsets()
    where = Gegl.Rectangle.new(box[0] + x, box[1] + y, box[2], box[3])
    buffer = image.get_selection().get_buffer()
    selected = bytes(buffer.get(where, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
    return any(mark and value for mark, value in zip(marks, selected))


def _write(layer: Gimp.Layer, box: strokes.Box, data: bytes) -> None:
    # The only write that can be undone.  It keeps to the selection, and replaces all of it.
    everything = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    shadow = layer.get_shadow_buffer()
    layer.get_buffer().copy(everything, Gegl.AbyssPolicy.NONE, shadow, everything)
    shadow.set(Gegl.Rectangle.new(*box), RGBA, data)
    shadow.flush()
    layer.merge_shadow(True)
    layer.update(*box)
