"""Messages for people."""

from __future__ import annotations

import os
import re
from pathlib import PurePath

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*,?(?= |$)")
# Control characters, line separators, and marks that turn the direction of what follows.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def sentence(text: object) -> str:
    """The text with a capital letter at its start and a full stop at its end.

    A text that begins with a name, a path or a number keeps it as it is.
    """
    words = " ".join(str(text).split())
    if not words:
        return "No reason was given."
    if _WORD.match(words):
        words = words[0].upper() + words[1:]
    return words if words.endswith((".", "!", "?")) else words + "."


def shown(text: str) -> str:
    """A text of other people's for the terminal: nothing in it can move the cursor or hide."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def shown_path(path: PurePath | str) -> str:
    """`shown` for a file's name; bytes that are no UTF-8 become ``\\xff``."""
    return shown(os.fsencode(path).decode("utf-8", "backslashreplace"))
