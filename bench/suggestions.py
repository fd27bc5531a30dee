"""Suggestions: do nine of them hold the true colour, and how much better than fixed ones?

    python bench/suggestions.py DATA/kodak DATA/photos/val.tar [--limit 60]
        [--train DATA/photos/train]

At random points of true chroma above 20, a colour is held if one of the nine lies within
10 units of ab.  Two rivals, found anew with --train: the nine fixed colours that hold most
pixels of the training photos, and, knowing the rule of this game, those that hold most
pixels of chroma above 20.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from tqdm import tqdm

from handtint_model import load_colorizer
from handtint_model.evaluation.lab import rgb_to_lab
from handtint_model.evaluation.photos import PhotoFile, evenly, find_photos
from handtint_model.evaluation.protocols import protocol

Array = NDArray[Any]

NUMBER = 9
WITHIN = 10.0
CHROMA = 20.0
POINTS = 50  # per photo

USUAL = np.array(
    [(3, 5), (3, 22), (1, -13), (-13, 17), (19, 13), (17, 32), (-13, 0), (0, -31), (-14, 33)],
    float,
)
"""(9, 2) ab, as --train prints them: within 10 of 86 % of the training photos' pixels."""

CHROMATIC = np.array(
    [(7, 25), (-10, 26), (0, -26), (23, 19), (-22, 37), (18, 38), (-1, 42), (-22, 18), (7, -40)],
    float,
)
"""The same for pixels of chroma above 20: within 10 of 74 % of them."""

_STEP, _REACH = 1.0, 130  # of the histogram over ab


def histogram(photos: Iterable[PhotoFile]) -> Array:
    """Pixels of the photos by ab, in steps of 1 from -130 to 130."""
    size = 2 * _REACH + 1
    count = np.zeros((size, size))
    for photo in photos:
        # Every third pixel each way is plenty for a histogram.
        ab = rgb_to_lab(photo.read()[::3, ::3] / 255.0)[..., 1:].reshape(-1, 2)
        place = np.rint(ab / _STEP).astype(int) + _REACH
        np.add.at(count, tuple(place.T), 1.0)
    return count


def best_fixed(count: Array) -> Array:
    """Nine colours that together hold as many of the counted pixels as possible.

    Greedy, then each in turn is placed anew given the others, until nothing changes.
    """
    size = len(count)
    axis = np.arange(-int(WITHIN), int(WITHIN) + 1)
    disc = (np.hypot(axis[:, None], axis[None]) <= WITHIN).astype(float)

    def best(free: Array) -> tuple[int, int]:
        held = signal.fftconvolve(free, disc, mode="same")
        a, b = np.unravel_index(int(held.argmax()), held.shape)
        return int(a), int(b)

    def without(chosen: list[tuple[int, int]]) -> Array:
        grid = np.arange(size)
        free = count.copy()
        for a, b in chosen:
            free[np.hypot(grid[:, None] - a, grid[None] - b) <= WITHIN] = 0.0
        return free

    chosen: list[tuple[int, int]] = []
    for _ in range(NUMBER):
        chosen.append(best(without(chosen)))
    for _ in range(20):
        before = list(chosen)
        for i in range(NUMBER):
            chosen[i] = best(without(chosen[:i] + chosen[i + 1 :]))
        if chosen == before:
            break
    share = 1.0 - without(chosen).sum() / count.sum()
    print(f"nine fixed colours hold {100 * share:.1f} % of the pixels")
    return (np.array(chosen, float) - _REACH) * _STEP


def held(ab: Array, colors: Array) -> bool:
    return bool((np.hypot(*(colors - ab).T) <= WITHIN).any())


def measure(colorizer: Any, photos: list[PhotoFile]) -> dict[str, float]:
    rules = protocol("siggraph17")
    ours, usual, chromatic, seconds = [], [], [], []
    for file in tqdm(photos, unit="photo", disable=None, leave=False):
        truth = rules.load(file.open(), name=file.name)
        places = np.argwhere(np.hypot(*np.moveaxis(truth.ab, -1, 0)) > CHROMA)
        if not len(places):
            continue
        generator = np.random.default_rng(zlib.crc32(file.name.encode()))
        photo = colorizer.encode(truth.luminance)
        for y, x in places[generator.integers(len(places), size=POINTS)]:
            start = time.perf_counter()
            suggestions = colorizer.suggest(photo, (int(x), int(y)), n=NUMBER)
            seconds.append(time.perf_counter() - start)
            ours.append(held(truth.ab[y, x], np.array([s.ab for s in suggestions])))
            usual.append(held(truth.ab[y, x], USUAL))
            chromatic.append(held(truth.ab[y, x], CHROMATIC))
    return {
        "points": len(ours),
        "ours miss": 1.0 - float(np.mean(ours)),
        "usual miss": 1.0 - float(np.mean(usual)),
        "chromatic miss": 1.0 - float(np.mean(chromatic)),
        "milliseconds": 1000 * float(np.median(seconds)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", type=Path, help="photos: tar shards or folders")
    parser.add_argument("--limit", type=int, help="at most so many photos of each set")
    parser.add_argument("--weights", type=Path, help="default: the embedded ones")
    parser.add_argument("--train", type=Path, help="find the nine fixed colours anew")
    arguments = parser.parse_args()
    if arguments.train is not None:
        count = histogram(find_photos([arguments.train]))
        print(best_fixed(count).astype(int).tolist())
        axis = np.arange(len(count)) - _REACH
        count[np.hypot(axis[:, None], axis[None]) <= CHROMA] = 0.0
        print(best_fixed(count).astype(int).tolist())
    if not arguments.sets:
        return
    colorizer = load_colorizer(arguments.weights)
    for path in arguments.sets:
        figures = measure(colorizer, evenly(find_photos([path]), arguments.limit))
        miss = figures["ours miss"]
        print(f"{path.name}: {figures['points']} points, {figures['milliseconds']:.1f} ms each")
        print(f"  ours miss {100 * miss:.1f} %")
        for rival in ("usual", "chromatic"):
            other = figures[f"{rival} miss"]
            ratio = miss / max(other, 1e-9)
            print(f"  nine fixed, {rival}, miss {100 * other:.1f} %; ours to theirs {ratio:.2f}")


if __name__ == "__main__":
    main()
