"""The honest mark: what a result says of how it was made, in XMP.

A marked result holds
    Iptc4xmpExt:DigitalSourceType   `SOURCE_TYPE`, the IPTC's word for a picture that a trained
                                    model has changed (NewsCodes, "Digital Source Type")
    xmp:CreatorTool                 Handtint and its version, unless the photo names a tool: the
                                    property is for the first one (XMP Specification Part 1, 8.4)
    xmpMM:History                   one entry more: software, weights, options, number of hints

Nothing else of the photo's own packet changes.  A source type that the photo had itself (a scan
of a negative, say) is kept in the history entry.  There is no date in it: the same photo gives the
same file, to the byte.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np

from ..types import Hints
from .xmp import DESCRIPTION, META, RDF, XAP, Tree, parse, top_nodes

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_MEDIA = "http://ns.adobe.com/xap/1.0/mm/"
_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_PREFIXES = {_IPTC_EXT: "Iptc4xmpExt", XAP: "xmp", _MEDIA: "xmpMM", _EVENT: "stEvt"}
_DIGITAL_SOURCE = f"{{{_IPTC_EXT}}}DigitalSourceType"
_CREATOR_TOOL = f"{{{XAP}}}CreatorTool"
_HISTORY = f"{{{_MEDIA}}}History"
_SEQUENCE, _ITEM = f"{{{RDF}}}Seq", f"{{{RDF}}}li"
_RESOURCE = f"{{{RDF}}}resource"


@dataclass(frozen=True)
class Mark:
    """How a result was made.  software: name and version; hints: how many were painted."""

    software: str
    weights: str
    vividness: float
    hints: int = 0
    more: tuple[str, ...] = ()  # what else was asked for, as "alternative 2"

    def parameters(self) -> str:
        """For the history entry: what a person reads, too."""
        parts = [
            "colorized",
            f"weights {self.weights}",
            f"vividness {self.vividness:g}",
            f"hints {self.hints}",
            *self.more,
        ]
        return "; ".join(parts)


@dataclass(frozen=True)
class MarkFound:
    """What a file says of how it was made; empty where it says nothing."""

    source_type: str = ""
    creator_tool: str = ""
    history: tuple[str, ...] = ()  # one sentence an entry, the oldest first

    @property
    def is_colorized(self) -> bool:
        """Whether the file says that a trained model has changed it."""
        return self.source_type.rpartition("/")[2] == SOURCE_TYPE.rpartition("/")[2]


def count_hints(hints: Hints | None) -> int:
    """How many hints were painted: areas of painted pixels that touch, of each patch."""
    if hints is None:
        return 0
    from scipy.ndimage import label

    total = 0
    for patch in hints.all_patches():
        painted = patch.rgba[..., 3] > 0
        step = max(1, max(painted.shape) // 2048)
        if step > 1:  # a large layer: strokes nearer than ``step`` pixels count as one
            ends = [np.arange(0, side, step) for side in painted.shape]
            painted = np.logical_or.reduceat(
                np.logical_or.reduceat(painted, ends[0], axis=0), ends[1], axis=1
            )
        total += int(label(painted, np.ones((3, 3)))[1])
    return total


def marked(packet: bytes, mark: Mark) -> bytes:
    """A photo's XMP packet with the mark in it; an empty or damaged one is begun anew."""
    tree = parse(packet) or _empty()
    nodes = top_nodes(tree.root)
    if not nodes:
        tree = _empty()
        nodes = top_nodes(tree.root)
    for space, prefix in _PREFIXES.items():
        tree.prefixes.setdefault(space, prefix)
    before = _value(nodes, _DIGITAL_SOURCE)
    _remove(nodes, _DIGITAL_SOURCE)
    nodes[0].set(_DIGITAL_SOURCE, SOURCE_TYPE)
    if not _value(nodes, _CREATOR_TOOL):
        _remove(nodes, _CREATOR_TOOL)
        nodes[0].set(_CREATOR_TOOL, mark.software)
    parameters = mark.parameters()
    if before and before != SOURCE_TYPE:
        parameters += f"; the photo's own source type {before}"
    entry = ET.SubElement(_history(nodes), _ITEM)
    entry.set(f"{{{_EVENT}}}action", "edited")
    entry.set(f"{{{_EVENT}}}softwareAgent", mark.software)
    entry.set(f"{{{_EVENT}}}parameters", parameters)
    return tree.bytes()


def find_mark(packet: bytes) -> MarkFound:
    """What an XMP packet says of how its picture was made."""
    tree = parse(packet)
    if tree is None:
        return MarkFound()
    nodes = top_nodes(tree.root)
    history = []
    for node in nodes:
        for item in node.iterfind(f"{_HISTORY}/{_SEQUENCE}/{_ITEM}"):
            said = [_field(item, name) for name in ("action", "when", "softwareAgent")]
            line = " ".join(word for word in said if word)
            parameters = _field(item, "parameters")
            history.append(f"{line}: {parameters}" if parameters else line)
    return MarkFound(_value(nodes, _DIGITAL_SOURCE), _value(nodes, _CREATOR_TOOL), tuple(history))


def _empty() -> Tree:
    root = ET.Element(f"{{{META}}}xmpmeta")
    ET.SubElement(ET.SubElement(root, f"{{{RDF}}}RDF"), DESCRIPTION, {f"{{{RDF}}}about": ""})
    return Tree(root, {})


def _value(nodes: list[ET.Element], name: str) -> str:
    """A simple property, written as an attribute or as an element."""
    for node in nodes:
        found = node.find(name)
        value = node.get(name) or (
            "" if found is None else found.get(_RESOURCE) or "".join(found.itertext())
        )
        if value.strip():
            return re.sub(r"\s+", " ", value.strip())
    return ""


def _remove(nodes: list[ET.Element], name: str) -> None:
    for node in nodes:
        node.attrib.pop(name, None)
        for child in node.findall(name):
            node.remove(child)


def _history(nodes: list[ET.Element]) -> ET.Element:
    """The list of history entries, made where there is none."""
    for node in nodes:
        history = node.find(_HISTORY)
        if history is not None:
            found = history.find(_SEQUENCE)
            return ET.SubElement(history, _SEQUENCE) if found is None else found
    return ET.SubElement(ET.SubElement(nodes[0], _HISTORY), _SEQUENCE)


def _field(item: ET.Element, name: str) -> str:
    """A field of a history entry: an attribute, an element, or in a description inside."""
    tag = f"{{{_EVENT}}}{name}"
    for place in (item, *item.findall(DESCRIPTION)):
        value = place.get(tag) or place.findtext(tag) or ""
        if value.strip():
            return re.sub(r"\s+", " ", value.strip())
    return ""
