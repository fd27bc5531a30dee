"""Hint layers to the painted crop that is sent."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

from gi.repository import Gegl, Gimp

from . import fences as fencing
from . import graphs, thumbnails
from .client import HintCrop, strokes
from .client.hintscan import Crop
from .client.messages import Fence
from .pixels import read_strips


@dataclass(frozen=True)
class Painted:
    """The paint on a photo: packed RGBA of a box in the photo's pixels.

    plain: of the same box, what no mask fences; None if that is all.  fences: the rest.
    """

    box: strokes.Box
    rgba: bytes
    plain: bytes | None = None
    fences: tuple[Fence, ...] = ()

    @property
    def sums(self) -> dict[strokes.Tile, int]:
        """Checksums of the painted tiles."""
        return strokes.tile_sums(self.rgba, self.box)

    def crop(self, deflate: bool = False) -> HintCrop:
        """For sending."""
        rgba = self.rgba if self.plain is None else self.plain
        if not any(rgba[3::4]):
            return HintCrop(0, 0, 0, 0, b"", deflate=deflate, fences=self.fences)
        return HintCrop(*self.box, rgba, deflate=deflate, fences=self.fences)

    def deflated(self) -> Crop:
        """For sending while the user paints."""
        crop = self.crop()
        stream = zlib.compress(crop.rgba, 1)
        return Crop(crop.x, crop.y, crop.width, crop.height, stream, crop.fences)

    def without(self, tiles: set[strokes.Tile], sums: dict[strokes.Tile, int]) -> Painted:
        """The paint outside some tiles."""
        left = set(sums) - tiles

        def kept(rgba: bytes, box: strokes.Box) -> bytes:
            return bytes(strokes.keep_tiles(rgba, box, left, 4))

        fences = tuple(
            replace(f, rgba=kept(bytes(f.rgba), (f.x, f.y, f.width, f.height))) for f in self.fences
        )
        plain = None if self.plain is None else kept(self.plain, self.box)
        return Painted(self.box, kept(self.rgba, self.box), plain, fences)

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
    fenced = [layer for layer, _ in painted if fencing.around(layer, photo)]
    if not fenced:
        return Painted(box, bytes(rgba))
    plain = [layer for layer, _ in painted if layer not in fenced]
    free = _stack(plain, photo_x, photo_y, box) if plain else bytes(len(rgba))
    return Painted(box, bytes(rgba), free, _fences_of(fenced, photo))


def is_fenced(layers: list[Gimp.Layer], photo: Gimp.Layer) -> bool:
    """Whether a mask fences some of a photo's hint layers."""
    return any(fencing.around(layer, photo) for layer in layers)


def _fences_of(fenced: list[Gimp.Layer], photo: Gimp.Layer) -> tuple[Fence, ...]:
    """The fences of hint layers (bottom to top); layers inside the same masks are one."""
    _, photo_x, photo_y = photo.get_offsets()
    groups: dict[tuple[int, ...], list[Gimp.Layer]] = {}
    masked = {}
    for layer in fenced:
        inside = fencing.around(layer, photo)
        key = tuple(item.get_id() for item in inside)
        # A group lies where its last layer does: what was painted last counts.
        groups[key] = [*groups.pop(key, []), layer]
        masked[key] = inside
    found = []
    for key, together in groups.items():
        shape = fencing.shape_of(masked[key], photo)
        if shape is None:
            continue
        rgba = _stack(together, photo_x, photo_y, shape.box, masks=False)
        if any(rgba[3::4]):
            found.append(Fence(*shape.box, shape.mask, rgba))
    return tuple(found)


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


def _stack(
    layers: list[Gimp.Layer], photo_x: int, photo_y: int, box: strokes.Box, masks: bool = True
) -> bytes:
    """Several hint layers over each other; visibility and opacity count for nothing.

    masks: whether their own masks hide paint.
    """
    sheets = []
    for layer in layers:
        _, x, y = layer.get_offsets()
        mask = _mask_of(layer) if masks else None
        shape = mask.get_buffer() if mask is not None else None
        sheets.append(graphs.Sheet(layer.get_buffer(), shape, x - photo_x, y - photo_y))
    return graphs.stack(sheets, box)
