"""The record of losses in MODEL_CARD.md, from the logs of training runs.

    python bench/training_plot.py OUT.png NAME=LOG.csv ...

Runs that began where another ended are drawn one after the other.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np

WINDOW = 4000  # photos that a point of a line is the mean of


def main() -> None:
    figure, panels = plt.subplots(1, 2, figsize=(10, 3.4), sharex=True)
    for number, argument in enumerate(sys.argv[2:]):
        name, _, path = argument.partition("=")
        with Path(path).open(newline="") as file:
            every = list(csv.DictReader(file))
        rows = [row for row in every if row["automatic"]]
        seen = np.array([float(row["photos"]) for row in rows]) / 1000.0
        color = f"C{number}"
        for panel, column in zip(panels, ("automatic", "hinted")):
            loss = np.array([float(row[column]) for row in rows])
            # Rows cover unlike numbers of photos: weighed by them.
            share = np.diff(seen, prepend=0.0)
            place = (seen * 1000.0 // WINDOW).astype(int)
            sums = np.bincount(place, loss * share), np.bincount(place, share)
            there = sums[1] > 0
            middle = np.bincount(place, seen * share)[there] / sums[1][there]
            panel.plot(middle, sums[0][there] / sums[1][there], color, label=name, linewidth=1)
        kept = [
            (float(row["photos"]) / 1000.0, float(row["held_out"]))
            for row in every
            if row.get("held_out")
        ]
        if kept:
            panels[0].plot(*zip(*kept), color, marker="o", markersize=3, linewidth=0.5)
    panels[0].set_title("automatic (dots: photos kept out)")
    panels[1].set_title("with hints")
    for panel in panels:
        panel.set_xlabel("thousand photos seen in the run")
        panel.spines[["top", "right"]].set_visible(False)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="center left", bbox_to_anchor=(0.91, 0.5), frameon=False)
    figure.savefig(sys.argv[1], dpi=90, bbox_inches="tight", metadata={"Software": None})


main()
