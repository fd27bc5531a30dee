"""What a changed hint costs, beside the first colorization and the rendering of the same run.

Part of `bench/latency.py --hints`.  Ratios are of the clock, and of processor time in
brackets; the first colorization is that of a process whose model is loaded.  Rendering the
same is `render` with the hinted colours of the cells: bolder colours take longer, because more
of them leave the gamut.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handtint_model import Hints
from handtint_model.color.bins import mean_color
from handtint_model.render.render import render

REPEAT = 5


def painted(
    shape: tuple[int, int], share: float, seed: int, last: int | None = None
) -> NDArray[np.uint8]:
    """(H, W, 4) strokes of many colours that cover about this share of the picture.

    last: seed of the last stroke alone.
    """
    height, width = shape
    if share >= 1.0:
        y, x = np.mgrid[:height, :width]
        colors = [x * 255 // width, y * 255 // height, (x + y) % 256, np.full_like(x, 255)]
        return np.stack(colors, axis=-1).astype(np.uint8)
    rng = np.random.default_rng(seed)
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    thick = max(1, round(0.02 * height))
    count = max(1, round(share * height * width / (0.15 * width * thick)))
    for number in range(count):
        if number == count - 1 and last is not None:
            rng = np.random.default_rng(1000 + last)
        x, y = rng.uniform(0.05, 0.8) * width, rng.uniform(0.05, 0.95) * height
        color = (*(int(v) for v in rng.integers(40, 256, 3)), 255)
        draw.line([(x, y), (x + 0.15 * width, y + 0.02 * height)], color, thick)
    return np.asarray(picture)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds of the clock and of all processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)


def hint_table(colorizer: Any, planes: dict[float, NDArray[Any]]) -> None:
    """Print the table; ``planes`` by megapixels, each not seen by the colorizer before."""
    print("\nhints: ms of the clock (of processors), median of", REPEAT)
    print(f"{'MP':>5} {'painted':>9} {'changed hint':>16} {'of the first':>13}", end="")
    print(f" {'of automatic':>13} {'of rendering the same':>22}")
    for megapixels, plane in planes.items():
        first = timed(lambda p=plane: colorizer.colorize(colorizer.encode(p)))
        photo = colorizer.encode(plane)
        colorizer.colorize(photo)
        alone = median(lambda i, p=photo: colorizer.colorize(p))
        print(f"{megapixels:5g} {'first':>9} {first[0]:9.0f} ({first[1]:.0f})")
        print(f"{megapixels:5g} {'none':>9} {alone[0]:9.0f} ({alone[1]:.0f})")
        for share, name in ((0.002, ""), (0.02, ""), (0.02, "one of 2%"), (1.0, "")):
            # All strokes are new each time, or only the last one, as when somebody paints.
            seeds = [(0, i) if name else (i, None) for i in range(REPEAT)]
            layers = [Hints.from_rgba(painted(plane.shape, share, *pair)) for pair in seeds]
            if name:
                colorizer.colorize(photo, Hints.from_rgba(painted(plane.shape, share, 0, REPEAT)))
            took = median(lambda i, p=photo, h=layers: colorizer.colorize(p, h[i]))
            same = median(rendering(colorizer, photo, layers))
            against = [
                f"{took[0] / clock:.2f} ({took[1] / cpu:.2f})"
                for clock, cpu in (first, alone, same)
            ]
            print(
                f"{megapixels:5g} {name or f'{share:.1%}':>9} {took[0]:9.0f} ({took[1]:4.0f})",
                end="",
            )
            print(f" {against[0]:>13} {against[1]:>13} {against[2]:>22}", flush=True)


def rendering(colorizer: Any, photo: Any, layers: list[Hints]) -> Callable[[int], Any]:
    """Renders the cells' colours with the numbered hints, without anything else of hints."""
    cells = []
    for hints in layers:
        p = torch.from_numpy(colorizer.probabilities(photo, hints))
        cells.append(mean_color(p).numpy())
    per_pixel = photo.geometry.cells_per_pixel
    return lambda i: render(photo.luminance, cells[i], per_pixel, guide=photo.guide)


def median(work: Callable[[int], Any]) -> tuple[float, float]:
    """Of some runs, each with its own number."""
    runs = [timed(lambda i=i: work(i)) for i in range(REPEAT)]
    return float(np.median([r[0] for r in runs])), float(np.median([r[1] for r in runs]))
