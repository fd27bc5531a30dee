"""Very many hints: 1,000 points, and a scribble over everything, against the first colorization.

    python bench/many_hints.py [--megapixels 1] [--repeat 5]

Prints the median seconds of encoding and colorizing a photo, and of each changed hint, with its
ratio to the former.  All of it in one process and in turns, so that the ratios hold on a busy
machine, too.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict

import numpy as np
from skimage import data, transform

from handtint_model import Hints, load_colorizer, luminance_of


def scribble(shape: tuple[int, int], generator: np.random.Generator) -> Hints:
    """Wide strokes of random colors in rows and columns over the whole picture."""
    rgba = np.zeros((*shape, 4), np.uint8)
    width, step = max(2, shape[0] // 120), max(6, shape[0] // 40)
    for axis, length in enumerate(shape):
        for start in range(0, length - width, step):
            color = (*generator.integers(256, size=3), 255)
            place = [slice(None), slice(None)]
            place[axis] = slice(start, start + width)
            rgba[tuple(place)] = color
    return Hints.from_rgba(rgba)


def points(shape: tuple[int, int], number: int, generator: np.random.Generator) -> Hints:
    """Points of random colors at random places."""
    places = generator.uniform(0, 1, (number, 2)) * (shape[1] - 1, shape[0] - 1)
    colors = generator.integers(256, size=(number, 3))
    return Hints.from_points([(x, y, tuple(c)) for (x, y), c in zip(places, colors)], radius=3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    gray = luminance_of(data.astronaut()) / 255.0
    side = round((arguments.megapixels * 1e6) ** 0.5)
    plane = np.rint(255 * transform.resize(gray, (side, side))).astype(np.uint8)
    colorizer = load_colorizer()
    colorizer.colorize(colorizer.encode(plane), points((side, side), 10, np.random.default_rng(9)))
    seconds: dict[str, list[float]] = defaultdict(list)
    for turn in range(arguments.repeat):
        generator = np.random.default_rng(turn)
        start = time.perf_counter()
        photo = colorizer.encode(plane)
        colorizer.colorize(photo)
        seconds["a further photo"].append(time.perf_counter() - start)
        mask = np.zeros((side, side), bool)
        mask[side // 2 :, : side // 2] = True
        stroke = points((side, side), 1, generator)
        hints = {
            "1 point": stroke,
            "1 point in a fence": Hints.from_points([(side / 4, side * 0.75, "#c04030")]).within(
                mask
            ),
            "1,000 points": points((side, side), 1000, generator),
            "a scribble over everything": scribble((side, side), generator),
        }
        for name, painted in hints.items():
            start = time.perf_counter()
            colorizer.colorize(photo, painted)
            seconds[name].append(time.perf_counter() - start)
    first = float(np.median(seconds["a further photo"]))
    for name, times in seconds.items():
        print(
            f"{name}: {np.median(times):.2f} s, {np.median(times) / first:.2f} of a further photo"
        )


if __name__ == "__main__":
    main()
