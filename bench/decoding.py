"""Five ways to turn the network's distributions into colors, by the measures of `evaluate`.

    python bench/decoding.py DATA/photos/val.tar --limit 100 [--contact-sheet PNG]

Every way is shown at several degrees of boldness and rendered by the same renderer; "agreed" ways
read the distributions after neighboring cells have agreed (docs/why-it-works.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handtint_model import load_colorizer
from handtint_model.color.bins import BINS
from handtint_model.color.decoding import NEUTRAL_CHROMA, calibrated, decide
from handtint_model.evaluation.color_measures import MEASURES, pooled, value_at
from handtint_model.evaluation.contact_sheet import contact_sheet, save_sheet
from handtint_model.evaluation.photos import evenly, find_photos
from handtint_model.evaluation.protocols import protocol
from handtint_model.evaluation.run import evaluate
from handtint_model.evaluation.tables import aligned
from handtint_model.render.render import render
from handtint_model.render.upsample import ColorField

CENTERS = torch.tensor(BINS, dtype=torch.float32)
CHROMA = CENTERS.norm(dim=1)
NEAR = (torch.cdist(CENTERS, CENTERS) < 15.0).float()
CERTAIN = (0.3, 0.7)  # share of the probability near the mode: the mean below, the mode above

Way = Callable[[torch.Tensor], torch.Tensor]


def mean(gain: float) -> Way:
    """The mean of the distribution, its chroma multiplied."""
    return lambda p: gain * (p @ CENTERS)


def mode(neutral: float, gain: float) -> Way:
    """Mode seeking with neutral bins weighted."""
    return lambda p: gain * (decide(p, neutral) @ CENTERS)


def reward(price: float) -> Way:
    """The color of most expected reward: colored bins near it, less a price for tinted neutrals."""

    def choose(p: torch.Tensor) -> torch.Tensor:
        colored = CHROMA >= NEUTRAL_CHROMA
        gained = (p * colored) @ NEAR
        lost = price * (p * ~colored).sum(1, keepdim=True) * (CHROMA > 15.0)
        return CENTERS[(gained - lost).argmax(1)]

    return choose


def by_certainty(neutral: float, gain: float) -> Way:
    """The mode where it is certain, the mean where it is not."""

    def mix(p: torch.Tensor) -> torch.Tensor:
        color = decide(p, neutral) @ CENTERS
        near = (torch.exp(-torch.cdist(color, CENTERS).square() / (2.0 * 15.0**2)) * p).sum(1)
        low, high = CERTAIN
        share = ((near - low) / (high - low)).clamp(0.0, 1.0)[:, None]
        return gain * torch.lerp(p @ CENTERS, color, share)

    return mix


GAINS = (0.8, 1.0, 1.15, 1.3, 1.5, 1.75)
WAYS: dict[str, tuple[bool, list[tuple[str, Way]]]] = {
    # name: on agreed distributions, variants from calm to bold
    "mean x gain": (False, [(f"{g}", mean(g)) for g in GAINS]),
    "mode of each cell": (False, [(f"{g}", mode(0.6, g)) for g in GAINS]),
    "agreed mean x gain": (True, [(f"{g}", mean(g)) for g in GAINS]),
    "agreed mode": (True, [(f"{g}", mode(0.6, g)) for g in GAINS]),
    "agreed, expected reward": (
        True, [(f"price {p}", reward(p)) for p in (4.0, 2.5, 1.5, 1.0, 0.7, 0.4)]
    ),
    "agreed, by certainty": (True, [(f"{g}", by_certainty(0.6, g)) for g in GAINS]),
}  # fmt: skip


class Decoded:
    """All variants of all ways behind the interface of the other methods."""

    uses_hints = False

    def __init__(self, colorizer: Any) -> None:
        self.colorizer = colorizer
        self.variants = [
            (f"{name}: {label}", agreed, way)
            for name, (agreed, variants) in WAYS.items()
            for label, way in variants
        ]
        self.labels = tuple(label for label, _, _ in self.variants)
        self.vividness: tuple[float | None, ...] = (None,) * len(self.variants)

    def start(self, truth: Any) -> Any:
        """See `methods.Method`."""
        photo = self.colorizer.encode(truth.luminance)
        alone = calibrated(photo.heads.logits, self.colorizer.weights)[0].flatten(1).T.cpu()
        agreed = self.colorizer.agreed(photo).cpu()
        shape, scale = photo.geometry.cells, photo.geometry.cells_per_pixel

        def draw(way: Way, p: torch.Tensor) -> Any:
            ab = way(p).T.reshape(2, *shape).contiguous().numpy()
            return render(
                photo.luminance, ColorField.fit(photo.luminance, ab, scale, photo.guide), scale
            )

        return lambda hints: [draw(way, agreed if a else alone) for _, a, way in self.variants]


def main() -> None:
    """Print the table; draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--contact-sheet", type=Path)
    given = parser.parse_args()
    colorizer = load_colorizer(given.weights)
    photos, rules = evenly(find_photos(given.photos), given.limit), protocol("siggraph17")
    report = evaluate(photos, [Decoded(colorizer)], rules, [0])
    rows = [("way", "PSNR dB", *(name.replace("_", " ") for name in MEASURES))]
    for score in report.scores:
        figures = [pooled(score.colors, name).value for name in MEASURES]
        rows.append((score.method, *(f"{v:.2f}" for v in (np.mean(score.psnr), *figures))))
    print(aligned(rows))
    for name in WAYS:
        mine = [s for s in report.scores if s.method.startswith(f"{name}: ")]
        tinted, right = (
            [pooled(s.colors, measure).value for s in mine]
            for measure in ("tinted_neutrals", "colors_right")
        )
        found = value_at(tinted, right, 16.0)
        print(f"{name}: right at 16 {'not spanned' if found is None else f'{found:.1f} %'}")
    if given.contact_sheet:
        method, pictures = Decoded(colorizer), []
        shown = [i for i, label in enumerate(method.labels) if label.endswith(("1.3", "1.5"))]
        for photo in photos[:40]:
            truth = rules.load(photo.open(), name=photo.name)
            results = method.start(truth)(None)
            pictures.append([*(results[i] for i in shown), truth.codes])
        columns = [*(method.labels[i] for i in shown), "truth"]
        save_sheet(contact_sheet(pictures, columns=columns, height=128), given.contact_sheet)


if __name__ == "__main__":
    main()
