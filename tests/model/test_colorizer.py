"""The colorizer as a Python caller meets it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handtint_model import (
    BadImage,
    BadOption,
    Cancelled,
    ColorizeOptions,
    Colorizer,
    DeviceProblem,
    Hints,
    load_colorizer,
    luminance_of,
)
from handtint_model.automatic import cell_lightness
from handtint_model.cell_colors import Look
from handtint_model.evaluation.fit_decoding import COLOR_SMOOTHING
from handtint_model.hint_colors import layers_of


def plane(height: int, width: int, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """Smooth random blobs with a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    value = 0.5 + 0.3 * np.sin(7 * x + 3 * y) * np.cos(5 * y) + rng.normal(0, 0.02, (height, width))
    top = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    return (value.clip(0, 1) * top).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_depth_size_and_luminance_are_kept(tiny_colorizer: Colorizer, dtype: type) -> None:
    luminance = plane(90, 140, dtype)
    before = luminance.copy()
    hints = Hints.from_points([(70, 40, "#ff2000"), (10, 80, "#0040ff")], radius=9)
    photo = tiny_colorizer.encode(luminance)
    rgb = tiny_colorizer.colorize(photo, hints, vividness=0.8)
    assert rgb.shape == (90, 140, 3)
    assert rgb.dtype == dtype
    assert (luminance == before).all()
    again = luminance_of(rgb)
    if dtype == np.float32:
        assert again == pytest.approx(luminance, abs=2e-5)
    else:
        assert (again == luminance).all()
    assert np.ptp(rgb.astype(float), axis=2).max() > 0.2 * (1 if dtype == np.float32 else 255)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 500), (500, 1), (2, 3), (31, 33), (40, 900), (1000, 60)]
)
def test_any_shape(tiny_colorizer: Colorizer, shape: tuple[int, int]) -> None:
    photo = tiny_colorizer.encode(plane(*shape), render_size=128)
    hints = Hints.from_points([(shape[1] // 2, shape[0] // 2, "#c04030")], radius=2)
    assert tiny_colorizer.colorize(photo, hints).shape == (*shape, 3)
    rows, columns = photo.geometry.cells
    cy, cx = photo.geometry.cells_per_pixel
    assert rows >= cy * shape[0] - 1e-9
    assert columns >= cx * shape[1] - 1e-9


@pytest.mark.slow
def test_long_pictures_have_no_seams(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    # Twelve times the same picture side by side, mirrored so that it has no edges of its own.
    tile = astronaut[::4, ::4]
    long = np.hstack([tile, tile[:, ::-1]] * 6)
    photo = colorizer.encode(long, render_size=128)
    assert len(photo.geometry.windows(128)) > 1
    ab = colorizer._automatic(photo, Look(0.0)).ab
    steps = np.abs(np.diff(ab, axis=2)).mean(axis=(0, 1))
    assert steps.max() < 6 * np.median(steps) + 2


def test_no_hints_to_the_bit(tiny_colorizer: Colorizer) -> None:
    photo = tiny_colorizer.encode(plane(80, 100))
    automatic = tiny_colorizer.colorize(photo)
    paint = np.zeros((80, 100, 4), np.uint8)
    paint[..., :3] = 200
    for hints in (Hints(), Hints.from_rgba(paint), Hints.from_points([])):
        assert np.array_equal(tiny_colorizer.colorize(photo, hints), automatic)
    red = Hints.from_points([(50, 40, "#ff0000")], radius=20)
    assert np.array_equal(tiny_colorizer.colorize(photo, red, strength=0.0), automatic)
    outside = Hints.from_rgba(np.full((40, 40, 4), 255, np.uint8), 5000, 20)
    assert np.array_equal(tiny_colorizer.colorize(photo, outside), automatic)
    assert not np.array_equal(tiny_colorizer.colorize(photo, red), automatic)
    # No state is left behind.
    assert np.array_equal(tiny_colorizer.colorize(photo), automatic)


def test_region_is_a_cut_of_the_whole(tiny_colorizer: Colorizer) -> None:
    photo = tiny_colorizer.encode(plane(200, 300))
    hints = Hints.from_points([(120, 90, "#ff2000")], radius=14)
    whole = tiny_colorizer.colorize(photo, hints)
    part = tiny_colorizer.colorize(photo, hints, region=(100, 60, 83, 71))
    assert np.array_equal(part, whole[60:131, 100:183])


def test_regions_one_after_the_other_share_work(tiny_colorizer: Colorizer) -> None:
    """The colours of the hints are made once; other hints, options or paint make them anew."""
    photo = tiny_colorizer.encode(plane(200, 300))
    rgba = np.zeros((20, 30, 4), np.uint8)
    rgba[4:16, 4:26] = (255, 30, 0, 255)
    layer = Hints.from_rgba(rgba, 100, 80)
    left, right = (0, 0, 150, 200), (150, 0, 150, 200)
    apart = tiny_colorizer.encode(plane(200, 300))  # nothing is kept with this one
    first = tiny_colorizer.colorize(photo, layer, region=left)
    kept = [*photo.results._corrected.values()]
    second = tiny_colorizer.colorize(photo, layer, region=right)
    assert all(a is b for a, b in zip(photo.results._corrected.values(), kept, strict=True))
    whole = tiny_colorizer.colorize(photo, layer)
    assert np.array_equal(np.hstack([first, second]), whole)
    assert np.array_equal(tiny_colorizer.colorize(apart, layer), whole)
    assert photo.results.nbytes > apart.results.nbytes
    tiny_colorizer.colorize(photo, layer, region=left)
    rgba[4:16, 4:26] = (0, 60, 255, 255)  # what the caller does with its paint afterwards
    blue = Hints.from_rgba(rgba, 100, 80)
    for hints, options in ((blue, {}), (layer, {"strength": 0.5}), (layer, {"vividness": 0.9})):
        part = tiny_colorizer.colorize(photo, hints, region=left, **options)
        new = tiny_colorizer.colorize(apart, hints, **options)
        assert np.array_equal(part, new[:, :150])


def test_transparent_pixels_influence_nothing(tiny_colorizer: Colorizer) -> None:
    one, other = plane(64, 64), plane(64, 64)
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:, 40:] = 0
    other[:, 44:] = 255 - other[:, 44:]
    first = tiny_colorizer.encode(one, alpha=alpha)
    second = tiny_colorizer.encode(other, alpha=alpha)
    assert np.array_equal(first.heads.logits.numpy(), second.heads.logits.numpy())


def test_probabilities_are_what_the_color_is_the_mean_of(tiny_colorizer: Colorizer) -> None:
    from handtint_model.color.bins import BINS

    photo = tiny_colorizer.encode(plane(80, 100))
    hints = Hints.from_points([(50, 40, "#ff4000"), (20, 20, "#0080ff")], radius=6)
    p = tiny_colorizer.probabilities(photo, hints, vividness=0.3)
    assert p.min() >= 0
    assert p.sum(axis=0) == pytest.approx(np.ones(photo.geometry.cells), abs=1e-4)
    found = layers_of(photo, hints, 1.0)
    ab = tiny_colorizer._painted.hinted_ab(
        photo, tiny_colorizer._automatic(photo, Look(0.3)).ab, found
    )
    # Soft encoding returns a painted colour within 0.7.
    assert np.abs(np.einsum("khw,kc->chw", p, BINS) - ab).max() < 0.75


def test_decided_colors_agree_once_more(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    """Within a surface colors change without a step; distributions follow their means."""
    from handtint_model.color.bins import BINS

    photo, look = colorizer.encode(astronaut), Look(0.5)
    cells = replace(
        colorizer._cells, decoding=replace(colorizer.decoding, color_smoothing=COLOR_SMOOTHING)
    )
    apart = replace(cells, decoding=replace(cells.decoding, color_smoothing=None))
    rough, smooth = apart.ab(photo, look), cells.ab(photo, look)

    lightness = cell_lightness(photo.guide, photo.geometry).numpy().reshape(rough.shape[1:])
    surface = np.abs(np.diff(lightness)) < 1.0

    def steps(ab: np.ndarray) -> float:
        return float(np.square(np.diff(ab)).sum(axis=0)[surface].mean())

    assert steps(smooth) < 0.6 * steps(rough)
    assert np.abs(smooth - rough).mean() < 1.0
    for one, ab in ((apart, rough), (cells, smooth)):
        p = one.distributions(photo, look)[0].numpy()
        assert p.min() >= 0.0
        np.testing.assert_allclose(p.sum(axis=0), 1.0, atol=1e-3)
        np.testing.assert_allclose(np.einsum("khw,kc->chw", p, BINS), ab, atol=0.02)


def test_suggestions(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    photo = colorizer.encode(astronaut)
    found = colorizer.suggest(photo, (256.0, 400.0))
    assert found == colorizer.suggest(photo, (256.0, 400.0))
    assert 2 <= len(found) <= 9
    assert [s.probability for s in found] == sorted((s.probability for s in found), reverse=True)
    assert sum(s.probability for s in found) == pytest.approx(1)
    ab = np.array([s.ab for s in found])
    apart = np.linalg.norm(ab[:, None] - ab[None], axis=-1) + 100 * np.eye(len(ab))
    assert apart.min() >= 8
    codes = np.array([[s.rgb for s in found]], np.uint8)
    # One lightness, that of the place: the suggestions differ in hue and chroma alone.
    assert np.ptp(luminance_of(codes).astype(int)) <= 3
    mask = np.zeros(astronaut.shape, bool)
    mask[380:420, 240:270] = True
    assert len(colorizer.suggest(photo, mask, n=4)) == 4
    painted = Hints.from_points([(256, 400, "#2060d0")], radius=12)
    first = colorizer.suggest(photo, (256.0, 400.0), painted)[0]
    assert first.probability > 0.4
    assert first.ab[1] < -20
    # Black leaves no room for nine.
    dark = colorizer.encode(np.full((40, 40), 2, np.uint8))
    assert 1 <= len(colorizer.suggest(dark, (20.0, 20.0))) < 9


@pytest.mark.parametrize("where", [(-1.0, 5.0), (5.0, 512.0), (np.nan, 3.0)])
def test_suggestions_outside_the_photo(
    colorizer: Colorizer, astronaut: np.ndarray, where: tuple[float, float]
) -> None:
    photo = colorizer.encode(astronaut)
    with pytest.raises(BadOption, match="outside"):
        colorizer.suggest(photo, where)


@pytest.mark.slow
def test_uncertainty(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    photo = colorizer.encode(astronaut)
    before = colorizer.uncertainty(photo)
    assert before.shape == photo.geometry.cells
    assert before.min() >= 0
    assert before.max() <= 1
    left, shares = before.copy(), []
    for _ in range(6):  # the places where a hint helps most, apart from each other
        row, column = (int(i) for i in np.unravel_index(left.argmax(), left.shape))
        hint = Hints.from_points([(8 * column + 4, 8 * row + 4, "#e07020")], radius=12)
        shares.append(colorizer.uncertainty(photo, hint)[row, column] / before[row, column])
        left[max(0, row - 8) : row + 9, max(0, column - 8) : column + 9] = 0.0
    assert np.mean(shares) < 0.7
    assert max(shares) <= 1.0


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.float64),
        np.zeros((4, 4), bool),
        np.full((4, 4), np.nan, np.float32),
        np.full((4, 4), np.inf, np.float32),
    ],
    ids=["empty", "rgb", "float64", "bool", "nan", "infinity"],
)
def test_bad_planes(tiny_colorizer: Colorizer, bad: np.ndarray) -> None:
    with pytest.raises(BadImage):
        tiny_colorizer.encode(bad)


def test_bad_options(tiny_colorizer: Colorizer, colorizer: Colorizer) -> None:
    photo = tiny_colorizer.encode(plane(40, 40))
    for values in ({"vividness": 1.5}, {"strength": -0.1}, {"strength": float("nan")}):
        with pytest.raises(BadOption, match="between 0 and 1"):
            tiny_colorizer.colorize(photo, **values)
        with pytest.raises(BadOption, match="between 0 and 1"):
            tiny_colorizer.probabilities(photo, **values)
    with pytest.raises(BadOption, match="at render size 256, not 384"):
        tiny_colorizer.colorize(photo, options=ColorizeOptions(render_size=384))
    with pytest.raises(BadOption, match="render_size"):
        tiny_colorizer.encode(plane(4, 4), render_size=64)
    with pytest.raises(BadOption, match="other weights"):
        colorizer.colorize(photo)
    with pytest.raises(BadOption, match="device is"):
        load_colorizer(device="abacus")
    with pytest.raises(DeviceProblem, match="cuda:99"):
        load_colorizer(device="cuda:99")


def test_progress_can_cancel(tiny_colorizer: Colorizer) -> None:
    seen: list[tuple[str, float]] = []

    def stop(stage: str, fraction: float) -> None:
        seen.append((stage, fraction))
        if stage == "render":
            raise Cancelled

    photo = tiny_colorizer.encode(plane(64, 64), progress=stop)
    with pytest.raises(Cancelled):
        tiny_colorizer.colorize(photo, progress=stop)
    assert {"reduce", "network", "render"} <= {stage for stage, _ in seen}


def test_what_hints_take_can_be_stopped_between_its_steps(tiny_colorizer: Colorizer) -> None:
    photo = tiny_colorizer.encode(plane(64, 64))
    hints = Hints.from_points([(20, 20, "#c04040")], radius=4)
    before: list[float] = []
    tiny_colorizer.colorize(photo, hints, progress=lambda _, done: before.append(done))
    assert before.count(0.0) >= 5
    calls = 0

    def stop(stage: str, fraction: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        tiny_colorizer.colorize(photo, hints, progress=stop)
    assert calls == 3


def test_vividness_makes_bolder(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    photo = colorizer.encode(astronaut)
    chroma = [
        np.hypot(*colorizer._automatic(photo, Look(vividness)).ab).mean()
        for vividness in (0.0, 0.5, 1.0)
    ]
    assert chroma[0] < chroma[1] < chroma[2]


@pytest.mark.parametrize("color", ["#c04040", "#f0b090", "#2030c0"])
def test_suggestions_where_something_is_painted(
    colorizer: Colorizer, astronaut: np.ndarray, color: str
) -> None:
    """What is painted comes first, as far as the gamut holds it there; then what is usual."""
    photo = colorizer.encode(astronaut)
    for place in ((250, 350), (330, 60)):  # both bright
        hints = Hints.from_points([(*place, color)], radius=6)
        painted = colorizer.colorize(photo, hints)[place[1], place[0]].astype(int)
        found = colorizer.suggest(photo, place, hints)
        assert len(found) == 9
        assert np.abs(np.array(found[0].rgb) - painted).max() < 30
        assert found[0].probability > 0.4
        greenish = [s for s in found if s.ab[0] < -25]
        assert len(greenish) <= 3
