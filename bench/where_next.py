"""Where to paint next: strokes placed by `uncertainty` against as many placed at random.

    python bench/where_next.py DATA/kodak DATA/photos/val.tar [--limit 40] [--weights FILE]

The simulated user of `evaluation/strokes.py` paints 1, 3, 5 and 10 strokes of true color, placed
either way; each one by `uncertainty` where it is largest, knowing the earlier ones.  Prints the
mean PSNR above gray of both, at vividness 0, and their difference with its standard error.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from hints import STROKES, random_strokes, uncertain_strokes
from tqdm import tqdm

from handtint_model import load_colorizer
from handtint_model.evaluation.methods import Gray, Ours
from handtint_model.evaluation.metrics import mean_and_error
from handtint_model.evaluation.photos import PhotoFile, evenly, find_photos
from handtint_model.evaluation.protocols import protocol
from handtint_model.evaluation.strokes import Strokes
from handtint_model.evaluation.tables import aligned


def gains(photos: list[PhotoFile], colorizer: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(photos, 2, strokes) dB above gray: by chance, by uncertainty."""
    rules = protocol("siggraph17")
    ours, gray = Ours(colorizer, (0.0,)), Gray()
    table = np.zeros((len(photos), 2, len(STROKES)))
    for row, file in enumerate(tqdm(photos, unit="photo", disable=None, leave=False)):
        truth = rules.load(file.open(), name=file.name)
        placed = (
            random_strokes(truth, STROKES[-1]),
            uncertain_strokes(truth, colorizer, STROKES[-1]),
        )
        answers = ours.start(truth)
        none = Strokes([], truth.luminance.shape)
        base = rules.psnr(gray.start(truth)(none)[0], truth)
        for way, strokes in enumerate(placed):
            for column, number in enumerate(STROKES):
                some = Strokes(strokes[:number], truth.luminance.shape)
                table[row, way, column] = rules.psnr(answers(some)[0], truth) - base
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", type=Path, help="photos: tar shards or folders")
    parser.add_argument("--limit", type=int, help="at most so many photos of each set")
    parser.add_argument("--weights", type=Path, help="default: the embedded ones")
    arguments = parser.parse_args()
    colorizer = load_colorizer(arguments.weights)
    for path in arguments.sets:
        photos = evenly(find_photos([path]), arguments.limit)
        table = gains(photos, colorizer)
        rows: list[tuple[str, ...]] = [("strokes", "random", "uncertain", "difference")]
        for column, number in enumerate(STROKES):
            chance, doubt = table[:, 0, column], table[:, 1, column]
            difference = mean_and_error(doubt - chance)
            gain = "{:+.2f} ± {:.2f}".format(*difference)
            rows.append((str(number), f"{chance.mean():+.2f}", f"{doubt.mean():+.2f}", gain))
        print(
            f"== {path.name}, {len(photos)} photos, dB above gray ==\n{aligned(rows)}\n", flush=True
        )


if __name__ == "__main__":
    main()
