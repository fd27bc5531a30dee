"""The user's choices.

Those of a picture are kept with its result, in the document; the others in Krita's own
settings, and the server's in the client's folder.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from krita import Krita

GROUP = "handtint"
OF_PICTURE = ("vividness", "strength", "use_hints", "alternative", "reference", "mark")

MOST_ALTERNATIVES = 3


@dataclass(frozen=True)
class Settings:
    """vividness, strength: 0..1; vividness None: the server's default.  use_hints: whether
    hints count.  alternative: 0 for the usual coloring, 1 to 3 for another.  reference: where
    colors are taken from (`client.references`).  mark: whether the document shall say that it was
    colorized.  These belong to a picture.

    use_selection, live: check boxes.

    convert_gray: "ask", "always" or "never" convert a gray document to RGB.
    """

    vividness: float | None = None
    strength: float = 1.0
    use_hints: bool = True
    alternative: int = 0
    reference: str = ""
    mark: bool = False
    use_selection: bool = True
    live: bool = False
    convert_gray: str = "ask"

    def of_run(self) -> dict[str, Any]:
        """What a result remembers of how it was made."""
        return {name: getattr(self, name) for name in OF_PICTURE}

    def with_picture(self, kept: dict[str, Any]) -> Settings:
        """The same with the choices of a picture; what is missing or damaged is the default."""
        found: dict[str, Any] = {}
        for name in ("vividness", "strength"):
            value = kept.get(name)
            if isinstance(value, (int, float)) and 0 <= value <= 1:
                found[name] = float(value)
        for name in ("use_hints", "mark"):
            if isinstance(kept.get(name), bool):
                found[name] = kept[name]
        number = kept.get("alternative")
        if isinstance(number, int) and 0 <= number <= MOST_ALTERNATIVES:
            found["alternative"] = int(number)
        if isinstance(kept.get("reference"), str):
            found["reference"] = kept["reference"]
        defaults = {name: getattr(Settings(), name) for name in OF_PICTURE}
        return replace(self, **{**defaults, **found})


def load() -> Settings:
    """The settings kept last; damaged ones are as if never set."""
    settings = Settings()
    for item in fields(Settings):
        if item.name in OF_PICTURE:
            continue
        text = Krita.instance().readSetting(GROUP, item.name, "")
        default = getattr(settings, item.name)
        value: Any = None
        if isinstance(default, bool):
            value = {"true": True, "false": False}.get(text)
        elif text in ("ask", "always", "never"):
            value = text
        if value is not None:
            settings = replace(settings, **{item.name: value})
    return settings


def save(settings: Settings) -> None:
    """Keep the settings that do not belong to a picture."""
    for name, value in asdict(settings).items():
        if name not in OF_PICTURE:
            Krita.instance().writeSetting(GROUP, name, str(value).lower())


def first_time(name: str) -> bool:
    """Whether something is asked for the first time on this computer."""
    if Krita.instance().readSetting(GROUP, name, "") == "done":
        return False
    Krita.instance().writeSetting(GROUP, name, "done")
    return True
