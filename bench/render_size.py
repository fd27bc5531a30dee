"""What the render size costs and brings: PSNR and colourfulness at 128 to 512.

    python bench/render_size.py DATA/photos/val.tar DATA/kodak [--limit 100] [--weights FILE]

Each path is a set of its own.  Photos keep their own size: the render size is how much of
them the network sees.  Colours that fade at larger sizes are a known fault of colorizers
trained at one scale; the last column shows it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from handtint_model import load_colorizer
from handtint_model.evaluation.metrics import colorfulness, mean_and_error, psnr
from handtint_model.evaluation.photos import evenly, find_photos
from handtint_model.evaluation.protocols import Truth
from handtint_model.evaluation.tables import aligned

SIZES = (128, 192, 256, 384, 512)
VIVIDNESS = (0.0, 0.5)


def main() -> None:
    """Print one table a set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    colorizer = load_colorizer(options.weights)
    for path in options.sets:
        photos = evenly(find_photos([path]), options.limit)
        gain: dict[tuple[int, float], list[float]] = {}
        colors: dict[tuple[int, float], list[float]] = {}
        seconds = dict.fromkeys(SIZES, 0.0)
        true_colors = []
        for file in tqdm(photos, unit="photo", disable=None, leave=False):
            truth = Truth.from_codes(np.asarray(file.open().convert("RGB")))
            true_colors.append(colorfulness(truth.codes))
            gray = psnr(np.repeat(truth.luminance[..., None], 3, 2), truth.rgb, peak=1.0)
            for size in SIZES:
                start = time.perf_counter()
                encoded = colorizer.encode(truth.luminance, render_size=size)
                seconds[size] += time.perf_counter() - start
                for vividness in VIVIDNESS:
                    rgb = colorizer.colorize(encoded, vividness=vividness)
                    key = size, vividness
                    gain.setdefault(key, []).append(psnr(rgb, truth.rgb, peak=1.0) - gray)
                    codes = np.rint(rgb * 255).astype(np.uint8)
                    colors.setdefault(key, []).append(colorfulness(codes))
        truth_mean = float(np.mean(true_colors))
        rows: list[tuple[str, ...]] = [
            ("render size", "vividness", "over gray dB", "colourfulness", "of truth", "of 256")
        ]
        for vividness in VIVIDNESS:
            usual = float(np.mean(colors[256, vividness]))
            for size in SIZES:
                mean, error = mean_and_error(np.array(gain[size, vividness]))
                found = float(np.mean(colors[size, vividness]))
                shares = f"{found / truth_mean:.2f}", f"{found / usual:.2f}"
                gained = f"{mean:+.2f} ± {error:.2f}"
                rows.append((str(size), f"{vividness:g}", gained, f"{found:.1f}", *shares))
        print(f"{path.name}: {len(photos)} photos\n{aligned(rows)}")
        times = ", ".join(f"{s}: {seconds[s] / seconds[256]:.2f}" for s in SIZES)
        print(f"time to encode, of that at 256: {times}\n")


if __name__ == "__main__":
    main()
