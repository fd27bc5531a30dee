"""What a user paints is what they get: fidelity, strength, edges, all forms of hints."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from skimage.color import rgb2lab

from handtint_model import BadHint, Colorizer, EncodedPhoto, Hints
from handtint_model.hints.compositing import flatten
from handtint_model.hints.pooling import MOST_CELLS, merge, pool

HUES = ("#d04040", "#c09030", "#50a050", "#4080c0", "#9060b0", "#808080")


def brush(
    shape: tuple[int, int],
    lines: list[tuple[list[tuple[int, int]], str]],
    width: int,
    *,
    blur: float = 0.0,
    alpha: int = 255,
) -> np.ndarray:
    """(H, W, 4) uint8: lines of a colour painted on a transparent layer."""
    out = np.zeros((*shape, 4), np.uint8)
    for points, color in lines:
        mask = Image.new("L", shape[::-1])
        ImageDraw.Draw(mask).line(points, fill=alpha, width=width)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        painted = np.asarray(mask)
        out[painted > 0, :3] = np.array(Image.new("RGB", (1, 1), color))[0, 0]
        out[..., 3] = np.maximum(out[..., 3], painted)
    return out


def ab_of(rgb: np.ndarray) -> np.ndarray:
    return rgb2lab(rgb)[..., 1:]


def random_strokes(shape: tuple[int, int], width: int, seed: int, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    lines = []
    for number in range(count):
        x, y = rng.integers(width, shape[1] - width), rng.integers(width, shape[0] - width)
        dx, dy = rng.integers(-60, 60, 2)
        lines.append(([(int(x), int(y)), (int(x + dx), int(y + dy))], HUES[number % len(HUES)]))
    return brush(shape, lines, width)


@pytest.fixture(scope="module")
def photo(colorizer: Colorizer, astronaut: np.ndarray) -> EncodedPhoto:
    return colorizer.encode(astronaut)


def largest_chroma(lightness: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """By bisection: the largest chroma in the sRGB gamut at L* and a direction of ab."""
    import torch

    from handtint_model.color.torch_conversions import lab_to_rgb

    low, high = np.zeros(len(lightness)), np.full(len(lightness), 200.0)
    for _ in range(20):
        middle = (low + high) / 2
        lab = np.stack([lightness, *(direction.T * middle)])[:, :, None]
        rgb = lab_to_rgb(torch.from_numpy(lab)).numpy()[..., 0]
        inside = ((rgb >= 0) & (rgb <= 1)).all(axis=0)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return low


@pytest.mark.parametrize("width", [3, 10, 60])
def test_fidelity(colorizer: Colorizer, photo: EncodedPhoto, width: int) -> None:
    layer = random_strokes(photo.shape, width, seed=width)
    rgb = colorizer.colorize(photo, Hints.from_rgba(layer))
    painted = layer[..., 3] == 255
    wanted, got = ab_of(layer[..., :3])[painted], ab_of(rgb)[painted]
    lightness = rgb2lab(np.repeat(photo.luminance[..., None], 3, axis=2))[painted][:, 0]
    chroma = np.linalg.norm(wanted, axis=1)
    direction = wanted / np.maximum(chroma, 1e-9)[:, None]
    largest = largest_chroma(lightness, direction)
    fits = chroma <= largest
    error = np.linalg.norm(got - wanted, axis=1)
    assert np.median(error[fits]) <= 2
    assert np.percentile(error[fits], 95) <= 4
    # 8-bit codes cannot hold every ab of a dark pixel: only there the bounds are loose.
    dark = ~fits & (largest < 6)
    bright = ~fits & (largest >= 6)
    limited = direction * largest[:, None]
    turned = np.degrees(
        np.abs(np.angle(np.exp(1j * (np.arctan2(*got.T[::-1]) - np.arctan2(*wanted.T[::-1])))))
    )
    assert np.percentile(turned[bright], 95) < 5
    assert np.median(np.linalg.norm(got - limited, axis=1)[bright]) < 1.5
    if dark.any():
        assert np.median(np.linalg.norm(got - limited, axis=1)[dark]) < 1


def test_painting_gray_makes_neutral(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    layer = brush(photo.shape, [([(150, 330), (330, 460)], "#202020")], 40)
    got = ab_of(colorizer.colorize(photo, Hints.from_rgba(layer)))[layer[..., 3] == 255]
    assert np.median(np.linalg.norm(got, axis=1)) < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_more_strength_never_moves_away(
    colorizer: Colorizer, photo: EncodedPhoto, seed: int
) -> None:
    layer = random_strokes(photo.shape, 12, seed, count=3)
    painted = layer[..., 3] == 255
    wanted = ab_of(layer[..., :3])[painted]
    lightness = rgb2lab(np.repeat(photo.luminance[..., None], 3, axis=2))[painted][:, 0]
    chroma = np.linalg.norm(wanted, axis=1)
    fits = chroma <= largest_chroma(lightness, wanted / np.maximum(chroma, 1e-9)[:, None])
    hints = Hints.from_rgba(layer)
    previous = None
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        got = ab_of(colorizer.colorize(photo, hints, strength=strength))[painted]
        error = np.linalg.norm(got - wanted, axis=1)
        if previous is not None:
            away = error - previous
            assert away.mean() < 0.05
            # Rounding to 8 bits moves ab by about a unit.
            assert np.percentile(away[fits], 99) < 1.5
            # Where the painted colour is out of the gamut, dark pixels above all, the way to it
            # follows the gamut's rim, which is not round.
            assert np.percentile(away, 99) < 4
        previous = error


@pytest.mark.parametrize("by", ["strength", "alpha"])
def test_half_is_half_way(colorizer: Colorizer, photo: EncodedPhoto, by: str) -> None:
    lines = [([(60, 380), (200, 470)], "#3060c0"), ([(300, 60), (340, 160)], "#40a040")]
    layer = brush(photo.shape, lines, 14, alpha=128 if by == "alpha" else 255)
    painted = layer[..., 3] >= 128
    hints = Hints.from_rgba(layer)
    got = ab_of(colorizer.colorize(photo, hints, strength=0.5 if by == "strength" else 1.0))
    automatic = ab_of(colorizer.colorize(photo))
    full = Hints.from_rgba(np.where(layer[..., 3:] > 0, layer | [0, 0, 0, 255], 0).astype(np.uint8))
    end = ab_of(colorizer.colorize(photo, full))
    way = (end - automatic)[painted]
    moved = ((got - automatic)[painted] * way).sum(axis=1) / (way**2).sum(axis=1)
    assert 0.35 <= np.median(moved) <= 0.65


def test_a_soft_brush_leaves_no_ring(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    lines = [([(330, 60), (330, 150)], "#4080c0")]
    layer = brush(photo.shape, lines, 16, blur=6)
    # Straight alpha: what is under alpha 0 is anything, here black.
    assert (layer[..., :3][layer[..., 3] == 0] == 0).all()
    place = np.s_[100, 302:331, 1]
    automatic = ab_of(colorizer.colorize(photo))[place]
    got = ab_of(colorizer.colorize(photo, Hints.from_rgba(layer)))[place]
    # From the wall towards the stroke blueness only grows, but for noise of 8 bits.
    smooth = np.convolve(got, np.ones(9) / 9, "valid")
    assert (np.diff(smooth) < 0.5).all()
    # A ring of the automatic colour would be seen.
    assert (automatic > smooth[-1] + 5).all()


def two_halves(step: float, size: int = 512) -> np.ndarray:
    """(size, size) uint8: a vertical edge of ``step`` L* in the middle, with a little noise."""
    rng = np.random.default_rng(0)
    lightness = np.full((size, size), 50.0 - step / 2)
    lightness[:, size // 2 :] += step
    y = ((lightness + rng.normal(0, 0.7, lightness.shape) + 16) / 116) ** 3
    return np.rint((1.055 * y ** (1 / 2.4) - 0.055) * 255).astype(np.uint8)


@pytest.mark.parametrize("step", [20.0, 40.0])
def test_paint_at_an_edge_stays_on_its_side_at_full_resolution(
    colorizer: Colorizer, step: float
) -> None:
    """The residual's part alone: what the paint adds near it must stop at the edge."""
    plane = two_halves(step)
    photo = colorizer.encode(plane)
    layer = brush(plane.shape, [([(244, 100), (244, 400)], "#c05030")], 9)
    near = Hints.from_rgba(layer)
    far = Hints.from_rgba(np.roll(layer, -150, axis=1))
    beside = np.s_[150:350, 260:300]
    with_near = ab_of(colorizer.colorize(photo, near))[beside]
    with_far = ab_of(colorizer.colorize(photo, far))[beside]
    chroma = np.linalg.norm(ab_of(np.array([[[0xC0, 0x50, 0x30]]], np.uint8)))
    assert np.median(np.linalg.norm(with_near - with_far, axis=-1)) < 0.25 * chroma


def test_a_layer_painted_full(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    rng = np.random.default_rng(0)
    layer = np.zeros((*photo.shape, 4), np.uint8)
    blobs = Image.fromarray(rng.integers(90, 170, (5, 5, 3), dtype=np.uint8))
    layer[..., :3] = np.asarray(blobs.resize(photo.shape[::-1], Image.Resampling.BILINEAR))
    layer[..., 3] = 255
    rgb = colorizer.colorize(photo, Hints.from_rgba(layer))
    bright = (photo.luminance > 90) & (photo.luminance < 190)
    error = np.linalg.norm(ab_of(rgb) - ab_of(layer[..., :3]), axis=-1)[bright]
    assert np.median(error) < 2
    pooled = pool(flatten(Hints.from_rgba(layer), photo.geometry), photo.geometry, 1.0)
    embedding = photo.heads.embedding[0].flatten(1).numpy()
    merged = merge(pooled, embedding, photo.geometry.cells[1])
    assert pooled.number.size > 4096 >= MOST_CELLS >= merged.number.size > 20
    assert merged.ab.mean(axis=0) == pytest.approx(pooled.ab.mean(axis=0), abs=3)


def test_pooling_counts_a_thin_stroke_as_a_wide_one(photo: EncodedPhoto) -> None:
    for alpha in (255, 100):
        thin = brush(photo.shape, [([(20, 300), (480, 300)], "#c05030")], 1, alpha=alpha)
        pooled = pool(flatten(Hints.from_rgba(thin), photo.geometry), photo.geometry, 1.0)
        assert pooled.mass == pytest.approx(np.full(pooled.mass.size, alpha / 255), abs=1e-3)
        half = pool(flatten(Hints.from_rgba(thin), photo.geometry), photo.geometry, 0.5)
        assert half.mass == pytest.approx(pooled.mass / 2)


def test_a_cell_with_two_colors_brings_two_hints(photo: EncodedPhoto) -> None:
    layer = np.zeros((8, 8, 4), np.uint8)
    layer[:, :4] = (200, 40, 40, 255)
    layer[:, 4:] = (40, 40, 200, 255)
    pooled = pool(flatten(Hints.from_rgba(layer, 160, 160), photo.geometry), photo.geometry, 1.0)
    assert pooled.number.tolist() == [20 * 64 + 20] * 2
    wanted = ab_of(np.array([[[200, 40, 40], [40, 40, 200]]], np.uint8))[0]
    order = np.argsort(pooled.ab[:, 1]), np.argsort(wanted[:, 1])
    assert pooled.ab[order[0]] == pytest.approx(wanted[order[1]], abs=0.1)


def test_crop_and_whole_layer_are_the_same(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    layer = random_strokes(photo.shape, 9, seed=5)
    whole = colorizer.colorize(photo, Hints.from_rgba(layer))
    parts = Hints.from_rgba(layer[:200]) + Hints.from_rgba(layer[200:], 0, 200)
    assert np.array_equal(colorizer.colorize(photo, parts), whole)
    outside = Hints.from_rgba(np.pad(layer, ((7, 3), (5, 2), (0, 0))), -5, -7)
    assert np.array_equal(colorizer.colorize(photo, outside), whole)


def test_later_patches_lie_on_top(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    red = Hints.from_points([(150, 380, "#d04040")], radius=14)
    blue = Hints.from_points([(150, 380, "#4080d0")], radius=10)
    got = ab_of(colorizer.colorize(photo, red + blue))
    only = ab_of(colorizer.colorize(photo, blue))
    inner = np.hypot(*np.mgrid[-380:132, -150:362]) < 8
    assert np.linalg.norm(got - only, axis=-1)[inner].max() < 3
    assert got[380, 150, 1] < got[380 + 12, 150, 1] - 20


@pytest.mark.slow
def test_hundreds_of_points(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    rng = np.random.default_rng(1)
    points = [
        (float(x), float(y), HUES[i % 6]) for i, (x, y) in enumerate(rng.uniform(0, 511, (400, 2)))
    ]
    rgb = colorizer.colorize(photo, Hints.from_points(points, radius=1.5))
    assert rgb.shape == (512, 512, 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Hints.from_rgba(np.zeros((4, 4, 3), np.uint8)),
        lambda: Hints.from_rgba(np.zeros((4, 4, 4), np.float32)),
        lambda: Hints.from_points([(1, 2, "red")]),
        lambda: Hints.from_points([(1, 2, (1, 2))]),
        lambda: Hints.from_points([(1, 2, (1, 2, 300))]),
        lambda: Hints.from_points([(float("nan"), 2, "#102030")]),
        lambda: Hints.from_points([(1e308, 2, "#102030")]),
        lambda: Hints.from_points([(1, 2, "#102030")], radius=0),
        lambda: Hints.from_points([(1, 2, "#102030")], radius=float("nan")),
    ],
)
def test_bad_hints(make: object) -> None:
    with pytest.raises(BadHint):
        make()  # type: ignore[operator]
