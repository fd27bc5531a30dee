"""The settings of a colorization: defaults, ranges, and where they are kept.

What changes the colors belongs to the picture: it is stored with the result layer.  Only the
kind of layer that the user likes to get is the program's, for photos that have no result yet.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from gi.repository import Gimp

from .client.references import FILE, split
from .client.translation import _

RANGES = {"vividness": (0.0, 1.0), "strength": (0.0, 1.0)}

MOST_ALTERNATIVES = 3

CHOICES = {
    "output": (
        ("normal", _("Normal layer"), _("Full picture; lightness is exact")),
        (
            "color",
            _("Color-only layer (LCh Color)"),
            _("Colors only; lightness is that of the layers below"),
        ),
    ),
    "area": (
        ("selection", _("Selection, if there is one"), _("The selection becomes the layer's mask")),
        ("layer", _("Whole layer"), _("No mask is made")),
    ),
}
"""(nick, title, detail) of each choice."""


@dataclass(frozen=True)
class Settings:
    """What the options dialog and scripts choose.  Defaults are the server's own.

    alternative: 0 for the usual coloring, 1 to 3 for another.  reference: where colors are taken
    from (`client.references`), "" from nowhere.  mark: whether the image's metadata shall say that
    it was colorized.
    """

    vividness: float = 0.5
    strength: float = 1.0
    use_hints: bool = True
    alternative: int = 0
    reference: str = ""
    mark: bool = False
    output: str = "normal"
    area: str = "selection"

    @classmethod
    def of(cls, config: Any) -> Settings:
        """From the arguments of a procedure; there a reference may also be a bare path."""
        values = {name: config.get_property(_property(name)) for name in _names()}
        reference = values["reference"] or ""
        bare = reference and not split(reference)[0]
        return cls(**{**values, "reference": "%s:%s" % (FILE, reference) if bare else reference})

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


def _usable(kept: dict[str, Any]) -> dict[str, Any]:
    """The settings of a stored dictionary; what is damaged or out of range is left out."""
    values: dict[str, Any] = {}
    for name, (low, high) in RANGES.items():
        value = kept.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
            values[name] = float(value)
    for name, choices in CHOICES.items():
        if kept.get(name) in [nick for nick, _, _ in choices]:
            values[name] = kept[name]
    for name in ("use_hints", "mark"):
        if isinstance(kept.get(name), bool):
            values[name] = kept[name]
    number = kept.get("alternative")
    if isinstance(number, int) and 0 <= number <= MOST_ALTERNATIVES:
        values["alternative"] = int(number)
    if isinstance(kept.get("reference"), str):
        values["reference"] = kept["reference"]
    return values


def of_picture(stored: dict[str, Any] | None) -> Settings:
    """The settings of a picture, from what its result remembers; None: it has no result.

    Without a result: the defaults, and the kind of layer that was last chosen in the dialog.
    """
    if stored is not None:
        return Settings(**_usable(stored))
    try:
        with open(_path(), encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        kept = {}
    liked = _usable(kept) if isinstance(kept, dict) else {}
    return Settings(**{name: liked[name] for name in CHOICES if name in liked})


def keep(settings: Settings) -> None:
    """Keep the kind of layer that the user likes; a folder that cannot be written is no fault."""
    try:
        with open(_path() + ".new", "w", encoding="utf-8") as file:
            json.dump({name: getattr(settings, name) for name in CHOICES}, file)
        os.replace(_path() + ".new", _path())
    except OSError:
        pass
