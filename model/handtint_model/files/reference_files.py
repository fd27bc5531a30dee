"""A colour photo to take colours from: read in sRGB, upright and small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyvips
from numpy.typing import NDArray

from ..errors import BadHint, BadImage
from . import icc
from .header import ReadLimits, open_picture
from .read import upright

REFERENCE_SIDE = 768
"""Pixels of the long side, at most: more would be averaged away."""


def read_reference(
    source: str | Path | bytes, limits: ReadLimits | None = None
) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 sRGB of a colour photo, its long side at most 768 pixels.

    source: a path, or a file's bytes.  Raises BadHint for what cannot be read, or is gray.
    """
    try:
        opened = open_picture(source, limits or ReadLimits())
    except BadImage as error:
        raise BadHint(f"the reference cannot be read: {error}") from error
    image = opened.image
    if image.bands < 3:
        raise BadHint("the reference is gray; choose a photo in colour.")
    image = image.extract_band(0, n=3)
    try:
        step = max(image.width, image.height) / REFERENCE_SIDE
        if step > 1.0:
            image = image.resize(1.0 / step, kernel="linear")
        top = {"uchar": 255.0, "ushort": 65535.0}.get(str(image.format), 1.0)
        image = image.cast("float")
        shape, memory = (image.height, image.width, 3), image.write_to_memory()
    except pyvips.Error as error:
        raise BadHint("the reference is damaged or cut off and cannot be read.") from error
    codes = np.ndarray(shape, np.float32, memory) / np.float32(top)
    if opened.profile is not None:
        codes = icc.to_srgb(opened.profile, codes)
    rgb = np.rint(np.clip(codes, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.stack([upright(rgb[..., i], opened.orientation) for i in range(3)], axis=2)
