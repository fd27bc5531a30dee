"""The sheet of small faces in docs/rendering.md: gray, and in colour at two render sizes.

A portrait (scikit-image's astronaut) is put small into landscapes, so that its face is a few
cells of the network's canvas.  Usage: python bench/face_sheet.py OUT.jpg
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

import handtint_model

FOLDER = Path(__file__).parents[1] / "examples"
PLACES = {  # landscape: side of the portrait and its left edge, in parts of the height
    "china-gray.jpg": (0.45, 0.95),
    "picosdeeuropa-gray.jpg": (0.35, 0.55),
    "aitzgorri-gray.jpg": (0.25, 0.8),
}
HEIGHT, CROP, SHOWN = 800, 1.15, 400


def main() -> None:
    portrait = Image.fromarray(handtint_model.luminance_of(data.astronaut()))
    colorizer = handtint_model.load_colorizer(device="cpu")
    rows = []
    for name, (part, left) in PLACES.items():
        with Image.open(FOLDER / name) as photo:
            scene = photo.convert("L").resize((photo.width * HEIGHT // photo.height, HEIGHT))
        side, x = round(part * HEIGHT), round(left * HEIGHT)
        y = HEIGHT - side
        scene.paste(portrait.resize((side, side), Image.Resampling.LANCZOS), (x, y))
        plane = np.array(scene)
        pictures = [np.stack([plane] * 3, -1)]
        for size in (256, 512):
            pictures.append(colorizer.colorize(colorizer.encode(plane, render_size=size)))
        around = round(side * CROP)
        x0, y0 = max(x - (around - side) // 2, 0), HEIGHT - around
        cuts = [p[y0 : y0 + around, x0 : x0 + around] for p in pictures]
        rows.append(np.hstack([np.array(Image.fromarray(c).resize((SHOWN, SHOWN))) for c in cuts]))
    Image.fromarray(np.vstack(rows)).save(sys.argv[1], quality=85)


main()
