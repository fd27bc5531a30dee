"""Raw pixels in another space than sRGB, as an ICC profile describes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..http.multipart import Part
from ..http.problem import Problem
from ..model import Plane, icc, nearest_code
from .raw_pixels import LAYOUTS

_STRIP = 1 << 20  # pixels


def _bad(detail: str) -> Problem:
    return Problem("bad_profile", detail)


class RawSpace:
    """The colour space of raw pixels, for pixels to Y' and for sRGB back into it.

    8-bit codes become 16-bit luminance, so that no step is lost on the way there and back.
    """

    def __init__(self, profile: icc.Profile) -> None:
        self._profile = profile

    def luminance(self, colors: NDArray[Any]) -> Plane:
        """(H, W, n) uint8, uint16 or float32 codes to (H, W) Y': uint16, float32 for float."""
        linear = icc.Linearizer(self._profile, colors.dtype)
        kept = np.dtype(np.float32 if colors.dtype.kind == "f" else np.uint16)
        encode = nearest_code(kept)

        def convert(strip: NDArray[Any]) -> NDArray[Any]:
            return encode(np.maximum(linear.luminance(strip), 0.0))

        return _by_strips(colors, colors.shape[:2], kept, convert)

    def from_srgb(self, rgb: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """(h, w, 3) sRGB codes to codes of the space in a dtype; raises Problem."""
        if self._profile.matrix is None:
            raise _bad("A gray profile holds no colours: ask for answer_profile srgb.")
        try:
            convert = icc.FromSrgb(self._profile, rgb.dtype, dtype)
        except np.linalg.LinAlgError as error:
            raise _bad("The profile cannot hold colours: its primaries coincide.") from error
        return _by_strips(rgb, rgb.shape, dtype, convert)


def _by_strips(
    pixels: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any], convert: Any
) -> NDArray[Any]:
    out = np.empty(shape, dtype)
    rows = max(1, _STRIP // pixels.shape[1])
    for y in range(0, pixels.shape[0], rows):
        out[y : y + rows] = convert(pixels[y : y + rows])
    return out


def space_of(layout: str, part: Part | None) -> RawSpace | None:
    """The space of raw pixels, or None for sRGB.  Raises Problem (bad_profile)."""
    channels = LAYOUTS[layout]
    if part is None:
        return None
    data = bytes(part.data)
    space = icc.color_space(data)
    needed = "GRAY" if channels == "Y" else channels
    if space != needed:
        raise _bad(
            f"The profile is for {space or 'nothing known'}; layout {layout} needs {needed}."
        )
    profile = icc.parse(data)
    if profile is None:
        raise _bad("The profile is damaged or of a kind that is not supported for raw pixels.")
    return None if profile.is_srgb else RawSpace(profile)
