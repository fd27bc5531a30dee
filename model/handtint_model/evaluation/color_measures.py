"""Do the colours look right? White things stay white, and the true colours are found.

PSNR cannot tell a right but pale colour from a wrong one. These measures sort pixels by their true
colour and count them. The counts of all photos are added before dividing, so a photo without white
has no influence on *tinted whites*. Standard errors come from resampling the photos with
replacement (bootstrap).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadOption

Array = NDArray[Any]

WHITE = 70.0
"""L* above which a neutral pixel counts as white."""

NEUTRAL = 8.0
"""Chroma below which a true pixel counts as neutral."""

TINTED = 15.0
"""Chroma above which a result's pixel is visibly tinted."""

COLORED, NEAR = 25.0, 15.0
"""*Colours right*: of the pixels of more true chroma, those within so many units of ab."""

HUED, SAME_HUE, LEAST_CHROMA = 20.0, 30.0, 8.0
"""*Hue right*: of the pixels of more true chroma, those within so many degrees of the true hue
and of more chroma than the last."""

LIKE_COLOR, LIKE_LIGHTNESS = 2.0, 3.0
"""*Patchiness* compares neighbouring cells whose true ab and L* differ by less."""

CELL = 4
"""Pixels per cell of *patchiness*, each way."""

RESAMPLES = 1000

FIELDS = (
    "whites", "tinted_whites", "neutrals", "tinted_neutrals", "neutral_chroma",
    "colored", "colors_right", "hued", "hue_right",
    "like_pairs", "like_pairs_square", "pixels", "ciede2000",
)  # fmt: skip
"""What is counted of each photo: numbers of pixels, and sums over them."""

MEASURES = {
    # name: counted, of, factor, square root
    "tinted_whites": ("tinted_whites", "whites", 100.0, False),
    "tinted_neutrals": ("tinted_neutrals", "neutrals", 100.0, False),
    "neutral_chroma": ("neutral_chroma", "neutrals", 1.0, False),
    "colors_right": ("colors_right", "colored", 100.0, False),
    "hue_right": ("hue_right", "hued", 100.0, False),
    "ciede2000": ("ciede2000", "pixels", 1.0, False),
    "patchiness": ("like_pairs_square", "like_pairs", 1.0, True),
}
"""Percentages, mean chroma, CIEDE2000 and a root mean square, each of pooled counts."""


@dataclass(frozen=True)
class Measured:
    """A measure of a set and its standard error; nan where nothing could be counted."""

    value: float
    error: float


def count_colors(lab: Array, truth: Array) -> NDArray[np.float64]:
    """The counts of one photo, in the order of `FIELDS`.

    lab, truth: (H, W, 3) Lab D65 of the result and of the true photo.
    """
    if lab.shape != truth.shape:
        raise ValueError(f"shapes differ: {lab.shape} and {truth.shape}")
    ab, true_ab = lab[..., 1:].astype(np.float64), truth[..., 1:].astype(np.float64)
    chroma, true_chroma = np.hypot(*np.moveaxis(ab, -1, 0)), np.hypot(*np.moveaxis(true_ab, -1, 0))
    neutral = true_chroma < NEUTRAL
    white = neutral & (truth[..., 0] > WHITE)
    tinted = chroma > TINTED
    colored = true_chroma > COLORED
    near = np.linalg.norm(ab - true_ab, axis=-1) < NEAR
    hued = true_chroma > HUED
    cosine = (ab * true_ab).sum(-1) / np.maximum(chroma * true_chroma, 1e-9)
    same_hue = (cosine > np.cos(np.radians(SAME_HUE))) & (chroma > LEAST_CHROMA)
    pairs, square = _like_pairs(ab, truth)
    return np.array(
        [
            *(white.sum(), (white & tinted).sum()),
            *(neutral.sum(), (neutral & tinted).sum(), chroma[neutral].sum()),
            *(colored.sum(), (colored & near).sum()),
            *(hued.sum(), (hued & same_hue).sum()),
            *(pairs, square),
            *(neutral.size, ciede2000(lab, truth).sum()),
        ],
        np.float64,
    )


def need_scikit_image() -> None:
    """Raise BadOption, with the remedy, if scikit-image is not installed."""
    if find_spec("skimage") is None:
        raise BadOption(
            "measuring needs scikit-image; install it with: pip install 'handtint[train]'"
        )


def ciede2000(lab: Array, truth: Array) -> NDArray[np.float64]:
    """(H, W) colour difference CIEDE2000 (Sharma, Wu, Dalal 2005), by scikit-image.

    Raises BadOption without scikit-image.
    """
    need_scikit_image()
    from skimage import color

    difference: Any = color.deltaE_ciede2000
    return np.asarray(difference(lab, truth), np.float64)


def _like_pairs(ab: Array, truth: Array) -> tuple[float, float]:
    """Neighbouring cells that are alike in truth, and the result's squared steps between them."""
    ours, true = _cells(ab), _cells(truth)
    count = square = 0.0
    for axis in (0, 1):
        step, true_step = np.diff(ours, axis=axis), np.diff(true, axis=axis)
        alike = (np.linalg.norm(true_step[..., 1:], axis=-1) < LIKE_COLOR) & (
            np.abs(true_step[..., 0]) < LIKE_LIGHTNESS
        )
        count += float(alike.sum())
        square += float((step[alike] ** 2).sum())
    return count, square


def _cells(picture: Array) -> Array:
    """(H, W, C) to the means of whole cells, (H // 4, W // 4, C)."""
    height, width = (side // CELL * CELL for side in picture.shape[:2])
    whole = picture[:height, :width].astype(np.float64)
    return np.asarray(
        whole.reshape(height // CELL, CELL, width // CELL, CELL, -1).mean(axis=(1, 3))
    )


def pooled(counts: Sequence[Array], name: str) -> Measured:
    """One of `MEASURES` over all photos, with its standard error.

    counts: of each photo, as `count_colors` gives them.
    """
    over, under, factor, root = MEASURES[name]
    table = np.asarray(counts, np.float64).reshape(-1, len(FIELDS))
    pair = table[:, [FIELDS.index(over), FIELDS.index(under)]]

    def ratio(sums: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            share = sums[..., 0] / sums[..., 1]
        return np.asarray(factor * (np.sqrt(share) if root else share))

    photos = len(pair)
    rng = np.random.default_rng(0)  # the same draws for every method
    drawn = rng.multinomial(photos, np.full(photos, 1.0 / photos), RESAMPLES)
    values = ratio(drawn @ pair)
    values = values[np.isfinite(values)]
    error = float(values.std()) if values.size else float("nan")
    return Measured(float(ratio(pair.sum(axis=0))), error)


def tint_of(counts: Array) -> float:
    """How badly a photo is tinted: the share of its pixels that are tinted neutrals."""
    return float(counts[FIELDS.index("tinted_neutrals")] / counts[FIELDS.index("pixels")])


def value_at(x: Sequence[float], y: Sequence[float], wanted: float) -> float | None:
    """y at the point where x reaches ``wanted``, interpolated; None outside the measured range."""
    order = np.argsort(x, kind="stable")
    sorted_x, sorted_y = np.asarray(x, np.float64)[order], np.asarray(y, np.float64)[order]
    if not sorted_x.size or not sorted_x[0] <= wanted <= sorted_x[-1]:
        return None
    return float(np.interp(wanted, sorted_x, sorted_y))
