"""The honest mark: the document's information say that it was colorized, and by what.

Krita lets scripts change the document's information (File > Document Information), and not the
metadata of a layer.  The mark is a line of the description.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from .client import mark

DESCRIPTION = "abstract"
"""What Krita calls the description in the file."""


def mark_document(document: Any, weights: str) -> None:
    """Mark a document; a mark that it has already is brought up to date."""
    changed = with_line(document.documentInfo(), mark.line(weights))
    if changed:
        document.setDocumentInfo(changed)


def is_marked(document: Any) -> bool:
    """Whether a document says that it was colorized."""
    return mark.BEGIN in document.documentInfo()


def with_line(information: str, line: str) -> str:
    """The document's information with a line in its description; "" if there is no place for it."""
    try:
        root = ET.fromstring(information[max(0, information.find("<document-info")) :])
    except ET.ParseError:
        return ""
    space = root.tag[: root.tag.find("}") + 1]
    if space:
        ET.register_namespace("", space[1:-1])
    about = root.find(space + "about")
    if about is None:
        return ""
    place = about.find(space + DESCRIPTION)
    if place is None:
        place = ET.SubElement(about, space + DESCRIPTION)
    place.text = mark.with_line(place.text or "", line)
    return ET.tostring(root, encoding="unicode")
