"""What GEGL computes for us, in this process."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gegl

RGBA = "R'G'B'A u8"


def multiply(first: Gegl.Buffer, second: Gegl.Buffer, width: int, height: int) -> Gegl.Buffer:
    """The product of two gray buffers of the same size."""
    graph = _graph()
    node = graph.create_child("gegl:multiply")
    _source(graph, first).connect_to("output", node, "input")
    _source(graph, second).connect_to("output", node, "aux")
    return _result(graph, node, "Y float", (0, 0, width, height))


def product(sheets: list[tuple[Gegl.Buffer, int, int]], box: tuple[int, int, int, int]) -> bytes:
    """The product of gray buffers that lie at x, y: a byte a pixel of a box; beyond them 0."""
    graph = _graph()
    node = None
    for buffer, x, y in sheets:
        source = _source(graph, buffer, x, y)
        if node is None:
            node = source
            continue
        both = graph.create_child("gegl:multiply")
        node.connect_to("output", both, "input")
        source.connect_to("output", both, "aux")
        node = both
    made = _result(graph, node, "Y float", box)
    return bytes(made.get(Gegl.Rectangle.new(*box), 1.0, "Y u8", Gegl.AbyssPolicy.NONE))


@dataclass(frozen=True)
class Sheet:
    """A painted buffer, what of it a mask shows, and where it lies."""

    buffer: Gegl.Buffer
    mask: Gegl.Buffer | None
    x: int
    y: int


def stack(sheets: list[Sheet], box: tuple[int, int, int, int]) -> bytes:
    """Sheets over each other, from bottom to top: packed RGBA u8 of a box."""
    graph = _graph()
    below = None
    for sheet in sheets:
        node = _source(graph, sheet.buffer, sheet.x, sheet.y)
        if sheet.mask is not None:
            opacity = graph.create_child("gegl:opacity")
            node.connect_to("output", opacity, "input")
            shape = _source(graph, sheet.mask, sheet.x, sheet.y)
            shape.connect_to("output", opacity, "aux")
            node = opacity
        if below is not None:
            over = graph.create_child("gegl:over")
            over.set_property("srgb", True)
            below.connect_to("output", over, "input")
            node.connect_to("output", over, "aux")
            node = over
        below = node
    painted = _result(graph, below, RGBA, box)
    return bytes(painted.get(Gegl.Rectangle.new(*box), 1.0, RGBA, Gegl.AbyssPolicy.NONE))


def _graph() -> Gegl.Node:
    Gegl.init(None)  # GIMP has no operations ready in a plug-in
    return Gegl.Node()


def _source(graph: Gegl.Node, buffer: Gegl.Buffer, x: int = 0, y: int = 0) -> Gegl.Node:
    source = graph.create_child("gegl:buffer-source")
    source.set_property("buffer", buffer)
    if not x and not y:
        return source
    move = graph.create_child("gegl:translate")
    move.set_property("x", float(x))
    move.set_property("y", float(y))
    source.connect_to("output", move, "input")
    return move


def _result(
    graph: Gegl.Node, node: Gegl.Node, name: str, box: tuple[int, int, int, int]
) -> Gegl.Buffer:
    target = Gegl.Buffer.new(name, *box)
    sink = graph.create_child("gegl:write-buffer")
    sink.set_property("buffer", target)
    node.connect_to("output", sink, "input")
    sink.process()
    return target
