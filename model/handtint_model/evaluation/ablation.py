"""The ablation runs (presets ablation-a to -f) behind the interface of the other methods.

All runs use Handtint's renderer. They differ only in how the colour of a cell is read from the
network's first head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
from torch import Tensor

from ..color.bins import decode_distribution, mean_color
from ..colorizer import Colorizer
from ..device import select_device
from ..encoded_photo import EncodedPhoto
from ..errors import BadCheckpoint
from ..network.checkpoint import load_weights
from ..render.render import render
from ..render.upsample import ColorField
from .methods import Answers, Array
from .metrics import colorfulness
from .protocols import PaintedHints, Truth

WHAT = {
    "ablation-a": "classification, rebalanced; stem compensated, GroupNorm calibrated",
    "ablation-b": "classification, not rebalanced",
    "ablation-c": "regression of ab, L2",
    "ablation-d": "stem compensated, original BatchNorm",
    "ablation-e": "stem naive, original BatchNorm",
    "ablation-f": "stem naive, GroupNorm not calibrated",
}
"""The runs, and what sets each apart."""

REGRESSION_UNIT = 10.0
"""ab per unit of the first two logits of a regression (`training.objective.regression_loss`)."""

ANNEALED = 0.38
"""Temperature that Zhang et al. 2016 settled on, for a network decoded as it was trained."""

LARGEST_SCALE = 30.0


@dataclass(frozen=True)
class Reading:
    """One way to turn a cell's logits into a colour.

    tilt: power of the rebalancing weights w in the distribution, whatever the network was trained
    with. 0: colours as frequent as in photographs; 1: as rebalanced training teaches;
    None: as trained.  temperature: of the softmax.  A regression has neither.
    scale: factor on ab, for comparisons at equal colourfulness.
    """

    name: str
    tilt: float | None = 0.0
    temperature: float = 1.0
    scale: float = 1.0


LEAST_ERROR = Reading("least error", 1.0 - 1.15, 1.25)
"""The calibrated mean, slightly softened, because the network is slightly overconfident."""

BOLD = Reading("tilted", 1.0 + 0.3, 0.8)
"""Rare colours weigh more than in training, so that results are as colourful as photographs."""


def readings(loss: str) -> tuple[Reading, ...]:
    """The readings in which the tables show a run; loss: its `TrainConfig.loss`."""
    if loss == "regression":
        return (Reading("as it is"),)
    shown = (Reading("mean"), LEAST_ERROR, Reading("annealed", None, ANNEALED))
    if loss == "plain":
        # Trained without weights: read as it is, and with the tilt that training gives run (a).
        bare = replace(BOLD, name=f"T {BOLD.temperature:g}", tilt=0.0)
        return (*shown, bare, replace(BOLD, name="tilted afterwards"))
    return (*shown, BOLD)


def boldest(loss: str) -> Reading:
    """The reading with the most vivid colours."""
    return readings(loss)[-1]


class AblationRun:
    """A trained run that can be read in several ways; see `methods.Method`."""

    uses_hints = False

    def __init__(
        self, colorizer: Colorizer, name: str = "run", shown: Sequence[Reading] | None = None
    ) -> None:
        """shown: the readings to answer with; None: the usual ones for the run's loss."""
        settings = colorizer.record.get("config")
        if not isinstance(settings, dict) or "loss" not in settings:
            raise BadCheckpoint("the weights do not record what loss they were trained with.")
        self.colorizer, self.name = colorizer, name
        self.loss = str(settings["loss"])
        self.shown = readings(self.loss) if shown is None else tuple(shown)
        self.labels: tuple[str, ...] = tuple(f"{name}: {reading.name}" for reading in self.shown)
        self.vividness: tuple[float | None, ...] = (None,) * len(self.shown)

    def reading(self, shown: Sequence[Reading]) -> AblationRun:
        """The same run with other readings."""
        return AblationRun(self.colorizer, self.name, shown)

    @torch.inference_mode()
    def ab(self, logits: Tensor, reading: Reading) -> NDArray[np.float32]:
        """Colours of the cells, (2, h, w) ab, from logits (1, 313, h, w)."""
        if self.loss == "regression":
            ab = logits[0, :2].float() * REGRESSION_UNIT
        else:
            own = 1.0 if self.loss == "rebalanced" else 0.0
            tilt = own if reading.tilt is None else reading.tilt
            weights = self.colorizer.weights
            p = decode_distribution(logits, weights, own - tilt, reading.temperature)
            ab = mean_color(p)[0]
        return np.asarray(ab.cpu().numpy() * np.float32(reading.scale), np.float32)

    def draw(self, photo: EncodedPhoto, reading: Reading) -> NDArray[Any]:
        """The photo in these colours, (H, W, 3) of the photo's dtype."""
        ab, per_pixel = self.ab(photo.heads.logits, reading), photo.geometry.cells_per_pixel
        field = ColorField.fit(photo.luminance, ab, per_pixel, photo.guide)
        return render(photo.luminance, field, per_pixel)

    def start(self, truth: Truth) -> Answers:
        """See `methods.Method.start`."""
        photo = self.colorizer.encode(truth.luminance)

        def answer(_: PaintedHints) -> list[Array]:
            return [self.draw(photo, reading) for reading in self.shown]

        return answer


def load_runs(folder: Path, device: str = "auto") -> list[AblationRun]:
    """Load all runs in a folder, from FOLDER/ablation-a/weights.safetensors and so on.

    Raises BadCheckpoint if there is none, or if one is not the run that its folder is named after.
    """
    runs = []
    for name in WHAT:
        path = folder / name / "weights.safetensors"
        if path.is_file():
            runs.append(AblationRun(Colorizer(load_weights(path), select_device(device)), name))
    if not runs:
        raise BadCheckpoint(f"there is no run such as {folder / 'ablation-a'}.")
    return runs


def scaled_to(
    run: AblationRun, reading: Reading, truths: Sequence[Truth], wanted: float
) -> Reading:
    """The reading, with the scale that gives the photos the mean colourfulness ``wanted``.

    Where the gamut does not allow that much, the scale is LARGEST_SCALE.
    """
    photos = [run.colorizer.encode(truth.luminance) for truth in truths]

    def excess(scale: float) -> float:
        scaled = replace(reading, scale=scale)
        own = [colorfulness(run.draw(photo, scaled) * 255.0) for photo in photos]
        return float(np.mean(own)) - wanted

    name = f"{reading.name}, scaled"
    if excess(LARGEST_SCALE) <= 0.0:
        return replace(reading, name=name, scale=LARGEST_SCALE)
    scale = brentq(excess, 0.0, LARGEST_SCALE, xtol=0.005, rtol=0.002)
    return replace(reading, name=name, scale=float(scale))
