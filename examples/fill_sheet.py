"""What one stroke fills, in docs/hints.md: the stroke, Levin, the mixture alone, the decoder.

    python examples/fill_sheet.py docs/images/fill.jpg [--weights FILE]

Run it in the repository's root; needs the evaluation's packages (SciPy).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handtint_model import EncodedPhoto, Hints, load_colorizer
from handtint_model.evaluation.baselines import LevinPropagation
from handtint_model.evaluation.lab import lab_to_rgb, rgb_to_lab
from handtint_model.hints import propagation

TILE = 340  # pixels, width

STROKES = {
    "tests/data/photos/astronaut-gray.jpg": ("#3f6fc0", (0.62, 0.72), (0.66, 0.88)),
    "examples/coffee-gray.png": ("#2f6fb0", (0.42, 0.55), (0.52, 0.60)),
    "tests/data/photos/cat-gray.png": ("#c07030", (0.52, 0.25), (0.60, 0.30)),
    "examples/flower-gray.jpg": ("#b03090", (0.45, 0.45), (0.55, 0.50)),
    "examples/china-gray.jpg": ("#a03020", (0.45, 0.45), (0.55, 0.46)),
}
"""One stroke a photo: color and ends (x, y), relative to the picture."""


def row(colorizer: Any, name: str) -> list[Image.Image]:
    """The stroke on the gray photo, and the three results."""
    color, *ends = STROKES[name]
    gray = Image.open(name).convert("L")
    gray.thumbnail((640, 640))
    layer = Image.new("RGBA", gray.size, (0, 0, 0, 0))
    line = [(x * gray.width, y * gray.height) for x, y in ends]
    ImageDraw.Draw(layer).line(line, color, max(5, gray.width // 60))
    marked = gray.convert("RGB")
    marked.paste(layer, mask=layer)
    rgba, plane = np.asarray(layer), np.asarray(gray)
    hints = Hints.from_rgba(rgba)
    few = propagation.MOST_STROKES
    propagation.MOST_STROKES = (-1, 0)  # no stroke is few enough for the decoder
    before = colorizer.colorize(colorizer.encode(plane), hints)
    propagation.MOST_STROKES = few
    photo: EncodedPhoto = colorizer.encode(plane)
    after = colorizer.colorize(photo, hints)
    return [marked, levin(plane, rgba), Image.fromarray(before), Image.fromarray(after)]


def levin(plane: NDArray[np.uint8], rgba: NDArray[np.uint8]) -> Image.Image:
    """Levin et al. 2004 from the same stroke."""
    lab = rgb_to_lab(np.repeat(plane[..., None] / 255.0, 3, axis=2))
    painted = rgba[..., 3] > 0
    ab = rgb_to_lab(rgba[..., :3] / 255.0)[..., 1:]
    lab[..., 1:] = LevinPropagation(lab[..., 0] / 100.0)(painted, ab)
    return Image.fromarray(np.rint(lab_to_rgb(lab) * 255).astype(np.uint8))


def main() -> None:
    """Draw one row a photo."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    colorizer = load_colorizer(options.weights)
    rows = []
    for name in STROKES:
        pictures = row(colorizer, name)
        height = TILE * pictures[0].height // pictures[0].width
        rows.append([p.resize((TILE, height), Image.Resampling.LANCZOS) for p in pictures])
    gap, top = 6, 0
    height = sum(r[0].height for r in rows) + gap * (len(rows) - 1)
    sheet = Image.new("RGB", (4 * TILE + 3 * gap, height), "white")
    for pictures in rows:
        for column, picture in enumerate(pictures):
            sheet.paste(picture, (column * (TILE + gap), top))
        top += pictures[0].height + gap
    options.sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.sheet, quality=86)


if __name__ == "__main__":
    main()
