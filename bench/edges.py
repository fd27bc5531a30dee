"""Edges: the true colours of photos, averaged over blocks, enlarged again in several ways.

Prints the PSNR of a*, b* (peak 255) of each photo and way, the mean gains of ours, and on
how many photos ours is best.

    python bench/edges.py DATA/kodak [--factor 16] [--csv FILE]
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from handtint_model.color.constants import RGB_TO_XYZ
from handtint_model.color.conversions import linear_to_lab, srgb_encode
from handtint_model.color.tables import code_tables
from handtint_model.render.render import upsample_ab

Floats = NDArray[np.float32]
Way = Callable[[NDArray[np.uint8], Floats, int], Floats]


def load(path: Path, factor: int) -> tuple[NDArray[np.uint8], Floats]:
    """Y' (H, W) and a*, b* (2, H, W), cut to whole blocks."""
    rgb = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    height, width = (n // factor * factor for n in rgb.shape[:2])
    linear = code_tables(8).linear[rgb[:height, :width]]
    luminance = np.rint(255 * srgb_encode(linear @ RGB_TO_XYZ[1])).astype(np.uint8)
    ab = linear_to_lab(linear)[..., 1:].astype(np.float32)
    return luminance, np.ascontiguousarray(ab.transpose(2, 0, 1))


def averages(ab: Floats, factor: int) -> Floats:
    channels, height, width = ab.shape
    blocks = (channels, height // factor, factor, width // factor, factor)
    return ab.reshape(blocks).mean(axis=(2, 4))


def resized(ab: Floats, factor: int, interpolation: int) -> Floats:
    size = (ab.shape[2] * factor, ab.shape[1] * factor)
    return np.stack([cv2.resize(c, size, interpolation=interpolation) for c in ab])


def nearest(luminance: NDArray[np.uint8], cells: Floats, factor: int) -> Floats:
    return resized(cells, factor, cv2.INTER_NEAREST)


def bilinear(luminance: NDArray[np.uint8], cells: Floats, factor: int) -> Floats:
    return resized(cells, factor, cv2.INTER_LINEAR)


def bicubic(luminance: NDArray[np.uint8], cells: Floats, factor: int) -> Floats:
    return resized(cells, factor, cv2.INTER_CUBIC)


def bicubic_projected(luminance: NDArray[np.uint8], cells: Floats, factor: int) -> Floats:
    """Bicubic with three back-projections."""
    result = bicubic(luminance, cells, factor)
    for _ in range(3):
        result = result + bicubic(luminance, cells - averages(result, factor), factor)
    return result


def guided(luminance: NDArray[np.uint8], cells: Floats, factor: int) -> Floats:
    """OpenCV's guided filter on the bilinear result; lightness 0..1 guides."""
    guide = code_tables(8).f[luminance] * np.float32(1.16) - np.float32(0.16)
    radius, epsilon = factor // 2, 1e-2
    rough = bilinear(luminance, cells, factor)
    return np.stack([cv2.ximgproc.guidedFilter(guide, c, radius, epsilon) for c in rough])


def ours(luminance: NDArray[np.uint8], cells: Floats, factor: int) -> Floats:
    return upsample_ab(luminance, cells, (1 / factor, 1 / factor))


WAYS: dict[str, Way] = {
    "nearest": nearest,
    "bilinear": bilinear,
    "bicubic": bicubic,
    "bicubic+bp": bicubic_projected,
    "guided": guided,
    "handtint": ours,
}


def psnr(found: Floats, truth: Floats) -> float:
    return float(10 * np.log10(255**2 / np.mean((found - truth) ** 2, dtype=np.float64)))


def measure(paths: list[Path], factor: int) -> NDArray[np.float64]:
    """(photos, ways) PSNR."""
    rows = []
    for path in paths:
        luminance, ab = load(path, factor)
        cells = averages(ab, factor)
        rows.append([psnr(way(luminance, cells, factor), ab) for way in WAYS.values()])
    return np.array(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of PNG photos")
    parser.add_argument("--factor", type=int, default=16, help="block side in pixels")
    parser.add_argument("--csv", type=Path, help="also write the table here")
    arguments = parser.parse_args()
    paths = sorted(arguments.photos.glob("*.png"))
    if not paths:
        print(f"no PNG photos in {arguments.photos}", file=sys.stderr)
        return 1
    table = measure(paths, arguments.factor)
    print("".join(f"{n:>12}" for n in ("photo", *WAYS)))
    for path, row in zip(paths, table):
        print(f"{path.stem:>12}" + "".join(f"{v:12.2f}" for v in row))
    print(f"{'mean':>12}" + "".join(f"{v:12.2f}" for v in table.mean(axis=0)))
    best = int((table[:, -1] > table[:, :-1].max(axis=1)).sum())
    gains = (table[:, -1:] - table[:, :-1]).mean(axis=0)
    print("gain of handtint, dB:", ", ".join(f"{n} {g:+.2f}" for n, g in zip(WAYS, gains)))
    print(f"best on {best} of {len(paths)}")
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["photo", *WAYS])
            writer.writerows([p.stem, *(f"{v:.3f}" for v in r)] for p, r in zip(paths, table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
