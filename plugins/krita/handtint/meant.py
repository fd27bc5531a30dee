"""A PNG whose values mean something else than Krita shows: noticed, and shown as it is meant.

Krita 5.2 does not look at gAMA, cHRM and cICP.  The plug-in colors what Krita shows, so it asks
first whether Krita shall show the picture as the file means it: then the document gets the
profile that the file describes, and the colors are those of the command line.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from krita import Krita

from .client import pngcolor
from .client.pngcolor import PngColor
from .client.translation import _
from .memory import Memory
from .nodes import is_hints, layers
from .photos import rect_of
from .qt import QtCore
from .spaces import SRGB_8, SRGB_PROFILE, space_of, space_of_document


def of_document(document: Any) -> PngColor | None:
    """What the document's PNG says; None if Krita shows it as meant, or the user wants it so."""
    space = space_of_document(document)
    if (space.model, space.profile) != ("RGBA", SRGB_PROFILE) or not document.fileName():
        return None
    return None if Memory(document).as_shown else pngcolor.of_file(document.fileName())


def note_of(document: Any) -> str:
    """What the user should know where the file's meaning cannot be shown, or ""."""
    color = of_document(document)
    if color is None or color.profile:
        return ""
    return (
        _("This PNG is of a kind that is not read (%s): its values were taken for sRGB.")
        % color.summary
    )


def show_as_meant(document: Any, color: PngColor) -> bool:
    """Give the document the profile that its file describes; False if Krita does not take it.

    Values stay.  Hint layers keep sRGB, which is what they were painted in.
    """
    memory = Memory(document)
    hints = [
        layer
        for layer in layers(document.rootNode())
        if is_hints(layer, memory) and space_of(layer) == SRGB_8
    ]
    painted = [(layer, rect_of(layer)) for layer in hints]
    kept = [(layer, rect, layer.pixelData(*rect)) for layer, rect in painted if rect[2]]
    handle, path = tempfile.mkstemp(prefix="handtint-", suffix=".icc")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(color.profile)
        Krita.instance().addProfile(path)
    finally:
        os.unlink(path)
    done = bool(document.setColorProfile(color.name))
    document.waitForDone()
    for layer in hints:
        if space_of(layer) != SRGB_8:
            layer.setColorSpace(*SRGB_8)
    for layer, rect, pixels in kept:
        layer.setPixelData(QtCore.QByteArray(pixels), *rect)
    document.refreshProjection()
    return done and document.colorProfile() == color.name
