"""The ablation runs, tabulated and drawn for docs/why-it-works.md.

    for run in a b c d e f; do
        handtint train --config ablation-$run --photos TRAIN --encoder ENCODER \\
            --out RUNS/ablation-$run --steps 2000 --resume
    done
    python bench/ablations.py RUNS --photos DATA/photos/val.tar --kodak DATA/kodak \\
        --encoder ENCODER [--images docs/images] [--tables FILE]

Prints Markdown tables: results on both sets at 256 x 256, and the figures of the stems, before
training and after.  --images also draws the plots.  Without RUNS only what needs none is
measured and drawn; runs that are not there yet are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import ablation_plots as plots
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from stem_statistics import (
    KINDS,
    STEM_LEGEND,
    StemFigures,
    lightness_of,
    measure_stems,
    squares,
    stem_table,
    trained_stem,
    untrained_stem,
)
from tqdm import tqdm

from handtint_model.evaluation.ablation import WHAT, AblationRun, load_runs
from handtint_model.evaluation.ablation_tables import (
    LEGEND,
    LOSSES,
    NORMS,
    NORMS_READ_AS,
    Measured,
    measure_runs,
    results_table,
    short,
)
from handtint_model.evaluation.photos import PhotoFile, evenly, find_photos
from handtint_model.evaluation.protocols import protocol
from handtint_model.evaluation.report_file import to_json
from handtint_model.network.encoder import read_encoder_file

STEM_PHOTOS = 300  # a half to calibrate on, the other to measure on
SIDE = 224
EXAMPLES = Path(__file__).parents[1] / "examples"
PHOTOS = Path(__file__).parents[1] / "tests" / "data" / "photos"
CELL = EXAMPLES / "flower-gray.jpg"
PHOTO = PHOTOS / "astronaut-gray.jpg"
FREE = [EXAMPLES / "china-gray.jpg", CELL, EXAMPLES / "picosdeeuropa-gray.jpg"]
FREE += [PHOTO, PHOTOS / "cat-gray.png"]
"""Photos that may be shown (NOTICE)."""

STEM_NAMES = {
    "ablation-a": "compensated, GroupNorm calibrated (a)",
    "ablation-d": "compensated, BatchNorm (d)",
    "ablation-e": "naive, BatchNorm (e)",
    "ablation-f": "naive, GroupNorm not calibrated (f)",
}


def square(photo: PhotoFile) -> NDArray[np.uint8]:
    """The middle of a photo, SIDE x SIDE."""
    image = photo.open()
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box))


def stems(
    photos: list[PhotoFile], encoder: Path, runs: list[AblationRun]
) -> tuple[StemFigures, dict[str, StemFigures]]:
    """Figures of the original stem, and of the four kinds before and after training."""
    tensors = read_encoder_file(encoder)
    chosen = [square(photo) for photo in evenly(photos, STEM_PHOTOS)]
    calibration = next(iter(squares(chosen[::2], len(chosen))))
    measured = {
        STEM_NAMES[name]: untrained_stem(name, tensors, lightness_of(calibration)) for name in KINDS
    }
    for run in runs:
        if run.name in KINDS:
            name = f"{STEM_NAMES[run.name]}, trained"
            measured[name] = trained_stem(run.colorizer.network)
    return measure_stems(measured, tensors, squares(chosen[1::2]))


def measure(runs: list[AblationRun], photos: list[PhotoFile], limit: int | None) -> Measured:
    """Measure the runs on one set."""
    rules = protocol("siggraph17", [photo.name for photo in photos])
    with tqdm(total=1, unit="photo", disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return measure_runs(runs, evenly(photos, limit), rules, progress=progress)


def tables(name: str, measured: Measured) -> list[str]:
    """Headings and tables of one set."""
    report = measured.report
    truth = float(np.mean(report.colorfulness))
    head = f"{len(report.photos)} photos, truth's colourfulness {truth:.1f}"
    return [
        f"**{name}, the loss.** {head}",
        results_table(measured, LOSSES),
        f"**{name}, the stem.**",
        results_table(measured, NORMS, NORMS_READ_AS),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="?", type=Path, help="folder of ablation-a, ablation-b, ...")
    parser.add_argument("--photos", type=Path, required=True, help="val.tar")
    parser.add_argument("--kodak", type=Path, help="folder of the Kodak photos")
    parser.add_argument("--encoder", type=Path, required=True, help="the pretrained encoder")
    parser.add_argument("--limit", type=int, help="at most so many photos of each set")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--images", type=Path, help="draw the plots into this folder")
    parser.add_argument("--tables", type=Path, help="also write the tables here")
    parser.add_argument("--json", type=Path, help="write every photo's figures")
    options = parser.parse_args()

    runs = load_runs(options.runs, options.device) if options.runs else []
    photos = find_photos([options.photos])
    text: list[str] = []
    if runs:
        lines = ["What was trained:", ""]
        for run in runs:
            record = run.colorizer.record
            seen = f"{record['photos_seen']:,} photos in {record['steps']:,} steps"
            lines.append(f"- {short(run.name)} {WHAT[run.name]}: {seen}, on {record['device']}")
        text.append("\n".join(lines))
    records, scaled = {}, {}
    sets = {"Kodak": options.kodak, "val": options.photos} if runs else {}
    for name, path in sets.items():
        if path is not None:
            measured = measure(runs, find_photos([path]), options.limit)
            records[name] = to_json(measured.report)
            text += tables(name, measured)
            scaled = {run: shown[-1] for run, shown in measured.shown.items()}
    if runs:
        text.append(LEGEND)
    original, figures = stems(photos, options.encoder, runs)
    text += [stem_table(original, figures), STEM_LEGEND]
    print("\n\n".join(text))
    if options.tables:
        options.tables.write_text("\n\n".join(text) + "\n")
    if options.json:
        options.json.write_text(json.dumps(records, indent=1) + "\n")
    if options.images:
        options.images.mkdir(parents=True, exist_ok=True)
        plots.bins(options.images / "why-bins.png")
        plots.annealed_cell(options.images / "why-annealed-cell.png", CELL, options.device)
        plots.annealed_photo(options.images / "why-annealed.jpg", PHOTO, options.device)
        untrained = {name: figures[STEM_NAMES[name]] for name in KINDS}
        plots.stems(options.images / "why-stem.png", original, untrained, STEM_NAMES)
        if runs:
            plots.losses(options.images / "why-losses.png", options.runs)
            plots.sheet(options.images / "why-ablations.jpg", runs, FREE, scaled)
    return 0


if __name__ == "__main__":
    sys.exit(main())
