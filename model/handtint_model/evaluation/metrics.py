"""Figures that say how good a colorized photo is.

Every function takes one photo; `mean_and_error` and `AbErrorCurve` put photos together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .bin_frequencies import nearest_bins

Array = NDArray[Any]

MAX_AB_ERROR = 150
"""Largest threshold of the ab error curve, in units of Lab."""


def psnr(result: Array, truth: Array, *, peak: float, least_mse: float = 0.0) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and channels of one photo.

    result, truth: arrays of one shape, both on the scale 0..``peak``.
    least_mse: mean squared errors below this count as this, which caps the ratio;
    with 0 two equal pictures give infinity.
    """
    if result.shape != truth.shape:
        raise ValueError(f"shapes differ: {result.shape} and {truth.shape}")
    difference = result.astype(np.float64) - truth.astype(np.float64)
    mse = max(float(np.mean(difference * difference)), least_mse)
    if mse == 0.0:
        return float("inf")
    return float(10.0 * np.log10(peak * peak / mse))


def colorfulness(rgb: Array) -> float:
    """Colourfulness of one photo, M(3) of Hasler and Süsstrunk 2003, equation 12.

    rgb: (H, W, 3) on the scale 0..255.  0 is gray; photographs lie around 20 to 80.
    """
    r, g, b = np.moveaxis(rgb.astype(np.float64), -1, 0)
    rg = r - g
    yb = 0.5 * (r + g) - b
    spread = np.hypot(rg.std(), yb.std())
    offset = np.hypot(rg.mean(), yb.mean())
    return float(spread + 0.3 * offset)


def mean_and_error(values: Sequence[float] | Array) -> tuple[float, float]:
    """Mean and its standard error: std (divisor n) / sqrt(n), as the SIGGRAPH17 sweep has it."""
    array = np.asarray(values, np.float64)
    return float(array.mean()), float(array.std() / np.sqrt(array.size))


class AbErrorCurve:
    """Area under the cumulative curve of the ab error, over the pixels of many photos.

    The curve (Zhang et al. 2016, section 3.1) is the share of pixels whose ab lies within
    t of the truth, t = 0, 1, ... 150; its area (trapezoids) is given in percent of the
    largest possible.  ``raw`` counts pixels alike; ``rebalanced`` weighs a pixel by
    1 / (f + 1e-5), f the share of its true colour's bin among the training photos' pixels.
    Pixels of all photos go into one curve.
    """

    def __init__(
        self, frequencies: Array, state: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        """frequencies: (313,) f per bin.  state: of an earlier curve, to go on from."""
        self._weights = 1.0 / (np.asarray(frequencies, np.float64) + 1e-5)  # (313,)
        # One place per threshold, and a last one for errors beyond all of them.
        places = MAX_AB_ERROR + 2
        self._raw, self._rebalanced = np.zeros(places), np.zeros(places)
        if state is not None:
            self._raw += np.asarray(state["raw"], np.float64)
            self._rebalanced += np.asarray(state["rebalanced"], np.float64)

    def state(self) -> dict[str, list[float]]:
        """The counts so far: weights by error rounded up, 0, 1, ... 150, and more."""
        return {"raw": self._raw.tolist(), "rebalanced": self._rebalanced.tolist()}

    def add(self, ab: Array, truth_ab: Array, truth_bins: Array | None = None) -> None:
        """Count one photo.

        ab, truth_ab: (H, W, 2) Lab a, b.  truth_bins: (H, W) bins of the truth, to save
        looking them up again for every method.
        """
        if truth_bins is None:
            truth_bins = nearest_bins(truth_ab)
        error = np.linalg.norm(ab.astype(np.float64) - truth_ab, axis=-1)
        # error <= t for a whole t exactly when ceil(error) <= t.
        place = np.minimum(np.ceil(error), MAX_AB_ERROR + 1).astype(np.intp).ravel()
        weight = self._weights[truth_bins.ravel()]
        self._raw += np.bincount(place, minlength=MAX_AB_ERROR + 2)
        self._rebalanced += np.bincount(place, weight, minlength=MAX_AB_ERROR + 2)

    @property
    def raw(self) -> float:
        """Area in percent, every pixel alike; nan before any photo."""
        return _area(self._raw)

    @property
    def rebalanced(self) -> float:
        """Area in percent, rare colours weighted up; nan before any photo."""
        return _area(self._rebalanced)


def _area(histogram: Array) -> float:
    total = histogram.sum()
    if total == 0:
        return float("nan")
    curve = np.cumsum(histogram[:-1]) / total
    return float(100.0 * (curve.sum() - 0.5 * (curve[0] + curve[-1])) / MAX_AB_ERROR)


def lightness_drift(lightness: Array, truth: Array) -> float:
    """Mean absolute error of a result's L*, both (H, W), 0..100."""
    return float(np.abs(lightness.astype(np.float64) - truth).mean())


def leakage(
    ab: Array, truth_ab: Array, inside: Array, hint: Array, painted: Array
) -> NDArray[np.float64]:
    """How much of a hint's colour lies beyond the edge of its object, pixel by pixel.

    ab, truth_ab: (H, W, 2).  inside: (H, W) bool, the hint's object.  hint: (2,) its colour.
    painted: (H, W) bool, every hint's pixels.

    Counted are unpainted pixels 4 to 16 pixels outside the object, if their true colour has at
    most half of the hint's chroma in the hint's direction. The value is the excess over the truth
    in that direction, as a share of the hint's chroma, 0..1. A truth on the other side of gray
    counts as gray. So the truth and a gray picture leak nothing. Empty if there are no such
    pixels, and for hints of a chroma below 15.
    """
    chroma = float(np.hypot(*hint))
    if chroma < 15.0:
        return np.empty(0)
    along = hint / chroma**2
    true_share = np.maximum(truth_ab @ along, 0.0)
    distance = ndimage.distance_transform_edt(~inside)
    beyond = (distance >= 4.0) & (distance <= 16.0) & (true_share <= 0.5) & ~painted
    return np.asarray(np.clip(ab[beyond] @ along - true_share[beyond], 0.0, 1.0))
