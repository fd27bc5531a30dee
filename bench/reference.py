"""A reference: how far it leads from the automatic colors to the true ones, and what it spoils.

    python bench/reference.py DATA/photos/val.tar --limit 24 [--contact-sheet PNG]

The left half of each photo, in color, is the reference of its right half in gray.

way         1 - error / error of the automatic colors; error: mean distance in ab.  1 is the truth
matched     the same where the reference changes something (by 4 ab or more)
unrelated   median change, in ab, by the left half of another photo
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from alternatives import small
from numpy.typing import NDArray
from PIL import Image

from handtint_model import Colorizer, Hints, load_colorizer, luminance_of
from handtint_model.evaluation.lab import rgb_to_lab
from handtint_model.evaluation.photos import evenly, find_photos

CHANGED = 4.0


def ab_of(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(H, W, 2)."""
    return rgb_to_lab(rgb / 255.0)[..., 1:]


def apart(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H, W) distances in ab."""
    return np.asarray(np.hypot(*np.moveaxis(x - y, -1, 0)))


def measure(
    colorizer: Colorizer,
    left: NDArray[np.uint8],
    right: NDArray[np.uint8],
    other: NDArray[np.uint8],
) -> tuple[list[float], list[NDArray[np.uint8]]]:
    """Errors (automatic, with the reference, both where it changes something), change, pictures."""
    photo = colorizer.encode(luminance_of(right))
    usual = colorizer.colorize(photo)
    found = colorizer.colorize(photo, Hints.from_reference(left))
    spoilt = colorizer.colorize(photo, Hints.from_reference(other))
    truth = ab_of(right)
    before, after = apart(ab_of(usual), truth), apart(ab_of(found), truth)
    change = apart(ab_of(usual), ab_of(found)) >= CHANGED
    some = change if change.any() else np.zeros_like(change)
    figures = [
        float(before.mean()),
        float(after.mean()),
        float(before[some].sum()),
        float(after[some].sum()),
        float(change.mean()),
        float(np.median(apart(ab_of(usual), ab_of(spoilt)))),
    ]
    return figures, [left, usual, found, right]


def main() -> None:
    """Print the figures of a set of photos."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--contact-sheet", type=Path)
    chosen = parser.parse_args()
    colorizer = load_colorizer(device="cpu")
    halves = []
    for photo in evenly(find_photos(chosen.photos), chosen.limit):
        truth = small(photo.open())
        middle = truth.shape[1] // 2
        halves.append([np.ascontiguousarray(part) for part in np.split(truth, [middle], axis=1)])
    rows, sheet = [], []
    for number, (left, right) in enumerate(halves):
        other = halves[(number + len(halves) // 2) % len(halves)][0]
        figures, pictures = measure(colorizer, left, right, other)
        rows.append(figures)
        sheet.append([np.asarray(Image.fromarray(x).resize((110, 160))) for x in pictures])
    before, after, before_some, after_some, changed, spoilt = np.array(rows).T
    way = 1.0 - after / before
    print(
        f"{len(rows)} pairs; error {before.mean():.2f} -> {after.mean():.2f}; "
        f"way: all {1 - after.mean() / before.mean():.2f}, median {np.median(way):.2f}, "
        f"matched {1 - after_some.sum() / before_some.sum():.2f} (of {changed.mean():.0%})"
    )
    print("way of each:", np.round(np.sort(way), 2))
    print(f"unrelated: median {np.median(spoilt):.2f}, largest {spoilt.max():.2f}")
    if chosen.contact_sheet is not None:
        count = -(-len(sheet) // 3) * 3
        sheet += [[np.zeros_like(sheet[0][0])] * 4] * (count - len(sheet))
        strips = [np.concatenate(row, axis=1) for row in sheet]
        lines = [np.concatenate(strips[i : i + 3], axis=1) for i in range(0, count, 3)]
        Image.fromarray(np.concatenate(lines)).save(chosen.contact_sheet)


if __name__ == "__main__":
    main()
