"""The honest mark: the image's comment says that it was colorized, and by what.

It is kept in XCF files.  XMP would be the place that archives know, but
GIMP's Python reaches it only where GExiv2's description for Python is installed, which it is not
in Debian's GIMP.
"""

from __future__ import annotations

from gi.repository import Gimp

from .client import Picture, mark

COMMENT = "gimp-comment"
"""The parasite in which GIMP keeps an image's comment, UTF-8 and a zero byte."""

_FLAGS = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE


def mark_image(image: Gimp.Image, picture: Picture) -> None:
    """Add the mark to the comment, as a part of the undo step that is being made."""
    parasite = image.get_parasite(COMMENT)
    before = bytes(parasite.get_data()) if parasite is not None else b""
    own = before.rstrip(b"\0").decode("utf-8", "replace")
    if not own.isascii():
        return  # GIMP's Python writes no byte above 127: the user's own comment comes first
    text = mark.with_line(own, mark.line(picture.weights))
    if text != own:
        image.attach_parasite(Gimp.Parasite.new(COMMENT, _FLAGS, text.encode("ascii") + b"\0"))
