"""The strip at the top of README.md: free photos, gray above and as Handtint colours them below.

python bench/readme_strip.py docs/images/strip.jpg
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import handtint_model

ROOT = Path(__file__).parents[1]
PHOTOS = (
    "examples/picosdeeuropa-gray.jpg",
    "tests/data/photos/astronaut-gray.jpg",
    "examples/china-gray.jpg",
    "examples/aitzgorri-gray.jpg",
    "tests/data/photos/cat-gray.png",
)
SIDE, GAP = 300, 4


def main() -> None:
    colorizer = handtint_model.load_colorizer(device="cpu")
    width = len(PHOTOS) * (SIDE + GAP) - GAP
    strip = Image.new("RGB", (width, 2 * SIDE + GAP), "white")
    for number, name in enumerate(PHOTOS):
        with Image.open(ROOT / name) as photo:
            plane = np.array(photo.convert("L"))
        colored = colorizer.colorize(colorizer.encode(plane))  # the defaults, and no hints
        for row, picture in enumerate((plane, colored)):
            cut = ImageOps.fit(Image.fromarray(picture).convert("RGB"), (SIDE, SIDE))
            strip.paste(cut, (number * (SIDE + GAP), row * (SIDE + GAP)))
    strip.save(sys.argv[1], quality=85, optimize=True, progressive=True)


main()
