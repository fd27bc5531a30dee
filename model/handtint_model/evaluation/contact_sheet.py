"""Pictures side by side with captions: one look says more than a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Array = NDArray[Any]

_GAP = 4
_PAPER = (250, 250, 250)
_INK = (30, 30, 30)


def contact_sheet(
    rows: Sequence[Sequence[Array]],
    *,
    columns: Sequence[str] = (),
    names: Sequence[str] = (),
    height: int = 192,
) -> Image.Image:
    """Rows of pictures on one sheet.

    rows: pictures, (H, W, 3) or (H, W), uint8 or float 0..1; the rows may differ in length,
    the pictures in size.  columns: captions above the columns.  names: one below each row.
    height: every picture is scaled to this many pixels, its aspect kept.
    """
    if not rows or not all(rows):
        raise ValueError("a contact sheet needs at least one picture in every row")
    tiles = [[_tile(picture, height) for picture in row] for row in rows]
    font = ImageFont.load_default(max(10, height // 13))
    line = int(font.size * 1.5) if hasattr(font, "size") else 16
    count = max(len(row) for row in tiles)
    widths = [max(row[i].width for row in tiles if i < len(row)) for i in range(count)]
    lefts = [_GAP + sum(widths[:i]) + _GAP * i for i in range(count)]
    top = line if columns else _GAP
    pitch = height + (line if names else _GAP)
    sheet = Image.new("RGB", (lefts[-1] + widths[-1] + _GAP, top + pitch * len(rows)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for left, caption in zip(lefts, columns):
        draw.text((left, 2), caption, _INK, font)
    for number, row in enumerate(tiles):
        y = top + pitch * number
        for left, tile in zip(lefts, row):
            sheet.paste(tile, (left, y))
        if number < len(names):
            draw.text((_GAP, y + height + 1), names[number], _INK, font)
    return sheet


def save_sheet(sheet: Image.Image, path: Path) -> None:
    """Write a PNG whole or not at all: a viewer never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        sheet.save(temporary, format="PNG")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def mark_hints(picture: Array, painted: Array, color: Array | None = None) -> Array:
    """Draw hints into a picture, each with a ring around it; returns uint8.

    picture: (H, W, 3), uint8 or float 0..1.  painted: (H, W) bool.  colour: (H, W, 3) of the
    painted pixels, uint8 or float; without it they keep the picture's.
    """
    marked = to_codes(picture).copy()
    if color is not None:
        marked[painted] = to_codes(color)[painted]
    near = np.pad(painted, 1)
    spread = np.zeros_like(painted)
    height, width = painted.shape
    for dy in range(3):
        for dx in range(3):
            spread |= near[dy : dy + height, dx : dx + width]
    marked[spread & ~painted] = 255
    return marked


def to_codes(picture: Array) -> NDArray[np.uint8]:
    """(H, W[, 3]) uint8 or float 0..1 to (H, W, 3) uint8."""
    if picture.dtype != np.uint8:
        picture = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture


def _tile(picture: Array, height: int) -> Image.Image:
    image = Image.fromarray(to_codes(picture))
    width = max(1, round(image.width * height / image.height))
    return image.resize((width, height), Image.Resampling.LANCZOS)
