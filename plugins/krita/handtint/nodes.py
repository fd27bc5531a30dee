"""Which layers of a document belong together: photo, hints, result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generator, Iterator

from krita import Node

from .client import ClientError
from .client.steps import Tick
from .client.translation import _, in_all_languages
from .memory import Memory
from .qt import QtCore

HINTS_NAME = _("Color Hints")
_HINTS_NAMES = in_all_languages("Color Hints")
"""A picture may come from somebody who speaks another language."""
PHOTO_TYPES = ("paintlayer", "grouplayer", "filelayer", "clonelayer", "vectorlayer", "filllayer")
MASK_TYPES = ("transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask")


class NoPhoto(ClientError):
    """The active layer cannot be colorized; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """What a command is about.

    photo: the layer to colorize.  hints: its hint layers, from bottom to top.  result: its
    newest coloured layer that is in the document, or None.
    """

    photo: Any
    hints: list[Any]
    result: Any


def uid(node: Any) -> str:
    """A layer's unique id as text."""
    return str(node.uniqueId().toString())


def by_uid(document: Any, text: str) -> Any:
    """The layer with a unique id, or None if it is not in the document (any more)."""
    wanted = QtCore.QUuid(text)
    found = document.nodeByUniqueID(wanted)
    if found is None or isinstance(found, Node):
        return found
    # Krita 5.1 gives a bare QObject, which cannot be passed on.
    return next((n for n in layers(document.rootNode()) if n.uniqueId() == wanted), None)


def alive(document: Any) -> bool:
    """Whether a document is still open."""
    try:
        return document is not None and document.rootNode() is not None
    except RuntimeError:
        return False


def layers(parent: Any) -> Iterator[Any]:
    """All layers below a node, from bottom to top, groups before what they hold."""
    for node in parent.childNodes():
        if node.type() in ("", *MASK_TYPES):
            continue
        yield node
        if node.type() == "grouplayer":
            yield from layers(node)


def is_hints(node: Any, memory: Memory) -> bool:
    """Whether a layer holds hints: bound ones by memory, others by their name or group's name.

    A group counts if it has the name, or if a hint layer lies in it and no photo.
    """
    key = uid(node)
    if key in memory.hints:
        return True
    if key in memory.results or key in memory.overlays or key in memory.photos:
        return False
    if node.type() == "grouplayer":
        return _is_called_hints(node) or _holds_only_hints(node, memory)
    if node.type() != "paintlayer":
        return False
    while node is not None and node.parentNode() is not None:
        if _is_called_hints(node):
            return True
        node = node.parentNode()
    return False


def _is_called_hints(node: Any) -> bool:
    return any(name in node.name() for name in _HINTS_NAMES)


def _holds_only_hints(group: Any, memory: Memory) -> bool:
    inside = [layer for layer in layers(group) if layer.type() != "grouplayer"]
    return bool(inside) and all(is_hints(layer, memory) for layer in inside)


def hints_in(group: Any, memory: Memory) -> list[Any]:
    """The hint layers inside a group, from bottom to top."""
    return [n for n in layers(group) if n.type() != "grouplayer" and is_hints(n, memory)]


def editable(node: Any) -> bool:
    """Whether neither a layer nor a group that it is in is locked."""
    while node is not None and node.parentNode() is not None:
        if node.locked():
            return False
        node = node.parentNode()
    return True


def _is_text(node: Any) -> bool:
    """Whether a vector layer holds writing and nothing else."""
    if node.type() != "vectorlayer":
        return False
    kinds = [shape.type() for shape in node.shapes()]
    return bool(kinds) and all(kind == "KoSvgTextShapeID" for kind in kinds)


def is_photo_like(node: Any, memory: Memory) -> bool:
    """Whether a layer could be a photo by its kind."""
    return node.type() in PHOTO_TYPES and not is_hints(node, memory) and not _is_text(node)


def photo_of_hints(document: Any, node: Any, memory: Memory) -> Any:
    """The photo that a hint layer is for: the bound one, else the one below it; or None."""
    bound = memory.hints.get(uid(node))
    if bound is None and node.type() == "grouplayer":
        inside = [memory.hints.get(uid(layer)) for layer in hints_in(node, memory)]
        bound = next((key for key in inside if key is not None), None)
    if bound is not None:
        photo = by_uid(document, bound)
        if photo is not None:
            return photo
    return photo_below(document, node, memory)


def photo_below(document: Any, node: Any, memory: Memory) -> Any:
    """The nearest photo below a layer in the stack; a result stands for its photo; or None."""
    parent = node.parentNode()
    while parent is not None:
        below = []
        for sibling in parent.childNodes():
            if sibling == node:
                break
            below.append(sibling)
        for candidate in reversed(below):
            if not is_photo_like(candidate, memory):
                continue
            key = uid(candidate)
            if key in memory.overlays:
                continue
            if key in memory.results:
                photo = by_uid(document, memory.results[key].photo)
                if photo is not None:
                    return photo
            return candidate
        node, parent = parent, parent.parentNode()
    return None


def photo_under(document: Any, node: Any, memory: Memory) -> Any:
    """The coloured photo below a layer that was just added above it, or None.

    Such a layer stands for no photo of its own until it is colorized or was called one.
    """
    key = uid(node)
    known = key in memory.photos or any(result.photo == key for result in memory.results.values())
    if known or node.type() != "paintlayer":
        return None
    below = photo_below(document, node, memory)
    if below is None or newest_result(document, below, memory) is None:
        return None
    box, photo = node.bounds(), below.bounds()
    is_small = box.width() * box.height() < 0.5 * photo.width() * photo.height()
    return below if box.isEmpty() or is_small else None


def photo_of(document: Any, node: Any, memory: Memory) -> Any:
    """The photo that a command on a layer means.  Raises NoPhoto."""
    if node is None:
        raise NoPhoto(_("No layer is active: click the photo's layer and try again."))
    while node.type() in MASK_TYPES and node.parentNode() is not None:
        node = node.parentNode()
    key = uid(node)
    if key in memory.results or key in memory.overlays:
        source = memory.results[key].photo if key in memory.results else memory.overlays[key]
        photo = by_uid(document, source)
        if photo is None:
            raise NoPhoto(
                _(
                    "The photo that %s was made from is not in the document any more: click "
                    "another layer and try again."
                )
                % node.name()
            )
        return photo
    if node.parentNode() is None:
        raise _no_picture(node)
    inside = hints_in(node, memory) if node.type() == "grouplayer" else []
    if is_hints(node, memory) or inside:
        photo = photo_of_hints(document, node if is_hints(node, memory) else inside[0], memory)
        if photo is None:
            raise NoPhoto(
                _(
                    "There is no photo below the hint layer %s: click the photo's layer and try "
                    "again."
                )
                % node.name()
            )
        return photo
    if not is_photo_like(node, memory):
        raise _no_picture(node)
    return node


def _no_picture(node: Any) -> NoPhoto:
    return NoPhoto(
        _("%s holds no picture to colorize: click a layer with a photo and try again.")
        % (node.name() or _("This layer"))
    )


def target(document: Any, node: Any) -> Target:
    """What a command on a layer is about.  Raises NoPhoto."""
    memory = Memory(document)
    photo = photo_of(document, node, memory)
    hints = [
        layer
        for layer in hints_in(document.rootNode(), memory)
        if photo_of_hints(document, layer, memory) == photo
    ]
    return Target(photo, hints, newest_result(document, photo, memory))


def newest_result(document: Any, photo: Any, memory: Memory) -> Any:
    """The newest result of a photo that is in the document, or None."""
    key = uid(photo)
    for result_uid, result in reversed(list(memory.results.items())):
        if result.photo == key:
            node = by_uid(document, result_uid)
            if node is not None:
                return node
    return None


def keep_active(document: Any, before: Any, otherwise: Any) -> Generator[Any, Any, None]:
    """Make the layer active that was before a command; if it is gone, another one.

    Krita activates new layers by itself, and does so from its event loop.
    """
    yield Tick()
    yield Tick()
    if before is None or not alive(document):
        return
    wanted = before if by_uid(document, uid(before)) is not None else otherwise
    if document.activeNode() != wanted:
        document.setActiveNode(wanted)
