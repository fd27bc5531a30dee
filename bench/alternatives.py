"""Alternatives: how much the best of four gains, how coherent and how different they are.

    python bench/alternatives.py DATA/photos/val.tar --limit 24 [--contact-sheet PNG] [--time]

gain        PSNR of the best of the four less that of the first, dB
spread      root mean square deviation of ab from its mean, inside regions of like truth: connected
            cells of 4 x 4 pixels whose true ab rounds to the same multiple of 12, at least 24 cells
different   share of the pixels in which two of the four are at least 8 ab apart: the least of all
            pairs
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from handtint_model import Colorizer, load_colorizer, luminance_of
from handtint_model.evaluation.lab import rgb_to_lab
from handtint_model.evaluation.photos import evenly, find_photos

CELL, LIKE, LEAST_CELLS = 4, 12.0, 24
APART, LEAST_SHARE = 8.0, 0.15
SIDE = 256


def small(image: Image.Image) -> NDArray[np.uint8]:
    """The photo with a short side of 256 pixels, sides of whole cells."""
    scale = SIDE / min(image.size)
    size = tuple(round(side * scale) // CELL * CELL for side in image.size)
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))


def cells(ab: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H, W, 2) to the means of 4 x 4 pixels."""
    height, width = (side // CELL for side in ab.shape[:2])
    parts = ab[: height * CELL, : width * CELL].reshape(height, CELL, width, CELL, 2)
    return np.asarray(parts.mean(axis=(1, 3)))


def regions(true_ab: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    """Masks (h, w) of cells of like truth that touch."""
    kind = np.rint(cells(true_ab) / LIKE)
    found = []
    for a, b in np.unique(kind.reshape(-1, 2), axis=0):
        parts, count = ndimage.label((kind == (a, b)).all(axis=2))
        sizes = np.bincount(parts.ravel())
        found += [parts == n for n in range(1, count + 1) if sizes[n] >= LEAST_CELLS]
    return found


def spread(ab: NDArray[np.float64], masks: list[NDArray[np.bool_]]) -> float:
    """Root mean square deviation of ab from its mean inside each region."""
    values = cells(ab)
    parts = [values[mask] - values[mask].mean(axis=0) for mask in masks]
    return float(np.sqrt(np.square(np.concatenate(parts)).sum(axis=1).mean())) if parts else 0.0


def psnr(rgb: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """dB of 8-bit pictures."""
    error = np.square(rgb.astype(np.float64) - truth).mean()
    return float(10.0 * np.log10(255.0**2 / error))


def measure(colorizer: Colorizer, truth: NDArray[np.uint8]) -> tuple[list[float], ...]:
    """(PSNR of each, spread of each, share of each pair that is apart, pictures) of one photo."""
    found = colorizer.alternatives(colorizer.encode(luminance_of(truth)))
    abs_ = [rgb_to_lab(rgb / 255.0)[..., 1:] for rgb in found]
    masks = regions(rgb_to_lab(truth / 255.0)[..., 1:])
    apart = [
        float((np.hypot(*np.moveaxis(x - y, -1, 0)) >= APART).mean())
        for x, y in itertools.combinations(abs_, 2)
    ]
    return (
        [psnr(rgb, truth) for rgb in found],
        [spread(ab, masks) for ab in abs_],
        apart,
        found,
    )


def show_time(colorizer: Colorizer) -> None:
    """Seconds of one photo of 1 megapixel: encoding, the first colors, all four."""
    side = np.linspace(0, 255, 1224)
    noise = np.random.default_rng(1).integers(0, 40, (816, 1224))
    plane = np.clip(side[None] * 0.8 + noise, 0, 255).astype(np.uint8)
    colorizer.colorize(colorizer.encode(plane))
    first, four = [], []
    for _ in range(3):
        start = time.perf_counter()
        photo = colorizer.encode(plane)
        colorizer.colorize(photo)
        middle = time.perf_counter()
        colorizer.alternatives(photo)
        first.append(middle - start)
        four.append(time.perf_counter() - middle)
    print(f"1 megapixel: first colorization {min(first):.3f} s, all four {min(four):.3f} s")


def main() -> None:
    """Print the figures of a set of photos."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="*")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--contact-sheet", type=Path)
    parser.add_argument("--time", action="store_true")
    chosen = parser.parse_args()
    colorizer = load_colorizer(device="cpu")
    if chosen.time:
        show_time(colorizer)
    if not chosen.photos:
        return
    rows, sheet = [], []
    for photo in evenly(find_photos(chosen.photos), chosen.limit):
        truth = small(photo.open())
        *figures, found = measure(colorizer, truth)
        rows.append(figures)
        strip = [*found, truth]
        sheet.append([np.asarray(Image.fromarray(x).resize((192, 144))) for x in strip])
    quality, within, apart = (np.array(column) for column in zip(*rows))
    gain = quality.max(axis=1) - quality[:, 0]
    error = gain.std() / np.sqrt(len(gain))
    print(
        f"{len(gain)} photos; first {quality[:, 0].mean():.2f} dB, "
        f"gain {gain.mean():.2f} (error {error:.2f})"
    )
    print("PSNR of each:  ", np.round(quality.mean(axis=0), 2))
    print("spread of each:", np.round(within.mean(axis=0), 2))
    worse = (within[:, 1:] > within[:, :1] * 1.05).mean(axis=0)
    print("photos where it is 5 % wider than the first's:", np.round(100 * worse), "%")
    least = apart.min(axis=1)
    enough = (least >= LEAST_SHARE).mean()
    print(
        f"different: median {np.median(least):.2f}, "
        f"at least {LEAST_SHARE} in {enough:.0%} of the photos"
    )
    if chosen.contact_sheet is not None:
        Image.fromarray(np.concatenate([np.concatenate(r, axis=1) for r in sheet])).save(
            chosen.contact_sheet
        )


if __name__ == "__main__":
    main()
