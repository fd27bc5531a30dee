"""100 megapixels, a panorama of 20,000 x 5,000: Python, command line, HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from handtint_model import load_colorizer, luminance_of
from handtint_server.cli import main
from handtint_server.client import Client

from . import pictures
from .conftest import Live

WIDTH, HEIGHT = 20_000, 5_000
ROWS = [0, 1, 2499, 2500, HEIGHT - 1]

pytestmark = [pytest.mark.timeout(1200), pytest.mark.slow]


@pytest.fixture(scope="module")
def panorama() -> NDArray[np.uint16]:
    """Blocks with noise; every block of 1000 x 1000 pixels has another mean."""
    tile = pictures.photo(1000, 1000).astype(np.uint16) * 200
    means = np.random.default_rng(3).integers(0, 9000, (HEIGHT // 1000, WIDTH // 1000))
    large = np.tile(tile, means.shape)
    for (i, j), mean in np.ndenumerate(means):
        large[i * 1000 : (i + 1) * 1000, j * 1000 : (j + 1) * 1000] += np.uint16(mean)
    return large


def assert_right(rgb: NDArray[Any], plane: NDArray[Any]) -> None:
    assert rgb.shape == (HEIGHT, WIDTH, 3)
    assert rgb.dtype == plane.dtype
    for row in ROWS:
        np.testing.assert_array_equal(luminance_of(rgb[row : row + 1]), plane[row : row + 1])
    thin = rgb[::500, ::50].astype(int)
    columns = np.ptp(thin, axis=2).max(axis=0)
    assert (columns > np.iinfo(plane.dtype).max / 100).mean() > 0.9  # coloured from end to end


def test_python(panorama: NDArray[np.uint16], tiny_weights: Path) -> None:
    colorizer = load_colorizer(tiny_weights, "cpu")
    assert_right(colorizer.colorize(colorizer.encode(panorama)), panorama)


def test_command_line(panorama: NDArray[np.uint16], tiny_weights: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, panorama)
    more = ["--weights", str(tiny_weights), "--device", "cpu"]
    assert main(["colorize", str(source), *more]) == 0
    assert_right(tifffile.imread(tmp_path / "a.colorized.tif"), panorama)


def test_http(panorama: NDArray[np.uint16], live: Live) -> None:
    plane = (panorama >> 8).astype(np.uint8)
    with Client(live.url, live.token) as client:
        assert_right(client.colorize(plane).pixels, plane)
