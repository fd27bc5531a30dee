"""Latency: one photo after the other, from file to file, by step and size.

Prints the milliseconds of read, network, render and write, and beside them, for the same
plane and cells, two pipelines that other colorizers use for what `render` does: scikit-image
(rgb2lab, zoom of ab, lab2rgb, clip) and OpenCV float (cvtColor, resize, cvtColor, clip).
Every number is the best of `--repeat` runs, of ours and the others taken in turn; `cpu`
columns count the processor time of all threads, which other work on the machine disturbs
less than the time on the clock.

    python bench/latency.py [--megapixels 0.25 1 4 12 24 100] [--bits 8] [--render-only]
    python bench/latency.py --hints          # what a changed hint costs
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import color, data

from handtint_model.files import PhotoMeta, read_photo, write_photo
from handtint_model.render.render import render

SIZES = (0.25, 1.0, 4.0, 12.0, 24.0, 100.0)
SLOWEST = 24.0
"""Megapixels above which scikit-image would need more than 10 GB; it is left out."""


def photo(megapixels: float, bits: int) -> NDArray[Any]:
    """A gray 4:3 photo with grain: scikit-image's coffee, enlarged."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    gray = cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY)
    large = cv2.resize(gray, (width, height), interpolation=cv2.INTER_LINEAR)
    rng = np.random.default_rng(0)
    grain = rng.integers(-4, 5, (257, 263), np.int16)
    tiled = np.tile(grain, (height // 257 + 1, width // 263 + 1))[:height, :width]
    plane = np.clip(large + tiled, 0, 255).astype(np.uint8)
    return plane if bits == 8 else plane.astype(np.uint16) * 257


def cells(height: int, width: int) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """The photo's own colours in cells as the network makes them, and cells per pixel."""
    lab = color.rgb2lab(data.coffee()).astype(np.float32)
    rows, columns = 64, round(64 * width / height)
    ab = cv2.resize(lab[..., 1:], (columns, rows), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(ab.transpose(2, 0, 1)), (rows / height, columns / width)


def scikit_image(plane: NDArray[Any], ab: NDArray[np.float32]) -> NDArray[Any]:
    top = np.iinfo(plane.dtype).max
    lab = color.rgb2lab(color.gray2rgb(plane))
    factors = (1, plane.shape[0] / ab.shape[1], plane.shape[1] / ab.shape[2])
    lab[..., 1:] = ndimage.zoom(ab, factors, order=1).transpose(1, 2, 0)
    return (np.clip(color.lab2rgb(lab), 0, 1) * top).astype(plane.dtype)


def opencv(plane: NDArray[Any], ab: NDArray[np.float32]) -> NDArray[Any]:
    top = np.iinfo(plane.dtype).max
    rgb = cv2.cvtColor(plane.astype(np.float32) * np.float32(1 / top), cv2.COLOR_GRAY2RGB)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    size = (plane.shape[1], plane.shape[0])
    a, b = (cv2.resize(c, size, interpolation=cv2.INTER_LINEAR) for c in ab)
    lab = cv2.merge((cv2.extractChannel(lab, 0), a, b))
    rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return (np.clip(rgb, 0, 1) * top).astype(plane.dtype)


class Clock:
    """Best wall and processor milliseconds by name."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self.wall[name] = min(self.wall.get(name, np.inf), 1000 * wall)
        self.cpu[name] = min(self.cpu.get(name, np.inf), 1000 * cpu)
        return result


def measure_render(plane: NDArray[Any], megapixels: float, repeat: int) -> Clock:
    clock = Clock()
    ab, per_pixel = cells(*plane.shape)
    for _ in range(repeat):
        clock("ours", lambda: render(plane, ab, per_pixel))
        clock("opencv", lambda: opencv(plane, ab))
        if megapixels <= SLOWEST:
            clock("scikit-image", lambda: scikit_image(plane, ab))
    return clock


def measure_file(colorizer: Any, plane: NDArray[Any], folder: Path, repeat: int) -> Clock:
    clock = Clock()
    source, target = folder / "photo.tif", folder / "result.tif"
    depth = 8 * plane.dtype.itemsize
    write_photo(source, np.repeat(plane[..., None], 3, axis=2), PhotoMeta(depth=depth))
    for _ in range(repeat):
        found = clock("read", lambda: read_photo(source))
        encoded = clock("network", lambda f=found: colorizer.encode(f.luminance))
        rgb = clock("render", lambda e=encoded: colorizer.colorize(e))
        clock("write", lambda r=rgb, f=found: write_photo(target, r, f.meta))
    clock.wall["total"] = sum(clock.wall.values())
    clock.cpu["total"] = sum(clock.cpu.values())
    return clock


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=SIZES)
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--render-only", action="store_true", help="no files and no network")
    parser.add_argument("--hints", action="store_true", help="only what changed hints cost")
    arguments = parser.parse_args()
    os.environ["HANDTINT_THREADS"] = str(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    # scikit-image tells of colours that sRGB does not hold.
    warnings.filterwarnings("ignore", message=".*negative Z values")

    colorizer = None
    if not arguments.render_only:
        import torch

        from handtint_model import load_colorizer

        torch.set_num_threads(arguments.threads)
        colorizer = load_colorizer(device="cpu")
    if arguments.hints and colorizer is not None:
        from hint_latency import hint_table

        sizes = [m for m in arguments.megapixels if m in (1.0, 4.0, 24.0)]
        hint_table(colorizer, {m: photo(m, arguments.bits) for m in sizes})
        return 0
    warm = photo(0.05, arguments.bits)
    measure_render(warm, 1, 1)  # compiles
    print(f"{arguments.threads} threads, {arguments.bits} bits; milliseconds, best of", end=" ")
    print(f"{arguments.repeat}")

    print(f"{'MP':>7} {'ours':>8} {'opencv':>8} {'scikit':>8} {'opencv/ours':>12}", end="")
    print(f" {'scikit/ours':>12}   cpu: ours, opencv, scikit, and the ratios")
    for megapixels in arguments.megapixels:
        plane = photo(megapixels, arguments.bits)
        clock = measure_render(plane, megapixels, arguments.repeat)
        line = [f"{megapixels:7g}"]
        for times in (clock.wall, clock.cpu):
            own, other = times["ours"], times["opencv"]
            slow = times.get("scikit-image", np.nan)
            line.append(f"{own:8.0f} {other:8.0f} {slow:8.0f} {other / own:12.2f}")
            line.append(f"{slow / own:12.1f}  ")
        print(" ".join(line), flush=True)

    if colorizer is None:
        return 0
    steps = ("read", "network", "render", "write", "total")
    print("\nTIFF to TIFF  " + "".join(f"{s:>9}" for s in steps) + "   cpu total")
    firsts: dict[float, float] = {}
    with tempfile.TemporaryDirectory() as name:
        measure_file(colorizer, warm, Path(name), 1)
        for megapixels in arguments.megapixels:
            plane = photo(megapixels, arguments.bits)
            clock = measure_file(colorizer, plane, Path(name), arguments.repeat)
            row = "".join(f"{clock.wall[s]:9.0f}" for s in steps)
            print(f"{megapixels:10g} MP {row}  {clock.cpu['total']:9.0f}", flush=True)
            firsts[megapixels] = clock.cpu["network"] + clock.cpu["render"]
    if 1.0 in firsts and 24.0 in firsts:
        print(f"plane to RGB, 24 MP / 1 MP: {firsts[24.0] / firsts[1.0]:.1f} (processor time)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
