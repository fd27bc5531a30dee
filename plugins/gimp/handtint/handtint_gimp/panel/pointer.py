"""Whether the user is painting: the state of the pointer, wherever on the screen it is."""

from __future__ import annotations

import time

from gi.repository import Gdk

BUTTONS = (
    Gdk.ModifierType.BUTTON1_MASK | Gdk.ModifierType.BUTTON2_MASK | Gdk.ModifierType.BUTTON3_MASK
)


class Pointer:
    """Known where the display tells it, as X11 does, also over GIMP's own windows.

    known: whether it does; Wayland tells a program nothing of pointers over other windows.
    moved_at: of `time.monotonic`, when it was seen in another place.
    """

    def __init__(self) -> None:
        display = Gdk.Display.get_default()
        self.known = display.__gtype__.name == "GdkX11Display"
        self._device = display.get_default_seat().get_pointer()
        self._root = Gdk.get_default_root_window()
        self._place = (0, 0)
        self.moved_at = 0.0

    def is_down(self) -> bool:
        """Whether a button is held; False where that is not known."""
        if not self.known:
            return False
        _, x, y, state = self._root.get_device_position(self._device)
        if (x, y) != self._place:
            self._place, self.moved_at = (x, y), time.monotonic()
        return bool(state & BUTTONS)
