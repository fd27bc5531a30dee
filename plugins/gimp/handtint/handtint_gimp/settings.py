"""The settings of a colorization: defaults, ranges, and the last ones used."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from gi.repository import Gimp

RANGES = {"vividness": (0.0, 1.0), "strength": (0.0, 1.0)}

CHOICES = {
    "output": (
        ("normal", "Normal layer", "Full picture; lightness is exact"),
        (
            "color",
            "Color-only layer (LCh Color)",
            "Colors only; lightness is that of the layers below",
        ),
    ),
    "area": (
        ("selection", "Selection, if there is one", "The selection becomes the layer's mask"),
        ("layer", "Whole layer", "No mask is made"),
    ),
}
"""(nick, title, detail) of each choice."""


@dataclass(frozen=True)
class Settings:
    """What the options dialog and scripts choose.  Defaults are the server's own."""

    vividness: float = 0.5
    strength: float = 1.0
    use_hints: bool = True
    output: str = "normal"
    area: str = "selection"

    @classmethod
    def of(cls, config: Any) -> Settings:
        """From the arguments of a procedure."""
        return cls(**{name: config.get_property(_property(name)) for name in _names()})

    def put_into(self, config: Any) -> None:
        """Into the arguments of a procedure."""
        for name, value in asdict(self).items():
            config.set_property(_property(name), value)


def _names() -> list[str]:
    return list(Settings.__dataclass_fields__)


def _property(name: str) -> str:
    return name.replace("_", "-")


def _path() -> str:
    return os.path.join(Gimp.directory(), "handtint-last.json")


def last() -> Settings:
    """The settings of the last interactive run; what is damaged or out of range is left out.

    Both menu entries share them, which GIMP's own memory, one a procedure, cannot do.
    """
    try:
        with open(_path(), encoding="utf-8") as file:
            kept = json.load(file)
        kept = kept if isinstance(kept, dict) else {}
    except (OSError, ValueError):
        kept = {}
    values: dict[str, Any] = {}
    for name, (low, high) in RANGES.items():
        if isinstance(kept.get(name), (int, float)) and low <= kept[name] <= high:
            values[name] = float(kept[name])
    for name, choices in CHOICES.items():
        if kept.get(name) in [nick for nick, _, _ in choices]:
            values[name] = kept[name]
    if isinstance(kept.get("use_hints"), bool):
        values["use_hints"] = kept["use_hints"]
    return Settings(**values)


def keep(settings: Settings) -> None:
    """Keep settings for `last`; a folder that cannot be written is no reason to stop."""
    try:
        with open(_path() + ".new", "w", encoding="utf-8") as file:
            json.dump(asdict(settings), file)
        os.replace(_path() + ".new", _path())
    except OSError:
        pass
