"""What part of a picture the user sees."""

from __future__ import annotations

from typing import Any

from krita import Krita

from .photos import Rect
from .qt import QtCore


def active_view() -> Any:
    """The view in the active window, or None."""
    window = Krita.instance().activeWindow()
    return window.activeView() if window is not None else None


def in_picture(view: Any, box: Any) -> Rect | None:
    """A box of the canvas (QRectF) in the picture's pixels, or None if Krita does not tell.

    Krita tells from version 5.2 on.
    """
    if view is None or not hasattr(view, "flakeToCanvasTransform"):
        return None
    to_flake, invertible = view.flakeToCanvasTransform().inverted()
    if not invertible:
        return None
    found = (to_flake * view.flakeToImageTransform()).mapRect(box).toAlignedRect()
    if found.isEmpty():
        return None
    return found.x(), found.y(), found.width(), found.height()


def visible_rect(view: Any, canvas: Any) -> Rect | None:
    """The rectangle of the picture that a canvas shows, or None."""
    if canvas is None:
        return None
    return in_picture(view, QtCore.QRectF(canvas.rect()))


def stroke_rect(view: Any, path: Any) -> Rect | None:
    """What a stroke along a path may have touched, or None.

    Twice the brush, and what a smoothed line may swing out.
    """
    box = in_picture(view, path)
    if box is None:
        return None
    more = int(2 * view.brushSize()) + 64
    return box[0] - more, box[1] - more, box[2] + 2 * more, box[3] + 2 * more


def intersect(a: Rect, b: Rect) -> Rect | None:
    """The common part of two rectangles, or None."""
    box = QtCore.QRect(*a).intersected(QtCore.QRect(*b))
    if box.isEmpty():
        return None
    return box.x(), box.y(), box.width(), box.height()
