"""The colorizer: NumPy in, NumPy out; knows no HTTP and no editor.

    colorizer = handtint_model.load_colorizer()
    photo = colorizer.encode(luminance)                     # the slow part, once
    hints = handtint_model.Hints.from_points([(x, y, "#c04030")], radius=4)
    rgb = colorizer.colorize(photo, hints, vividness=0.4)   # as often as you like

``import handtint_model`` is quick: torch is loaded on first use of what needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    BadCheckpoint,
    BadHint,
    BadImage,
    BadOption,
    Cancelled,
    DeviceProblem,
    HandtintError,
    WriteFailed,
)
from .types import ColorizeOptions, Fence, HintPatch, Hints, Plane, Progress, parse_color

if TYPE_CHECKING:
    from .colorizer import Colorizer, load_colorizer
    from .encoded_photo import EncodedPhoto
    from .hints.suggestions import Suggestion
    from .luminance import luminance_of

_LAZY = {
    "Colorizer": "colorizer",
    "EncodedPhoto": "encoded_photo",
    "Suggestion": "hints.suggestions",
    "load_colorizer": "colorizer",
    "luminance_of": "luminance",
}

__all__ = [
    "BadCheckpoint",
    "BadHint",
    "BadImage",
    "BadOption",
    "Cancelled",
    "ColorizeOptions",
    "Colorizer",
    "DeviceProblem",
    "EncodedPhoto",
    "Fence",
    "HandtintError",
    "HintPatch",
    "Hints",
    "Plane",
    "Progress",
    "Suggestion",
    "WriteFailed",
    "load_colorizer",
    "luminance_of",
    "parse_color",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
