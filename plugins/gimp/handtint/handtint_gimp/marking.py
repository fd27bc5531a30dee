"""The honest mark: the image's metadata say that it was colorized, and how.

The same words as the server's own files have (docs/files.md): a source type of the IPTC
(NewsCodes, "Digital Source Type") and an entry of the history (XMP Specification Part 2, 1.2.2).
What GIMP exports carries them.
"""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("GExiv2", "0.10")

from gi.repository import GExiv2, Gimp  # noqa: E402

from .client import Picture  # noqa: E402

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
SOURCE_TAG = "Xmp.iptcExt.DigitalSourceType"
HISTORY = "Xmp.xmpMM.History"


def mark(image: Gimp.Image, picture: Picture, vividness: float, alternative: int) -> None:
    """Mark an image, as a part of the undo step that is being made."""
    metadata = image.get_metadata() or Gimp.Metadata.new()
    told = "colorized; weights %s; vividness %g" % (picture.weights, vividness)
    if alternative:
        told += "; alternative %d" % alternative
    before = metadata.try_get_tag_string(SOURCE_TAG)
    if before and before != SOURCE_TYPE:
        told += "; the photo's own source type %s" % before
    metadata.try_set_tag_string(SOURCE_TAG, SOURCE_TYPE)
    number = _entries(metadata) + 1
    if number == 1:
        metadata.try_set_xmp_tag_struct(HISTORY, GExiv2.StructureType.SEQ)
    entry = "%s[%d]/stEvt:" % (HISTORY, number)
    for name, text in (("action", "edited"), ("softwareAgent", "Handtint"), ("parameters", told)):
        metadata.try_set_tag_string(entry + name, text)
    image.set_metadata(metadata)


def _entries(metadata: Any) -> int:
    """How many entries the history has."""
    count = 0
    while metadata.try_get_tag_string("%s[%d]/stEvt:action" % (HISTORY, count + 1)):
        count += 1
    return count
