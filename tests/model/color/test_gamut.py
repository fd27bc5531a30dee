"""Gamut: chroma reduced at constant lightness and hue, against a slow search."""

from __future__ import annotations

import numpy as np
import pytest

from handtint_model.color.constants import WHITE, XYZ_TO_RGB
from handtint_model.color.conversions import lab_f_inverse, linear_to_lab
from handtint_model.color.gamut import chroma_limits, fit_chroma, hue_direction, hue_position
from handtint_model.kernels import numba as kernels_numba
from handtint_model.kernels import numpy as kernels_numpy

RIDGE = 800
"""So many samples lie on the ridge at yellow (L* 90..96, hue 90..108 degrees)."""


def inside(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Lab to linear sRGB, written out once more; whether all channels lie in 0..1."""

    def back(f: np.ndarray) -> np.ndarray:
        return np.where(f > 6 / 29, f**3, 108 / 841 * (f - 4 / 29))

    f = (lightness + 16) / 116
    xyz = np.stack([back(f + a / 500), back(f), back(f - b / 200)], axis=-1) * WHITE
    rgb = xyz @ XYZ_TO_RGB.T
    return ((rgb >= -1e-9) & (rgb <= 1 + 1e-9)).all(axis=-1)


def search(lightness: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """The smallest chroma, in steps of 0.02, from which colours lie outside."""
    limit = np.zeros_like(lightness)
    left = np.arange(len(lightness))  # those whose limit is not reached yet
    a, b = np.cos(hue), np.sin(hue)
    for chroma in np.arange(0.0, 140.0, 0.02):
        left = left[inside(lightness[left], chroma * a[left], chroma * b[left])]
        if not left.size:
            break
        limit[left] = chroma
    return limit


@pytest.fixture(scope="module")
def samples() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lightness, hue, and the chroma found by search."""
    rng = np.random.default_rng(7)
    lightness, hue = rng.uniform(1, 99, 3000), rng.uniform(0, 2 * np.pi, 3000)
    # More on the ridge at yellow, where the limit changes most.
    ridge = slice(0, RIDGE)
    lightness[ridge] = rng.uniform(90, 96, RIDGE)
    hue[ridge] = np.radians(rng.uniform(90, 108, RIDGE))
    return lightness, hue, search(lightness, hue)


@pytest.mark.parametrize("kernels", [kernels_numba, kernels_numpy])
def test_reduces_to_the_chroma_that_a_search_finds(samples, kernels) -> None:
    lightness, hue, limit = samples
    f = ((lightness + 16) / 116).astype(np.float32)
    y = lab_f_inverse(f).astype(np.float32)
    red, blue = (150 * np.cos(hue)).astype(np.float32), (150 * np.sin(hue)).astype(np.float32)
    kernels.linear_red_blue(y, f, red, blue, chroma_limits())
    green = (y - np.float32(0.2126) * red - np.float32(0.0722) * blue) / np.float32(0.7152)
    linear = np.stack([red, green, blue], axis=-1).astype(np.float64)
    assert linear.min() > -1e-5
    assert linear.max() < 1 + 1e-5
    found = linear_to_lab(linear)
    chroma = np.hypot(found[:, 1], found[:, 2])
    np.testing.assert_allclose(found[:, 0], lightness, atol=2e-3)
    # On the ridge colours may fit again beyond the limit; the mix with gray turns hue a bit.
    more = chroma - limit
    assert more[RIDGE:].max() < 0.3
    assert more[RIDGE:].min() > -1.5
    assert np.percentile(more[RIDGE:], 1) > -0.2
    assert np.percentile(more[:RIDGE], 99) < 1.0
    assert more[:RIDGE].min() > -7
    assert np.percentile(more[:RIDGE], 2) > -2.5
    turned = np.abs(np.angle(np.exp(1j * (np.arctan2(found[:, 2], found[:, 1]) - hue))))
    hue_difference = 2 * chroma * np.sin(turned / 2)
    assert hue_difference[RIDGE:].max() < 0.3
    assert hue_difference[:RIDGE].max() < 1.5


@pytest.mark.parametrize("kernels", [kernels_numba, kernels_numpy])
def test_leaves_colors_inside_alone(samples, kernels) -> None:
    lightness, hue, limit = samples
    chroma = limit * 0.97
    f = ((lightness + 16) / 116).astype(np.float32)
    y = lab_f_inverse(f).astype(np.float32)
    red, blue = ((chroma * turn(hue)).astype(np.float32) for turn in (np.cos, np.sin))
    kernels.linear_red_blue(y, f, red, blue, chroma_limits())
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    found = linear_to_lab(np.stack([red, green, blue], axis=-1).astype(np.float64))
    np.testing.assert_allclose(found[:, 1], chroma * np.cos(hue), atol=0.02)
    np.testing.assert_allclose(found[:, 2], chroma * np.sin(hue), atol=0.02)


def test_black_and_white_have_no_color() -> None:
    y = np.array([0, 1], np.float32)
    f = np.array([4 / 29, 1], np.float32)
    a, b = np.full(2, 90, np.float32), np.full(2, -40, np.float32)
    for channel in fit_chroma(y, f, a, b, chroma_limits()):
        np.testing.assert_array_equal(channel, y)


def test_hue_position_runs_once_around() -> None:
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    position = hue_position(np.cos(angle), np.sin(angle))
    assert (np.diff(position) > 0).all()
    assert position[0] == 0
    assert position[-1] < 4
    a, b = hue_direction(position)
    np.testing.assert_allclose(np.arctan2(b, a) % (2 * np.pi), angle, atol=1e-9)
    assert hue_position(np.zeros(1), np.zeros(1)) == 0
