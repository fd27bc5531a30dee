"""G'MIC and Krita as methods of the evaluation: real programs, run on picture files."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handtint_model.evaluation.lab import lab_to_rgb, rgb_to_lab
from handtint_model.evaluation.methods import Answers
from handtint_model.evaluation.protocols import PaintedHints, Truth

Array = NDArray[Any]

HERE = Path(__file__).parent
LIMIT = 300  # seconds for one picture


class External:
    """A program that reads gray.png and hints.png and writes out.png in a folder.

    Two results each: the picture as it comes, and its ab on the photo's own lightness.
    """

    uses_hints = True

    def __init__(self, name: str) -> None:
        self.labels: tuple[str, ...] = (name, f"{name}, L* put back")
        self.vividness: tuple[float | None, ...] = (None, None)
        self._folder = tempfile.TemporaryDirectory(prefix="handtint-bench-")
        self.folder = Path(self._folder.name)

    def run(self) -> None:
        """Make out.png."""
        raise NotImplementedError

    def start(self, truth: Truth) -> Answers:
        codes = np.rint(truth.luminance * 255).astype(np.uint8)
        gray = np.repeat(codes[..., None], 3, axis=2)
        lightness = rgb_to_lab(truth.luminance[..., None].repeat(3, axis=2))[..., :1]

        def answer(hints: PaintedHints) -> list[Array]:
            if not len(hints):
                return [gray / 255.0] * 2
            Image.fromarray(gray).save(self.folder / "gray.png")
            picture = hint_picture(hints, lightness)
            Image.fromarray(picture).save(self.folder / "hints.png")
            out = self.folder / "out.png"
            out.unlink(missing_ok=True)
            self.run()
            with Image.open(out) as image:
                rgb = np.asarray(image.convert("RGB")) / 255.0
            ab = rgb_to_lab(rgb)[..., 1:]
            return [rgb, lab_to_rgb(np.concatenate([lightness, ab], axis=-1))]

        return answer


def hint_picture(hints: PaintedHints, lightness: Array) -> NDArray[np.uint8]:
    """(H, W, 4) uint8: every mark in its colour at the photo's mean lightness below it."""
    painted, ab = hints.paint()
    rgba = np.zeros((*painted.shape, 4), np.uint8)
    colors, mark = np.unique(ab[painted], axis=0, return_inverse=True)
    mark = mark.ravel()
    mean = np.bincount(mark, lightness[painted][:, 0]) / np.bincount(mark)
    rgb = lab_to_rgb(np.concatenate([mean[:, None], colors], axis=1)[None])[0]
    rgba[painted, :3] = np.rint(rgb * 255).astype(np.uint8)[mark]
    rgba[painted, 3] = 255
    return rgba


class Gmic(External):
    """G'MIC's "Colorize [Photographs]" at its default smoothness and anisotropy."""

    def __init__(self, command: str) -> None:
        super().__init__("G'MIC")
        self._command = command

    def run(self) -> None:
        arguments = ["hints.png", "gray.png", "fx_recolorize", "2,0.2,0", "o", "out.png"]
        _call([self._command, *arguments], self.folder)


class KritaColorizeMask(External):
    """Krita's Colorize Mask, edge detection on, in the Debian folder of the editor tests."""

    def __init__(self, debian: Path) -> None:
        super().__init__("Krita Colorize Mask")
        shutil.copy(HERE / "krita_colorize_mask.py", self.folder)
        (self.folder / "home").mkdir()
        script = HERE.parent / "tests" / "support" / "debian_folder.sh"
        variables = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/mnt/home",
            "LANG": "C.UTF-8",
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": "/mnt",
        }
        inside = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        program = ["kritarunner", "-s", "krita_colorize_mask", "-f", "main"]
        self._command = ["sh", str(script), str(debian), "run", *inside, *program]

    def run(self) -> None:
        _call(self._command, self.folder, BIND=f"{self.folder}:/mnt")


def _call(command: Sequence[str], folder: Path, **variables: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if not (folder / "out.png").is_file():
        raise SystemExit(f"{command[0]} made no picture:\n{done.stdout}\n{done.stderr}")
