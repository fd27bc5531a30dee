"""Documents and layers for cases inside Krita."""

from __future__ import annotations

from typing import Any

import numpy as np
from handtint import commands, nodes, spaces
from handtint.qt import QtCore
from handtint.settings import Settings
from harness import run, session

from krita import Krita, Selection

APP = Krita.instance()
NUMPY = {"U8": "u1", "U16": "<u2", "F16": "<f2", "F32": "<f4"}
SRGB, LINEAR = "sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V2-g10.icc"
WIDTH, HEIGHT = 96, 80
RECT = (0, 0, WIDTH, HEIGHT)
SEEN = commands.Seen()

Rect = tuple[int, int, int, int]


def document(
    model: str = "RGBA", depth: str = "U8", profile: str = SRGB, size: tuple[int, int] = RECT[2:]
) -> Any:
    """An empty document with the named profile ("" for Krita's default)."""
    made = APP.createDocument(*size, "test", model, depth, profile, 72.0)
    made.setBatchmode(True)
    assert not profile or made.colorProfile() == profile, made.colorProfile()
    for node in made.rootNode().childNodes():
        node.remove()
    return made


def codes(width: int = WIDTH, height: int = HEIGHT, seed: int = 5) -> np.ndarray:
    """A gray picture, 0..1: soft shapes with some texture."""
    y, x = np.mgrid[:height, :width]
    base = 0.5 + 0.3 * np.sin(x / 17 + seed) * np.cos(y / 13) + 0.1 * ((x // 24 + y // 20) % 2)
    grain = np.random.default_rng(seed).normal(0, 0.02, base.shape)
    return np.clip(base + grain, 0.02, 0.98)


def values(fractions: np.ndarray, depth: str) -> np.ndarray:
    """0..1 as a depth keeps it."""
    if depth[0] == "F":
        return fractions.astype(NUMPY[depth])
    return np.round(fractions * np.iinfo(NUMPY[depth]).max).astype(NUMPY[depth])


def gray_rgba(fractions: np.ndarray, depth: str = "U8", alpha: np.ndarray | None = None) -> Any:
    """(H, W, 4) with three equal channels."""
    pixels = np.empty((*fractions.shape, 4), NUMPY[depth])
    pixels[..., :3] = values(fractions, depth)[..., None]
    pixels[..., 3] = values(np.ones(fractions.shape) if alpha is None else alpha, depth)
    return pixels


def add_layer(
    made: Any, pixels: np.ndarray, x: int = 0, y: int = 0, name: str = "Photo", parent: Any = None
) -> Any:
    """A paint layer on top, or on top of a group."""
    node = made.createNode(name, "paintlayer")
    height, width = pixels.shape[:2]
    node.setPixelData(
        QtCore.QByteArray(np.ascontiguousarray(pixels).tobytes()), x, y, width, height
    )
    (parent or made.rootNode()).addChildNode(node, None)
    made.waitForDone()
    made.refreshProjection()
    return node


def photo(made: Any, name: str = "Photo", seed: int = 5) -> Any:
    """A gray photo that fills the document."""
    return add_layer(made, gray_rgba(codes(seed=seed), made.colorDepth()), name=name)


def read(node: Any, depth: str = "U8", rect: Rect = RECT, channels: int = 4) -> np.ndarray:
    """Pixels of a layer as (H, W, channels)."""
    raw = bytes(node.pixelData(*rect))
    return np.frombuffer(raw, NUMPY[depth]).reshape(rect[3], rect[2], channels)


def raw(node: Any, rect: Rect = RECT) -> bytes:
    return bytes(node.pixelData(*rect))


def paint(made: Any, node: Any, rect: Rect, bgra: tuple[int, ...]) -> None:
    """Fill a rectangle of an 8-bit sRGB layer."""
    count = rect[2] * rect[3]
    node.setPixelData(QtCore.QByteArray(bytes(bgra) * count), *rect)
    made.waitForDone()


def hint_layer(made: Any, of: Any, name: str = nodes.HINTS_NAME, group: Any = None) -> Any:
    """A hint layer bound to a photo, as New Color Hints Layer makes it; in a group, if given."""
    layer = spaces.new_layer(name, spaces.SRGB_8)
    (group or made.rootNode()).addChildNode(layer, None)
    nodes_memory(made).bind_hints(nodes.uid(layer), nodes.uid(of))
    return layer


def nodes_memory(made: Any) -> Any:
    from handtint.memory import Memory

    return Memory(made)


def colorize(made: Any, node: Any, **more: Any) -> Any:
    """Colorize Layer on a layer; the result's layer."""
    outcome = run(commands.colorize(made, node, session(), Settings(**more), SEEN))
    made.waitForDone()
    return nodes.by_uid(made, outcome.result)


def transparency_mask(made: Any, node: Any, name: str, rect: Rect) -> Any:
    """A mask that shows a rectangle; None where Krita cannot make one without its window."""
    if not hasattr(made, "createTransparencyMask"):  # before 5.2
        return None
    chosen = Selection()
    chosen.select(*rect, 255)
    mask = made.createTransparencyMask(name)
    mask.setSelection(chosen)
    nodes.by_uid(made, nodes.uid(node)).addChildNode(mask, None)
    made.waitForDone()
    made.refreshProjection()
    return mask


def names(made: Any, parent: Any = None) -> list[str]:
    """Layers from bottom to top."""
    return [node.name() for node in (parent or made.rootNode()).childNodes()]


def in_srgb(node: Any, rect: Rect = RECT) -> np.ndarray:
    """A layer's pixels as (H, W, 4) RGBA in sRGB, 0..1, converted by Krita."""
    target = spaces.Space("RGBA", "F32", SRGB)
    converter = spaces.Converter(spaces.space_of(node), target)
    pixels = converter.convert(bytes(node.projectionPixelData(*rect)), rect[2], rect[3])
    return np.frombuffer(pixels, "<f4").reshape(rect[3], rect[2], 4).astype(float)


def lightness(rgb: np.ndarray) -> np.ndarray:
    """L* (CIE 1976, D65) of sRGB codes 0..1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    y = linear[..., :3] @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


def chroma(rgb: np.ndarray) -> np.ndarray:
    """How far from gray, in codes 0..1."""
    return np.ptp(rgb[..., :3], axis=-1)
