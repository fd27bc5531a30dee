"""The plots of docs/why-it-works.md; see bench/ablations.py."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from stem_statistics import StemFigures

from handtint_model import load_colorizer
from handtint_model.color.bins import (
    BINS,
    decode_distribution,
    mean_color,
    rebalancing_weights,
)
from handtint_model.evaluation.ablation import BOLD, AblationRun, Reading, boldest
from handtint_model.evaluation.ablation_tables import short
from handtint_model.evaluation.contact_sheet import contact_sheet
from handtint_model.evaluation.lab import lab_to_rgb
from handtint_model.evaluation.metrics import colorfulness
from handtint_model.render.render import render

DPI = 90
TEMPERATURES = (1.0, 0.75, 0.5, 0.25, 0.1, 0.01)
COLORFUL = 25.0  # chroma of a likeliest colour that is not gray
LARGEST = 150_000  # bytes of a picture

plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})


def save_plot(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


def save_jpeg(image: Image.Image, path: Path) -> None:
    """As large and as good as LARGEST allows."""
    while True:
        for quality in (90, 85, 80, 75):
            image.save(path, quality=quality, optimize=True)
            if path.stat().st_size <= LARGEST:
                return
        image = image.resize(
            (image.width * 9 // 10, image.height * 9 // 10), Image.Resampling.LANCZOS
        )


def colors(ab: NDArray[np.float64], lightness: float = 65.0) -> NDArray[np.float64]:
    """(N, 2) to (N, 3) sRGB of one lightness, for drawing."""
    lab = np.concatenate([np.full((len(ab), 1), lightness), ab], axis=1)
    return lab_to_rgb(lab[None])[0]


def plane(axes: plt.Axes, title: str) -> None:
    axes.set(title=title, xlabel="b*: blue to yellow", aspect="equal")
    axes.set(xlim=(-118, 108), ylim=(-98, 118))


def bins(path: Path) -> None:
    """The bins, how often they occur in the training photos, and the weights."""
    prior = load_colorizer(device="cpu").checkpoint.prior
    figure, axes = plt.subplots(1, 3, figsize=(11.5, 3.6), layout="constrained")
    b, a = BINS[:, 1], BINS[:, 0]
    axes[0].scatter(b, a, c=colors(np.asarray(BINS)), s=28, marker="s")
    plane(axes[0], "the 313 bins, at L* 65")
    axes[0].set_ylabel("a*: green to red")
    for place, values, title in (
        (axes[1], np.log10(prior), "share in training, log10"),
        (axes[2], np.log10(rebalancing_weights(prior)), "weight w, log10"),
    ):
        shown = place.scatter(b, a, c=values, s=28, marker="s", cmap="viridis")
        plane(place, title)
        figure.colorbar(shown, ax=place, shrink=0.8)
    save_plot(figure, path)


def annealed_cell(path: Path, photo: Path, device: str) -> None:
    """The calibrated distribution of one cell over temperatures, and its mean."""
    colorizer = load_colorizer(device=device)
    encoded = colorizer.encode(np.asarray(Image.open(photo).convert("L")))
    logits = encoded.heads.logits
    calibrated = decode_distribution(logits, colorizer.weights, 1.0, 1.0)[0]
    row, column = torn_cell(calibrated.cpu().numpy())
    figure, axes = plt.subplots(1, len(TEMPERATURES), figsize=(13, 2.6), sharey=True)
    for temperature, place in zip(TEMPERATURES, axes):
        p = decode_distribution(logits, colorizer.weights, 1.0, temperature)
        mean = mean_color(p)[0, :, row, column].cpu().numpy()
        share = p[0, :, row, column].cpu().numpy()
        place.scatter(BINS[:, 1], BINS[:, 0], c="0.93", s=4, marker="s")
        seen = share > 1e-4  # smaller marks are drawn at random sizes
        shown = np.asarray(BINS)[seen]
        place.scatter(shown[:, 1], shown[:, 0], c=colors(shown), s=700 * share[seen])
        place.plot(mean[1], mean[0], "k+", markersize=11, markeredgewidth=1.6)
        chroma = float(np.hypot(*mean))
        place.set(title=f"T = {temperature:g}, chroma {chroma:.0f}", aspect="equal")
        place.set(xlim=(-70, 90), ylim=(-60, 80))
        place.set_xlabel("b*")
        place.tick_params(labelsize=7)
    axes[0].set_ylabel("a*")
    save_plot(figure, path)


def annealed_photo(path: Path, photo: Path, device: str) -> None:
    """A photo over temperatures, calibrated and tilted as it is by default."""
    colorizer = load_colorizer(device=device)
    gray = np.asarray(Image.open(photo).convert("L"))
    encoded = colorizer.encode(gray)
    rows, names = [], []
    for r in (1.0, 1.0 - BOLD.tilt):
        drawn = []
        for temperature in TEMPERATURES:
            p = decode_distribution(encoded.heads.logits, colorizer.weights, r, temperature)
            ab = mean_color(p)[0].cpu().numpy()
            drawn.append(render(gray, ab, encoded.geometry.cells_per_pixel))
        rows.append(drawn)
        much = ", ".join(f"{colorfulness(picture):.0f}" for picture in drawn)
        names.append(f"r = {r:g}; colourfulness {much}")
    columns = [f"T = {temperature:g}" for temperature in TEMPERATURES]
    save_jpeg(contact_sheet(rows, columns=columns, names=names, height=170), path)


def torn_cell(p: NDArray[np.float32]) -> tuple[int, int]:
    """The cell (row, column) of a distribution (313, h, w) whose colours are most at odds.

    The spread of its colours is largest, measured from their mean, of the cells whose likeliest
    colour is not gray.
    """
    centers = np.asarray(BINS)
    colorful = np.hypot(*centers[p.argmax(0)].transpose(2, 0, 1)) >= COLORFUL
    mean = np.einsum("khw,kc->chw", p, centers)
    square = np.einsum("khw,k->hw", p, (centers**2).sum(1)) - (mean**2).sum(0)
    if colorful.any():
        square = np.where(colorful, square, 0.0)
    row, column = np.unravel_index(int(square.argmax()), square.shape)
    return int(row), int(column)


def stems(
    path: Path,
    original: StemFigures,
    stems: Mapping[str, StemFigures],
    names: Mapping[str, str],
) -> None:
    """Every channel's mean and deviation against the original's, before training."""
    figure, axes = plt.subplots(2, len(stems), figsize=(3.1 * len(stems), 6), sharey="row")
    for (name, own), column in zip(stems.items(), axes.T):
        for place, x, y in (
            (column[0], original.mean, own.mean),
            (column[1], original.deviation, own.deviation),
        ):
            low, high = min(x.min(), 0.0), x.max()
            place.plot([low, high], [low, high], color="0.7", linewidth=1)
            place.scatter(x, y, s=12)
        column[0].set(title=names[name].replace(", ", ",\n", 1), xlabel="mean, colour")
        column[1].set_xlabel("deviation, colour")
    axes[0, 0].set_ylabel("mean on lightness")
    axes[1, 0].set_ylabel("deviation on lightness")
    figure.tight_layout()
    save_plot(figure, path)


def losses(path: Path, folder: Path) -> None:
    """The losses of the runs; those of different kinds cannot share an axis."""
    groups = ("adef", "b", "c")
    titles = (
        "rebalanced cross-entropy (crosses: kept out)",
        "cross-entropy",
        "squared error of ab / 100",
    )
    figure, axes = plt.subplots(1, 3, figsize=(11.5, 3.2), width_ratios=(2, 1, 1))
    for place, letters, title in zip(axes, groups, titles):
        for letter in letters:
            log = folder / f"ablation-{letter}" / "log.csv"
            if log.is_file():
                with log.open() as file:
                    rows = list(csv.DictReader(file))
                x = [int(row["photos"]) for row in rows if row["automatic"]]
                y = [float(row["automatic"]) for row in rows if row["automatic"]]
                (line,) = place.plot(x, y, ".-", label=f"({letter})", linewidth=1, markersize=3)
                held = [(int(r["photos"]), r["held_out"]) for r in rows if r.get("held_out")]
                if held and letter in groups[0]:
                    seen, loss = zip(*held)
                    place.plot(seen, [float(v) for v in loss], "x--", color=line.get_color())
        place.set(title=title, xlabel="photos")
        if place.lines:
            place.legend(frameon=False)
    figure.tight_layout()
    save_plot(figure, path)


def sheet(
    path: Path,
    runs: Sequence[AblationRun],
    photos: Sequence[Path],
    scaled: Mapping[str, Reading],
    side: int = 384,
) -> None:
    """Free photos in the colours of every run, read boldly; a regression also scaled.

    scaled: by run, the reading that is as colourful as the last set's truth.
    """
    columns, ways = ["photo"], []
    for run in runs:
        columns.append(short(run.name))
        ways.append((run, boldest(run.loss)))
        if run.loss == "regression" and run.name in scaled:
            columns.append(f"{short(run.name)} x {scaled[run.name].scale:.1f}")
            ways.append((run, scaled[run.name]))
    rows = []
    for photo in photos:
        image = Image.open(photo).convert("L")
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        gray = np.asarray(image)
        rows.append([gray, *(run.draw(run.colorizer.encode(gray), way) for run, way in ways)])
    save_jpeg(contact_sheet(rows, columns=columns, height=140), path)
