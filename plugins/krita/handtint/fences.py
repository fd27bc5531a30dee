"""Fences: masks of hint layers, or of groups around them, that keep what is painted inside."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any, Callable, Generator, Iterator

from .client import strokes
from .client.hintscan import Crop, HintScan
from .client.messages import Fence
from .client.steps import Tick
from .client.translation import _
from .nodes import Target, by_uid, uid
from .photos import HintReader, Rect, read_hints, rect_of
from .watch import HintWatch


@dataclass(frozen=True)
class Fenced:
    """Hint layers (bottom to top) inside the same masks.

    box: around what the masks let through, in the picture.  mask: a byte a pixel of it.
    """

    layers: list[Any]
    masks: list[Any]
    box: Rect
    mask: bytes

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal as long as masks and layers stay the same."""
        return (self.box, zlib.crc32(self.mask), *map(uid, self.layers))

    def holding(self, rgba: bytes) -> Fence | None:
        """With what is painted in the box; None if that is nothing."""
        return Fence(*self.box, self.mask, rgba) if any(rgba[3::4]) else None


def masks_around(layer: Any, photo: Any) -> list[Any]:
    """The visible masks of a hint layer and of the groups around it that do not hold the photo."""
    shared = {uid(group) for group in _groups_around(photo)}
    found = []
    for node in (layer, *_groups_around(layer)):
        if uid(node) not in shared:
            masks = (child for child in node.childNodes() if child.type() == "transparencymask")
            found += [mask for mask in masks if mask.visible()]
    return found


def _groups_around(node: Any) -> Iterator[Any]:
    parent = node.parentNode()
    while parent is not None and parent.parentNode() is not None:
        yield parent
        parent = parent.parentNode()


def split(layers: list[Any], photo: Any, rect: Rect) -> tuple[list[Any], list[Fenced]]:
    """The hint layers that no mask fences, and the others by their masks; rect: of the photo.

    What lies inside a mask that lets nothing through on the photo is left out.
    """
    plain, together = [], {}
    for layer in layers:
        masks = masks_around(layer, photo)
        if masks:
            # They lie where the last layer does: what was painted last counts.
            key = tuple(map(uid, masks))
            _, before = together.pop(key, (masks, []))
            together[key] = masks, [*before, layer]
        else:
            plain.append(layer)
    found = []
    for masks, inside in together.values():
        shape = _shape(masks, rect)
        if shape is not None:
            found.append(Fenced(inside, masks, *shape))
    return plain, found


def _shape(masks: list[Any], rect: Rect) -> tuple[Rect, bytes] | None:
    x, y, width, height = rect
    if not width:
        return None
    data = bytes(masks[0].pixelData(*rect))
    for mask in masks[1:]:
        data = bytes((a * b + 254) // 255 for a, b in zip(data, bytes(mask.pixelData(*rect))))
    box = strokes.bounds(strokes.marked(data), width, height)
    if box is None:
        return None
    rows = range(box[1], box[1] + box[3])
    cut = b"".join(data[row * width + box[0] : row * width + box[0] + box[2]] for row in rows)
    return (x + box[0], y + box[1], box[2], box[3]), cut


def hints_for(goal: Target, selection: Any) -> Any:
    """The hint layer of a photo to paint on, or None if there is none that fits.

    selection: what is selected, or None.  With one, only a layer fits that it fences.
    """
    if selection is None:
        return goal.hints[-1] if goal.hints else None
    rect = rect_of(goal.photo)
    wanted = bytes(selection.pixelData(*rect))
    for layer in reversed(goal.hints):
        masks = [child for child in layer.childNodes() if child.type() == "transparencymask"]
        if len(masks) == 1 and bytes(masks[0].pixelData(*rect)) == wanted:
            return layer
    return None


def fence(document: Any, layer: Any, selection: Any) -> bool:
    """Give a new hint layer a mask of the selection; False before Krita 5.2, which cannot."""
    if not hasattr(document, "createTransparencyMask"):
        return False
    mask = document.createTransparencyMask(_("Selection"))
    mask.setSelection(selection)
    document.waitForDone()  # the layer is in the document then
    return add_mask(document, layer, mask)


def add_mask(document: Any, layer: Any, mask: Any) -> bool:
    """Put a mask on a layer of a document; whether that could be done."""
    # A new layer still belongs to the document that it was made in, which is gone.
    owner = by_uid(document, uid(layer))
    return owner is not None and bool(owner.addChildNode(mask, None))


def with_fences(crop: Crop | None, fences: list[Fence | None]) -> Crop | None:
    """All hints of a photo."""
    held = tuple(fence for fence in fences if fence is not None)
    return replace(crop or Crop(0, 0, 0, 0, b""), fences=held) if held else crop


def crop_of_layers(
    layers: list[Any], photo: Any, rect: Rect, still_there: Callable[[], None]
) -> Generator[Any, Any, Crop | None]:
    """All hints of some layers as a crop; None if nothing is painted."""
    plain, fenced = split(layers, photo, rect)
    scan = HintScan(rect)
    yield from read_hints(HintReader(plain), scan, still_there)
    held = []
    for fence in fenced:
        inside = HintScan(fence.box)
        yield from read_hints(HintReader(fence.layers), inside, still_there)
        yield Tick()
        held.append(fence.holding(inside.rgba()))
    return with_fences(scan.crop(), held)


class HintWatches:
    """Watches the hint layers of one photo: those without a fence, and each fence's.

    is_down: whether the brush is down.  changed: called with the place of the change, as (x, y) in
    the picture, or None if something was only taken away; first when all of it is known.
    began: called when the first change of another stroke was found.
    """

    def __init__(
        self,
        layers: list[Any],
        photo: Any,
        area: Rect,
        is_down: Callable[[], bool],
        changed: Callable[[Any], None],
        began: Callable[[], None] = lambda: None,
    ) -> None:
        plain, self._fenced = split(layers, photo, area)
        self.layers = layers
        self._changed, self._began = changed, began
        self._told: set[int] = set()
        parts = [(plain, area), *((fence.layers, fence.box) for fence in self._fenced)]
        self._watches = [
            HintWatch(
                some,
                box,
                is_down,
                lambda scan, place, n=number: self._tell(n, place),
                self._stroke_begins,
            )
            for number, (some, box) in enumerate(parts)
        ]

    def _tell(self, number: int, place: Any) -> None:
        self._told.add(number)
        if len(self._told) == len(self._fenced) + 1:
            self._changed(place)

    def _stroke_begins(self) -> None:
        for watch in self._watches:
            watch.stroke = {}
        self._began()

    def crop(self) -> Crop | None:
        """All hints, as they are known now."""
        plain, *inside = (watch.scan for watch in self._watches)
        held = [
            fence.holding(scan.rgba())
            for fence, scan in zip(self._fenced, inside)
            if not scan.empty
        ]
        return with_fences(plain.crop(), held)

    def of(self, layer: Any) -> HintWatch | None:
        """The watch that a layer belongs to."""
        return next((watch for watch in self._watches if layer in watch.layers), None)

    def lifted(self, where: Rect | None) -> None:
        """See `HintWatch`."""
        for watch in self._watches:
            watch.lifted(where)

    def stop(self) -> None:
        """Look no more."""
        for watch in self._watches:
            watch.stop()
