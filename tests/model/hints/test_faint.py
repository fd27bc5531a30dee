"""Faint paint beside strong strokes: it opens no cells to them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from handtint_model import Colorizer, EncodedPhoto, Hints, luminance_of

PLACES = ((420, 60), (300, 40), (60, 350), (520, 330), (560, 120))


@pytest.fixture(scope="module")
def photo(colorizer: Colorizer) -> EncodedPhoto:
    rgb = data.coffee()
    return colorizer.encode(np.rint(luminance_of(rgb / np.float32(255)) * 255).astype(np.uint8))


def strokes(photo: EncodedPhoto, *lines: tuple[tuple[int, int, int, int], str, int]) -> Hints:
    """lines: ends, color, alpha."""
    layer = Image.new("RGBA", (photo.shape[1], photo.shape[0]), (0, 0, 0, 0))
    for ends, color, alpha in lines:
        rgb = tuple(bytes.fromhex(color[1:]))
        ImageDraw.Draw(layer).line(ends, (*rgb, alpha), 10)
    return Hints.from_rgba(np.asarray(layer))


BLUE = (200, 230, 330, 240), "#3060c0", 255


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that differ by more than 8 codes."""
    difference = np.abs(after.astype(int) - before.astype(int)).max(axis=-1)
    return float((difference > 8).mean())


@pytest.mark.parametrize("place", PLACES)
def test_what_an_eraser_leaves_changes_nothing(
    colorizer: Colorizer, photo: EncodedPhoto, place: tuple[int, int]
) -> None:
    alone = colorizer.colorize(photo, strokes(photo, BLUE))
    rest = (*place, place[0] + 30, place[1]), "#c04030", 2
    assert changed(alone, colorizer.colorize(photo, strokes(photo, BLUE, rest))) < 0.001
    assert changed(colorizer.colorize(photo), alone) > 0.05


def test_a_faint_stroke_does_not_let_a_strong_one_in(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    shares = []
    for x, y in PLACES:
        faint = (x, y, x + 30, y), "#c04030", 26
        none, *alone, both = (
            colorizer.colorize(photo, strokes(photo, *some)).astype(int)
            for some in ((), (BLUE,), (faint,), (BLUE, faint))
        )
        shares.append(changed((sum(alone) - none).clip(0, 255), both))
    assert np.mean(shares) < 0.05


def test_faint_paint_counts_where_there_is_no_other(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    layer = strokes(photo, (BLUE[0], BLUE[1], 2))
    p, hinted = (colorizer.probabilities(photo, h) for h in (None, layer))
    assert np.abs(hinted - p).max() > 1e-4


@pytest.mark.parametrize("count", [30, 52, 62])
def test_one_faint_dab_among_many_strokes_takes_nothing_from_them(
    colorizer: Colorizer, photo: EncodedPhoto, count: int
) -> None:
    """Also between the stroke decoder and the mixture, which answer together there."""
    columns = 9
    places = [(40 + 62 * (n % columns), 25 + 50 * (n // columns)) for n in range(count)]
    colors = ("#c04030", "#3060c0", "#40a060")
    lines = [((x, y, x + 12, y), colors[n % 3], 255) for n, (x, y) in enumerate(places)]
    faint = [*lines[:-1], (*lines[-1][:2], 200)]
    opaque, one_less = (colorizer.colorize(photo, strokes(photo, *some)) for some in (lines, faint))
    assert changed(opaque, one_less) < 0.08
