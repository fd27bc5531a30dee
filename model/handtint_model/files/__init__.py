"""Files of pictures and of painted hints.

Importing this is quick: libvips is loaded on first use of what needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .header import ReadLimits
    from .hint_files import dump_hints, parse_hints, read_hints, read_layer, write_hints
    from .kept import PhotoMeta
    from .mark import Mark, count_hints, find_mark
    from .read import Photo, PhotoInfo, inspect_photo, read_photo
    from .reference_files import read_reference
    from .write import check_target, notes_on, write_photo

_LAZY = {
    "Mark": "mark",
    "Photo": "read",
    "PhotoInfo": "read",
    "PhotoMeta": "kept",
    "ReadLimits": "header",
    "check_target": "write",
    "count_hints": "mark",
    "dump_hints": "hint_files",
    "find_mark": "mark",
    "inspect_photo": "read",
    "notes_on": "write",
    "parse_hints": "hint_files",
    "read_hints": "hint_files",
    "read_layer": "hint_files",
    "read_photo": "read",
    "read_reference": "reference_files",
    "write_hints": "hint_files",
    "write_photo": "write",
}

__all__ = [
    "Mark",
    "Photo",
    "PhotoInfo",
    "PhotoMeta",
    "ReadLimits",
    "check_target",
    "count_hints",
    "dump_hints",
    "find_mark",
    "inspect_photo",
    "notes_on",
    "parse_hints",
    "read_hints",
    "read_layer",
    "read_photo",
    "read_reference",
    "write_hints",
    "write_photo",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
