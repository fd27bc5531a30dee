"""Peak memory of `handtint colorize`, TIFF to TIFF, uint16, above the loaded model.

    python bench/memory.py [--megapixels 24,100] [--rgb]

The model's own memory is the peak of a process that loads it and colorizes 300 x 300
pixels.  Each photo is colorized by a process of its own, as a user would.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import tifffile

BARS = {24: 0.7, 100: 2.0}  # GB
MODEL = """
import numpy as np, handtint_model
colorizer = handtint_model.load_colorizer(device="cpu")
colorizer.colorize(colorizer.encode(np.zeros((300, 300), np.uint16)))
"""


def make_scan(path: Path, megapixels: float, channels: int) -> None:
    """A gradient with grain, written row by row."""
    height = round((megapixels * 1e6 * 2 / 3) ** 0.5)
    width = round(megapixels * 1e6 / height)
    shape = (height, width) if channels == 1 else (height, width, channels)
    photometric = "minisblack" if channels == 1 else "rgb"
    pixels = tifffile.memmap(path, shape=shape, dtype=np.uint16, photometric=photometric)
    rng = np.random.default_rng(0)
    ramp = np.linspace(4000, 56000, width)
    for top in range(0, height, 256):
        rows = pixels[top : top + 256]
        grain = rng.integers(-3000, 3000, rows.shape[:2])
        strip = (ramp + grain).clip(0, 65535).astype(np.uint16)
        rows[...] = strip if channels == 1 else strip[..., None] - np.uint16([0, 300, 600])
    pixels.flush()


def peak(command: list[str]) -> float:
    """Largest resident size, in GB, of a command that must succeed."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1e9 if sys.platform == "darwin" else 1e6  # bytes there, KiB elsewhere
    return usage.ru_maxrss / unit


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", default="24,100")
    parser.add_argument("--rgb", action="store_true", help="scans stored as RGB, slightly toned")
    given = parser.parse_args()
    model = peak([sys.executable, "-c", MODEL])
    print(f"model {model:.2f} GB")
    print("megapixels  peak GB  above the model  bar")
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in (float(v) for v in given.megapixels.split(",")):
            photo = Path(folder, "scan.tif")
            make_scan(photo, megapixels, 3 if given.rgb else 1)
            command = [sys.executable, "-m", "handtint_server", "colorize", str(photo)]
            most = peak([*command, "--device", "cpu", "--overwrite"])
            bar = BARS.get(round(megapixels))
            passed &= bar is None or most - model < bar
            print(f"{megapixels:10g} {most:8.2f} {most - model:16.2f}  {bar or '-'}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
