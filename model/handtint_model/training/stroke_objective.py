"""What the stroke decoder is trained by: outlined objects, and the colors of photos.

Objects say where a stroke should end; colors say what a point is worth where nobody has outlined
anything, and among many other points.  Objects alone make single points worse (docs/hints.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..color.bins import decode_distribution, mean_color
from ..hints.mixture import mix_trusts
from ..hints.strokes import rivals_of
from ..network import Heads
from ..network.stroke_decoder import Strokes
from .hint_simulation import alter_truth
from .losses import ERROR_FLOOR
from .masks import MaskedCrop
from .stroke_simulation import Lesson, as_strokes, draw_lessons, draw_points

STROKES_A_CROP = 5
MOST_POINTS = 7
SHARE_ALTERED = 0.3
"""Of the pictures that points are drawn on: one object has another color, so that hints are obeyed
where the network is sure of something else, and end where the object does."""


@dataclass(frozen=True, eq=False)
class Lessons:
    """Strokes in outlined objects of a batch."""

    strokes: Strokes
    wanted: Tensor  # (K, h, w) 0 or 1
    counts: Tensor  # (K, h, w) 0 or 1

    def to(self, device: torch.device) -> Lessons:
        """The same on a device."""
        moved = Strokes(*(t.to(device) for t in self.strokes))
        return Lessons(moved, self.wanted.to(device), self.counts.to(device))


@dataclass(frozen=True, eq=False)
class Points:
    """Points on the pictures of a batch, and the colors that they should lead to."""

    strokes: Strokes
    of_photo: list[slice]  # which strokes lie on each picture
    ab: list[Tensor]  # (K, 2) of each picture's points
    truth: Tensor  # (B, h, w, 2)

    def to(self, device: torch.device) -> Points:
        """The same on a device."""
        moved = Strokes(*(t.to(device) for t in self.strokes))
        return Points(
            moved, self.of_photo, [ab.to(device) for ab in self.ab], self.truth.to(device)
        )


def lessons_of(
    rng: np.random.Generator, crops: list[MaskedCrop], ab: NDArray[np.float32]
) -> Lessons | None:
    """Strokes on the first pictures of a batch; ab: (B, h, w, 2) its true colors."""
    photo: list[int] = []
    drawn: list[Lesson] = []
    for number, crop in enumerate(crops):
        lessons = draw_lessons(rng, crop, ab[number], STROKES_A_CROP)
        photo += [number] * len(lessons)
        drawn += lessons
    if not drawn:
        return None
    strokes = as_strokes(photo, [d.painted for d in drawn], [d.rivals for d in drawn])
    wanted, counts = (
        torch.from_numpy(np.stack([getattr(d, name) for d in drawn]).astype(np.float32))
        for name in ("wanted", "counts")
    )
    return Lessons(strokes, wanted, counts)


def points_of(rng: np.random.Generator, ab: Tensor) -> Points:
    """Points on every picture of a batch; ab: (B, h, w, 2) its true colors."""
    truth = alter_truth(rng, ab, 0.05, SHARE_ALTERED)
    photo: list[int] = []
    painted: list[NDArray[np.bool_]] = []
    rivals: list[NDArray[np.bool_]] = []
    places, hues = [], []
    for number, (own, region) in enumerate(zip(truth.ab.numpy(), truth.regions.numpy())):
        cells, colors = draw_points(rng, own, MOST_POINTS, region)
        places.append(slice(len(painted), len(painted) + len(cells)))
        photo += [number] * len(cells)
        painted += list(cells)
        rivals += list(rivals_of(cells, colors))
        hues.append(torch.from_numpy(colors))
    return Points(as_strokes(photo, painted, rivals), places, hues, truth.ab)


def object_loss(logits: Tensor, lessons: Lessons) -> tuple[Tensor, Tensor]:
    """Focal cross-entropy (Lin et al. 2017, gamma 1) plus Dice loss (Milletari et al. 2016), and
    the mean IoU; logits: (K, 1, h, w)."""
    x, wanted, counts = logits[:, 0], lessons.wanted, lessons.counts
    p = torch.sigmoid(x)
    wrong = (p * (1 - wanted) + (1 - p) * wanted).detach() * counts
    entropy = F.binary_cross_entropy_with_logits(x, wanted, reduction="none")
    focal = (entropy * wrong).sum((1, 2)) / (wrong.sum((1, 2)) + 1e-3)
    both = (p * wanted * counts).sum((1, 2))
    sizes = (p * counts).sum((1, 2)) + (wanted * counts).sum((1, 2))
    dice = 1 - (2 * both + 1) / (sizes + 1)
    with torch.no_grad():
        filled, right = (x > 0) & (counts > 0), (wanted > 0) & (counts > 0)
        union = (filled | right).sum((1, 2)).clamp(min=1)
        iou = ((filled & right).sum((1, 2)) / union).mean()
    return (focal + dice).mean(), iou


def color_loss(
    logits: Tensor, points: Points, automatic: Tensor, log_gamma: Tensor
) -> tuple[Tensor, Tensor]:
    """log of the mean squared error of the hinted colors, mean over pictures, and what it was
    without hints; logits: (K, 1, h, w) of the points; automatic: (B, h, w, 2) ab."""
    reach = torch.sigmoid(logits[:, 0])
    # As when colorizing: painted cells have their own color.
    painted, rivals = points.strokes.painted[:, 0], points.strokes.rivals[:, 0]
    reach = torch.where(painted > 0, 1.0, torch.where(rivals > 0, 0.0, reach))
    total = torch.zeros((), device=logits.device)
    before = torch.zeros((), device=logits.device)
    for number, (place, ab) in enumerate(zip(points.of_photo, points.ab)):
        log_t = torch.log(reach[place].clamp(min=1e-6)).permute(1, 2, 0)  # (h, w, K)
        mixed = mix_trusts(log_t, log_gamma)
        trust = mixed.trust[..., None]
        colors = (1 - trust) * automatic[number] + trust * (mixed.share @ ab)
        truth = points.truth[number]
        total = total + torch.log((colors - truth).square().sum(-1).mean() + ERROR_FLOOR)
        with torch.no_grad():
            error = (automatic[number] - truth).square().sum(-1).mean()
            before += torch.log(error + ERROR_FLOOR)
    return total / len(points.ab), before / len(points.ab)


@torch.no_grad()
def automatic_ab(heads: Heads, weights: Tensor) -> Tensor:
    """(B, h, w, 2) calibrated mean colors."""
    p = decode_distribution(heads.logits.float(), weights, 1.0, 1.0)
    return mean_color(p).permute(0, 2, 3, 1).contiguous()
