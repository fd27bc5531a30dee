"""One stroke, one object: how much of the object takes the color, and how much else does.

    python bench/fill.py MASKS [--limit N] [--weights FILE] [--second] [--fence] [--levin]
        [--gmic gmic] [--debian DIR]

MASKS holds photos NAME.webp and label maps NAME.png.  Prints the median IoU of filled pixels and
object, coverage (mean share of the object that is filled), leak (filled pixels outside, relative
to the object, median) and the share of good strokes (IoU at least 0.7).  --second adds a gray
stroke in the largest wrong region, as a user would.  --fence keeps ours inside the true object, as
a perfect lasso would, and inside the union of the photo's objects, of which the stroke means one.
The other programs get the same strokes; theirs start from gray.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from external import Gmic, KritaColorizeMask
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from handtint_model import Hints, load_colorizer
from handtint_model.evaluation.fill import (
    Filled,
    ObjectStroke,
    correction,
    draw,
    hints_of,
    object_strokes,
    score,
    stroke_color,
    summary,
    where_filled,
)
from handtint_model.evaluation.lab import rgb_to_lab
from handtint_model.evaluation.methods import Levin

Array = NDArray[Any]
Painted = Sequence[tuple[NDArray[np.bool_], tuple[int, int, int]]]
Answer = Callable[[Painted | None], Array]
"""Painted pixels and their colors to ab (H, W, 2); None: without hints."""

GRAY = (128, 128, 128)


class Ours:
    """A colorizer on one photo after the other."""

    def __init__(self, weights: Path | None) -> None:
        self.colorizer = load_colorizer(weights)
        self._last: tuple[Path, Any] | None = None

    def start(self, stroke: ObjectStroke) -> Answer:
        if self._last is None or self._last[0] != stroke.path:
            self._last = stroke.path, self.colorizer.encode(stroke.luminance)
        photo = self._last[1]

        def answer(painted: Painted | None) -> Array:
            hints = Hints() if painted is None else hints_of(painted)
            return rgb_to_lab(self.colorizer.colorize(photo, hints) / 255.0)[..., 1:]

        return answer


class Fenced(Ours):
    """The same, the stroke kept inside the object, or inside all objects of the photo."""

    def __init__(self, weights: Path | None, *, all_objects: bool) -> None:
        super().__init__(weights)
        self._all_objects = all_objects

    def start(self, stroke: ObjectStroke) -> Answer:
        super().start(stroke)
        assert self._last is not None
        photo, mask = self._last[1], stroke.object
        if self._all_objects:
            with Image.open(stroke.path.with_suffix(".png")) as labels:
                mask = np.asarray(labels) > 0

        def answer(painted: Painted | None) -> Array:
            hints = Hints()
            if painted is not None:
                hints = hints_of(painted)
                if not painted[0][0].all():  # else it is how far the pixels can go
                    hints = hints.within(mask)
            return rgb_to_lab(self.colorizer.colorize(photo, hints) / 255.0)[..., 1:]

        return answer


class _Marks:
    """Painted pixels as the other methods take them (`PaintedHints`)."""

    def __init__(self, painted: Painted) -> None:
        self.painted = painted

    def __len__(self) -> int:
        return len(self.painted)

    def paint(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        pixels = np.zeros(self.painted[0][0].shape, bool)
        ab = np.zeros((*pixels.shape, 2))
        for some, color in self.painted:
            pixels |= some
            ab[some] = rgb_to_lab(np.array([[color]]) / 255.0)[0, 0, 1:]
        return pixels, ab

    def as_hints(self) -> Hints:
        return hints_of(self.painted)


class Other:
    """A method of the evaluation; without hints it is gray."""

    def __init__(self, method: Any, label: int = 0) -> None:
        self.method, self.label = method, label

    def start(self, stroke: ObjectStroke) -> Answer:
        answers = None

        def answer(painted: Painted | None) -> Array:
            nonlocal answers
            if painted is None:
                return np.zeros((*stroke.luminance.shape, 2))
            if painted[0][0].all():
                return _Marks(painted).paint()[1]
            if answers is None:
                answers = self.method.start(_Photo(stroke.luminance / 255.0))
            return rgb_to_lab(answers(_Marks(painted))[self.label])[..., 1:]

        return answer


class _Photo:
    """What a method may know of a photo."""

    def __init__(self, luminance: Array) -> None:
        self.luminance = luminance
        self.lab = rgb_to_lab(np.repeat(luminance[..., None], 3, axis=2))


def measure(
    answer: Answer, stroke: ObjectStroke, color: tuple[int, int, int], *, second: bool
) -> list[Filled]:
    """What the stroke fills, and what it fills with a correcting one."""
    shape = stroke.luminance.shape
    line = draw(shape, stroke.ends, stroke.width)
    before, after = answer(None), answer([(line, color)])
    end = answer([(np.ones(shape, bool), color)])
    filled, counted = where_filled(before, after, end)
    found = [score(stroke, filled, counted, line)]
    if second:
        more = correction(stroke, filled & counted, line)
        if more is not None:
            after = answer([(line, color), (more, GRAY)])
            filled, counted = where_filled(before, after, end)
            line = line | more
        found.append(score(stroke, filled, counted, line))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("masks", type=Path, help="folder of photos and label maps")
    parser.add_argument("--limit", type=int, help="at most so many photos")
    parser.add_argument("--weights", type=Path, help="default: the embedded ones")
    parser.add_argument("--second", action="store_true", help="a correcting stroke too")
    parser.add_argument("--fence", action="store_true", help="ours inside the true object, too")
    parser.add_argument("--levin", action="store_true")
    parser.add_argument("--gmic", metavar="PROGRAM", help="G'MIC's command-line program")
    parser.add_argument("--debian", type=Path, metavar="DIR", help="Debian folder with Krita")
    arguments = parser.parse_args()

    ours = Ours(arguments.weights)
    methods: dict[str, Any] = {"handtint": ours}
    if arguments.fence:
        methods["in a fence"] = Fenced(arguments.weights, all_objects=False)
        methods["in one for all objects"] = Fenced(arguments.weights, all_objects=True)
    if arguments.levin:
        methods["Levin"] = Other(Levin())
    if arguments.gmic:
        methods["G'MIC"] = Other(Gmic(arguments.gmic), 1)
    if arguments.debian:
        methods["Krita Colorize Mask"] = Other(KritaColorizeMask(arguments.debian), 1)
    results: dict[str, list[list[Filled]]] = defaultdict(list)
    for stroke in tqdm([*object_strokes(arguments.masks, arguments.limit)], disable=None):
        own = ours.start(stroke)
        color = stroke_color(stroke, own(None))
        for name, method in methods.items():
            answer = own if method is ours else method.start(stroke)
            results[name].append(measure(answer, stroke, color, second=arguments.second))
    print("method, strokes: median IoU, coverage, leak, good strokes")
    for name, rows in results.items():
        for number, column in enumerate(zip(*rows), 1):
            figures = summary(column)
            print(
                f"{name}, {number}: {figures['iou']:.2f}, {figures['coverage']:.2f}, "
                f"{figures['leak']:.2f}, {100 * figures['good']:.0f} %"
            )


if __name__ == "__main__":
    main()
