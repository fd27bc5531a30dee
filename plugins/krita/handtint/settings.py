"""The user's choices, kept in Krita's own settings (the server's in the client's folder)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from krita import Krita

GROUP = "handtint"


@dataclass(frozen=True)
class Settings:
    """vividness, strength: 0..1; vividness None: the server's default.

    use_hints, use_selection, live: check boxes.

    convert_gray: "ask", "always" or "never" convert a gray document to RGB.
    """

    vividness: float | None = None
    strength: float = 1.0
    use_hints: bool = True
    use_selection: bool = True
    live: bool = False
    convert_gray: str = "ask"

    def of_run(self) -> dict[str, Any]:
        """What a result remembers of how it was made."""
        return {
            "vividness": self.vividness,
            "strength": self.strength,
            "use_hints": self.use_hints,
        }


def load() -> Settings:
    """The settings kept last; damaged ones are as if never set."""
    settings = Settings()
    for item in fields(Settings):
        text = Krita.instance().readSetting(GROUP, item.name, "")
        default = getattr(settings, item.name)
        value: Any = None
        if isinstance(default, bool):
            value = {"true": True, "false": False}.get(text)
        elif default is None or isinstance(default, float):
            try:
                value = min(max(float(text), 0.0), 1.0)
            except ValueError:
                value = None
        elif text in ("ask", "always", "never"):
            value = text
        if value is not None and value == value:
            settings = replace(settings, **{item.name: value})
    return settings


def save(settings: Settings) -> None:
    """Keep settings."""
    for name, value in asdict(settings).items():
        text = "" if value is None else str(value)
        text = text.lower() if isinstance(value, bool) else text
        Krita.instance().writeSetting(GROUP, name, text)
