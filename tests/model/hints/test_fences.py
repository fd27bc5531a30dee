"""Fences: outside nothing changes, inside one stroke fills what its user has outlined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage.color import rgb2lab

from handtint_model import BadHint, Colorizer, EncodedPhoto, HintPatch, Hints
from handtint_model.files.hint_files import dump_hints, parse_hints
from handtint_model.geometry import Geometry
from handtint_model.hints.fences import cell_shares
from handtint_model.types import Fence

RED, BLUE = "#c04030", "#3050c0"
JACKET = (60, 300, 380, 512)  # x0, y0, x1, y1 in the astronaut


def ellipse(shape: tuple[int, int], box: tuple[int, int, int, int]) -> np.ndarray:
    picture = Image.new("L", shape[::-1], 0)
    ImageDraw.Draw(picture).ellipse(box, fill=255)
    return np.asarray(picture) > 0


def dab(x: float, y: float, color: str = RED, radius: float = 8) -> Hints:
    return Hints.from_points([(x, y, color)], radius)


def ab_of(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(rgb2lab(rgb)[..., 1:])


@pytest.fixture(scope="module")
def photo(colorizer: Colorizer, astronaut: np.ndarray) -> EncodedPhoto:
    return colorizer.encode(astronaut)


def test_outside_no_pixel_differs(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    mask = ellipse(photo.shape, (100, 80, 300, 260))
    fenced = dab(200, 150).within(mask)
    assert (colorizer.colorize(photo, dab(200, 150)) != colorizer.colorize(photo))[~mask].any()
    for others in (Hints(), dab(400, 60, BLUE), dab(210, 130, BLUE) + dab(60, 400, "#30a050")):
        without = colorizer.colorize(photo, others)
        result = colorizer.colorize(photo, others + fenced)
        assert np.array_equal(result[~mask], without[~mask])
        assert (result != without)[mask].any(axis=-1).mean() > 0.3


def test_one_stroke_fills_its_fence(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    """Whatever the picture shows there, if the stroke reaches a good part of it."""
    mask = np.zeros(photo.shape, bool)
    x0, y0, x1, y1 = JACKET
    mask[y0:y1, x0:x1] = True
    stroke = dab(150, 430, BLUE, 14)
    everywhere = Hints.from_rgba(np.full((*photo.shape, 4), (0x30, 0x50, 0xC0, 255), np.uint8))
    before, after, end = (
        ab_of(colorizer.colorize(photo, h)) for h in (None, stroke.within(mask), everywhere)
    )
    way = np.linalg.norm(end - before, axis=-1)
    gone = np.linalg.norm(after - end, axis=-1) < 0.3 * way
    assert gone[mask & (way > 5)].mean() > 0.98


def test_a_small_part_does_not_fill_a_large_fence(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    whole = np.ones(photo.shape, bool)
    dot = dab(224, 118, RED, 5)  # on the face
    far = np.s_[:60, 440:]
    plain, fenced = (colorizer.colorize(photo, h) for h in (dot, dot.within(whole)))
    assert np.abs(ab_of(plain) - ab_of(fenced))[far].max() < 1


def test_strokes_in_one_fence_share_it(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    mask = np.zeros(photo.shape, bool)
    mask[300:512, 60:380] = True
    both = dab(110, 450, RED, 12).within(mask) + dab(215, 330, BLUE, 12).within(mask)
    assert len(both.fences) == 1
    ab = ab_of(colorizer.colorize(photo, both))
    red, blue = ab[440:460, 100:120].mean(axis=(0, 1)), ab[320:340, 205:225].mean(axis=(0, 1))
    assert red[0] > 20
    assert blue[1] < -20


def test_an_ordinary_stroke_in_a_fence_keeps_its_place(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    mask = np.zeros(photo.shape, bool)
    mask[300:512, 60:380] = True
    hints = dab(215, 330, RED, 12) + dab(110, 450, BLUE, 12).within(mask)
    ab = ab_of(colorizer.colorize(photo, hints))
    assert ab[320:340, 205:225, 0].mean() > 20
    assert ab[440:460, 100:120, 1].mean() < -20


def test_a_soft_mask_blends(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    stroke = dab(200, 150, BLUE, 14)
    full, half = (np.full(photo.shape, v, np.uint8) for v in (255, 128))
    before = colorizer.probabilities(photo)
    whole = colorizer.probabilities(photo, stroke.within(full))
    blended = colorizer.probabilities(photo, stroke.within(half))
    assert np.allclose(blended, before + (128 / 255) * (whole - before), atol=1e-5)
    pixels = [ab_of(colorizer.colorize(photo, h)) for h in (None, stroke.within(half))]
    assert 0.3 < np.abs(pixels[1] - pixels[0]).max() / 60 < 1.2
    edge = np.zeros(photo.shape)
    edge[:, 250:] = 0.5
    result = colorizer.colorize(photo, stroke.within(edge) + dab(300, 150, RED).within(edge))
    assert np.array_equal(result[:, :250], colorizer.colorize(photo)[:, :250])


@pytest.mark.slow
def test_a_distribution_that_is_linear_in_the_strength(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    mask = ellipse(photo.shape, (90, 290, 390, 520))
    soft = (mask * np.linspace(60, 255, photo.shape[1])[None]).astype(np.uint8)
    hints = dab(400, 60, BLUE) + dab(150, 430).within(soft) + dab(300, 430, BLUE).within(mask)
    p = [colorizer.probabilities(photo, hints, strength=s) for s in (0.0, 0.5, 1.0)]
    assert all(np.allclose(q.sum(axis=0), 1.0, atol=1e-4) and q.min() >= 0 for q in p)
    assert np.allclose(p[1], (p[0] + p[2]) / 2, atol=1e-5)
    assert np.array_equal(p[0], colorizer.probabilities(photo))


def test_later_fences_lie_over_earlier_ones(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    left, right = np.zeros(photo.shape, bool), np.zeros(photo.shape, bool)
    left[100:300, 100:300], right[150:350, 200:400] = True, True
    first, second = dab(150, 150).within(left), dab(350, 300, BLUE).within(right)
    both = colorizer.colorize(photo, first + second)
    assert np.array_equal(both[~right], colorizer.colorize(photo, first)[~right])
    assert np.array_equal(both[right], colorizer.colorize(photo, second)[right])


def test_what_was_painted_last_counts(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    """Also if its mask was used before: the joint fence moves to the top, with all its paint."""
    left, right = np.zeros(photo.shape, bool), np.zeros(photo.shape, bool)
    left[100:300, 100:300], right[150:350, 200:400] = True, True
    first, second = dab(150, 150).within(left), dab(350, 300, BLUE).within(right)
    last = dab(250, 250, "#30a050").within(left)  # where the masks overlap
    hints = first + second + last
    result = colorizer.colorize(photo, hints)
    assert np.array_equal(result[left], colorizer.colorize(photo, first + last)[left])
    assert ab_of(result)[250, 250, 0] < -20
    assert ab_of(result)[150, 150, 0] > 20
    only = right & ~left
    assert np.array_equal(result[only], colorizer.colorize(photo, second)[only])
    for same in (first + (second + last), parse_hints(dump_hints(hints, (512, 512)))):
        assert [len(f.patches) for f in same.fences] == [1, 2]
        assert [(f.x, f.y) for f in same.fences] == [(200, 150), (100, 100)]
        assert [p.x for p in same.fences[1].patches] == [142, 242]


def test_masks_that_become_equal_are_one_fence() -> None:
    whole, right = np.ones((60, 60), bool), np.zeros((60, 60), bool)
    right[:, 30:] = True
    hints = dab(40, 40).within(whole) + dab(50, 50, BLUE).within(right)
    narrowed = hints.within(right)
    assert [len(f.patches) for f in narrowed.fences] == [2]
    again = parse_hints(dump_hints(narrowed, (60, 60)))
    assert [len(f.patches) for f in again.fences] == [2]


@pytest.mark.slow
def test_regions_and_what_is_kept_change_nothing(
    tiny_colorizer: Colorizer, astronaut: np.ndarray
) -> None:
    plane = np.ascontiguousarray(astronaut[::2, ::2])
    mask = ellipse(plane.shape, (40, 60, 200, 220))
    one, other = (
        dab(200, 40, BLUE) + dab(x, 150, RED).within(mask) + dab(90, 90).within(mask[:128], 0, 20)
        for x in (110, 150)
    )
    photo, new = (tiny_colorizer.encode(plane) for _ in range(2))
    whole = tiny_colorizer.colorize(new, one)
    for _ in range(2):
        parts = [tiny_colorizer.colorize(photo, one, region=(x, 0, 128, 256)) for x in (0, 128)]
        assert np.array_equal(np.hstack(parts), whole)
    changed = tiny_colorizer.colorize(photo, other, region=(0, 0, 128, 256))
    assert np.array_equal(changed, tiny_colorizer.colorize(new, other)[:, :128])
    assert not np.array_equal(changed, whole[:, :128])


@pytest.mark.slow
def test_suggestions_and_uncertainty_know_fences(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    mask = np.zeros(photo.shape, bool)
    mask[300:512, 60:380] = True
    fenced = dab(150, 430, "#30a0a0", 14).within(mask)
    inside, outside = (100.0, 480.0), (450.0, 60.0)
    assert colorizer.suggest(photo, outside, fenced) == colorizer.suggest(photo, outside)
    (likeliest, *_), before = (colorizer.suggest(photo, inside, h) for h in (fenced, None))
    assert likeliest.ab != before[0].ab
    assert likeliest.probability > 0.5
    settled = colorizer.uncertainty(photo) - colorizer.uncertainty(photo, fenced)
    rows, columns = settled.shape
    assert settled[int(rows * 0.8), int(columns * 0.3)] > 0


def test_thumbnails_keep_fences(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    mask = np.zeros(photo.shape, bool)
    mask[:, :256] = True
    fenced = dab(120, 430, BLUE, 20).within(mask)
    before, after = (colorizer.alternatives(photo, h, 1, size=128)[0] for h in (None, fenced))
    change = np.abs(after.astype(int) - before).max(axis=-1)
    assert change[:, 72:].max() <= 2  # made of cells, which the fence may cut
    assert change[90:, :60].max() > 20


def test_shares_of_cells() -> None:
    geometry = Geometry.fit(200, 300, 128)
    mask = np.zeros((200, 300), bool)
    mask[40:120, 33:190] = True
    rows, columns = geometry.cells
    y = np.minimum(((np.arange(200) + 0.5) * geometry.cells_per_pixel[0]).astype(int), rows - 1)
    x = np.minimum(((np.arange(300) + 0.5) * geometry.cells_per_pixel[1]).astype(int), columns - 1)
    expected = np.array(
        [[mask[np.ix_(y == r, x == c)].mean() for c in range(columns)] for r in range(rows)]
    )
    (fence,) = dab(100, 100).within(mask).fences
    assert np.allclose(cell_shares(fence, geometry).reshape(rows, columns), expected)
    beyond = Fence((), np.full((50, 400), 255, np.uint8), -20, 180)
    share = cell_shares(beyond, geometry).reshape(rows, columns)
    assert share[-1].min() == 1.0
    assert share[0].max() == 0.0


def test_within() -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[10:30, 20:50] = 200
    (fence,) = dab(25, 15, radius=10).within(mask, 5, 3).fences
    assert (fence.x, fence.y, fence.mask.shape) == (25, 13, (20, 30))
    assert fence.patches[0].x >= 25  # paint outside the mask is left out
    twice = dab(40, 20).within(mask).within(np.full((100, 100), 0.5), 30, 0)
    assert (twice.fences[0].x, twice.fences[0].mask.max()) == (30, 101)
    resampled = dab(25, 15).within(np.array([[-0.1, 1.1]]), 25, 15)
    assert resampled.fences[0].mask.tolist() == [[255]]
    assert not dab(5, 5, radius=3).within(mask)  # all paint lies outside
    assert not dab(40, 20).within(mask).within(mask, 100, 0)
    together = dab(25, 15).within(mask) + dab(40, 20).within(mask) + dab(40, 20).within(mask[1:])
    assert [len(f.patches) for f in together.fences] == [2, 1]
    assert together.bounds() is not None
    nowhere = Hints(fences=(Fence((HintPatch(np.full((2, 2, 4), 255, np.uint8)),), mask, 900, 0),))
    assert nowhere.bounds() == (0, 0, 2, 2)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((4, 4), bool), "marks no pixel"),
        (np.zeros((4, 4, 3), np.uint8), "an \\(h, w\\) array"),
        (np.zeros((4, 4), np.int32), "an \\(h, w\\) array"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.eye(4) * 255, "to 1, inside"),
    ],
)
def test_bad_masks(mask: Any, message: str) -> None:
    with pytest.raises(BadHint, match=message):
        dab(2, 2).within(mask)


def test_a_reference_cannot_be_fenced() -> None:
    colored = np.zeros((9, 9, 3), np.uint8)
    colored[..., 0] = 99
    with pytest.raises(BadHint, match="counts everywhere"):
        Hints.from_reference(colored).within(np.ones((9, 9), bool))
