"""Raw pixels in another space than sRGB: ICC profiles, and Krita's Lab codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import Problem
from .model import Plane, icc
from .multipart import Part
from .schemas import LAYOUTS

_STRIP = 1 << 20  # pixels


def _bad(detail: str) -> Problem:
    return Problem("bad_profile", detail)


class RawSpace:
    """The colour space of raw pixels, for pixels to Y' and for sRGB back into it."""

    def __init__(self, profile: icc.Profile) -> None:
        self._profile = profile

    def luminance(self, colours: NDArray[Any]) -> Plane:
        """(H, W, n) codes to (H, W) Y' of the same dtype."""
        linear = icc.Linearizer(self._profile, colours.dtype)
        encode = icc.Encoder(colours.dtype)
        return _by_strips(
            colours,
            (colours.shape[0], colours.shape[1]),
            lambda strip: encode(np.maximum(linear.luminance(strip), 0.0)),
        )

    def from_srgb(self, rgb: NDArray[Any]) -> NDArray[Any]:
        """(h, w, 3) sRGB codes to codes of the space, same dtype."""
        if self._profile.matrix is None:
            raise _bad("A gray profile holds no colours: ask for answer_profile srgb.")
        convert = icc.FromSrgb(self._profile, rgb.dtype, rgb.dtype)
        return _by_strips(rgb, rgb.shape, convert)


def _by_strips(pixels: NDArray[Any], shape: tuple[int, ...], convert: Any) -> NDArray[Any]:
    out = np.empty(shape, pixels.dtype)
    rows = max(1, _STRIP // pixels.shape[1])
    for y in range(0, pixels.shape[0], rows):
        out[y : y + rows] = convert(pixels[y : y + rows])
    return out


def space_of(layout: str, part: Part | None) -> RawSpace | None:
    """The space of raw pixels, or None for sRGB.  Raises Problem (bad_profile)."""
    channels = LAYOUTS[layout]
    if part is None:
        if channels in ("CMYK", "LAB"):
            raise _bad(f"Raw pixels of layout {layout} need their ICC profile.")
        return None
    data = bytes(part.data)
    found = icc.colour_space(data)
    wanted = "GRAY" if channels == "Y" else channels
    if found != wanted:
        raise _bad(
            f"The profile is for {found or 'nothing known'}; layout {layout} needs {wanted}."
        )
    profile = icc.parse(data)
    if profile is None:
        raise _bad("The profile is damaged or of a kind that is not supported for raw pixels.")
    return None if profile.is_srgb else RawSpace(profile)
