"""Picture files to planes and back: depth, orientation, ICC, EXIF, resolution, alpha.

`read_photo` gives the luminance plane Y' that the colorizer works on, upright, with its
alpha; `write.write_photo` stores a result with everything the source said
that is still true; `inspect_photo` reads the header only.

How colour is handled
    The working space is sRGB.  A gray file is luminance in the curve of its profile, or
    of sRGB where it has none; a colour file (a toned print, or gray stored as RGB) gives
    the luminance Y of its colours; both are encoded with the sRGB curve.  Where an 8-bit
    file's profile is not sRGB, the plane has 16 bits, so that no step is lost.
    A result keeps the profile of an RGB source that can hold all of sRGB (Adobe RGB,
    Display P3, ProPhoto, ...) and is converted to it; gray and CMYK profiles cannot
    describe it, so it is stored as sRGB and says so.
    A PNG without an ICC profile may say by cICP, sRGB, gAMA and cHRM what its codes mean;
    these count like a profile, and the result is stored as sRGB.
Float
    Float TIFF follows the same rules: values are codes, 0 black, 1 white; values above 1
    are allowed.  Negative values are read as 0.
What is refused
    Anything but PNG, JPEG, WebP and TIFF, told by content, and what further formats
    libvips reads (`formats.READ_ONLY`); animations, documents of several pages unless one
    is chosen, camera raw files; integers of 32 bits; NaN and infinity; more pixels than the
    limit, before decoding.

Thread-safe.  Pixels pass in strips: a large file needs the memory of its planes and
little more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from ..errors import BadImage
from ..luminance import nearest_code, srgb_luminance
from ..types import Plane, Progress
from . import icc
from .faults import unreadable
from .header import OpenedPicture, ReadLimits, open_picture, warnings
from .kept import PhotoMeta

_STRIP_BYTES = 4 << 20
_DOUBTFUL_SHARE = 0.5  # of float values above white, from which they are no codes in 0..1


@dataclass(frozen=True)
class PhotoInfo:
    """The header of a picture file."""

    width: int  # as shown, that is, after its orientation
    height: int
    dtype: np.dtype[Any]  # of the plane that `read_photo` would give
    alpha: bool
    meta: PhotoMeta
    format: str = ""  # the file's own, as are its bits; `meta` has those that a result gets
    bits: int = 8

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo read from a file.

    luminance: (H, W) uint8, uint16 or float32, Y' in the sRGB curve, upright.
    alpha: (H, W) of the same dtype (float: 0..1), or None where the file is opaque.
    meta: what to keep for the result.
    """

    luminance: Plane
    alpha: Plane | None = None
    meta: PhotoMeta = field(default_factory=PhotoMeta)


def inspect_photo(source: str | Path | bytes, limits: ReadLimits | None = None) -> PhotoInfo:
    """Read the header of a picture; no pixel is decoded.

    source: a path, or a file's bytes.  Raises BadImage like `read_photo`, as far as the header
    tells.
    """
    opened = open_picture(source, limits or ReadLimits(), pixels=False)
    height, width = opened.shape
    alpha, meta = opened.alpha, opened.meta
    return PhotoInfo(width, height, opened.dtype, alpha, meta, opened.format.name, opened.bits)


def read_photo(
    source: str | Path | bytes,
    limits: ReadLimits | None = None,
    *,
    progress: Progress | None = None,
) -> Photo:
    """Read a PNG, JPEG, WebP or TIFF photo as a luminance plane.

    source: a path, or a file's bytes.  progress: called with "read" and 0..1.
    Raises BadImage, in one sentence, for whatever cannot be read rightly and wholly.
    """
    before = warnings.count
    opened = open_picture(source, limits or ReadLimits())
    meta, orientation, strict = opened.meta, opened.orientation, opened.strict
    try:
        luminance, alpha = _decode(opened, progress)
    except pyvips.Error as error:
        raise unreadable(opened.format, error, source) from error
    except MemoryError as error:
        raise BadImage("there is too little memory for a picture of this size.") from error
    del opened  # libvips warns of the last lines when it closes the file
    if strict and warnings.count > before:
        raise BadImage("the JPEG file is damaged or cut off and cannot be read.")
    if alpha is not None:
        alpha = upright(alpha, orientation)
    return Photo(upright(luminance, orientation), alpha, meta)


def _decode(opened: OpenedPicture, progress: Progress | None) -> tuple[Plane, Plane | None]:
    image = opened.image
    if str(image.format) == "double":
        image = image.cast("float")
    width, height, bands = image.width, image.height, image.bands
    stored = np.dtype({"uchar": "u1", "ushort": "u2"}.get(str(image.format), "f4"))
    luminance = np.empty((height, width), opened.dtype)
    alpha = np.empty((height, width), opened.dtype) if opened.alpha else None
    converter = _Converter(opened.profile, stored, opened.dtype)
    rows = max(1, _STRIP_BYTES // (width * bands * stored.itemsize))
    region = pyvips.Region.new(image)
    above_white = 0
    for y in range(0, height, rows):
        count = min(rows, height - y)
        buffer = region.fetch(0, y, width, count)
        strip = np.frombuffer(buffer, stored).reshape(count, width, bands)
        if stored.kind == "f":
            if not np.isfinite(strip).all():
                raise BadImage("the picture holds NaN or infinite values.")
            above_white += int((strip[..., 0] > 1.0).sum())
        converter.luminance(strip[..., : 1 if bands < 3 else 3], luminance[y : y + count])
        if alpha is not None:
            converter.alpha(strip[..., -1], alpha[y : y + count])
        if progress is not None:
            progress("read", (y + count) / height)
    if above_white > _DOUBTFUL_SHARE * width * height:
        raise BadImage(
            "most float values are above 1; scale them so that black is 0 and white is 1."
        )
    return luminance, alpha


class _Converter:
    """Converts strips of codes to luminance codes."""

    def __init__(
        self, profile: icc.Profile | None, stored: np.dtype[Any], dtype: np.dtype[Any]
    ) -> None:
        self.dtype = dtype
        self.linear = icc.Linearizer(profile, stored) if profile else None
        self.encode = nearest_code(dtype)
        # The luminance of a neutral pixel depends on a single code, so a table will do.
        self.neutral: NDArray[Any] | None = None
        if self.linear is not None and stored.kind == "u":
            codes = np.arange(np.iinfo(stored).max + 1).astype(stored).reshape(1, -1, 1)
            self.neutral = self.encode(self.linear.luminance(codes))[0]

    def luminance(self, codes: NDArray[Any], out: Plane) -> None:
        """(h, w, 1 or 3) codes to (h, w) Y' in ``out``."""
        first = codes[..., 0]
        if codes.shape[2] == 3 and (codes == codes[..., :1]).all():
            codes = codes[..., :1]
        if self.linear is None:
            out[...] = np.maximum(first if codes.shape[2] == 1 else srgb_luminance(codes), 0)
        elif codes.shape[2] == 1 and self.neutral is not None:
            out[...] = np.take(self.neutral, first)
        else:
            out[...] = self.encode(np.maximum(self.linear.luminance(codes), 0.0))

    def alpha(self, codes: NDArray[Any], out: Plane) -> None:
        """(h, w) alpha, from the file's depth to the plane's."""
        if self.dtype.kind == "f":
            out[...] = np.clip(codes, 0.0, 1.0)
        elif codes.dtype == self.dtype:
            out[...] = codes
        else:
            out[...] = codes.astype(self.dtype) * 257  # 8 to 16 bits


def upright(plane: Plane, orientation: int) -> Plane:
    """Turn and mirror a plane upright, by EXIF orientation 1..8."""
    if orientation == 1:
        return plane
    turned = plane.T if orientation > 4 else plane
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return np.ascontiguousarray(turned)
