"""Messages for people."""

from __future__ import annotations


def sentence(text: object) -> str:
    """The text with a capital letter at its start and a full stop at its end."""
    words = " ".join(str(text).split())
    if not words:
        return "No reason was given."
    words = words[0].upper() + words[1:]
    return words if words.endswith((".", "!", "?")) else words + "."
