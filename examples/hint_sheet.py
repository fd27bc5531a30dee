"""The contact sheet of docs/hints.md: photo, strokes, result, for six free photos.

    python examples/hint_sheet.py docs/images/hints.jpg [--weights FILE]

Run it in the repository's root; the strokes are in examples/strokes.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from handtint_model import Hints, load_colorizer

TILE = 420  # pixels, width


def main() -> None:
    """Draw one row a photo: automatic, the strokes on the gray photo, with hints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    colorizer = load_colorizer(options.weights)
    rows: list[list[Image.Image]] = []
    for name, strokes in json.loads(Path("examples/strokes.json").read_text()).items():
        gray = Image.open(name).convert("L")
        layer = Image.new("RGBA", gray.size, (0, 0, 0, 0))
        width = max(6, gray.width // 70)
        for color, *points in strokes:
            ImageDraw.Draw(layer).line([(x, y) for x, y in points], color, width)
        photo = colorizer.encode(np.asarray(gray))
        marked = gray.convert("RGB")
        marked.paste(layer, mask=layer)
        hints = Hints.from_rgba(np.asarray(layer))
        pictures = [
            Image.fromarray(colorizer.colorize(photo)),
            marked,
            Image.fromarray(colorizer.colorize(photo, hints)),
        ]
        height = TILE * gray.height // gray.width
        rows.append([p.resize((TILE, height), Image.Resampling.LANCZOS) for p in pictures])
    gap = 6
    sheet = Image.new(
        "RGB",
        (3 * TILE + 2 * gap, sum(row[0].height for row in rows) + gap * (len(rows) - 1)),
        "white",
    )
    y = 0
    for row in rows:
        for column, picture in enumerate(row):
            sheet.paste(picture, (column * (TILE + gap), y))
        y += row[0].height + gap
    options.sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.sheet, quality=88)


if __name__ == "__main__":
    main()
