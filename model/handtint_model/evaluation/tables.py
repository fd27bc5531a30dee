"""A report's figures, and the table that shows them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .color_measures import MEASURES, pooled, tint_of, value_at
from .metrics import mean_and_error
from .run import Report, Score

HEADER: tuple[str, ...] = (
    "method", "hints", "PSNR dB", "over gray", "over levin", "colourfulness",
    "dCF", "|CF-CF|", "AuC", "AuC reb.", "way %", "drift L*",
)  # fmt: skip

LEGEND = """\
PSNR: per photo, then the mean, with its standard error; gains likewise, photo by photo.
dCF: |mean colourfulness - mean of the truth|; |CF-CF|: mean of the photos' differences.
AuC: area under the curve of the ab error, 0..150; reb.: rare colours weighted up;
way: the rebalanced AuC's share of the way from gray's to 100.
drift L*: mean error of the lightness, which should be the photo's."""

COLOR_HEADER: tuple[str, ...] = (
    "method", "hints", "tinted whites %", "tinted neutrals %", "neutrals' chroma",
    "colors right %", "hue right %", "CIEDE2000", "patchiness",
)  # fmt: skip

COLOR_LEGEND = """\
Pixels of all photos, with standard errors.  Tinted: chroma above 15 where the truth has less
than 8 (whites: L* above 70 too).  Right: of true chroma above 25, within 15 units of ab; hue
right: of true chroma above 20, within 30 degrees.  Patchiness: steps of ab between
neighbouring cells that are alike in truth."""

CAUTION = 16.0
"""Percent of neutrals tinted at which colorizers of any boldness are compared."""

BOLDNESS = 0.9
"""Share of the truth's colorfulness at which they are compared."""


def at_equal_caution(report: Report) -> float | None:
    """*Right at 16*: colors right, in percent, where 16 % of neutrals are tinted.

    Interpolated over the values of vividness measured without hints; None where these do not
    span 16 %.
    """
    scores = _by_vividness(report)
    tinted = [pooled(score.colors, "tinted_neutrals").value for score in scores]
    return value_at(tinted, [pooled(s.colors, "colors_right").value for s in scores], CAUTION)


def psnr_at_equal_boldness(report: Report) -> float | None:
    """PSNR in dB where the mean colorfulness is 90 % of the truth's; None as above."""
    scores, truth = _by_vividness(report), float(np.mean(report.colorfulness))
    own = [float(np.mean(score.colorfulness)) / truth for score in scores]
    return value_at(own, [float(np.mean(score.psnr)) for score in scores], BOLDNESS)


def by_worst_tint(report: Report) -> list[str]:
    """Names of the photos, first those whose neutrals the first colorizer tints most."""
    scores = _by_vividness(report)
    if not scores:
        return report.photos
    tints = [tint_of(counts) for counts in scores[0].colors]
    order = np.argsort([-tint for tint in tints], kind="stable")
    return [report.photos[i] for i in order]


def _by_vividness(report: Report) -> list[Score]:
    return [score for score in report.scores if score.vividness is not None and not score.hints]


def colors_to_text(report: Report) -> str:
    """A table of the colour measures: one line for each method, over the whole set."""
    rows = [COLOR_HEADER]
    for score in sorted(report.scores, key=lambda score: score.hints):
        if not score.colors:  # taken from an earlier report
            continue
        cells = [pooled(score.colors, name) for name in MEASURES]
        texts = [f"{cell.value:.2f} ± {cell.error:.2f}" for cell in cells]
        rows.append((score.method, str(score.hints), *texts))
    lines = [aligned(rows), "", COLOR_LEGEND, ""]
    for title, unit, value in (
        ("colors right at 16 % of neutrals tinted", "%", at_equal_caution(report)),
        ("PSNR at 90 % of the truth's colorfulness", "dB", psnr_at_equal_boldness(report)),
    ):
        text = "not spanned by the values of --vividness" if value is None else f"{value:.2f}"
        lines.append(f"{title}: {text}{'' if value is None else ' ' + unit}")
    if report.cross_entropy:
        entropy, error = mean_and_error(report.cross_entropy)
        lines.append(f"calibrated cross-entropy: {entropy:.3f} ± {error:.3f} nats")
    return "\n".join(lines)


def way_from_gray(report: Report, score: Score) -> float | None:
    """How far rebalanced AuC is from gray's to 100, in percent of that way; None without gray."""
    gray = report.score("gray", 0)
    if gray is None:
        return None
    start = gray.curve.rebalanced
    return 100.0 * (score.curve.rebalanced - start) / (100.0 - start)


def summary(report: Report, score: Score) -> dict[str, Any]:
    """The figures of one score as plain numbers; None for comparisons that are impossible."""
    truth = np.asarray(report.colorfulness)
    own = np.asarray(score.colorfulness)
    psnr, psnr_error = mean_and_error(score.psnr)
    figures: dict[str, Any] = {
        "method": score.method,
        "hints": score.hints,
        "psnr": psnr,
        "psnr_error": psnr_error,
        "colorfulness": float(own.mean()),
        "colorfulness_of_truth": float(truth.mean()),
        "colorfulness_difference_of_means": float(abs(own.mean() - truth.mean())),
        "colorfulness_mean_difference": float(np.abs(own - truth).mean()),
        "lightness_drift": float(np.mean(score.drift)),
        "auc": score.curve.raw,
        "auc_rebalanced": score.curve.rebalanced,
        "way_from_gray_percent": way_from_gray(report, score),
    }
    for name in MEASURES if score.colors else ():
        measured = pooled(score.colors, name)
        figures[name], figures[f"{name}_error"] = measured.value, measured.error
    for other in ("gray", "levin"):
        gain = None if score.method in ("gray", other) else report.gain(score, other)
        figures[f"gain_over_{other}"], figures[f"gain_over_{other}_error"] = gain or (None, None)
    return figures


def to_text(report: Report) -> str:
    """An aligned table, one line per method and number of hints, with a legend."""
    rows = [HEADER]
    for score in sorted(report.scores, key=lambda score: score.hints):
        rows.append(_row(report, score))
    truth = float(np.mean(report.colorfulness))
    head = (
        f"{len(report.photos)} photos, {report.size} x {report.size}, "
        f"{report.protocol}, truth's colourfulness {truth:.1f}"
    )
    return "\n".join([head, "", aligned(rows), "", LEGEND])


def _row(report: Report, score: Score) -> tuple[str, ...]:
    figures = summary(report, score)

    def gain(other: str) -> str:
        value, error = figures[f"gain_over_{other}"], figures[f"gain_over_{other}_error"]
        return "" if value is None else f"{value:+.2f} ± {error:.2f}"

    way = figures["way_from_gray_percent"]
    return (
        score.method,
        str(score.hints),
        f"{figures['psnr']:.2f} ± {figures['psnr_error']:.2f}",
        gain("gray"),
        gain("levin"),
        f"{figures['colorfulness']:.1f}",
        f"{figures['colorfulness_difference_of_means']:.1f}",
        f"{figures['colorfulness_mean_difference']:.1f}",
        f"{figures['auc']:.2f}",
        f"{figures['auc_rebalanced']:.2f}",
        "" if way is None else f"{way:.1f}",
        f"{figures['lightness_drift']:.2f}",
    )


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Rows of cells as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
