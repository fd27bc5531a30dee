"""A report as JSON, and baselines' figures taken from an earlier one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadOption
from .bin_frequencies import bin_frequencies
from .metrics import AbErrorCurve
from .photos import PhotoFile
from .run import Report, Score
from .tables import at_equal_caution, psnr_at_equal_boldness, summary


def to_json(report: Report) -> dict[str, Any]:
    """The whole report, every photo's figures too, in types that JSON has."""
    return {
        "protocol": report.protocol,
        "size": report.size,
        "photos": report.photos,
        "skipped": report.skipped,
        "colorfulness_of_truth": report.colorfulness,
        "cross_entropy_by_photo": report.cross_entropy,
        "colors_right_at_16": at_equal_caution(report),
        "psnr_at_90": psnr_at_equal_boldness(report),
        "scores": [
            summary(report, score)
            | {
                "psnr_by_photo": score.psnr,
                "colorfulness_by_photo": score.colorfulness,
                "drift_by_photo": score.drift,
                "ab_error_curve": score.curve.state(),
                "vividness": score.vividness,
                "color_counts_by_photo": [counts.tolist() for counts in score.colors],
            }
            for score in report.scores
        ],
    }


def earlier_scores(
    path: Path,
    names: Iterable[str],
    counts: Iterable[int],
    photos: Sequence[PhotoFile],
    protocol: str,
    size: int,
) -> list[Score]:
    """The scores of the methods called ``names`` from the JSON of an earlier evaluation.

    Raises BadOption unless it measured them on just these photos, with the same protocol,
    size and hints.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        measured = set(record["photos"])
        same_photos = [p.name for p in photos if p.name in measured] == record["photos"] and len(
            photos
        ) - len(measured) == len(record["skipped"])
        scores = [_score(entry) for entry in record["scores"] if entry["method"] in set(names)]
        same_rules = record["protocol"] == protocol and record["size"] == size
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadOption(f"the file {path} is not the JSON of an earlier evaluation.") from error
    if not (same_photos and same_rules):
        raise BadOption(
            f"the file {path} was measured on other photos, by another protocol or at another size."
        )
    for name in names:
        wanted = {0} if name == "gray" else set(counts)
        missing = wanted - {score.hints for score in scores if score.method == name}
        if missing:
            numbers = ", ".join(str(number) for number in sorted(missing))
            raise BadOption(f"the file {path} has no figures of {name} with {numbers} hints.")
    return [score for score in scores if score.method == "gray" or score.hints in set(counts)]


def _score(entry: dict[str, Any]) -> Score:
    curve = AbErrorCurve(bin_frequencies(), entry["ab_error_curve"])
    return Score(
        str(entry["method"]),
        int(entry["hints"]),
        None,
        [float(value) for value in entry["psnr_by_photo"]],
        [float(value) for value in entry["colorfulness_by_photo"]],
        [float(value) for value in entry["drift_by_photo"]],
        [np.asarray(counts) for counts in entry.get("color_counts_by_photo", [])],
        curve,
    )
