"""Checkpoints of a run: everything that it needs to go on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import BadCheckpoint

LATEST = "latest.pt"


def save_run(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the state. If the process is killed, either the old or the new file is there, whole."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / (LATEST + ".part")
    torch.save(dict(state), temporary)
    temporary.replace(folder / LATEST)


def load_run(folder: Path) -> dict[str, Any] | None:
    """The last state of a run; None if there is none. Raises BadCheckpoint."""
    path = folder / LATEST
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types of error for a damaged file
        raise BadCheckpoint(f"the checkpoint {path} cannot be read: {error}") from error
    return state
