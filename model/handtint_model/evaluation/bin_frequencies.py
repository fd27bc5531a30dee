"""How often each of the 313 ab bins occurs in the training photos.

The committed file ``bin_frequencies.json`` is what every checkpoint and every baseline
is weighted with, so that figures stay comparable.  It was made by

    python -m handtint_model.evaluation.bin_frequencies TRAIN_FOLDER
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..color.bins import BINS
from .lab import rgb_to_lab

Array = NDArray[Any]

FILE = Path(__file__).with_name("bin_frequencies.json")
_SPACING = 10.0


def nearest_bins(ab: Array) -> NDArray[np.int16]:
    """Index of the nearest bin centre: (..., 2) Lab a, b to (...) int16, 0..312."""
    table, low = _grid()
    cell = np.rint(np.asarray(ab) / _SPACING).astype(np.intp) - low
    cell = np.clip(cell, 0, np.array(table.shape) - 1)
    bins: NDArray[np.int16] = table[cell[..., 0], cell[..., 1]]
    # Where the nearest point of the whole grid is a bin, it is the nearest bin.
    outside = bins < 0
    if outside.any():
        colors = np.asarray(ab, np.float64)[outside]  # (n, 2)
        bins[outside] = _search(colors)
    return bins


def _search(colors: Array) -> NDArray[np.int16]:
    found = np.empty(len(colors), np.int16)
    for start in range(0, len(colors), 4096):
        part = colors[start : start + 4096, None]
        distance = ((part - BINS[None]) ** 2).sum(-1)
        found[start : start + 4096] = distance.argmin(1)
    return found


@functools.cache
def _grid() -> tuple[NDArray[np.int16], NDArray[np.intp]]:
    """Bin index by grid place, -1 where no bin is, and the grid's lowest coordinates / 10."""
    place = np.rint(np.asarray(BINS) / _SPACING).astype(np.intp)
    low = place.min(0) - 1
    table = np.full(place.max(0) - low + 2, -1, np.int16)
    table[tuple((place - low).T)] = np.arange(len(place))
    return table, low


@functools.cache
def bin_frequencies() -> NDArray[np.float64]:
    """(313,) shares of the bins among the training photos' pixels, in the order of BINS."""
    record = json.loads(FILE.read_text())
    if not np.array_equal(np.asarray(record["bins"]), np.asarray(BINS)):
        raise RuntimeError(f"{FILE.name} was made for other bins; compute it again.")
    counts = np.asarray(record["counts"], np.float64)
    return np.asarray(counts / counts.sum())


def count_bins(photos: Iterable[Array]) -> tuple[int, NDArray[np.int64]]:
    """Count (H, W, 3) uint8 sRGB photos: the number of photos, and of pixels per bin."""
    bin_of_code = _bins_of_all_codes()
    counts = np.zeros(len(BINS), np.int64)
    number = 0
    for rgb in photos:
        r, g, b = np.moveaxis(rgb.astype(np.int32), -1, 0)
        counts += np.bincount(bin_of_code[(r << 16 | g << 8 | b).ravel()], minlength=len(BINS))
        number += 1
    return number, counts


def _bins_of_all_codes() -> NDArray[np.int16]:
    """The bin of each of the 2^24 colours: 33 MB, but much faster than Lab for every pixel."""
    table = np.empty((256, 256 * 256), np.int16)
    green, blue = np.divmod(np.arange(256 * 256), 256)
    for red in range(256):
        rgb = np.stack([np.full_like(green, red), green, blue], -1)[None]
        table[red] = nearest_bins(rgb_to_lab(rgb / 255.0)[..., 1:])[0]
    return table.ravel()


def main(paths: Sequence[str]) -> None:
    """Count the photos at ``paths`` and rewrite the committed file."""
    from .photos import find_photos

    photos = (photo.read() for photo in find_photos([Path(path) for path in paths]))
    number, counts = count_bins(photos)
    record = {
        "what": "pixels of the training photos by nearest ab bin, photos at stored size",
        "photos": number,
        "pixels": int(counts.sum()),
        "bins": np.asarray(BINS).tolist(),
        "counts": counts.tolist(),
    }
    FILE.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
