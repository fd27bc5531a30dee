"""Hint layers to the painted crop that is sent."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from . import graphs, thumbnails
from .client import HintCrop, strokes
from .pixels import read_strips


@dataclass(frozen=True)
class Painted:
    """The paint on a photo: packed RGBA of a box in the photo's pixels."""

    box: strokes.Box
    rgba: bytes

    @property
    def sums(self) -> dict[strokes.Tile, int]:
        """Checksums of the painted tiles."""
        return strokes.tile_sums(self.rgba, self.box)

    def crop(self, deflate: bool = False) -> HintCrop:
        """For sending."""
        return HintCrop(*self.box, self.rgba, deflate=deflate)

    def without(self, tiles: set[strokes.Tile], sums: dict[strokes.Tile, int]) -> Painted:
        """The paint outside some tiles."""
        kept = strokes.keep_tiles(self.rgba, self.box, set(sums) - tiles, 4)
        return Painted(self.box, bytes(kept))

    def center(self, tiles: set[strokes.Tile]) -> tuple[int, int] | None:
        """The painted pixel of the photo nearest to the middle of the paint in some tiles."""
        x, y, width, height = self.box
        alpha = strokes.marked(memoryview(self.rgba)[3::4])
        place = strokes.center(bytes(strokes.keep_tiles(alpha, self.box, tiles, 1)), width, height)
        return None if place is None else (place[0] + x, place[1] + y)


def collect(layers: list[Gimp.Layer], photo: Gimp.Layer) -> Painted | None:
    """The paint of hint layers (bottom to top) that lies on a photo; None if there is none."""
    _, photo_x, photo_y = photo.get_offsets()
    size = photo.get_width(), photo.get_height()
    boxes = [(layer, _painted_box(layer, photo_x, photo_y, size)) for layer in layers]
    painted = [(layer, box) for layer, box in boxes if box is not None]
    if not painted:
        return None
    left = min(box[0] for _, box in painted)
    top = min(box[1] for _, box in painted)
    right = max(box[0] + box[2] for _, box in painted)
    bottom = max(box[1] + box[3] for _, box in painted)
    box = (left, top, right - left, bottom - top)
    if len(painted) == 1 and _mask_of(painted[0][0]) is None:
        layer = painted[0][0]
        _, x, y = layer.get_offsets()
        where = Gegl.Rectangle.new(left + photo_x - x, top + photo_y - y, box[2], box[3])
        rgba = layer.get_buffer().get(where, 1.0, graphs.RGBA, Gegl.AbyssPolicy.NONE)
    else:
        rgba = _stack([layer for layer, _ in painted], photo_x, photo_y, box)
    return Painted(box, bytes(rgba))


def read_box(layers: list[Gimp.Layer], photo: Gimp.Layer, box: strokes.Box) -> bytes:
    """The paint of hint layers (bottom to top) in a box of the photo: packed RGBA u8."""
    _, photo_x, photo_y = photo.get_offsets()
    usable = [layer for layer in layers if layer.has_alpha()]
    if not usable:
        return bytes(4 * box[2] * box[3])
    if len(usable) > 1 or _mask_of(usable[0]) is not None:
        return _stack(usable, photo_x, photo_y, box)
    _, x, y = usable[0].get_offsets()
    inside = (box[0] + photo_x - x, box[1] + photo_y - y, box[2], box[3])
    rgba = thumbnails.rgba_box(usable[0], inside)
    if rgba is not None:
        return rgba
    where = Gegl.Rectangle.new(*inside)
    return bytes(usable[0].get_buffer().get(where, 1.0, graphs.RGBA, Gegl.AbyssPolicy.NONE))


def selection_center(image: Gimp.Image) -> tuple[int, int]:
    """The selected pixel of the image nearest to the middle of the selection."""
    _, _, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
    width, height = x2 - x1, y2 - y1
    where = Gegl.Rectangle.new(x1, y1, width, height)
    data = image.get_selection().get_buffer().get(where, 1.0, "Y u8", Gegl.AbyssPolicy.NONE)
    # A soft edge reaches far; where nothing is selected by half, any selected pixel will do.
    place = strokes.center(strokes.marked(data, half=True), width, height)
    place = place or strokes.center(strokes.marked(data), width, height) or (0, 0)
    return place[0] + x1, place[1] + y1


def _mask_of(layer: Gimp.Layer) -> Gimp.LayerMask | None:
    mask = layer.get_mask()
    return mask if mask is not None and layer.get_apply_mask() else None


def _painted_box(
    layer: Gimp.Layer, photo_x: int, photo_y: int, photo_size: tuple[int, int]
) -> strokes.Box | None:
    """The box around a layer's paint, in the photo's pixels and cut to the photo."""
    if not layer.has_alpha():
        return None  # nothing but paint: some other layer that happens to have the name
    width, height = layer.get_width(), layer.get_height()
    buffer = layer.get_buffer()
    marks = b"".join(
        strokes.marked(memoryview(data)[3::4])
        for data in read_strips(buffer, width, height, graphs.RGBA, 4)
    )
    box = strokes.bounds(marks, width, height)
    if box is None:
        return None
    _, x, y = layer.get_offsets()
    left, top = max(0, box[0] + x - photo_x), max(0, box[1] + y - photo_y)
    right = min(photo_size[0], box[0] + box[2] + x - photo_x)
    bottom = min(photo_size[1], box[1] + box[3] + y - photo_y)
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _stack(layers: list[Gimp.Layer], photo_x: int, photo_y: int, box: strokes.Box) -> bytes:
    """Several hint layers over each other, masks applied; visibility and opacity are not."""
    sheets = []
    for layer in layers:
        _, x, y = layer.get_offsets()
        mask = _mask_of(layer)
        shape = mask.get_buffer() if mask is not None else None
        sheets.append(graphs.Sheet(layer.get_buffer(), shape, x - photo_x, y - photo_y))
    return graphs.stack(sheets, box)
