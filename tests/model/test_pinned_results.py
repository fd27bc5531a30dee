"""The results of the shipped weights, to the bit, on the bundled photos.

A change that is not meant to change pictures must leave these hashes as they are.  One that is
meant to writes new ones, and its commit says why::

    .venv/bin/python tests/model/test_pinned_results.py

Bits depend on the processor (vector code adds in another order) and on the versions of torch and
NumPy, so hashes are kept for the machine they were made on and compared only there.  Everywhere
else, coarse mean colours are compared instead.  Thread counts change nothing.
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from llvmlite import binding
from PIL import Image

from handtint_model import Colorizer, Hints, load_colorizer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "tests" / "data" / "pinned_results.json"
FOLDERS = ("examples", "tests/data/photos")
PHOTOS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).glob("*-gray.???")
)
DETAILED = "examples/coffee-gray.png"
"""The photo whose distributions, suggestions and uncertainty are pinned too."""

VIVIDNESS = (0.0, 0.5)
TOLERANCE = 4.0
"""Codes by which a mean colour may differ on another machine."""


def machine() -> str:
    """What the last bits depend on."""
    parts = (platform.machine(), binding.get_host_cpu_name())
    torch_part = f"{torch.__version__} {torch.backends.cpu.get_cpu_capability()}"
    return f"{' '.join(parts)}, torch {torch_part}, numpy {np.__version__}"


def digest(array: np.ndarray) -> str:
    head = f"{array.dtype} {array.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def planes(name: str) -> dict[str, np.ndarray]:
    """A photo in 8 and 16 bits; the second with values between those of the first."""
    codes = np.asarray(Image.open(ROOT / name).convert("L"))
    y, x = np.indices(codes.shape)
    between = (y * 7 + x * 13) % 257 - 128
    deep = np.clip(codes.astype(np.int64) * 257 + between, 0, 65535)
    return {"8": codes, "16": deep.astype(np.uint16)}


def strokes(shape: tuple[int, int]) -> Hints:
    """Opaque and translucent paint, a point, and one stroke over another."""
    height, width = shape
    layer = np.zeros((height, width, 4), np.uint8)
    layer[height // 5 : height // 5 + 12, width // 8 : width // 2] = (178, 60, 40, 255)
    layer[height // 2 :, width // 3 : width // 3 + 9] = (40, 90, 180, 255)
    layer[height // 2 : height * 3 // 4, width // 2 : width * 2 // 3] = (90, 140, 60, 140)
    points = [(width * 0.8, height * 0.3, "#c09040"), (width * 0.81, height * 0.31, "#8040a0")]
    return Hints.from_rgba(layer) + Hints.from_points(points, radius=6)


def mean_colors(rgb: np.ndarray) -> list[int]:
    """The mean codes of 3 x 3 parts of a picture, 0..255, one after the other."""
    scale = 255.0 / np.iinfo(rgb.dtype).max
    rows = np.array_split(rgb, 3)
    parts = [part for row in rows for part in np.array_split(row, 3, axis=1)]
    return [round(float(v) * scale) for part in parts for v in part.mean(axis=(0, 1))]


def results(colorizer: Colorizer, name: str) -> dict[str, Any]:
    """Hashes, and mean colours where the result is a picture."""
    found: dict[str, Any] = {}
    for bits, plane in planes(name).items():
        photo = colorizer.encode(plane)
        hints = strokes(photo.shape)
        for vividness in VIVIDNESS:
            for title, painted in (("automatic", None), ("hints", hints)):
                rgb = colorizer.colorize(photo, painted, vividness=vividness)
                key = f"{bits} bits, vividness {vividness}, {title}"
                found[key] = [digest(rgb), mean_colors(rgb)]
        if name == DETAILED:
            found[f"{bits} bits, p"] = [digest(colorizer.probabilities(photo, hints))]
            found[f"{bits} bits, uncertainty"] = [digest(colorizer.uncertainty(photo, hints))]
            asked = colorizer.suggest(photo, (300.0, 200.0), hints)
            values = [(*s.rgb, *s.ab, s.probability) for s in asked]
            found[f"{bits} bits, suggestions"] = [digest(np.array(values))]
    return found


@cache
def pinned() -> dict[str, Any]:
    return dict(json.loads(PINNED.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", PHOTOS)
def test_results_are_the_pinned_ones(colorizer: Colorizer, name: str) -> None:
    wanted = pinned()["results"][name]
    found = results(colorizer, name)
    assert set(found) == set(wanted)
    if pinned()["machine"] == machine():
        assert {key: value[0] for key, value in found.items()} == {
            key: value[0] for key, value in wanted.items()
        }
    for key, value in found.items():
        if len(value) > 1:
            assert np.abs(np.array(value[1]) - wanted[key][1]).max() <= TOLERANCE, key


def test_thread_counts_change_nothing(
    colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = planes(DETAILED)["16"]
    found = set()
    for threads in ("1", "3"):
        monkeypatch.setenv("HANDTINT_THREADS", threads)
        photo = colorizer.encode(plane)
        found.add(digest(colorizer.colorize(photo, strokes(photo.shape))))
    assert len(found) == 1


def write() -> None:
    """Pin the results of this machine."""
    torch.set_num_threads(1)
    colorizer = load_colorizer(device="cpu")
    lines = [f'{{"machine": {json.dumps(machine())}, "results": {{']
    for name in PHOTOS:
        entries = [
            f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in results(colorizer, name).items()
        ]
        lines.append(f" {json.dumps(name)}: {{\n" + ",\n".join(entries) + "\n },")
    lines[-1] = lines[-1].removesuffix(",")
    PINNED.write_text("\n".join([*lines, "}}"]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
