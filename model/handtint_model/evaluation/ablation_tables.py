"""Tables of the ablation runs, as Markdown for docs/why-it-works.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .ablation import WHAT, AblationRun, Reading, scaled_to
from .methods import Gray
from .metrics import colorfulness, mean_and_error
from .photos import PhotoFile, evenly
from .protocols import Protocol
from .run import Report, Score, evaluate
from .tables import way_from_gray

FITTED = 60
"""Photos that the scale for equal colourfulness is found on, evenly spaced."""

RESULTS = (
    "run", "read as", "PSNR", "over gray", "over (a)", "CF", "of truth's", "AuC", "reb.", "way %",
)  # fmt: skip
LEGEND = """\
PSNR in dB, mean over the photos; over gray and over (a), read likewise: means of the differences
photo by photo, with standard error; CF: colourfulness; AuC: area under the curve of the ab error in
percent; reb.: rare colours weighted up; way: the rebalanced AuC's share of the way from gray's to
100. Scaled: ab times a factor that makes the set as colourful as its truth."""

LOSSES = ("gray", "ablation-a", "ablation-b", "ablation-c")
NORMS = ("ablation-a", "ablation-d", "ablation-e", "ablation-f")
"""The runs of the two questions: which loss, which stem."""

NORMS_READ_AS = ("vividness 0", "default vividness", "default vividness, scaled")


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, the first of them the header, as a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


@dataclass(frozen=True)
class Measured:
    """The runs on one set."""

    report: Report
    shown: Mapping[str, tuple[Reading, ...]]  # by run, in the order of `readings`, then scaled


def measure_runs(
    runs: Sequence[AblationRun],
    photos: Sequence[PhotoFile],
    rules: Protocol,
    *,
    size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Measure gray and every run, in the usual readings and scaled to the truth's colourfulness.

    Two readings of a run are scaled: its mean, and the most vivid one. A regression
    has only one. Raises BadImage.
    """
    some = evenly(photos, FITTED)
    truths = [rules.load(photo.open(), size, photo.name) for photo in some]
    wanted = float(np.mean([colorfulness(truth.codes) for truth in truths]))
    methods = []
    for run in runs:
        shown = list(run.shown)
        for reading in dict.fromkeys((run.shown[0], run.shown[-1])):
            shown.append(scaled_to(run, reading, truths, wanted))
        methods.append(run.reading(shown))
    report = evaluate(photos, [Gray(), *methods], rules, (0,), size=size, progress=progress)
    return Measured(report, {method.name: method.shown for method in methods})


def results_table(
    measured: Measured, only: Sequence[str], read_as: Sequence[str] | None = None
) -> str:
    """One row for each run and reading; ``only`` and ``read_as`` select them."""
    rows: list[Sequence[str]] = [RESULTS]
    report = measured.report
    truth = float(np.mean(report.colorfulness))
    for score in report.scores:
        run, _, name = score.method.partition(": ")
        if run not in only or (read_as is not None and name not in read_as):
            continue
        psnr, _ = mean_and_error(score.psnr)
        own = float(np.mean(score.colorfulness))
        way = way_from_gray(report, score)
        scale = {r.name: r.scale for r in measured.shown.get(run, ())}.get(name, 1.0)
        over_a = None if run == "ablation-a" else _over_a(report, score, name)
        rows.append(
            (
                short(run),
                name if scale == 1.0 else f"{name} (x {scale:.2f})",
                f"{psnr:.2f}",
                "" if run == "gray" else _gain(report.gain(score, "gray")),
                "" if run == "gray" else _gain(over_a),
                f"{own:.1f}",
                f"{100 * own / truth:.0f} %",
                f"{score.curve.raw:.2f}",
                f"{score.curve.rebalanced:.2f}",
                "" if way is None or run == "gray" else f"{way:.1f}",
            )
        )
    return markdown(rows)


_LIKEWISE = {
    "as it is": "mean",
    "as it is, scaled": "mean, scaled",
    "default, tilted afterwards": "default vividness",
    "default, tilted afterwards, scaled": "default vividness, scaled",
}
"""The readings of (b) and (c), and the readings of (a) that they are compared with."""


def _over_a(report: Report, score: Score, name: str) -> tuple[float, float] | None:
    return report.gain(score, f"ablation-a: {_LIKEWISE.get(name, name)}")


def _gain(gain: tuple[float, float] | None) -> str:
    return "" if gain is None else f"{gain[0]:+.2f} ± {gain[1]:.2f}"


def short(run: str) -> str:
    """``ablation-a`` to ``(a)``; other names stay."""
    return f"({run[-1]})" if run in WHAT else run
