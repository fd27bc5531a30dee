"""Runs methods over photos and hint counts and keeps every photo's figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import BadImage
from .bin_frequencies import bin_frequencies, nearest_bins
from .color_measures import count_colors
from .lab import rgb_to_lab
from .methods import Method, Ours
from .metrics import AbErrorCurve, colorfulness, lightness_drift, mean_and_error
from .photos import PhotoFile
from .protocols import Protocol


@dataclass
class Score:
    """What one method reached with one number of hints, photo by photo."""

    method: str
    hints: int
    vividness: float | None = None  # of a colorizer's score
    psnr: list[float] = field(default_factory=list)  # dB
    colorfulness: list[float] = field(default_factory=list)
    drift: list[float] = field(default_factory=list)  # mean error of L*
    colors: list[NDArray[np.float64]] = field(default_factory=list)  # `count_colors`
    curve: AbErrorCurve = field(default_factory=lambda: AbErrorCurve(bin_frequencies()))


@dataclass
class Report:
    """All figures of one evaluation."""

    protocol: str
    size: int
    photos: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # one sentence each
    colorfulness: list[float] = field(default_factory=list)  # of the truth
    cross_entropy: list[float] = field(default_factory=list)  # of the calibrated distribution
    scores: list[Score] = field(default_factory=list)

    def score(self, method: str, hints: int) -> Score | None:
        """The score of a method at a number of hints, where it was measured."""
        for score in self.scores:
            if score.method == method and score.hints == hints:
                return score
        return None

    def gain(self, score: Score, over: str) -> tuple[float, float] | None:
        """Mean gain in PSNR over another method with the same hints, and its standard error.

        A method that takes no hints is compared without. None if one of the two was not measured.
        """
        other = self.score(over, score.hints) or self.score(over, 0)
        if other is None or (over != "gray" and other.hints != score.hints):
            return None
        return mean_and_error(np.subtract(score.psnr, other.psnr))


def evaluate(
    photos: Sequence[PhotoFile],
    methods: Sequence[Method],
    protocol: Protocol,
    counts: Sequence[int],
    *,
    size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Run every method on every photo with every number of hints.

    Photos that cannot be read are skipped and named in the report.  progress is called with the
    number of photos done and their total.  Raises BadImage if none can be read.
    """
    report = Report(protocol.name, size or protocol.size)
    scores: dict[tuple[str, int], Score] = {}
    for done, photo in enumerate(photos):
        if progress is not None:
            progress(done, len(photos))
        try:
            image = photo.open()
        except BadImage as error:
            report.skipped.append(str(error))
            continue
        truth = protocol.load(image, report.size, photo.name)
        truth_bins = nearest_bins(truth.ab)
        report.photos.append(photo.name)
        report.colorfulness.append(colorfulness(truth.codes))
        placed = {count: protocol.place(truth, count) for count in counts}
        for method in methods:
            answers = method.start(truth)
            for count in counts if method.uses_hints else (0,):
                results = answers(placed[count] if count in placed else protocol.place(truth, 0))
                for label, vividness, rgb in zip(
                    method.labels, method.vividness, results, strict=True
                ):
                    score = scores.setdefault((label, count), Score(label, count, vividness))
                    score.psnr.append(protocol.psnr(rgb, truth))
                    score.colorfulness.append(colorfulness(rgb * 255.0))
                    lab = rgb_to_lab(rgb)
                    score.drift.append(lightness_drift(lab[..., 0], truth.lab[..., 0]))
                    score.curve.add(lab[..., 1:], truth.ab, truth_bins)
                    score.colors.append(count_colors(lab, truth.lab))
    if not report.photos:
        raise BadImage("none of the photos could be read: " + " ".join(report.skipped))
    if progress is not None:
        progress(len(photos), len(photos))
    report.scores = list(scores.values())
    for method in methods:
        if isinstance(method, Ours):
            report.cross_entropy = method.cross_entropy
    return report
