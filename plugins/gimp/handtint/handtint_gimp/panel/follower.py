"""Follows the photo of an image: what is painted on its hint layers, and its own pixels.

A look at GIMP takes some milliseconds.  While a button is down there is none; right after it was
let go there are many.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generator

from gi.repository import Gimp

from .. import hints as painting
from .. import scratch, turn
from ..client import Dropped
from ..client.hintscan import ROWS, Crop, HintScan
from ..client.laststroke import LastStroke
from ..client.steps import Tick
from ..client.strokes import Box
from . import target as targets
from .live import Live
from .loop import every
from .pointer import Pointer
from .target import Target
from .watch import Watch

if TYPE_CHECKING:
    from .core import Core

TICK_MS = 15
"""How often the pointer is looked at: that asks the display, not GIMP."""

HURRY, SOON, QUIET = 0.025, 0.05, 0.1
"""Seconds between two looks: after a stroke, while the pointer moves, and when nothing happens."""

HURRIED = 0.3
"""Seconds after a stroke in which GIMP may still be painting it."""

REST = 14
"""A look is followed by a rest of so many times as long as it took."""

LONGEST = 0.12
"""Seconds that it rests at most: Undo by a key is to be noticed, too."""

APART = 1.0
"""Where the button is not known: changes with a longer pause between them are two strokes."""

SEARCH = 1.0
"""Seconds between two searches for what to follow, if nothing calls for one."""


class Follower:
    """See the module's docstring.

    image: the one that the panel was opened for, or None.  target: what is followed in it.
    lifted_at: of `time.monotonic`, when the button went up last.
    """

    def __init__(self, core: Core, image: Gimp.Image) -> None:
        self._core = core
        self.image: Gimp.Image | None = image
        self.target: Target | None = None
        self.pointer = Pointer()
        self.live = Live(core, self)
        self.stroke = LastStroke()
        self.lifted_at = 0.0
        self._was_down = False
        self._hurried_until = self._next_look = self._next_search = 0.0
        self._found_at = 0.0
        self._looks = 0
        self._sweeps = 0
        self._ids: list[int] = []
        self.selected: set[int] = set()
        self.last_box: Box | None = None
        self._watches: list[Watch] = []
        self._photo_watch: Watch | None = None
        self._effects: tuple[int, ...] = ()
        self._scan: HintScan | None = None
        self.scanned = False

    def start(self) -> None:
        """Follow from now on."""
        every(TICK_MS, self._tick)

    def follow(self, image: Gimp.Image) -> None:
        """Follow another image."""
        self.live.leave()
        self.image = image
        self._forget()
        self._next_search = 0.0

    @property
    def brush_is_down(self) -> bool:
        """Whether the user is painting in GIMP, as far as that is known."""
        return not self.panel_is_pressed and self.pointer.is_down()

    @property
    def panel_is_pressed(self) -> bool:
        """Whether a button is held on the panel, as far as that is known."""
        # A slider keeps the release to itself: the pointer tells.
        if not self.pointer.is_down():
            self._core.is_pressed = False
        return self._core.is_pressed

    # --- looking ---------------------------------------------------------------------------

    def _tick(self) -> None:
        now = time.monotonic()
        if self.brush_is_down:
            self._was_down = True
            return
        if self._was_down:
            self._was_down = False
            self.lifted_at, self._hurried_until = now, now + HURRIED
            self._sweeps = sum(watch.blocks for watch in self._watches)
            self._next_look = 0.0
        if now < self._next_look or self._core.is_asking:
            return
        began = time.perf_counter()
        self._look(now)
        took = time.perf_counter() - began
        self._next_look = time.monotonic() + self._pause(took)

    def _pause(self, took: float) -> float:
        now = time.monotonic()
        if now < self._hurried_until:
            return HURRY
        busy = now - max(self.pointer.moved_at, self._found_at) < 1.5 or not self.pointer.known
        return max(SOON if busy or self._sweeps > 0 else QUIET, min(REST * took, LONGEST))

    def _look(self, now: float) -> None:
        if not self._image_is_there() or (self.image is not None and turn.is_taken(self.image)):
            return
        self._looks += 1
        assert self.image is not None
        ids = [layer.get_id() for layer in self.image.get_layers()]
        selected = self.selected
        if self._looks % 4 == 0:
            selected = {layer.get_id() for layer in self.image.get_selected_layers()}
        same = (ids, selected) == (self._ids, self.selected)
        self._ids, self.selected = ids, selected
        if not same or now > self._next_search:
            self.search()
        if self.target is None or self._core.running:
            return
        if self._look_at_pixels():
            self._found_at = now
        self.live.look()

    def _image_is_there(self) -> bool:
        if self.image is not None and self.image.is_valid():
            return True
        if self.image is not None:
            self.live.drop()
            self.image = None
            self._forget()
            self._core.tell()
        if self._looks % 5 == 0:
            left = [image for image in Gimp.get_images() if not scratch.is_one(image)]
            if len(left) == 1:
                self.image = left[0]
                self._core.clear_message()
                return True
        self._looks += 1
        return False

    def _forget(self) -> None:
        self.target, self._ids, self._watches, self._photo_watch = None, [], [], None
        self._scan, self.scanned = None, False
        self.stroke.forget()
        self._core.side_jobs.stop("scan")
        self._core.suggester.forget()

    def _look_at_pixels(self) -> bool:
        found = False
        for watch in self._watches:
            if not watch.layer.is_valid():
                self._next_search = 0.0
                return False
            box = watch.look()
            if box is not None:
                found = True
                self._hints_changed(watch.layer, box)
        watch = self._photo_watch
        turn = watch is not None and self._looks % 2 == 0
        if watch is not None and turn and watch.layer.is_valid() and watch.look() is not None:
            found = True
            self.live.photo_changed()
        if found:
            self._sweeps = 0
        elif self._sweeps > 0 or self._looks % 3 == 0:
            self._sweeps = max(0, self._sweeps - 1)
            found = self._sweep()
        return found

    def _sweep(self) -> bool:
        """Look closely at one block of one layer."""
        every_watch = [*self._watches]
        if self._photo_watch is not None and not self._sweeps:
            every_watch.append(self._photo_watch)
        if not every_watch:
            return False
        watch = every_watch[(self._looks // 3) % len(every_watch)]
        layer = watch.layer
        if not layer.is_valid() or (layer.get_width(), layer.get_height()) != watch.size:
            self._next_search = 0.0
            return False
        box = watch.sweep()
        if box is None:
            return False
        if watch is self._photo_watch:
            self.live.photo_changed()
        else:
            self._hints_changed(layer, box)
        return True

    # --- what to follow --------------------------------------------------------------------

    def search(self) -> None:
        """Find out what there is to follow in the image."""
        self._next_search = time.monotonic() + SEARCH
        if self.image is None or not self.image.is_valid():
            return
        before, self.target = self.target, targets.find(self.image, self.target)
        now = self.target
        if now is None:
            self._core.tell()
            return
        if before is not None and before.key == now.key:
            self._look_at_effects(now)
            return
        same_photo = before is not None and before.photo_key == now.photo_key
        same_shape = same_photo and before is not None and before.shape == now.shape
        same_hints = same_shape and before is not None and before.key[1] == now.key[1]
        if not same_photo:
            self.live.leave()
            self.stroke.forget()
            self._core.suggester.forget()
        if not same_hints:
            self._watch_hints(now)
        if not same_shape:
            self._effects = targets.effects_of(now.photo)
            self._photo_watch = Watch(now.photo)
            self._photo_watch.look()
            if same_photo:
                self.live.shape_changed()
                self.live.photo_changed()
        self._core.target_changed()  # before Live, which looks at the settings
        self.live.target_changed(same_photo)

    def _look_at_effects(self, now: Target) -> None:
        found = targets.effects_of(now.photo)
        if found != self._effects:
            self._effects = found
            self.live.photo_changed()

    def _watch_hints(self, now: Target) -> None:
        self._watches = [Watch(layer) for layer in now.hints]
        for watch in self._watches:
            watch.look()
        self._scan = HintScan((0, 0, *now.size), "RGBA")
        self.scanned = False
        self.stroke.forget()

        def done(_: Any) -> None:
            self.scanned = True
            self.live.hints_changed(None)

        self._core.side_jobs.run("scan", self._scan_all(now, self._scan), done, lambda error: None)

    def _scan_all(self, now: Target, scan: HintScan) -> Generator[Any, Any, None]:
        """Read everything that is painted, a strip at a step."""
        width, height = now.size
        for top in range(0, height, 2 * ROWS):
            yield Tick()
            if not now.is_there():
                raise Dropped("The layer is gone.")
            rgba = painting.read_box(now.hints, now.photo, (0, top, width, 2 * ROWS))
            half = width * ROWS * 4
            scan.update(top // ROWS, rgba[:half])
            if top + ROWS < height:
                scan.update(top // ROWS + 1, rgba[half:])

    # --- what has changed ------------------------------------------------------------------

    def _hints_changed(self, layer: Gimp.Layer, box: Box) -> None:
        now, scan = self.target, self._scan
        if now is None or scan is None or not now.is_there():
            return
        _, x, y = layer.get_offsets()
        _, photo_x, photo_y = now.photo.get_offsets()
        shifted = (box[0] + x - photo_x, box[1] + y - photo_y, box[2], box[3])
        inside = _cut(shifted, now.size)
        if inside is None:
            return
        if not self.pointer.known and time.monotonic() - self._found_at > APART:
            self.lifted_at = time.monotonic()
        without = scan.crop() if self.stroke.is_new(self.lifted_at) else None
        rgba = painting.read_box(now.hints, now.photo, inside)
        before = _patch(scan, inside, rgba)
        if before is None:
            return
        if self.stroke.is_new(self.lifted_at):
            self.stroke.begin(self.lifted_at, without)
        self.stroke.note(inside, before, rgba)
        self._core.suggester.wish()
        self._painted_in(inside)

    def recolored(self, box: Box) -> None:
        """We have given paint in a box another color: that is no stroke of the user's."""
        now, scan = self.target, self._scan
        inside = _cut(box, now.size) if now is not None and now.is_there() else None
        if now is None or scan is None or inside is None:
            return
        if _patch(scan, inside, painting.read_box(now.hints, now.photo, inside)) is not None:
            self._painted_in(inside)

    def _painted_in(self, box: Box) -> None:
        self.last_box = box
        self.live.hints_changed(box)
        self._core.hints_changed()

    @property
    def is_ready(self) -> bool:
        """Whether it is known what is painted."""
        return self.scanned or (self.target is not None and not self.target.hints)

    def stroke_row(self, top: int, height: int) -> int:
        """The row of the last change, counted from another one; the middle if there was none."""
        box = self.last_box
        return box[1] + box[3] // 2 - top if box is not None else height // 2

    @property
    def painted(self) -> tuple[tuple[int, int], ...]:
        """Equal for equal hints."""
        return self._scan.state if self._scan is not None else ()

    def crop(self) -> Crop | None:
        """All hints, as they are sent."""
        now = self.target
        if now is not None and now.is_there() and painting.is_fenced(now.hints, now.photo):
            paint = painting.collect(now.hints, now.photo)
            return paint.deflated() if paint is not None else None
        return self._scan.crop() if self._scan is not None else None


def _cut(box: Box, size: tuple[int, int]) -> Box | None:
    left, top = max(0, box[0]), max(0, box[1])
    right, bottom = min(size[0], box[0] + box[2]), min(size[1], box[1] + box[3])
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _patch(scan: HintScan, box: Box, rgba: bytes) -> bytes | None:
    """Take a box into the strips that it touches; its pixels before that, None if no others."""
    left, top, width, height = box
    stride = scan.area[2] * 4
    before, changed = bytearray(len(rgba)), False
    for index in scan.indices(box):
        strip = bytearray(scan.pixels(index))
        first, last = max(top, index * ROWS), min(top + height, (index + 1) * ROWS)
        for y in range(first, last):
            at = (y - index * ROWS) * stride + 4 * left
            source = (y - top) * 4 * width
            before[source : source + 4 * width] = strip[at : at + 4 * width]
            strip[at : at + 4 * width] = rgba[source : source + 4 * width]
        changed = scan.update(index, bytes(strip)) is not None or changed
    return bytes(before) if changed else None
