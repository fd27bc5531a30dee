"""Every kind of image in the real GIMP: the layer holds what the HTTP API answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from .conftest import GimpAndServer

pytestmark = [pytest.mark.gimp, pytest.mark.timeout(1800)]

EXACT = ("U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_NON_LINEAR")
NAMES = [
    f"{base}-{precision}{alpha}"
    for precision in [
        *("U8_NON_LINEAR", "U8_LINEAR", "U16_NON_LINEAR", "U16_LINEAR", "U32_NON_LINEAR"),
        *("U32_LINEAR", "HALF_NON_LINEAR", "HALF_LINEAR", "FLOAT_NON_LINEAR", "FLOAT_LINEAR"),
    ]
    for base, alpha in (("GRAY", ""), ("RGB", "-alpha"))
] + [
    f"{kind[0]}-{precision}{kind[1]}"
    for precision in ("U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_LINEAR")
    for kind in (("RGB", "-gray"), ("RGB", "-alpha-gray"), ("GRAY", "-alpha"))
]


@pytest.fixture(scope="module")
def folder(in_gimp: GimpAndServer) -> Path:
    outcome = in_gimp.gimp.run("pixels", limit=1500)
    assert sorted(outcome["pixels"]) == sorted(NAMES)
    return in_gimp.gimp.work


def api(server: Any, source: np.ndarray, layout: str) -> np.ndarray:
    """What the HTTP API answers for the same plane, asked for without the plug-in's client."""
    height, width = source.shape[:2]
    wanted = {
        "width": width,
        "height": height,
        "dtype": {"u1": "u8", "u2": "u16", "f4": "f32"}[source.dtype.str[1:]],
        "layout": layout,
        "output": "raw",
        "answer_layout": "RGBA" if layout.endswith("A") else "RGB",
        # The plug-in's own settings are the server's defaults at first (test_install.py).
    }
    files = {
        "request": (None, json.dumps(wanted), "application/json"),
        "plane": ("plane", np.ascontiguousarray(source).tobytes(), "application/octet-stream"),
    }
    answer = requests.post(
        server.url + "/v1/colorize",
        headers={"Authorization": f"Bearer {server.token}"},
        files=files,
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, source.dtype).reshape(height, width, -1)


def linear(encoded: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1."""
    e = encoded.astype("f8")
    return np.where(e <= 0.04045, e / 12.92, ((e + 0.055) / 1.055) ** 2.4)


def half_step(values: np.ndarray) -> np.ndarray:
    """Distance of neighbouring half floats."""
    return np.spacing(np.abs(values).astype("f2")).astype("f8")


@pytest.mark.parametrize("name", NAMES)
def test_the_layer_holds_the_answer(in_gimp: GimpAndServer, folder: Path, name: str) -> None:
    found = np.load(folder / f"{name}.npz")
    source, result = found["source"], found["result"]
    base, precision = name.split("-")[:2]
    alpha = "A" if "-alpha" in name else ""
    after = found["source_after"]
    if base == "GRAY":
        before = np.concatenate([source[..., :1]] * 3 + [source[..., 1:]], -1)
        # GIMP's own change from gray to RGB rounds some 32-bit values in the seventh digit.
        rounding = 1e-6 if precision.startswith(("U32", "HALF", "FLOAT")) else 0
        assert np.abs(after.astype("f8") - before).max() <= rounding, "the photo was changed"
    else:
        assert (after == source).all(), "the photo was changed"
    sent = source
    if name.endswith("-gray"):
        # A layer without colour travels as a gray plane.
        sent = source[..., [0, 3]] if alpha else source[..., :1]
        base = "GRAY"
    answer = api(in_gimp.server, sent, ("Y" if base == "GRAY" else "RGB") + alpha)
    if alpha and answer.dtype.kind == "u":
        assert (answer[..., 3] == source[..., -1]).all()

    if precision in EXACT:
        assert (result == answer).all()
        return
    colors, kept = (
        answer[..., :3].astype("f8"),
        {k: found[k][..., :3] for k in ("linear", "encoded")},
    )
    if precision in ("U8_LINEAR", "U16_LINEAR", "U32_LINEAR"):
        # Half a step for rounding, and on top what float arithmetic may differ by, as below for
        # FLOAT_LINEAR: 1e-6 encoded, which the curve's slope near white makes 2.3e-6 of light.
        step = 1 / (2 ** int(precision[1:].split("_")[0]) - 1)
        assert np.abs(kept["linear"] - linear(colors)).max() <= 0.51 * step + 2.3e-6
    elif precision == "U32_NON_LINEAR":
        assert np.abs(kept["encoded"] - colors).max() <= 2**-24
    elif precision == "FLOAT_LINEAR":
        assert np.abs(kept["encoded"] - colors).max() <= 1e-6
    elif precision == "HALF_LINEAR":
        target = linear(colors)
        assert (np.abs(kept["linear"] - target) <= 0.51 * half_step(target) + 1e-6).all()
    else:
        assert precision == "HALF_NON_LINEAR"
        assert (np.abs(kept["encoded"] - colors) <= 0.51 * half_step(colors) + 1e-6).all()


@pytest.mark.parametrize("name", ["GRAY-U8_NON_LINEAR", "GRAY-U16_NON_LINEAR"])
def test_lightness_is_exact(folder: Path, name: str) -> None:
    from handtint_model import luminance_of

    found = np.load(folder / f"{name}.npz")
    codes = luminance_of(np.ascontiguousarray(found["result"]))
    assert (codes == found["source"][..., 0]).all()


def test_a_color_profile_is_followed(in_gimp: GimpAndServer, folder: Path) -> None:
    """An AdobeRGB image: what it stores in 8 bits is the answer to half a step."""
    found = np.load(folder / "profile.npz")
    answer = api(in_gimp.server, found["source"], "RGB")
    # A step of an AdobeRGB code is up to 2.5 steps of sRGB where its green is far away.
    assert np.abs(found["result"] - answer).max() <= 2.5 / 255
    assert np.abs(found["result"] - answer).mean() <= 0.5 / 255


def test_a_gray_profile_is_followed(in_gimp: GimpAndServer, folder: Path) -> None:
    found = np.load(folder / "gray_profile.npz")
    # GIMP's own change to RGB rounds the photo to its 8 bits; an Undo takes that back.
    assert np.abs(found["after"] - found["source"][..., None]).max() <= 0.51 / 255
    answer = api(in_gimp.server, found["source"][..., None], "Y")
    assert np.abs(found["result"] - answer).max() <= 0.51 / 255
