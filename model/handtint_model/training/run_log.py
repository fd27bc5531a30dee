"""The log of a run: a CSV file and a progress bar, written by the team's first process."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from .team import Team

LOG_EVERY = 20.0  # seconds

_HEAD = [
    *("step", "photos", "minutes", "automatic", "hinted", "norm", "rate"),
    *("photos_s", "held_out"),
]


class RunLog:
    """Means of the losses since the last row. All processes of a team call the same methods."""

    def __init__(
        self, team: Team, out: Path, *, fresh: bool, steps: int | None, step: int, seen: int,
        elapsed: float,
    ) -> None:  # fmt: skip
        self._team = team
        self._path = out / "log.csv" if team.main else Path(os.devnull)
        if fresh or not self._path.exists():
            self._write("w", _HEAD)
        self._bar = tqdm(
            total=steps,
            initial=step if steps else 0,
            unit="step",
            dynamic_ncols=True,
            disable=not team.main,
        )
        # Summed on the device: fetching a number at every step would make the GPU wait.
        self._sums, self._since = torch.zeros(3, device=team.device), 0
        self._seen, self._elapsed = seen, elapsed

    def add(self, values: Tensor, finite: Tensor) -> None:
        """Add a step's losses and gradient norm, (3,); values that are not finite are ignored."""
        self._sums += torch.where(finite, values, self._sums / max(1, self._since))
        self._since += 1

    def due(self, elapsed: float) -> bool:
        """Whether it is time for a row.  elapsed: seconds of training."""
        return elapsed - self._elapsed > LOG_EVERY

    def row(
        self, step: int, seen: int, elapsed: float, factor: float, held_out: str, skipped: int
    ) -> None:
        """Write the means since the last row, of all processes."""
        rate = (seen - self._seen) / max(1e-6, elapsed - self._elapsed)
        auto, hint, grad = self._team.mean((self._sums / self._since).tolist())
        self._write(
            "a",
            [
                *(step, seen, f"{elapsed / 60:.2f}", f"{auto:.4f}", f"{hint:.4f}"),
                *(f"{grad:.3f}", f"{factor:.4f}", f"{rate:.2f}", held_out),
            ],
        )
        self._bar.set_postfix_str(
            f"auto {auto:.3f} hinted {hint:.3f} {rate:.1f} photos/s skipped {skipped}"
        )
        self._sums, self._since = torch.zeros_like(self._sums), 0
        self._seen, self._elapsed = seen, elapsed

    def last_row(self, step: int, seen: int, elapsed: float, held_out: str) -> None:
        """Write the held-out loss of the final weights."""
        self._write("a", [step, seen, f"{elapsed / 60:.2f}", "", "", "", "", "", held_out])

    def advance(self) -> None:
        """Move the bar by a step."""
        self._bar.update(1)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def _write(self, mode: str, row: Sequence[object]) -> None:
        with self._path.open(mode, newline="") as file:
            csv.writer(file).writerow(row)
