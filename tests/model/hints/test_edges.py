"""A hint's colour does not bleed over a strong lightness edge: synthetic and real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.color import rgb2lab

from handtint_model import Colorizer, Hints

ROOT = Path(__file__).parents[3]
STEP = 20.0  # L*, what makes a strong edge
BEYOND = 4  # pixels from the edge, at a megapixel
MEDIAN, NEARLY_ALL = 0.10, 0.25  # of the painted chroma; the latter at the 95th percentile

Line = list[tuple[float, float]]


def change(
    colorizer: Colorizer, plane: np.ndarray, line: Line, color: str, width: int
) -> np.ndarray:
    """(H, W) change of ab by a stroke, in parts of the painted chroma."""
    layer = Image.new("RGBA", plane.shape[::-1], (0, 0, 0, 0))
    ImageDraw.Draw(layer).line(line, color, width)
    photo = colorizer.encode(plane)
    before, after = (
        rgb2lab(colorizer.colorize(photo, h))[..., 1:]
        for h in (None, Hints.from_rgba(np.asarray(layer)))
    )
    code = np.array([[[*bytes.fromhex(color[1:])]]], np.uint8)
    return np.asarray(
        np.linalg.norm(after - before, axis=-1) / np.linalg.norm(rgb2lab(code)[0, 0, 1:])
    )


def to_megapixel(gray: Image.Image) -> tuple[Image.Image, float]:
    scale = (1e6 / (gray.width * gray.height)) ** 0.5
    size = round(gray.width * scale), round(gray.height * scale)
    return gray.resize(size, Image.Resampling.BICUBIC), scale


def check(share: np.ndarray) -> None:
    assert share.size > 1000
    print(f"median {np.median(share):.3f}, 95th percentile {np.percentile(share, 95):.3f}")
    assert np.median(share) <= MEDIAN
    assert np.percentile(share, 95) <= NEARLY_ALL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slant", "step"),
    [
        (0, -40.0),
        *(pytest.param(0, step, marks=pytest.mark.slow) for step in (-20.0, 20.0, 40.0)),
        *(pytest.param(300, step, marks=pytest.mark.slow) for step in (-40.0, -20.0, 20.0, 40.0)),
    ],
)
def test_synthetic_edge(colorizer: Colorizer, step: float, slant: int) -> None:
    size = 1000
    y, x = np.mgrid[:size, :size]
    edge = 500 + slant * (y - 500) / size
    rng = np.random.default_rng(0)
    lightness = 50 - step / 2 + step * (x >= edge) + rng.normal(0, 0.7, (size, size))
    linear = ((lightness + 16) / 116) ** 3
    plane = np.rint((1.055 * linear ** (1 / 2.4) - 0.055) * 255).astype(np.uint8)
    line = [(478 + slant * (v - 500) / size, float(v)) for v in (200, 800)]
    share = change(colorizer, plane, line, "#c05030", 18)
    assert np.median(share[300:700, 350:440]) > 0.4  # its own side takes the colour
    beyond = (x >= edge + BEYOND) & (x < edge + 100) & (y > 250) & (y < 750)
    check(share[beyond])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "line", "box", "color"),
    [
        ("examples/flower-gray.jpg", [(160, 170), (160, 280)], (185, 180, 240, 270), "#3060c0"),
        ("examples/flower-gray.jpg", [(200, 200), (200, 260)], (110, 180, 172, 270), "#c05030"),
        ("examples/china-gray.jpg", [(368, 165), (368, 225)], (230, 160, 330, 230), "#4f8fd0"),
        (
            "tests/data/photos/astronaut-gray.jpg",
            [(138, 50), (138, 110)],
            (160, 40, 240, 100),
            "#4f8fd0",
        ),
    ],
)
def test_real_edge(
    colorizer: Colorizer, name: str, line: Line, box: tuple[int, int, int, int], color: str
) -> None:
    """Beyond: where within the box the lightness is at least 20 from that of the stroke.

    The box and the line are in the photo's own pixels, and the line ends on one object.
    """
    gray, scale = to_megapixel(Image.open(ROOT / name).convert("L"))
    plane = np.asarray(gray)
    stroke = [(px * scale, py * scale) for px, py in line]
    share = change(colorizer, plane, stroke, color, round(8 * scale))
    lightness = ndimage.gaussian_filter(rgb2lab(np.dstack([plane] * 3))[..., 0], 1.0)
    (x0, y0), (x1, y1) = stroke
    middle = lightness[round((y0 + y1) / 2), round((x0 + x1) / 2)]
    other = np.abs(lightness - middle) >= STEP
    beyond = ndimage.binary_erosion(other, iterations=BEYOND)
    left, top, right, bottom = (round(v * scale) for v in box)
    inside = np.zeros_like(beyond)
    inside[top:bottom, left:right] = True
    check(share[beyond & inside])
