"""Rendering: luminance kept exactly, any size and depth, regions, strips, bad input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handtint_model import BadImage, BadOption, Cancelled
from handtint_model import kernels as choice
from handtint_model.color.constants import RGB_TO_XYZ
from handtint_model.color.conversions import linear_to_lab, srgb_decode, srgb_encode
from handtint_model.render import render as module
from handtint_model.render.render import render, upsample_ab

TOPS = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0}


@pytest.fixture(params=["numba", "numpy"])
def kernel_set(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Both sets of inner loops."""
    monkeypatch.setenv("HANDTINT_NUMBA", "1" if request.param == "numba" else "0")
    choice.kernels.cache_clear()
    assert choice.kernels().__name__.endswith(request.param)
    yield request.param
    choice.kernels.cache_clear()


def luminance_code(rgb: np.ndarray) -> np.ndarray:
    """Y' in codes, not rounded, by the definition in double precision."""
    top = TOPS[rgb.dtype.type]
    return srgb_encode(srgb_decode(rgb / np.float64(top)) @ RGB_TO_XYZ[1]) * top


def lab(rgb: np.ndarray) -> np.ndarray:
    return linear_to_lab(srgb_decode(rgb / np.float64(TOPS[rgb.dtype.type])))


def ramp(dtype: type, height: int = 64, width: int = 512) -> np.ndarray:
    values = np.linspace(0, TOPS[dtype], height * width).reshape(height, width)
    return values.astype(dtype)


def wild_cells(rows: int, columns: int, seed: int = 0, size: float = 128) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-size, size, (2, rows, columns)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_keeps_luminance_of_every_pixel_exactly(kernel_set: str, dtype: type) -> None:
    plane = ramp(dtype)
    result = render(plane, wild_cells(16, 128), (0.25, 0.25))
    assert result.dtype == dtype
    assert result.shape == (64, 512, 3)
    np.testing.assert_array_equal(np.rint(luminance_code(result)), plane)
    assert np.ptp(result.astype(int), axis=2).mean() > 0.1 * TOPS[dtype]  # it is colourful


@pytest.mark.slow
def test_keeps_luminance_of_every_code_at_every_hue(kernel_set: str) -> None:
    codes = np.arange(65536, dtype=np.uint16)
    plane = np.tile(codes, (24, 1))
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ab = np.stack([np.cos(angle), np.sin(angle)])[:, :, None] * np.ones(65536) * 200
    result = render(plane, ab.astype(np.float32), (1.0, 1.0))
    np.testing.assert_array_equal(np.rint(luminance_code(result)), plane)


def test_keeps_luminance_of_floats(kernel_set: str) -> None:
    plane = ramp(np.float32)
    plane[0, :3] = (1e-7, 1e-5, 0.9999999)
    result = render(plane, wild_cells(16, 128), (0.25, 0.25))
    expected = srgb_decode(plane.astype(np.float64))
    found = srgb_decode(result.astype(np.float64)) @ RGB_TO_XYZ[1]
    assert np.abs(found - expected).max() > 0  # it was computed, not copied
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)
    assert result.min() >= 0
    assert result.max() <= 1


def test_float_values_above_white_stay(kernel_set: str) -> None:
    plane = np.array([[0.5, 1.0, 1.5, 40.0, -0.25]], np.float32)
    result = render(plane, np.full((2, 1, 5), 60, np.float32), (1.0, 1.0))
    np.testing.assert_array_equal(result[0, 1:], np.repeat(plane[0, 1:, None], 3, axis=1))
    assert np.ptp(result[0, 0]) > 0.1


def test_gray_cells_give_gray_pixels(kernel_set: str) -> None:
    for dtype in (np.uint8, np.uint16):
        plane = ramp(dtype)
        result = render(plane, np.zeros((2, 4, 32), np.float32), (1 / 16, 1 / 16))
        np.testing.assert_array_equal(result, np.repeat(plane[..., None], 3, axis=2))


def test_colors_are_those_asked_for(kernel_set: str) -> None:
    plane = np.full((32, 32), 30000, np.uint16)
    cells = np.stack([np.full((2, 2), 20.0), np.full((2, 2), -30.0)])
    result = render(plane, cells, (1 / 16, 1 / 16))
    found = lab(result)
    np.testing.assert_allclose(found[..., 1], 20, atol=0.01)
    np.testing.assert_allclose(found[..., 2], -30, atol=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (1, 97), (211, 1), (3, 2), (33, 70)])
@pytest.mark.parametrize("cell", [0.3, 1.0, 2.5, 13.7, 400.0])
def test_any_size_and_cell(kernel_set: str, shape: tuple[int, int], cell: float) -> None:
    cells = tuple(int(np.ceil(n / cell)) for n in shape)
    plane = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    result = render(plane, wild_cells(*cells), (1 / cell, 1 / cell))
    np.testing.assert_array_equal(np.rint(luminance_code(result)), plane)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.floats(0.4, 30),
    st.sampled_from([np.uint8, np.uint16, np.float32]),
    st.data(),
)
def test_a_region_has_the_values_of_the_whole(
    height: int, width: int, cell: float, dtype: type, data: st.DataObject
) -> None:
    rng = np.random.default_rng(height * 64 + width)
    plane = (rng.random((height, width)) * TOPS[dtype]).astype(dtype)
    cells = wild_cells(int(np.ceil(height / cell)), int(np.ceil(width / cell)), size=60)
    x = data.draw(st.integers(0, width - 1))
    y = data.draw(st.integers(0, height - 1))
    w = data.draw(st.integers(1, width - x))
    h = data.draw(st.integers(1, height - y))
    per_pixel = (1 / cell, 1 / cell)
    whole = render(plane, cells, per_pixel)
    part = render(plane, cells, per_pixel, region=(x, y, w, h))
    np.testing.assert_array_equal(part, whole[y : y + h, x : x + w])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_strips_and_threads_do_not_matter(
    kernel_set: str, dtype: type, monkeypatch: pytest.MonkeyPatch, astronaut: np.ndarray
) -> None:
    plane = astronaut if dtype == np.uint8 else (astronaut / np.float32(255))
    cells = wild_cells(37, 37, size=50)
    per_pixel = (37 / 512, 37 / 512)
    results = []
    for pixels, threads in ((1 << 30, 1), (1, 1), (5000, 3)):
        monkeypatch.setattr(module, "_STRIP_PIXELS", pixels)
        monkeypatch.setenv("HANDTINT_THREADS", str(threads))
        results.append(render(plane, cells, per_pixel))
    for other in results[1:]:
        if kernel_set == "numba":
            np.testing.assert_array_equal(other, results[0])
        else:  # NumPy rounds the ends of its vectors in another way
            np.testing.assert_allclose(
                other.astype(float), results[0].astype(float), atol=TOPS[dtype] / 255, rtol=0
            )
            assert (other != results[0]).mean() < (1e-4 if dtype == np.uint8 else 1)


def test_numpy_and_numba_agree(monkeypatch: pytest.MonkeyPatch, astronaut: np.ndarray) -> None:
    cells = wild_cells(32, 32, size=70)
    results = []
    for value in ("1", "0"):
        monkeypatch.setenv("HANDTINT_NUMBA", value)
        choice.kernels.cache_clear()
        results.append(render(astronaut, cells, (1 / 16, 1 / 16)).astype(int))
    choice.kernels.cache_clear()
    difference = np.abs(results[1] - results[0])
    assert difference[..., [0, 2]].max() <= 1
    # Green makes up for red and blue, and where it is dark a little light is several codes.
    assert difference.max() <= 3
    assert (difference > 1).mean() < 1e-5
    assert (difference > 0).mean() < 0.01


def test_inputs_may_be_read_only_views(astronaut: np.ndarray) -> None:
    cells = wild_cells(16, 32, size=40)
    view = astronaut[::2]
    view.setflags(write=False)
    cells.setflags(write=False)
    expected = render(np.ascontiguousarray(view), cells, (1 / 16, 1 / 16))
    np.testing.assert_array_equal(render(view, cells, (1 / 16, 1 / 16)), expected)
    wide = np.zeros((256, 1024, 3), np.uint8)
    out = render(view, cells, (1 / 16, 1 / 16), out=wide[:, ::2])
    np.testing.assert_array_equal(wide[:, ::2], expected)
    assert out.base is wide
    assert not wide[:, 1::2].any()


class Given:
    """Colours (H, W, 2) as they are."""

    def __init__(self, ab: np.ndarray) -> None:
        self.ab = ab.astype(np.float32)

    def colors(self, f: np.ndarray, top: int, left: int) -> np.ndarray:
        height, width = f.shape
        part = self.ab[top : top + height, left : left + width]
        return np.ascontiguousarray(part.transpose(2, 0, 1))


def test_colors_may_come_pixel_by_pixel(kernel_set: str) -> None:
    plane = np.full((40, 60), 40000, np.uint16)
    per_pixel = (1 / 16, 1 / 16)
    expected = np.zeros((40, 60, 2), np.float32)
    expected[6:16, 5:17] = 25
    expected[:, 51:] = -15

    found = lab(render(plane, Given(expected), per_pixel))[..., 1:]
    np.testing.assert_allclose(found, expected, atol=0.02)
    part = render(plane, Given(expected), per_pixel, region=(10, 10, 45, 20))
    np.testing.assert_allclose(lab(part)[..., 1:], expected[10:30, 10:55], atol=0.02)


def test_saturated_paint_keeps_luminance(kernel_set: str, astronaut: np.ndarray) -> None:
    ab = np.zeros((512, 512, 2))
    ab[:, 100:300] = 300
    result = render(astronaut, Given(ab), (1 / 16,) * 2)
    np.testing.assert_array_equal(np.rint(luminance_code(result)), astronaut)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_refuses_what_is_not_finite(kernel_set: str, value: float) -> None:
    plane = np.full((20, 20), 0.5, np.float32)
    cells = np.zeros((2, 2, 2), np.float32)
    bad_plane = plane.copy()
    bad_plane[7, 3] = value
    with pytest.raises(BadImage, match="NaN or infinity"):
        render(bad_plane, cells, (0.1, 0.1))
    bad_cells = cells.copy()
    bad_cells[1, 0, 1] = value
    with pytest.raises(BadImage, match="NaN or infinity"):
        render(plane, bad_cells, (0.1, 0.1))


@pytest.mark.parametrize(
    ("plane", "cells", "per_pixel", "words"),
    [
        (np.zeros((4, 4, 3), np.uint8), (2, 1, 1), (0.1, 0.1), "shape"),
        (np.zeros((4, 4), np.float64), (2, 1, 1), (0.1, 0.1), "uint8, uint16 or float32"),
        (np.zeros((4, 4), ">u2"), (2, 1, 1), (0.1, 0.1), "uint8, uint16 or float32"),
        (np.zeros((0, 4), np.uint8), (2, 1, 1), (0.1, 0.1), "no pixels"),
        (np.zeros((4, 4), np.uint8), (3, 1, 1), (0.1, 0.1), "(2, h, w)"),
        (np.zeros((4, 4), np.uint8), (2, 0, 1), (0.1, 0.1), "(2, h, w)"),
        (np.zeros((4, 40), np.uint8), (2, 1, 3), (0.1, 0.1), "do not cover"),
        (np.zeros((4, 4), np.uint8), (2, 1, 1), (0.0, 0.1), "above 0"),
    ],
)
def test_bad_input_gives_one_sentence(
    plane: np.ndarray, cells: tuple[int, int, int], per_pixel: tuple[float, float], words: str
) -> None:
    with pytest.raises(BadImage) as caught:
        render(plane, np.zeros(cells, np.float32), per_pixel)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("region", [(0, 0, 11, 1), (-1, 0, 2, 2), (0, 0, 0, 1), (9, 9, 2, 1)])
def test_refuses_regions_outside(region: tuple[int, int, int, int]) -> None:
    plane, cells = np.zeros((10, 10), np.uint8), np.zeros((2, 1, 1), np.float32)
    for call in (render, upsample_ab):
        with pytest.raises(BadOption, match="does not lie inside"):
            call(plane, cells, (0.1, 0.1), region=region)


def test_progress_ends_at_one_and_may_cancel(
    monkeypatch: pytest.MonkeyPatch, astronaut: np.ndarray
) -> None:
    monkeypatch.setattr(module, "_STRIP_PIXELS", 1 << 12)
    cells = np.zeros((2, 32, 32), np.float32)
    for threads in ("1", "2"):
        monkeypatch.setenv("HANDTINT_THREADS", threads)
        told: list[tuple[str, float]] = []
        render(astronaut, cells, (1 / 16,) * 2, progress=lambda s, f, t=told: t.append((s, f)))
        assert [s for s, _ in told] == ["render"] * 64
        assert told[-1][1] == 1.0

        def stop(stage: str, fraction: float) -> None:
            if fraction > 0.1:
                raise Cancelled("enough")

        out = np.zeros((512, 512, 3), np.uint8)
        with pytest.raises(Cancelled):
            render(astronaut, cells, (1 / 16,) * 2, progress=stop, out=out)
        assert not out[480:].any()


@pytest.mark.slow
@pytest.mark.data
def test_keeps_luminance_of_kodak(data_folder: Path) -> None:
    paths = sorted((data_folder / "kodak").glob("*.png"))
    assert len(paths) == 24
    for path in paths:
        rgb = np.asarray(Image.open(path).convert("RGB"))
        plane = np.rint(luminance_code(rgb)).astype(np.uint8)
        for dtype, factor in ((np.uint8, 1), (np.uint16, 257)):
            source = plane.astype(dtype) * dtype(factor)
            cells = tuple(-(-n // 16) for n in plane.shape)
            result = render(source, wild_cells(*cells), (1 / 16, 1 / 16))
            np.testing.assert_array_equal(np.rint(luminance_code(result)), source)


@pytest.mark.slow
@pytest.mark.parametrize("numba", ["missing", "no cache folder"])
def test_works_without_numba_and_without_a_cache(numba: str, tmp_path: Path) -> None:
    """In a process of its own, as both are settled at import."""
    script = """
import sys
if sys.argv[1] == "missing":
    sys.modules["numba"] = None
import numpy as np
from handtint_model.kernels import kernels
from handtint_model.render.render import render
plane = np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16
np.save(sys.argv[2], render(plane, np.full((2, 4, 4), 30, np.float32), (1 / 16, 1 / 16)))
print(kernels().__name__)
"""
    out = tmp_path / "out.npy"
    environment = {**os.environ, "NUMBA_CACHE_DIR": "/proc/none"}
    environment.pop("HANDTINT_NUMBA", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, numba, str(out)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = "kernels.numpy" if numba == "missing" else "kernels.numba"
    assert done.stdout.strip().endswith(expected)
    plane = np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16
    here = render(plane, np.full((2, 4, 4), 30, np.float32), (1 / 16, 1 / 16))
    assert np.abs(np.load(out).astype(int) - here).max() <= 1
