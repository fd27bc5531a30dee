"""The honest mark in words: a line that says that a picture was colorized, and by what."""

from __future__ import annotations

BEGIN = "Colorized with Handtint"


def line(weights: str) -> str:
    """The line; weights: the short hash that the server's answer names.  English, as XMP is."""
    return "%s: a trained model, weights %s, has made the colors." % (BEGIN, weights)


def with_line(text: str, new: str) -> str:
    """A text with the line at its end, in the place of one that it has already."""
    others = [old for old in text.splitlines() if not old.startswith(BEGIN)]
    return "\n".join([*others, new]).strip()
