"""Painted hints to fields and parts of a request (docs/http-api.md, section 5)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from .errors import BadHints
from .messages import Content, DeflatedCrop, Hints
from .translation import _


@dataclass(frozen=True)
class HintParts:
    """fields: of the JSON.  parts: names and contents."""

    fields: dict[str, Any]
    parts: tuple[tuple[str, Content], ...]


def parts_of(hints: Hints) -> HintParts:
    """The crop and the fences, as far as there are some; raises BadHints."""
    fields: dict[str, Any] = {}
    parts: list[tuple[str, Content]] = []
    if hints.width:
        fields["hints"], data = _crop(hints)
        parts.append(("hints", data))
    if hints.fences:
        fields["within"], data = _fences(hints)
        parts.append(("within", data))
    return HintParts(fields, tuple(parts))


def _crop(crop: Hints) -> tuple[dict[str, Any], Content]:
    described: dict[str, Any] = {
        "x": crop.x,
        "y": crop.y,
        "width": crop.width,
        "height": crop.height,
        "layout": crop.layout,
        "encoding": "zlib",
    }
    if isinstance(crop, DeflatedCrop):
        return described, crop.stream
    if len(crop.rgba) != crop.width * crop.height * 4:
        raise BadHints(
            _("The hints hold %(size)d bytes instead of %(needed)d.")
            % {"size": len(crop.rgba), "needed": crop.width * crop.height * 4}
        )
    if crop.deflate:
        return described, zlib.compress(crop.rgba)
    described["encoding"] = "raw"
    return described, crop.rgba


def _fences(crop: Hints) -> tuple[dict[str, Any], bytes]:
    masks = [
        {"x": fence.x, "y": fence.y, "width": fence.width, "height": fence.height}
        for fence in crop.fences
    ]
    data = b"".join(bytes(piece) for fence in crop.fences for piece in (fence.mask, fence.rgba))
    if isinstance(crop, DeflatedCrop) or crop.deflate:
        return {"masks": masks, "encoding": "zlib"}, zlib.compress(data, 1)
    return {"masks": masks, "encoding": "raw"}, data
