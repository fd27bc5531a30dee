"""A report's figures, and the table that shows them."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def way_from_gray(report: Report, score: Score) -> float | None:
    """Share, in percent, of the way from gray's rebalanced AuC to 100; None without gray."""
    gray = report.score("gray", 0)
    if gray is None:
        return None
    start = gray.curve.rebalanced
    return 100.0 * (score.curve.rebalanced - start) / (100.0 - start)


def summary(report: Report, score: Score) -> dict[str, Any]:
    """The figures of one score as plain numbers; None where there is nothing to compare."""
    truth = np.asarray(report.colourfulness)
    own = np.asarray(score.colourfulness)
    psnr, psnr_error = mean_and_error(score.psnr)
    figures: dict[str, Any] = {
        "method": score.method,
        "hints": score.hints,
        "psnr": psnr,
        "psnr_error": psnr_error,
        "colourfulness": float(own.mean()),
        "colourfulness_of_truth": float(truth.mean()),
        "colourfulness_difference_of_means": float(abs(own.mean() - truth.mean())),
        "colourfulness_mean_difference": float(np.abs(own - truth).mean()),
        "lightness_drift": float(np.mean(score.drift)),
        "auc": score.curve.raw,
        "auc_rebalanced": score.curve.rebalanced,
        "way_from_gray_percent": way_from_gray(report, score),
    }
    for other in ("gray", "levin"):
        gain = None if score.method in ("gray", other) else report.gain(score, other)
        figures[f"gain_over_{other}"], figures[f"gain_over_{other}_error"] = gain or (None, None)
    return figures


def to_text(report: Report) -> str:
    """An aligned table, one line per method and number of hints, with a legend."""
    rows = [HEADER]
    for score in sorted(report.scores, key=lambda score: score.hints):
        rows.append(_row(report, score))
    truth = float(np.mean(report.colourfulness))
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
        f"{figures['colourfulness']:.1f}",
        f"{figures['colourfulness_difference_of_means']:.1f}",
        f"{figures['colourfulness_mean_difference']:.1f}",
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
