"""What the parts of a day in Krita's window share."""

from __future__ import annotations

from typing import Any

import handtint_probe as probe
from handtint.core import core
from handtint.nodes import uid
from window_run import APP, layer, line, quiet, stroke

RESULT = "Background (colorized)"
HINTS = "Color Hints"


def active() -> str:
    node = APP.activeDocument().activeNode()
    return str(node.name()) if node is not None else ""


def pixels(name: str) -> bytes:
    document = APP.activeDocument()
    return bytes(layer(name).pixelData(0, 0, document.width(), document.height()))


def go_to(name: str) -> Any:
    """Make a layer active, as a click in the Layers docker does."""
    APP.activeDocument().setActiveNode(layer(name))
    return lambda: active() == name


def draw(x0: float, y0: float, x1: float, y1: float) -> Any:
    """A stroke through a part of the picture, given in shares of it; when it is drawn."""
    document = APP.activeDocument()
    width, height = document.width(), document.height()
    drawn = stroke(line(x0 * width, y0 * height, x1 * width, y1 * height))
    return lambda: drawn.poll() is not None


def idle() -> bool:
    return quiet() and not core().follower.live_is_busy


def colorized(count: int) -> bool:
    return idle() and len(results_now()) == count


def results_now() -> set[str]:
    """The unique ids of all results in the picture in front, those that were kept, too."""
    layers = APP.activeDocument().rootNode().childNodes()
    return {uid(layer) for layer in layers if RESULT in layer.name()}


def click(dialog: Any, text: str) -> None:
    next(b for b in dialog.buttons() if b.text().replace("&", "") == text).click()


def is_seen_whole(widget: Any) -> bool:
    return bool(widget.isVisible()) and widget.visibleRegion().boundingRect() == widget.rect()


def masks_of_active() -> list[str]:
    """The kinds of what hangs on the active layer."""
    node = APP.activeDocument().activeNode()
    return [str(child.type()) for child in node.childNodes()] if node is not None else []


def press(*words: Any) -> Any:
    """Keys or mouse, as xdotool has them; when it is done."""
    done = probe.xdotool(*words)
    return lambda: done.poll() is not None


def click_on(button: Any) -> Any:
    """A click with the mouse on a part of the docker; when it is done."""
    place = button.mapToGlobal(button.rect().center())
    return press("mousemove", place.x(), place.y(), "sleep", 0.2, "click", 1)
