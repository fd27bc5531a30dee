"""How far one stroke reaches: over its object, and not into the rest of the picture."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.spatial.distance import cdist
from skimage.color import rgb2lab

from handtint_model import Colorizer, EncodedPhoto, Hints, luminance_of

OBJECTS = json.loads((Path(__file__).parents[2] / "data" / "kodak_objects.json").read_text())
NAMES = sorted(set(OBJECTS) - {"note"})
COLORS = ("#3f7fbf", "#b05a3c")


def one_stroke(shape: tuple[int, int], stroke: Any, color: str, width: int) -> Hints:
    height, wide = shape
    layer = Image.new("RGBA", (wide, height), (0, 0, 0, 0))
    ends = [(x * wide, y * height) for x, y in stroke]
    ImageDraw.Draw(layer).line(ends, color, width)
    return Hints.from_rgba(np.asarray(layer))


def outside(photo: EncodedPhoto, painted: np.ndarray) -> np.ndarray:
    """(h, w) bool per cell: the quarter farthest from the stroke, in place and in embedding.

    Farthest by the sum of both ranks.
    """
    rows, columns = photo.geometry.cells
    number = np.flatnonzero(painted)
    y, x = np.divmod(np.arange(rows * columns), columns)
    places = np.stack([y, x], axis=1)
    place = cdist(places, places[number]).min(axis=1)
    e = photo.heads.embedding[0].flatten(1).T.numpy()
    feature = cdist(e, e[number], "sqeuclidean").min(axis=1)
    rank = place.argsort().argsort() + feature.argsort().argsort()
    return np.asarray(rank >= np.quantile(rank, 0.75)).reshape(rows, columns)


def reach(
    colorizer: Colorizer, photo: EncodedPhoto, inside: np.ndarray, stroke: Any, color: str
) -> tuple[float, float]:
    """Share of the way that the object moved, and the far quarter's change, both medians.

    Measured against what the gamut leaves of the painted colour at each pixel's lightness.
    """
    plane = photo.luminance
    hints = one_stroke(photo.shape, stroke, color, max(4, photo.shape[0] // 50))
    full = np.zeros((*plane.shape, 4), np.uint8)
    full[...] = (*bytes.fromhex(color[1:]), 255)
    before, after, end = (
        rgb2lab(colorizer.colorize(photo, h))[..., 1:] for h in (None, hints, Hints.from_rgba(full))
    )
    way = end - before
    moved = ((after - before) * way).sum(-1) / np.maximum((way**2).sum(-1), 1.0)
    cells = photo.geometry.cells
    mask = hints.patches[0].rgba[..., 3] > 0
    painted = np.asarray(Image.fromarray(mask).convert("L").resize(cells[::-1], Image.BOX)) > 127
    far = np.asarray(
        Image.fromarray(outside(photo, painted)).resize(plane.shape[::-1], Image.NEAREST)
    )
    change = np.linalg.norm(after - before, axis=-1)
    return float(np.median(moved[inside])), float(np.median(change[far]))


def outline_mask(shape: tuple[int, int], outline: Any) -> np.ndarray:
    picture = Image.new("1", shape[::-1])
    ImageDraw.Draw(picture).polygon([(x * shape[1], y * shape[0]) for x, y in outline], fill=1)
    return np.asarray(picture)


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.timeout(900)
def test_kodak_objects(colorizer: Colorizer) -> None:
    data = os.environ.get("HANDTINT_DATA")
    if not data:
        pytest.skip("HANDTINT_DATA does not name the photo sets")
    moved, changed = [], []
    for name in NAMES:
        with Image.open(Path(data) / "kodak" / f"{name}.png") as picture:
            rgb = np.asarray(picture.convert("RGB"))
        plane = np.rint(luminance_of(rgb / np.float32(255)) * 255).astype(np.uint8)
        inside = outline_mask(plane.shape, OBJECTS[name]["outline"])
        photo = colorizer.encode(plane)
        for color in COLORS:
            m, c = reach(colorizer, photo, inside, OBJECTS[name]["stroke"], color)
            print(f"{name} {OBJECTS[name]['what']:14s} {color} moved {m:.2f}, far {c:.2f}")
            moved.append(m)
            changed.append(c)
    print(f"median: moved {np.median(moved):.2f}, far {np.median(changed):.2f}")
    assert np.median(moved) >= 0.6
    assert np.median(changed) < 1.0
