"""Checkpoints of a run: everything that is needed to go on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import BadCheckpoint

LATEST = "latest.pt"


def save_run(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the state; a kill at any moment leaves the old or the new file whole."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / (LATEST + ".part")
    torch.save(dict(state), temporary)
    temporary.replace(folder / LATEST)


def load_run(folder: Path) -> dict[str, Any] | None:
    """The last state of a run, or None where there is none.  Raises BadCheckpoint."""
    path = folder / LATEST
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise BadCheckpoint(f"the checkpoint {path} cannot be read: {error}") from error
    return state
