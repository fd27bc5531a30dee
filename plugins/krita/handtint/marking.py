"""The honest mark: the document's information say that it was colorized, and how.

Krita lets scripts change the document's information (File > Document Information), and not the
metadata of a layer.  The mark is a line of the description.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

BEGIN = "Colorized with Handtint"
DESCRIPTION = "abstract"
"""What Krita calls the description in the file."""


def mark(document: Any, weights: str) -> None:
    """Mark a document; a mark that it has already is brought up to date."""
    line = "%s: a trained model, weights %s, has made the colors." % (BEGIN, weights)
    changed = with_line(document.documentInfo(), line)
    if changed:
        document.setDocumentInfo(changed)


def is_marked(document: Any) -> bool:
    """Whether a document says that it was colorized."""
    return BEGIN in document.documentInfo()


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
    others = [old for old in (place.text or "").splitlines() if not old.startswith(BEGIN)]
    place.text = "\n".join([*others, line]).strip()
    return ET.tostring(root, encoding="unicode")
