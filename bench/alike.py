"""A series alike: how far apart the colors of the same place are in frames that overlap.

    python bench/alike.py PHOTO... [--contact-sheet PNG]

Of each large photo four frames are cut by a window of 60 % that moves to the right, and all are
colorized as a folder, with --alike and without.  Printed: the median distance in ab of the same
places in neighboring frames.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from alternatives import small
from numpy.typing import NDArray
from PIL import Image

from handtint_model import luminance_of
from handtint_model.evaluation.lab import rgb_to_lab
from handtint_model.evaluation.photos import evenly, find_photos
from handtint_server.cli import main as handtint

FRAMES, SHARE = 4, 0.6


def cut(folder: Path, photo: NDArray[np.uint8], name: str) -> list[int]:
    """Write the frames of a photo in gray; where each begins."""
    width = round(photo.shape[1] * SHARE)
    starts = [round(k * (photo.shape[1] - width) / (FRAMES - 1)) for k in range(FRAMES)]
    for number, start in enumerate(starts):
        gray = luminance_of(np.ascontiguousarray(photo[:, start : start + width]))
        Image.fromarray(gray).save(folder / f"{name}-{number}.png")
    return starts


def distances(folder: Path, name: str, starts: list[int]) -> NDArray[np.float64]:
    """Of the same pixels in neighboring frames."""
    frames = [
        rgb_to_lab(np.asarray(Image.open(folder / f"{name}-{k}.colorized.png")) / 255.0)[..., 1:]
        for k in range(FRAMES)
    ]
    found = []
    for k in range(FRAMES - 1):
        step = starts[k + 1] - starts[k]
        apart = frames[k][:, step:] - frames[k + 1][:, : frames[k].shape[1] - step]
        found.append(np.hypot(apart[..., 0], apart[..., 1]).ravel())
    return np.concatenate(found)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--contact-sheet", type=Path)
    chosen = parser.parse_args()
    sheet = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "frames")
        folder.mkdir()
        starts = {}
        for number, photo in enumerate(evenly(find_photos(chosen.photos), chosen.limit)):
            starts[f"p{number}"] = cut(folder, small(photo.open()), f"p{number}")
        for words in ([], ["--alike"]):
            out = Path(place, "out" + "".join(words))
            handtint(["colorize", str(folder), "-o", str(out), "--device", "cpu", *words])
            each = [distances(out, name, start) for name, start in starts.items()]
            total = np.concatenate(each)
            print(
                " ".join(words) or "alone",
                f"median {np.median(total):.2f}, nine tenths within {np.quantile(total, 0.9):.2f};",
                "photos:",
                np.round([np.median(one) for one in each], 2),
            )
            for name in starts:
                frames = [Image.open(out / f"{name}-{k}.colorized.png") for k in range(FRAMES)]
                sheet.append(np.concatenate([np.asarray(f.resize((180, 150))) for f in frames], 1))
    if chosen.contact_sheet is not None:
        half = len(sheet) // 2
        both = [np.concatenate([sheet[k], sheet[k + half]], axis=1) for k in range(half)]
        Image.fromarray(np.concatenate(both)).save(chosen.contact_sheet)


if __name__ == "__main__":
    main()
