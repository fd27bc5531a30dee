"""XMP packets: what is no longer true of the colour picture is taken out, the rest kept.

Taken out: how the source stored its pixels, its thumbnails, and develop settings
(``crs:``), which Camera Raw and Lightroom would use to turn the result gray again.  Face
regions turn with the pixels.  A packet of which nothing is stale stays as it is, byte for
byte.  Namespaces and properties: XMP Specification Part 2; regions: MWG Guidelines 5.9.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
import xml.etree.ElementTree as ET
from dataclasses import dataclass

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
XAP = "http://ns.adobe.com/xap/1.0/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_REGIONS = "http://www.metadataworkinggroup.com/schemas/regions/"
_AREA = "http://ns.adobe.com/xmp/sType/Area#"
_SIZE = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"

# Whole namespaces: develop settings, embedded pictures, depth and gain maps.
_STALE_SPACES = frozenset(
    (
        "http://ns.adobe.com/camera-raw-settings/1.0/",
        "http://ns.adobe.com/camera-raw-saved-settings/1.0/",
        "http://ns.adobe.com/camera-raw-defaults/1.0/",
        "http://ns.adobe.com/hdr-gain-map/1.0/",
        "http://ns.google.com/photos/1.0/image/",
        "http://ns.google.com/photos/1.0/depthmap/",
        "http://ns.google.com/photos/1.0/container/",
    )
)
_STALE = frozenset(
    f"{{{space}}}{name}"
    for space, names in (
        (
            _TIFF,
            "ImageWidth ImageLength BitsPerSample Compression PhotometricInterpretation "
            "SamplesPerPixel PlanarConfiguration YCbCrSubSampling YCbCrPositioning XResolution "
            "YResolution ResolutionUnit TransferFunction WhitePoint PrimaryChromaticities "
            "YCbCrCoefficients ReferenceBlackWhite NativeDigest",
        ),
        (_EXIF, "ColorSpace PixelXDimension PixelYDimension NativeDigest"),
        (_PHOTOSHOP, "ColorMode ICCProfile"),
        (XAP, "Thumbnails"),
        (_NOTE, "HasExtendedXMP"),
    )
    for name in names.split()
)
# Stale as soon as the pixels are turned; regions of another kind than MWG's too.
_TURNED_SPACES = frozenset(
    (
        "http://ns.microsoft.com/photo/1.2/",
        "http://ns.google.com/photos/1.0/panorama/",
    )
)
_TURNED = frozenset(
    (
        f"{{{_EXIF}}}SubjectArea",
        f"{{{_EXIF}}}SubjectLocation",
        "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}ImageRegion",
    )
)
_ORIENTATION = f"{{{_TIFF}}}Orientation"
_PREFIXES = threading.Lock()
"""Held while a packet is written: ElementTree keeps the prefixes in one table for all threads."""
_SPARE = 1000  # bytes by which an estimate may be wrong
_DEEPEST = 100  # elements in each other; writing a tree recurses
DESCRIPTION = f"{{{RDF}}}Description"
_OPEN = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_CLOSE = b'\n<?xpacket end="w"?>'


@dataclass(frozen=True)
class Turning:
    """How pixels are turned upright: EXIF orientation, and the stored (width, height)."""

    orientation: int = 1
    size: tuple[int, int] = (0, 0)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A place of the stored picture, in 0..1, as it lies in the upright one."""
        if self.orientation in (2, 3, 7, 8):
            x = 1 - x
        if self.orientation in (3, 4, 6, 7):
            y = 1 - y
        return (y, x) if self.orientation > 4 else (x, y)


def merged(packet: bytes, extensions: dict[bytes, bytes]) -> bytes:
    """A packet with its extension's properties in it (JPEG); the packet if that is broken."""
    tree = parse(packet) if extensions else None
    if tree is None:
        return packet
    for node in tree.root.iter(DESCRIPTION):
        name = node.get(f"{{{_NOTE}}}HasExtendedXMP")
        more = parse(extensions.get((name or "").encode("ascii", "replace"), b""))
        if more is None:
            continue
        for described in more.root.iter(DESCRIPTION):
            node.extend(list(described))
            for key, value in described.attrib.items():
                node.attrib.setdefault(key, value)
        tree.prefixes.update(more.prefixes)
        return tree.bytes()
    return packet


def cleaned(packet: bytes, turning: Turning) -> bytes | None:
    """What may be kept of a packet; None if it is damaged."""
    if not packet.strip(b"\0 \t\r\n"):
        return b""
    tree = parse(packet)
    if tree is None:
        return None
    changed = False
    for node in list(tree.root.iter(DESCRIPTION)):
        for name in [name for name in node.attrib if _is_stale(name, turning)]:
            del node.attrib[name]
            changed = True
        for child in [child for child in node if _is_stale(child.tag, turning)]:
            node.remove(child)
            changed = True
        changed = _set_upright(node) or changed
    if turning.orientation != 1:
        changed = _turn_regions(tree.root, turning) or changed
    return tree.bytes() if changed else packet


def split(packet: bytes, largest: int) -> tuple[bytes, tuple[bytes, bytes] | None]:
    """A packet of at most ``largest`` bytes, and what goes into an extension (JPEG).

    Gives (packet, (name, extension)); (packet, None) if it fits as it is, and (b"", None) if
    it cannot be made to fit.
    """
    if len(packet) <= largest:
        return packet, None
    tree = parse(packet)
    if tree is None:
        return b"", None
    described = top_nodes(tree.root)
    if not described:
        return b"", None
    top = described[0]
    rdf = ET.Element(f"{{{RDF}}}RDF")
    moved = ET.SubElement(rdf, DESCRIPTION, {f"{{{RDF}}}about": top.get(f"{{{RDF}}}about", "")})
    properties = [(node, child) for node in described for child in node]
    by_size = sorted(
        ((_size(child), node, child) for node, child in properties),
        key=lambda found: found[0],
        reverse=True,
    )
    top.set(f"{{{_NOTE}}}HasExtendedXMP", "0" * 32)
    left = len(tree.bytes())
    for size, node, child in by_size:
        node.remove(child)
        moved.append(child)
        left -= size
        if left <= largest - _SPARE:
            break
    root = ET.Element(f"{{{META}}}xmpmeta")
    root.append(rdf)
    extension = Tree(root, tree.prefixes).bare()
    name = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    top.set(f"{{{_NOTE}}}HasExtendedXMP", name.decode())
    kept = tree.bytes()
    return (kept, (name, extension)) if len(kept) <= largest else (b"", None)


def _size(element: ET.Element) -> int:
    """Bytes of an element in its tree, which declares the namespaces."""
    return len(re.sub(rb' xmlns:[\w.-]+="[^"]*"', b"", ET.tostring(element, encoding="utf-8")))


def top_nodes(root: ET.Element) -> list[ET.Element]:
    """The descriptions right below rdf:RDF."""
    return [n for rdf in root.iter(f"{{{RDF}}}RDF") for n in rdf if n.tag == DESCRIPTION]


@dataclass
class Tree:
    """A parsed packet."""

    root: ET.Element
    prefixes: dict[str, str]  # namespace: prefix, as the packet wrote them

    def bare(self) -> bytes:
        """The packet without its processing instructions."""
        known = {
            RDF: "rdf",
            META: "x",
            _NOTE: "xmpNote",
            **{s: p for s, p in self.prefixes.items() if p},
        }
        with _PREFIXES:
            for space, prefix in known.items():
                if not re.fullmatch(r"ns\d+", prefix):  # ElementTree keeps these for itself
                    ET.register_namespace(prefix, space)
            packet: bytes = ET.tostring(self.root, encoding="utf-8")
        return packet

    def bytes(self) -> bytes:
        """The whole packet."""
        return _OPEN + self.bare() + _CLOSE


def parse(packet: bytes) -> Tree | None:
    """The packet's tree; None if it is damaged, or defines entities as XMP never does."""
    packet = packet.strip(b"\0 \t\r\n")
    # Zeros: UTF-16, in which a definition of entities would not be seen.
    if not packet or any(bad in packet for bad in (b"<!DOCTYPE", b"<!ENTITY", b"\0")):
        return None
    prefixes: dict[str, str] = {}
    root: ET.Element | None = None
    depth = 0
    try:
        for event, value in ET.iterparse(io.BytesIO(packet), ("start-ns", "start", "end")):
            if event == "start-ns":
                prefixes.setdefault(value[1], value[0])
                continue
            depth += 1 if event == "start" else -1
            if depth > _DEEPEST:
                return None
            if root is None:
                root = value
    except (ET.ParseError, ValueError, LookupError):
        return None
    return None if root is None else Tree(root, prefixes)


def _space(name: str) -> str:
    return name[1:].partition("}")[0] if name.startswith("{") else ""


def _is_stale(name: str, turning: Turning) -> bool:
    if name in _STALE or _space(name) in _STALE_SPACES:
        return True
    return turning.orientation != 1 and (name in _TURNED or _space(name) in _TURNED_SPACES)


def _set_upright(node: ET.Element) -> bool:
    changed = False
    if node.get(_ORIENTATION, "1") != "1":
        node.set(_ORIENTATION, "1")
        changed = True
    for child in node.findall(_ORIENTATION):
        if (child.text or "").strip() != "1":
            child.text = "1"
            changed = True
    return changed


def _turn_regions(root: ET.Element, turning: Turning) -> bool:
    """Turn MWG regions with the pixels, or drop them where it is unclear how they lie."""
    changed = False
    name = f"{{{_REGIONS}}}Regions"
    for node in list(root.iter(DESCRIPTION)):
        for regions in node.findall(name):
            if not _turn_region_list(regions, turning):
                node.remove(regions)
            changed = True
    return changed


def _turn_region_list(regions: ET.Element, turning: Turning) -> bool:
    sizes = [n for n in regions.iter() if f"{{{_SIZE}}}w" in n.attrib]
    width, height = turning.size
    try:
        size = {tuple(float(n.attrib[f"{{{_SIZE}}}{k}"]) for k in "wh") for n in sizes}
    except (KeyError, ValueError):
        return False
    if len(size) != 1:
        return False
    w, h = size.pop()
    stored, upright = (width, height), (height, width)
    if turning.orientation > 4 and width != height and _alike((w, h), upright):
        return True  # was told of the upright picture
    if not _alike((w, h), stored):
        return False
    for area in regions.iter():
        if f"{{{_AREA}}}x" in area.attrib and not _turn_area(area, turning):
            return False
    if turning.orientation > 4:
        for node in sizes:
            node.set(f"{{{_SIZE}}}w", f"{h:g}")
            node.set(f"{{{_SIZE}}}h", f"{w:g}")
    return True


def _alike(size: tuple[float, float], wanted: tuple[int, int]) -> bool:
    return min(size) > 0 and abs(size[0] * wanted[1] / (size[1] * wanted[0]) - 1) < 0.01


def _turn_area(area: ET.Element, turning: Turning) -> bool:
    try:
        x, y = (float(area.attrib[f"{{{_AREA}}}{k}"]) for k in "xy")
        sides = [area.get(f"{{{_AREA}}}{k}") for k in "wh"]
    except (KeyError, ValueError):
        return False
    if area.get(f"{{{_AREA}}}unit", "normalized") != "normalized":
        return False
    x, y = turning.point(x, y)
    area.set(f"{{{_AREA}}}x", f"{x:.6g}")
    area.set(f"{{{_AREA}}}y", f"{y:.6g}")
    if turning.orientation > 4 and sides[0] is not None and sides[1] is not None:
        area.set(f"{{{_AREA}}}w", sides[1])
        area.set(f"{{{_AREA}}}h", sides[0])
    return True
