"""Strokes: which hinted cells make one, how far it goes, and what it does to its rivals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from skimage.color import rgb2lab

from handtint_model import Colorizer, EncodedPhoto, Hints
from handtint_model.hints import propagation
from handtint_model.hints import reach as reach_module
from handtint_model.hints.compositing import flatten, smooth_edges
from handtint_model.hints.pooling import PooledHints, pool
from handtint_model.hints.propagation import lone_patches, propagate
from handtint_model.hints.reach import KEPT_MAPS, MOST_RIVALS, ReachMaps, StrokeReach
from handtint_model.hints.strokes import group, nearest, rivals_of, sample_cells
from handtint_model.types import HintPatch, parse_color

RED, BLUE, PALE_RED = (60.0, 40.0), (0.0, -50.0), (56.0, 38.0)


def hints_at(cells: list[tuple[int, tuple[float, float]]], mass: float = 1.0) -> PooledHints:
    number = np.array([n for n, _ in cells], np.int64)
    ab = np.array([c for _, c in cells], np.float32)
    return PooledHints(number, np.full(number.size, mass, np.float32), ab)


def test_touching_cells_of_like_colors_are_one_stroke() -> None:
    # Ten columns: 0, 1 and 11 touch (11 by its corner); 5 is apart; 2 is blue.
    hints = hints_at([(0, RED), (1, PALE_RED), (11, RED), (5, RED), (2, BLUE)])
    groups = group(hints, 10)
    assert groups.count == 3
    assert groups.of_hint[0] == groups.of_hint[1] == groups.of_hint[2]
    assert len({int(groups.of_hint[i]) for i in (0, 3, 4)}) == 3
    assert groups.ab[groups.of_hint[0]] == pytest.approx(np.mean([RED, PALE_RED, RED], axis=0))


def test_a_row_does_not_touch_the_next_ones_beginning() -> None:
    assert group(hints_at([(9, RED), (10, RED)]), 10).count == 2


def test_two_hints_of_one_cell_are_two_strokes_if_they_differ() -> None:
    assert group(hints_at([(3, RED), (3, BLUE)]), 10).count == 2
    assert group(hints_at([(3, RED), (3, PALE_RED)]), 10).count == 1


def test_only_other_colors_are_rivals() -> None:
    cells = np.zeros((3, 1, 4), bool)
    cells[0, 0, 0] = cells[1, 0, 1] = cells[2, 0, 2] = True
    rivals = rivals_of(cells, np.array([RED, PALE_RED, BLUE], np.float32))
    assert rivals[:, 0].tolist() == [
        [False, False, True, False],
        [False, False, True, False],
        [True, True, False, False],
    ]


def test_the_nearest_strokes_come_first() -> None:
    cells, strokes = np.zeros((5, 20), bool), np.zeros((4, 5, 20), bool)
    cells[2, 10] = True
    for number, column in enumerate((3, 12, 19, 8)):
        strokes[number, 1:4, column] = True
    assert nearest(cells, strokes).tolist() == [1, 3, 0, 2]


def test_a_new_stroke_changes_few_maps(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    """However many there are: a map sees no more than its nearest rivals."""
    rng = np.random.default_rng(2)
    places, colors = rng.uniform(0.05, 0.85, (36, 2)), rng.integers(256, size=(36, 3))
    lines = [stroke(photo, tuple(p), tuple(c)) for p, c in zip(places, colors)]
    counts = []
    for most in (MOST_RIVALS, len(lines)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reach_module, "MOST_RIVALS", most)
            reach, made = reach_of(colorizer, photo), []
            patch.setattr(reach.kept, "keep", lambda key, _, made=made: made.append(key))
            # Nothing is kept here, so what is new is counted by name.
            for count in (35, 36):
                pooled = pool(
                    flatten(sum(lines[:count], Hints()), photo.geometry), photo.geometry, 1.0
                )
                before = set(made)
                reach.maps(pooled, group(pooled, photo.geometry.cells[1]))
            counts.append(len(set(made) - before))
    assert counts[0] <= 6 < counts[1]


def test_rivals_that_are_touched_need_no_first_map(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    columns = photo.geometry.cells[1]
    colors = (RED, BLUE, (-50.0, 40.0), (5.0, 70.0))
    block = [row * columns + column for row in (30, 31) for column in (30, 31)]
    made: list[bytes] = []
    for numbers, expected in ((block, 4), (block[:3], 6)):  # with two rivals a first map is needed
        hints = hints_at(list(zip(numbers, colors)))
        reach = reach_of(colorizer, photo)
        made.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reach.kept, "keep", lambda key, _: made.append(key))
            reach.maps(hints, group(hints, columns))
        assert len(made) == expected


def test_a_sample_of_cells_is_spread_over_the_stroke() -> None:
    painted = np.zeros((20, 20), bool)
    painted[3:17, 4] = True
    rows = sample_cells(painted) // 20
    assert set(rows) == set(range(3, 17))


def stroke(photo: EncodedPhoto, place: tuple[float, float], color: tuple[int, ...]) -> Hints:
    """A short line; place: relative to the photo."""
    height, width = photo.shape
    rgba = np.zeros((height, width, 4), np.uint8)
    y, x = int(place[0] * height), int(place[1] * width)
    rgba[y : y + max(3, height // 60), x : x + width // 8] = (*color, 255)
    return Hints.from_rgba(rgba)


@pytest.fixture(scope="module")
def photo(colorizer: Colorizer, astronaut: np.ndarray) -> EncodedPhoto:
    return colorizer.encode(astronaut)


def reach_of(colorizer: Colorizer, photo: EncodedPhoto) -> StrokeReach:
    decoder = colorizer.network.strokes
    assert decoder is not None
    assert photo.strokes is not None
    return StrokeReach(decoder, colorizer.network.log_sigma, photo.strokes, photo.geometry.cells)


def pooled(photo: EncodedPhoto, hints: Hints, strength: float = 1.0) -> PooledHints:
    return pool(flatten(hints, photo.geometry), photo.geometry, strength)


def test_maps_are_one_under_paint_and_nothing_under_rivals(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    red = stroke(photo, (0.75, 0.3), (200, 40, 40))
    blue = stroke(photo, (0.85, 0.35), (40, 60, 200))
    hints = pooled(photo, red + blue)
    groups = group(hints, photo.geometry.cells[1])
    assert groups.count == 2
    maps = reach_of(colorizer, photo).maps(hints, groups)
    for number in range(2):
        own = hints.number[groups.of_hint == number]
        other = hints.number[groups.of_hint != number]
        assert (maps[number, own] == 1.0).all()
        assert (maps[number, other] == 0.0).all()
        assert maps[number].min() >= 0.0
        assert maps[number].max() <= 1.0


def test_what_is_kept_changes_no_map(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    """A stroke more: the earlier ones' maps come from what is kept, to the bit."""
    first = stroke(photo, (0.75, 0.3), (200, 40, 40))
    second = stroke(photo, (0.1, 0.1), (40, 60, 200))
    reach = reach_of(colorizer, photo)
    both = pooled(photo, first + second)
    fresh = reach.maps(both, group(both, photo.geometry.cells[1]))
    other = reach_of(colorizer, photo)
    one = pooled(photo, first)
    other.maps(one, group(one, photo.geometry.cells[1]))
    before = len(other.kept._maps)
    again = other.maps(both, group(both, photo.geometry.cells[1]))
    assert (again == fresh).all()
    assert before >= 1
    assert len(other.kept._maps) == len(reach.kept._maps)


def test_torchs_threads_change_no_map(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    """To the bit: else a result would depend on who computed the maps that are kept."""
    red = stroke(photo, (0.75, 0.3), (200, 40, 40))
    blue = stroke(photo, (0.85, 0.35), (40, 60, 200))
    both = pooled(photo, red + blue)
    groups = group(both, photo.geometry.cells[1])
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = reach_of(colorizer, photo).maps(both, groups)
        torch.set_num_threads(2)
        two = reach_of(colorizer, photo).maps(both, groups)
    finally:
        torch.set_num_threads(usual)
    assert (one == two).all()


def test_strength_does_not_change_how_far_a_stroke_goes(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    hints = stroke(photo, (0.75, 0.3), (200, 40, 40))
    whole, half = (
        propagate(
            colorizer._painted.graph(photo), pooled(photo, hints, s), reach_of(colorizer, photo)
        )
        for s in (1.0, 0.5)
    )
    assert whole.trust.max() > 0.9
    assert half.trust == pytest.approx(0.5 * whole.trust, abs=1e-5)


def test_few_maps_are_kept() -> None:
    maps = ReachMaps()
    for number in range(KEPT_MAPS + 5):
        maps.keep(str(number).encode(), np.zeros(4, np.float32))
    assert maps.get(b"0") is None
    assert maps.get(str(KEPT_MAPS + 4).encode()) is not None
    assert maps.nbytes == KEPT_MAPS * 16


def test_the_decoder_fades_into_the_mixture(
    colorizer: Colorizer, photo: EncodedPhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many strokes the mixture answers, between the two bounds both, never a jump."""
    hints = Hints()
    for number in range(8):
        color = ((40, 200), (200, 40))[number % 2]
        hints = hints + stroke(photo, (0.08 + 0.11 * number, 0.4), (*color, 10 * number))
    graph, many = colorizer._painted.graph(photo), pooled(photo, hints)
    reach = reach_of(colorizer, photo)
    monkeypatch.setattr(propagation, "MOST_STROKES", (8, 16))
    decoded = propagate(graph, many, reach)
    monkeypatch.setattr(propagation, "MOST_STROKES", (0, 8))
    mixed = propagate(graph, many, reach)
    assert (mixed.trust == propagate(graph, many).trust).all()
    monkeypatch.setattr(propagation, "MOST_STROKES", (0, 16))
    between = propagate(graph, many, reach)
    assert np.abs(decoded.trust - mixed.trust).max() > 0.2
    assert between.weight.sum(axis=1) == pytest.approx(
        0.5 * decoded.weight.sum(axis=1) + 0.5 * mixed.weight.sum(axis=1), abs=1e-5
    )


def test_a_dot_far_from_paint_takes_nothing_and_a_patch_does() -> None:
    trust = np.zeros((60, 60))
    trust[0, 55] = 0.9  # a dot at the picture's edge
    trust[40:50, 40:50] = 0.9  # the other sleeve
    trust[5:9, 5:9] = 0.9  # the stroke's own object
    trust[12, 5] = 0.9  # a dot close to the stroke
    lone = lone_patches(trust.ravel(), np.array([6 * 60 + 6]), (60, 60)).reshape(60, 60)
    assert np.argwhere(lone).tolist() == [[0, 55]]


@pytest.mark.slow
def test_long_photos_have_one_set_of_features(colorizer: Colorizer) -> None:
    """Seen in two windows, a panorama's strokes work as anywhere, also where the windows meet."""
    rng = np.random.default_rng(0)
    plane = np.repeat(rng.integers(40, 220, (8, 160), np.uint8).repeat(8, 0), 8, axis=1)
    photo = colorizer.encode(plane, render_size=128)
    assert len(photo.geometry.windows(128)) > 1
    features = photo.strokes
    assert features is not None
    rows, columns = photo.geometry.cells
    assert features.embedding.shape[-2:] == (-(-rows // 8) * 8, -(-columns // 8) * 8)
    assert features.at32.shape[-1] * 8 == features.embedding.shape[-1]
    assert all(bool(torch.isfinite(t).all()) for t in features)
    rgba = np.zeros((*plane.shape, 4), np.uint8)
    rgba[20:40, 600:700] = (200, 40, 40, 255)
    red = colorizer.colorize(photo, Hints.from_rgba(rgba)).astype(int)
    assert (red[30, 620:680, 0] - red[30, 620:680, 2]).min() > 0


def painted_over(width: int, colors: list[str], ends: list[tuple[int, ...]]) -> np.ndarray:
    """Lines with smooth edges, each over the ones before it; (512, 512, 4)."""
    canvas = Image.new("RGB", (2048, 2048))
    covered = Image.new("L", (2048, 2048))
    for color, line in zip(colors, ends):
        scaled = [4 * v for v in line]
        ImageDraw.Draw(canvas).line(scaled, color, 4 * width)
        ImageDraw.Draw(covered).line(scaled, 255, 4 * width)
    small = [np.asarray(i.resize((512, 512), Image.Resampling.BOX)) for i in (canvas, covered)]
    alpha = small[1][..., None]
    straight = small[0] * 255.0 / np.maximum(alpha, 1)
    return np.concatenate([np.rint(straight).clip(0, 255).astype(np.uint8), alpha], axis=2)


def ab_of(colors: list[str]) -> np.ndarray:
    """(K, 2)."""
    return rgb2lab(np.array([parse_color(color) for color in colors]) / 255.0)[:, 1:]


@pytest.mark.parametrize("width", [4, 9, 20])
def test_strokes_that_cross_are_not_more_for_their_smooth_edges(
    colorizer: Colorizer, astronaut: np.ndarray, width: int
) -> None:
    geometry = colorizer.encode(astronaut).geometry
    colors = ["#c03020", "#2050c0", "#30a040"]
    rgba = painted_over(
        width, colors, [(60, 256, 450, 262), (150, 60, 158, 450), (300, 60, 360, 450)]
    )
    assert len(np.unique(rgba[..., :3].reshape(-1, 3), axis=0)) > 12  # edges mix the colors
    pooled = pool(flatten(Hints.from_rgba(rgba), geometry), geometry, 1.0)
    groups = group(pooled, geometry.cells[1])
    # Three, and a wide one cuts those that it crosses.
    assert groups.count == 3 if width == 4 else groups.count <= 5
    for found in groups.ab:
        assert min(np.linalg.norm(found - own) for own in ab_of(colors)) < 4


def test_the_smooth_edge_between_two_paints_is_found_across_and_down() -> None:
    red, blue = np.array([200, 40, 30, 255]), np.array([20, 60, 220, 255])
    row = np.stack([red, red, red, 0.7 * red + 0.3 * blue, blue, blue, blue])
    across = np.rint(np.broadcast_to(row, (5, 7, 4))).astype(np.uint8)
    for paint in (across, across.swapaxes(0, 1)):
        found = smooth_edges(paint, (0, paint.shape[0]), (0, paint.shape[1]))
        assert found is not None
        wanted = np.arange(7) == 3
        assert (found == (wanted if paint is across else wanted[:, None])).all()
    # Of a part, too, whose other side lies outside.
    found = smooth_edges(across, (1, 3), (2, 4))
    assert found is not None
    assert found.tolist() == [[False, True]] * 2


def test_no_paint_is_left_without_effect(colorizer: Colorizer, photo: EncodedPhoto) -> None:
    """A thin translucent strip of two colors is all rim."""
    strip = np.zeros((40, 4, 4), np.uint8)
    strip[:, :2], strip[:, 2:] = (200, 40, 30, 200), (20, 60, 220, 200)
    hints = Hints((HintPatch(strip, 250, 300),))
    assert pool(flatten(hints, photo.geometry), photo.geometry, 1.0).number.size
    changed = colorizer.colorize(photo, hints) != colorizer.colorize(photo)
    assert changed[300:340, 250:254].any(axis=-1).all()


def test_a_stroke_that_was_painted_over_is_one_stroke(
    colorizer: Colorizer, photo: EncodedPhoto
) -> None:
    """The old color looks out at the smooth edge of the new one, which covers it exactly."""
    lines = [(100, 200, 400, 260)]
    blue = painted_over(12, ["#2050c0"], lines)
    red = painted_over(12, ["#c03020"], lines)
    both = Hints((HintPatch(red), HintPatch(blue)))
    pooled = pool(flatten(both, photo.geometry), photo.geometry, 1.0)
    groups = group(pooled, photo.geometry.cells[1])
    assert groups.count == 1
    assert np.linalg.norm(groups.ab[0] - ab_of(["#2050c0"])[0]) < 3
    plain, blued, over = (
        colorizer.colorize(photo, hints).astype(int)
        for hints in (None, Hints.from_rgba(blue), both)
    )
    assert np.abs(over - blued).mean() < 0.05 * np.abs(blued - plain).mean()


@pytest.mark.parametrize(
    ("middle", "side"),
    [
        ((110, 200, 125, 255), (20, 60, 220, 255)),  # a line of another color
        ((200, 40, 30, 90), (200, 40, 30, 0)),  # a smooth edge towards nothing
        ((20, 60, 220, 255), (0, 0, 0, 0)),  # an outline
        ((195, 44, 40, 255), (190, 48, 50, 255)),  # the steps of one color that changes
        ((200, 40, 30, 120), (200, 40, 30, 255)),  # one color, thinner
    ],
)
def test_what_is_painted_by_itself_is_no_edge(
    middle: tuple[int, ...], side: tuple[int, ...]
) -> None:
    red = (200, 40, 30, 255)
    paint = np.array([[red, red, red, middle, side, side, side]] * 5, np.uint8)
    assert smooth_edges(paint, (0, 5), (0, 7)) is None
