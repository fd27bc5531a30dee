"""Make the pictures of docs/gimp.md and docs/krita.md from the screenshots of the window tests.

HANDTINT_SHOTS=$PWD/out/shots make editors-test
python tests/support/docs_images.py out/shots docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

SIZE = (1400, 900)
DAY_SIZE = (1400, 815)
"""Of the window tests, and of the one of a day's work in Krita."""

LOW = ("krita-day/", "krita-alternatives/")

PICTURES = {
    # name: (screenshot, left, top, right, bottom)
    "gimp-menu": ("everyday/2-menu.png", 290, 20, 890, 876),
    "gimp-colorized": ("day/d01-twice.png", 0, 20, 1386, 900),
    "gimp-hinted": ("day/d05-moved-to-hints.png", 0, 20, 1386, 900),
    "gimp-panel": ("panel/p04-stroke.png", 0, 20, 1386, 900),
    "gimp-options": ("day/d20-options.png", 473, 272, 926, 626),
    "gimp-suggestions": ("day/d15-recolored.png", 436, 261, 963, 637),
    "gimp-question": ("day/d03-question.png", 449, 378, 950, 522),
    "gimp-message": ("trouble/4-message.png", 335, 360, 1050, 565),
    "krita-colorized": ("krita/3-colorized.png", 0, 0, 1400, 900),
    "krita-question": ("krita/2-question.png", 470, 340, 930, 522),
    "krita-selection": ("krita/8-selection.png", 0, 0, 1400, 900),
    "krita-live": ("krita/4-hint-painted-live.png", 0, 0, 1400, 900),
    "krita-docker": ("krita/4-hint-painted-live.png", 1136, 504, 1400, 822),
    "krita-paint-question": ("krita-day/day-3-question-photo.png", 250, 100, 1100, 620),
    "krita-hatching": ("krita/6-where-a-hint-helps.png", 0, 0, 1400, 900),
    "krita-options": ("krita/9-options.png", 536, 181, 845, 628),
    "krita-alternatives": ("krita-alternatives/alternatives-1-four.png", 575, 300, 940, 675),
    "krita-reference": ("krita-alternatives/alternatives-4-reference.png", 0, 80, 1400, 800),
    "krita-message": ("krita/11-unreachable.png", 0, 0, 1400, 884),
}

BESIDE = ("panel/p01-panel.png", "panel/p04-stroke.png")
BESIDE_BOX, BESIDE_WIDTH = (214, 90, 1384, 790), 723
"""GIMP's canvas and panel: the gray photo, and a stroke that the colours follow."""

STEPS = ("krita/1-docker.png", "krita/3-colorized.png", "krita/4-hint-painted-live.png")
STEPS_BOX, STEPS_WIDTH, STEPS_GAP = (220, 107, 970, 857), 480, 6


def steps(
    shots: Path, names: tuple[str, ...], box: tuple[int, int, int, int], width: int
) -> Image.Image:
    """A part of the window in several screenshots, beside each other."""
    height = width * (box[3] - box[1]) // (box[2] - box[0])
    sheet = Image.new("RGB", (len(names) * (width + STEPS_GAP) - STEPS_GAP, height), "white")
    for number, shot in enumerate(names):
        with Image.open(shots / shot) as picture:
            cut = picture.convert("RGB").crop(box)
        small = cut.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (number * (width + STEPS_GAP), 0))
    return sheet


def main(shots: Path, target: Path) -> None:
    """Cut and compress every picture."""
    target.mkdir(parents=True, exist_ok=True)
    for name, (shot, *box) in PICTURES.items():
        with Image.open(shots / shot) as picture:
            size = DAY_SIZE if shot.startswith(LOW) else SIZE
            if picture.size != size:
                raise SystemExit(f"{shot} is {picture.size}, not {size}: cut it anew.")
            picture.convert("RGB").crop(box).save(
                target / f"{name}.jpg", quality=85, optimize=True, progressive=True
            )
    for name, sheet in (
        ("krita-steps", steps(shots, STEPS, STEPS_BOX, STEPS_WIDTH)),
        ("gimp-steps", steps(shots, BESIDE, BESIDE_BOX, BESIDE_WIDTH)),
    ):
        sheet.save(target / f"{name}.jpg", quality=85, optimize=True, progressive=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
