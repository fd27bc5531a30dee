"""What part of a picture the user sees."""

from __future__ import annotations

from typing import Any

from .photos import Rect
from .qt import QtCore


def visible_rect(view: Any, canvas: Any) -> Rect | None:
    """The rectangle of the picture that a canvas shows, or None if Krita does not tell.

    Krita tells from version 5.2 on.
    """
    if view is None or canvas is None or not hasattr(view, "flakeToCanvasTransform"):
        return None
    to_flake, invertible = view.flakeToCanvasTransform().inverted()
    if not invertible:
        return None
    to_image = to_flake * view.flakeToImageTransform()
    box = to_image.mapRect(QtCore.QRectF(canvas.rect())).toAlignedRect()
    if box.isEmpty():
        return None
    return box.x(), box.y(), box.width(), box.height()


def intersect(a: Rect, b: Rect) -> Rect | None:
    """The common part of two rectangles, or None."""
    box = QtCore.QRect(*a).intersected(QtCore.QRect(*b))
    if box.isEmpty():
        return None
    return box.x(), box.y(), box.width(), box.height()
