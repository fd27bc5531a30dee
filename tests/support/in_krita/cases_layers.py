"""Cases that run inside Krita: Colorize Layer on all kinds of layers and documents."""

from __future__ import annotations

from typing import Any

import numpy as np
from handtint import commands, nodes
from handtint.client import protocol, transport
from handtint.settings import Settings
from harness import run, session
from PyQt5.QtCore import QByteArray

from krita import Krita

APP = Krita.instance()
NUMPY = {"U8": "u1", "U16": "<u2", "F16": "<f2", "F32": "<f4"}
SRGB, LINEAR = "sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V2-g10.icc"
SEEN = commands.Seen()


def document(model: str, depth: str, profile: str, width: int = 96, height: int = 80) -> Any:
    made = APP.createDocument(width, height, "test", model, depth, profile, 72.0)
    made.setBatchmode(True)
    assert made.colorProfile() == profile, made.colorProfile()
    for node in made.rootNode().childNodes():
        node.remove()
    return made


def photo_codes(width: int = 96, height: int = 80) -> np.ndarray:
    """A gray picture, 0..1: soft shapes with some texture."""
    y, x = np.mgrid[:height, :width]
    base = 0.5 + 0.3 * np.sin(x / 17) * np.cos(y / 13) + 0.1 * ((x // 24 + y // 20) % 2)
    grain = np.random.default_rng(5).normal(0, 0.02, base.shape)
    return np.clip(base + grain, 0.02, 0.98)


def to_values(codes: np.ndarray, depth: str) -> np.ndarray:
    if depth[0] == "F":
        return codes.astype(NUMPY[depth])
    return np.round(codes * np.iinfo(NUMPY[depth]).max).astype(NUMPY[depth])


def opaque(depth: str) -> Any:
    return 1.0 if depth[0] == "F" else np.iinfo(NUMPY[depth]).max


def gray_rgba(codes: np.ndarray, depth: str) -> np.ndarray:
    values = to_values(codes, depth)
    pixels = np.empty((*codes.shape, 4), NUMPY[depth])
    pixels[..., :3] = values[..., None]
    pixels[..., 3] = opaque(depth)
    return pixels


def add_layer(made: Any, pixels: np.ndarray, x: int = 0, y: int = 0, name: str = "Photo") -> Any:
    node = made.createNode(name, "paintlayer")
    height, width = pixels.shape[:2]
    node.setPixelData(QByteArray(pixels.tobytes()), x, y, width, height)
    made.rootNode().addChildNode(node, None)
    made.waitForDone()
    made.refreshProjection()
    return node


def read(node: Any, depth: str, rect: tuple[int, int, int, int], channels: int = 4) -> np.ndarray:
    raw = bytes(node.pixelData(*rect))
    return np.frombuffer(raw, NUMPY[depth]).reshape(rect[3], rect[2], channels)


def colorize(made: Any, node: Any, **more: Any) -> Any:
    outcome = run(commands.colorize(made, node, session(), Settings(**more), SEEN))
    made.waitForDone()
    return nodes.by_uid(made, outcome.result)


def names(made: Any) -> list[str]:
    return [node.name() for node in made.rootNode().childNodes()]


def case_rgba_u8_is_what_the_server_answers() -> None:
    made = document("RGBA", "U8", SRGB)
    pixels = gray_rgba(photo_codes(), "U8")
    node = add_layer(made, pixels)
    new = colorize(made, node)
    assert names(made) == ["Photo", "Photo (colorized)"], names(made)
    got = read(new, "U8", (0, 0, 96, 80))
    plane = protocol.Plane(96, 80, "u8", "BGRA", pixels.tobytes())
    answer = transport.run(
        session().ask(
            lambda: protocol.colorize(plane, vividness=0.5, strength=1.0, answer_layout="BGRA")
        )
    )
    picture = protocol.read_picture(answer)
    assert bytes(picture.data) == got.tobytes()
    assert np.ptp(got[..., :3].astype(int), axis=2).max() > 4, "no colour at all"
    assert read(node, "U8", (0, 0, 96, 80)).tobytes() == pixels.tobytes(), "source changed"
