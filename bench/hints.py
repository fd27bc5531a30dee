"""Hints: ours, Levin et al. 2004, G'MIC and Krita's Colorize Mask with the same marks.

    python bench/hints.py DATA/kodak DATA/photos/val.tar [--limit 60] [--gmic gmic]
        [--debian DIR] [--vividness 0,0.5] [--json FILE]

Each path is a set of its own.  Three tables a set:
- squares placed by both published protocols, 1 to 100 of them;
- 1, 3, 5 and 10 strokes of a simulated user, placed at random or where the model is least
  certain;
- how much of the colour of 10 random strokes lies beyond the edges of the objects meant,
  in percent of its chroma.

G'MIC runs where --gmic names its program, Krita where --debian names a folder made by
tests/support/debian_folder.sh.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from external import Gmic, KritaColorizeMask
from numpy.typing import NDArray
from tqdm import tqdm

from handtint_model import load_colorizer
from handtint_model.evaluation.lab import rgb_to_lab
from handtint_model.evaluation.methods import Answers, Gray, Levin, Method, Ours
from handtint_model.evaluation.metrics import leakage, lightness_drift, mean_and_error
from handtint_model.evaluation.photos import PhotoFile, evenly, find_photos
from handtint_model.evaluation.protocols import Protocol, Truth, protocol
from handtint_model.evaluation.report_file import to_json
from handtint_model.evaluation.run import evaluate
from handtint_model.evaluation.strokes import (
    Stroke,
    Strokes,
    random_place,
    stroke_at,
    uncertain_place,
)
from handtint_model.evaluation.tables import aligned, to_text

Array = NDArray[Any]
STROKES = (1, 3, 5, 10)


def random_strokes(truth: Truth, number: int) -> list[Stroke]:
    return [stroke_at(truth, *random_place(truth, i)) for i in range(number)]


def uncertain_strokes(truth: Truth, colorizer: Any, number: int) -> list[Stroke]:
    """Each where the colorizer, knowing the earlier ones, is least certain."""
    photo = colorizer.encode(truth.luminance)
    strokes: list[Stroke] = []
    for _ in range(number):
        so_far = Strokes(strokes, truth.luminance.shape)
        uncertainty = colorizer.uncertainty(photo, so_far.as_hints())
        place = uncertain_place(uncertainty, so_far.paint()[0])
        strokes.append(stroke_at(truth, *place))
    return strokes


class StrokeTable:
    """Figures of one set by method, placement and number of strokes."""

    def __init__(self, rules: Protocol) -> None:
        self.rules = rules
        self.psnr: dict[tuple[str, str, int], list[float]] = defaultdict(list)
        self.drift: dict[tuple[str, str, int], list[float]] = defaultdict(list)
        self.leaks: dict[str, list[Array]] = defaultdict(list)

    def add(
        self, truth: Truth, method: Method, answers: Answers, placement: str, strokes: list[Stroke]
    ) -> None:
        """All numbers of strokes of one placement on one photo."""
        for number in STROKES if method.uses_hints else STROKES[-1:]:
            hints = Strokes(strokes[:number], truth.luminance.shape)
            for label, rgb in zip(method.labels, answers(hints), strict=True):
                key = label, placement, number
                lab = rgb_to_lab(rgb)
                self.psnr[key].append(self.rules.psnr(rgb, truth))
                self.drift[key].append(lightness_drift(lab[..., 0], truth.lab[..., 0]))
                if number == STROKES[-1] and placement == "random":
                    painted = hints.paint()[0]
                    self.leaks[label] += [
                        leakage(lab[..., 1:], truth.ab, s.object, s.ab, painted) for s in strokes
                    ]

    def text(self) -> str:
        gray = np.array(self.psnr["gray", "random", STROKES[-1]])
        rows: list[tuple[str, ...]] = [("method", "strokes", "placed", "over gray dB", "drift L*")]
        for (label, placement, number), psnr in sorted(
            self.psnr.items(), key=lambda item: (item[0][2], item[0][0], item[0][1])
        ):
            if label != "gray":
                gain, error = mean_and_error(np.array(psnr) - gray)
                drift = np.mean(self.drift[label, placement, number])
                cells = (label, str(number), placement, f"{gain:+.2f} ± {error:.2f}")
                rows.append((*cells, f"{drift:.2f}"))
        leaks: list[tuple[str, ...]] = [("method", "leak: median %", "mean %", "90th %")]
        for label, parts in self.leaks.items():
            share = 100 * np.concatenate(parts)
            figures = (np.median(share), share.mean(), np.percentile(share, 90))
            leaks.append((label, *(f"{figure:.0f}" for figure in figures)))
        return f"{aligned(rows)}\n\n{aligned(leaks)}"


def stroke_table(photos: list[PhotoFile], methods: list[Method], colorizer: Any) -> StrokeTable:
    rules = protocol("siggraph17")
    table = StrokeTable(rules)
    for file in tqdm(photos, unit="photo", disable=None, leave=False):
        truth = rules.load(file.open(), name=file.name)
        by_chance = random_strokes(truth, STROKES[-1])
        by_doubt = uncertain_strokes(truth, colorizer, STROKES[-1])
        for method in methods:
            answers = method.start(truth)
            table.add(truth, method, answers, "random", by_chance)
            if isinstance(method, Ours | Levin):
                table.add(truth, method, answers, "uncertain", by_doubt)
    return table


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", type=Path, help="photos: tar shards or folders")
    parser.add_argument("--limit", type=int, help="at most so many photos of each set")
    parser.add_argument("--hints", type=numbers, default=[1, 2, 5, 10, 20, 50, 100])
    parser.add_argument("--protocols", default="siggraph17,icolorit")
    parser.add_argument("--vividness", type=numbers, help="default: the colorizer's")
    parser.add_argument("--weights", type=Path, help="default: the embedded ones")
    parser.add_argument("--gmic", metavar="PROGRAM", help="G'MIC's command-line program")
    parser.add_argument("--debian", type=Path, metavar="DIR", help="Debian folder with Krita")
    parser.add_argument("--no-strokes", action="store_true", help="only the protocols")
    parser.add_argument("--json", type=Path, help="write the protocols' figures")
    arguments = parser.parse_args()

    colorizer = load_colorizer(arguments.weights)
    methods: list[Method] = [Gray(), Levin(), Ours(colorizer, arguments.vividness or (None,))]
    if arguments.gmic:
        methods.append(Gmic(arguments.gmic))
    if arguments.debian:
        methods.append(KritaColorizeMask(arguments.debian))

    records = {}
    for path in arguments.sets:
        everything = find_photos([path])
        photos = evenly(everything, arguments.limit)
        for name in filter(None, arguments.protocols.split(",")):
            rules = protocol(name, [photo.name for photo in everything])
            counts = [int(count) for count in arguments.hints]
            with tqdm(total=len(photos), unit="photo", disable=None, leave=False) as bar:
                report = evaluate(
                    photos,
                    methods,
                    rules,
                    counts,
                    progress=lambda done, total, bar=bar: bar.update(done - bar.n),
                )
            print(f"== {path.name}, squares ==\n{to_text(report)}\n", flush=True)
            records[f"{path.name} {name}"] = to_json(report)
        if not arguments.no_strokes:
            table = stroke_table(photos, methods, colorizer)
            print(f"== {path.name}, {len(photos)} photos, strokes ==\n{table.text()}\n", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(records, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
