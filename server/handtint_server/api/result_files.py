"""Answers that are picture files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..model import Hints, image_io

if TYPE_CHECKING:
    from ..decode.photo import PhotoSource
    from ..engine.progress import RequestTicket
    from .schemas import ColorizeRequest

FILE_TYPES = {kind: f"image/{kind}" for kind in ("png", "jpeg", "tiff", "webp")}


def marked(
    meta: image_io.PhotoMeta, wanted: ColorizeRequest, hints: Hints | None, weights: str
) -> image_io.PhotoMeta:
    """What to store with a file: the photo's own words, and how the result was made."""
    if not wanted.mark:
        return meta
    count = image_io.count_hints(hints) if wanted.strength else 0
    more = [f"alternative {wanted.alternative}"] if wanted.alternative else []
    if hints is not None and hints.references:
        more.append("colors of a reference")
    software = f"Handtint {__version__}"
    mark = image_io.Mark(software, weights, wanted.vividness, count, tuple(more))
    return replace(meta, mark=mark)


def result_file(
    rgb: NDArray[Any],
    alpha: NDArray[Any] | None,
    source: PhotoSource,
    meta: image_io.PhotoMeta,
    output: str,
    ticket: RequestTicket,
) -> tuple[str, str, str, bytes]:
    """(layout, dtype, media type, bytes) of a picture file."""
    if alpha is not None:
        alpha = np.ascontiguousarray(alpha)
    data = image_io.write_photo(
        None,
        rgb,
        meta,
        alpha=alpha,
        format=output,
        progress=lambda _, fraction: ticket.report("write", fraction),
    )
    assert data is not None
    deep = {"png": "u16", "tiff": source.dtype}.get(output, "u8")
    dtype = "u8" if source.dtype == "u8" else deep
    layout = "RGB" if alpha is None or output == "jpeg" else "RGBA"
    return layout, dtype, FILE_TYPES[output], data


def png_file(codes: NDArray[np.uint8]) -> bytes:
    """A PNG file of (h, w) or (h, w, 3) codes."""
    import pyvips

    return bytes(pyvips.Image.new_from_array(np.ascontiguousarray(codes)).pngsave_buffer())
