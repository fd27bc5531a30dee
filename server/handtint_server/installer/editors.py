"""Chooses the module of an editor."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from .base import Place, start_by_hand


def _module(editor: str) -> Any:
    return import_module(f"handtint_server.installer.{editor}")


def title(editor: str) -> str:
    """Name of an editor for people."""
    return str(_module(editor).TITLE)


def find(editor: str, editor_dir: Path | None = None) -> list[Place]:
    """Where the plug-in of an editor belongs on this machine; raises InstallError."""
    places: list[Place] = _module(editor).find(editor_dir)
    return places


def find_installed(editor: str, editor_dir: Path | None = None) -> list[Place]:
    """Where the plug-in of an editor was installed to."""
    places: list[Place] = _module(editor).find_installed(editor_dir)
    return places


def advice(editor: str, places: list[Place]) -> str:
    """What to do after installing."""
    lines = [str(_module(editor).AFTER)]
    if any(place.sandboxed for place in places):
        lines.append(
            "An editor from Flatpak or Snap cannot start the server by itself.  Run this once, "
            f"and again after an update of handtint: {start_by_hand()}"
        )
    return "\n".join(lines)
