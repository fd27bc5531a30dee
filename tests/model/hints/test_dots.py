"""No dots: a stroke's color does not turn up in specks far from it that resemble its object."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import data
from skimage.color import rgb2lab

from handtint_model import Colorizer, EncodedPhoto, Hints, luminance_of

BLUE = "#305ac8"
FAR = 30  # cells
SMALL = 0.0002  # of the picture
LEAST = 3  # pixels: single ones are where a faint tint just reaches `SEEN`
SEEN = 8.0  # ab units that some pixel of a dot has moved by
FAINT = 4.0  # what has moved less around it is no part of it


@pytest.fixture(scope="module")
def cup(colorizer: Colorizer) -> EncodedPhoto:
    """A cup whose highlights and saucer resemble each other."""
    return colorizer.encode(luminance_of(data.coffee()))


def dots(colorizer: Colorizer, photo: EncodedPhoto, points: list[tuple[int, int]]) -> list[int]:
    """Sizes in pixels of the small patches far from a stroke through some points."""
    hints = Hints.from_points([(x, y, BLUE) for x, y in points], radius=6)
    before, after = (rgb2lab(colorizer.colorize(photo, h))[..., 1:] for h in (None, hints))
    moved = np.linalg.norm(after - before, axis=-1)
    patches, count = ndimage.label(moved > FAINT, np.ones((3, 3)))
    free = np.ones(photo.shape, bool)
    for x, y in points:
        free[y, x] = False
    away = ndimage.distance_transform_cdt(free, "chessboard") * max(photo.geometry.cells_per_pixel)
    number = np.arange(1, count + 1)
    size = ndimage.sum_labels(np.ones(photo.shape), patches, number)
    far = ndimage.minimum(away, patches, number) > FAR
    seen = ndimage.maximum(moved, patches, number) > SEEN
    return [int(s) for s in size[far & seen & (size >= LEAST) & (size < SMALL * moved.size)]]


@pytest.mark.parametrize(
    "points",
    [
        [(x, 235 + x // 12 - 20) for x in range(240, 331, 6)],
        [(x, 163) for x in range(340, 400, 6)],
        [(x, 300) for x in range(374, 434, 6)],
        [(489, 246)],
        [(70, 35)],
    ],
    ids=["across the cup", "over its rim", "on the saucer", "on the table", "in the corner"],
)
def test_no_dots(colorizer: Colorizer, cup: EncodedPhoto, points: list[tuple[int, int]]) -> None:
    assert dots(colorizer, cup, points) == []
