"""Area averages of lightness."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model import BadImage
from handtint_model import kernels as choice
from handtint_model.color.conversions import lab_f, srgb_decode
from handtint_model.render import downsample as module
from handtint_model.render.downsample import reduce_lightness


@pytest.fixture(params=["numba", "numpy"], autouse=True)
def kernel_set(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HANDTINT_NUMBA", "1" if request.param == "numba" else "0")
    choice.kernels.cache_clear()
    yield request.param
    choice.kernels.cache_clear()


def lightness(plane: np.ndarray) -> np.ndarray:
    top = 1.0 if plane.dtype == np.float32 else np.iinfo(plane.dtype).max
    return 1.16 * lab_f(srgb_decode(plane / np.float64(top))) - 0.16


def by_hand(values: np.ndarray, weights: np.ndarray, height: int, width: int) -> np.ndarray:
    """Averages over rectangles, each pixel cut up exactly."""

    def shares(length: int, target: int) -> np.ndarray:
        edges = np.arange(target + 1) * length / target
        pixel = np.arange(length)
        upper = np.minimum(edges[1:, None], pixel + 1)
        return np.maximum(upper - np.maximum(edges[:-1, None], pixel), 0)

    rows, columns = shares(values.shape[0], height), shares(values.shape[1], width)
    return (rows @ (values * weights) @ columns.T) / (rows @ weights @ columns.T)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("target", [(10, 7), (50, 80), (1, 1), (33, 41), (49, 79)])
def test_is_the_average_over_each_new_pixel(dtype: type, target: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    plane = (rng.random((50, 80)) * top).astype(dtype)
    result = reduce_lightness(plane, *target)
    assert result.dtype == np.float32
    expected = by_hand(lightness(plane), np.ones((50, 80)), *target)
    np.testing.assert_allclose(result, expected, atol=2e-5)


def test_transparent_pixels_influence_nothing() -> None:
    rng = np.random.default_rng(1)
    plane = rng.integers(0, 65536, (60, 44), np.uint16)
    alpha = rng.integers(0, 2, plane.shape).astype(np.uint16) * 65535
    alpha[:, 30:] = 0
    result = reduce_lightness(plane, 9, 11, alpha)
    other = np.where(alpha > 0, plane, rng.integers(0, 65536, plane.shape)).astype(np.uint16)
    np.testing.assert_array_equal(reduce_lightness(other, 9, 11, alpha), result)
    opaque = by_hand(lightness(plane[:, :28]), alpha[:, :28] / 65535, 9, 7)
    np.testing.assert_allclose(result[:, :7], opaque, atol=2e-5)
    # Where all is transparent, the nearest value with weight.
    np.testing.assert_array_equal(result[:, 8:], np.repeat(result[:, 7:8], 3, axis=1))


def test_half_transparent_pixels_count_half() -> None:
    plane = np.array([[0, 255]], np.uint8)
    alpha = np.array([[85, 255]], np.uint8)
    np.testing.assert_allclose(reduce_lightness(plane, 1, 1, alpha), 0.75, atol=1e-6)


def test_all_transparent_is_middle_gray() -> None:
    plane = np.full((5, 5), 200, np.uint8)
    assert (reduce_lightness(plane, 2, 2, np.zeros_like(plane)) == 0.5).all()


def test_enlarging_interpolates() -> None:
    plane = np.array([[0.0, 1.0]], np.float32)
    result = reduce_lightness(plane, 3, 8)
    assert result.shape == (3, 8)
    np.testing.assert_allclose(result[1], [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1], atol=1e-5)


def test_mixed_axes() -> None:
    plane = np.random.default_rng(5).integers(0, 256, (4, 1000), np.uint8)
    result = reduce_lightness(plane, 16, 100)
    rows = by_hand(lightness(plane), np.ones(plane.shape), 4, 100)
    np.testing.assert_allclose(result[[0, -1]], rows[[0, -1]], atol=2e-5)


def test_threads_and_strips_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    plane = np.random.default_rng(2).integers(0, 256, (700, 300), np.uint8)
    results = []
    for pixels, threads in ((1 << 30, "1"), (1000, "1"), (1 << 12, "3")):
        monkeypatch.setattr(module, "_STRIP_PIXELS", pixels)
        monkeypatch.setenv("HANDTINT_THREADS", threads)
        results.append(reduce_lightness(plane, 93, 40))
    np.testing.assert_allclose(results[1], results[0], atol=1e-6)
    np.testing.assert_allclose(results[2], results[0], atol=1e-6)


def test_values_outside_are_clipped_and_nan_refused() -> None:
    plane = np.array([[-1.0, 5.0]], np.float32)
    np.testing.assert_allclose(reduce_lightness(plane, 1, 2), [[0, 1]], atol=1e-6)
    for value in (np.nan, np.inf):
        with pytest.raises(BadImage, match="NaN or infinity"):
            reduce_lightness(np.array([[value]], np.float32), 1, 1)
    with pytest.raises(BadImage, match="alpha"):
        reduce_lightness(plane, 1, 1, np.ones((2, 2), np.float32))
    with pytest.raises(BadImage, match="0 x 1"):
        reduce_lightness(plane, 1, 0)
