"""What of Handtint's layers is seen: comparing, hints on and off, and pictures without them.

Looking at something is no change: whether the document counts as modified stays as it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from krita import InfoObject

from .marking import is_marked
from .memory import Memory
from .nodes import alive, by_uid, is_hints, layers, target, uid


def helpers(document: Any) -> list[Any]:
    """The layers that are not of the picture: all hints, and overlays."""
    memory = Memory(document)
    every = list(layers(document.rootNode()))
    return [node for node in every if uid(node) in memory.overlays or is_hints(node, memory)]


def colors_and_helpers(document: Any) -> list[Any]:
    """Everything that Handtint has added."""
    memory = Memory(document)
    results = [node for node in layers(document.rootNode()) if uid(node) in memory.results]
    return results + helpers(document)


def hint_layers(document: Any, node: Any) -> list[Any]:
    """The hint layers of the photo that a layer stands for.  Raises NoPhoto."""
    return list(target(document, node).hints)


def set_visible(document: Any, nodes: list[Any], visible: bool) -> list[str]:
    """Show or hide layers; returns the unique ids of those that have changed."""
    modified = document.modified()
    changed = [node for node in nodes if node.visible() != visible]
    for node in changed:
        node.setVisible(visible)
    if changed:
        document.refreshProjection()
        document.setModified(modified)
    return [uid(node) for node in changed]


class Compare:
    """The photo without colour, while a button is held."""

    def __init__(self) -> None:
        self._document: Any = None
        self._hidden: list[str] = []

    def hold(self, document: Any) -> None:
        """Hide all that has been added."""
        self.release()
        self._document = document
        self._hidden = set_visible(document, colors_and_helpers(document), False)

    @property
    def document(self) -> Any:
        """The one that is shown without colour, or None."""
        return self._document if alive(self._document) else None

    def is_held(self, document: Any) -> bool:
        """Whether this document is shown without colour."""
        return self._document is not None and alive(document) and self._document == document

    def release(self) -> None:
        """Show it again."""
        document, hidden = self._document, self._hidden
        self._document, self._hidden = None, []
        if hidden and alive(document):
            nodes = [by_uid(document, key) for key in hidden]
            set_visible(document, [node for node in nodes if node is not None], True)


@contextmanager
def without_helpers(document: Any) -> Iterator[None]:
    """The picture without hints and overlays, as it shall be seen by others."""
    modified = document.modified()
    hidden = set_visible(document, helpers(document), False)
    document.waitForDone()
    try:
        yield
    finally:
        nodes = [by_uid(document, key) for key in hidden]
        set_visible(document, [node for node in nodes if node is not None], True)
        document.setModified(modified)


def export(document: Any, path: str) -> bool:
    """Write the picture without hints and overlays to a file, in the format of its name."""
    with without_helpers(document):
        batch = document.batchmode()
        document.setBatchmode(True)
        try:
            how = InfoObject()
            if is_marked(document):
                how.setProperty("storeMetaData", True)
            return bool(document.exportImage(path, how))
        finally:
            document.setBatchmode(batch)


def seen_helpers(document: Any) -> list[str]:
    """The names of hints and overlays that a saved picture would show."""
    return [
        node.name()
        for node in helpers(document)
        if node.visible() and node.type() != "grouplayer" and not node.bounds().isEmpty()
    ]
