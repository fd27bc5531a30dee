"""What is stored with and beside a result: how it was made, and the original."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handtint_model import files as image_io
from handtint_model.files import Photo
from handtint_model.types import Hints, Progress

from .. import __version__
from .plan import BatchSettings, beside_path


def marked(
    meta: image_io.PhotoMeta, settings: BatchSettings, hints: Hints | None, weights: str
) -> image_io.PhotoMeta:
    """What to store with a result: the photo's own words, and how the result was made."""
    if not settings.mark:
        return meta
    software = f"Handtint {__version__}"
    options = settings.options
    count = image_io.count_hints(hints) if options.strength else 0
    more = [f"alternative {options.alternative}"] if options.alternative else []
    if hints is not None and hints.references:
        more.append("colors of a reference")
    mark = image_io.Mark(software, weights, options.vividness, count, tuple(more))
    return replace(meta, mark=mark)


def write_beside(
    target: Path, photo: Photo, rgb: NDArray[Any], meta: image_io.PhotoMeta, progress: Progress
) -> None:
    """Original and result side by side in one picture."""
    gray = np.repeat(photo.luminance[..., None], 3, axis=2)
    alpha = None if photo.alpha is None else np.concatenate([photo.alpha, photo.alpha], axis=1)
    both = np.concatenate([gray, rgb], axis=1)
    image_io.write_photo(beside_path(target), both, meta, alpha=alpha, progress=progress)
