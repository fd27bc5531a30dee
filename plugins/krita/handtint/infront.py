"""A question waits beside the pictures, and its answer is only for the one that it was about.

Krita's Undo, the active layer and Colorize Layer are those of the picture in front, which may be
another one by the time of the answer.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Generator

from krita import Krita

from .client.steps import Until
from .client.translation import _
from .nodes import alive


def in_front(document: Any) -> bool:
    """Whether a document is the one that the user works on."""
    return alive(document) and bool(Krita.instance().activeDocument() == document)


def go_back(document: Any) -> str:
    """What to tell a user who has answered in front of another picture."""
    name = os.path.basename(document.fileName()) or document.name()
    return _("Go back to %s and choose Colorize Layer.") % name


def until_in_front(document: Any, still_there: Callable[[], None]) -> Generator[Any, Any, None]:
    """Wait, as a step of a flow, while the user works on another picture."""
    yield Until(lambda: in_front(document) or not alive(document))
    still_there()
