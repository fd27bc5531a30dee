"""Foreign bytes to a photo's planes: picture files and raw pixels, checked before any work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..http.multipart import Part
from ..http.problem import Problem
from ..model import BadImage, Plane, TooManyPixels, image_formats, image_io, luminance_of
from ..sentences import sentence
from . import profiles
from .raw_pixels import (
    LAYOUTS,
    NUMPY_DTYPES,
    WIRE_DTYPES,
    RawFormat,
    join_channels,
    raw_array,
    split_channels,
)

Report = Callable[[str, float], Any]
"""Progress: called with the stage and its fraction; may raise to stop the work."""

_FULL_BODY = 1.25
"""A plane that is a view keeps its whole body in memory: copied if that is this much larger."""


@dataclass(frozen=True, eq=False)
class PhotoSource:
    """The planes of a photo as its client sent it.

    luminance: (H, W) uint8, uint16 or float32, Y'.  alpha: (H, W) of the same dtype or None.
    dtype: as on the wire, of raw answers too (16-bit luminance may belong to "u8").
    meta: of a file, for file answers.
    profile: of raw pixels, for answers in their own space; None for sRGB.
    """

    image_id: str
    luminance: Plane
    alpha: Plane | None
    dtype: str
    meta: image_io.PhotoMeta = field(default_factory=image_io.PhotoMeta)
    profile: profiles.RawSpace | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.luminance.shape
        return int(height), int(width)


@dataclass(frozen=True, eq=False)
class DecodedPhoto:
    """A photo that has no id yet, with what its id is made from: description and content."""

    luminance: Plane
    alpha: Plane | None
    dtype: str
    meta: image_io.PhotoMeta
    profile: profiles.RawSpace | None
    description: str
    content: tuple[Any, ...]

    def named(self, image_id: str) -> PhotoSource:
        """The photo with its id."""
        return PhotoSource(
            image_id, self.luminance, self.alpha, self.dtype, self.meta, self.profile
        )


def too_large(width: int, height: int, limit: int, code: str = "image_too_large") -> Problem:
    """The answer to more pixels than allowed."""
    return Problem(
        code,
        f"{width} x {height} pixels are more than the server's limit of "
        f"{limit / 1e6:g} million: scale it down, or start the server with --max-megapixels.",
    )


def from_file(part: Part, max_pixels: int, report: Report) -> DecodedPhoto:
    """The photo in part `image`.  Raises Problem, BadImage."""
    data = bytes(part.data)
    if not data:
        raise Problem("bad_image", "The part image is empty.")
    if not image_formats.is_supported(data[: image_formats.HEAD_BYTES]):
        raise Problem("format_refused", "The picture is not PNG, JPEG, WebP or TIFF.")
    try:
        photo = image_io.read_photo(
            data, image_io.ReadLimits(pixels=max_pixels), progress=lambda _, f: report("decode", f)
        )
    except TooManyPixels as error:
        raise too_large(*error.size, max_pixels) from error
    dtype = WIRE_DTYPES[photo.luminance.dtype.str[1:]]
    planes = (photo.luminance,) if photo.alpha is None else (photo.luminance, photo.alpha)
    height, width = photo.luminance.shape
    description = f"file {width}x{height} {dtype} {len(planes)} {photo.meta.rest!r}"
    content = (*planes, *photo.meta.blocks())
    return DecodedPhoto(photo.luminance, photo.alpha, dtype, photo.meta, None, description, content)


def from_plane(
    raw: RawFormat | None,
    part: Part,
    profile: Part | None,
    max_pixels: int,
    report: Report,
    body_bytes: int,
) -> DecodedPhoto:
    """The photo in part `plane`.  Raises Problem, BadImage.

    raw: what the request says of it.  body_bytes: length of the body; a gray plane stays a
    view of that, unless the body holds much else.
    """
    if raw is None:
        raise Problem(
            "bad_request",
            "A raw plane needs width, height, dtype and layout in the part request.",
            errors=[{"field": "width", "message": "is needed with the part plane"}],
        )
    if raw.width * raw.height > max_pixels:
        raise too_large(raw.width, raw.height, max_pixels)
    if len(part.data) != raw.size:
        raise Problem(
            "bad_plane",
            f"The part plane has {len(part.data)} bytes; {raw.width} x {raw.height} pixels of "
            f"{raw.layout} {raw.dtype} are {raw.size}.",
        )
    space = profiles.space_of(raw.layout, profile)
    pixels = raw_array(part.data, raw)
    report("decode", 0.3)
    content: tuple[Any, ...] = (pixels,) if profile is None else (pixels, bytes(profile.data))
    colors, alpha = split_channels(pixels, raw.layout)
    report("decode", 0.6)
    luminance = _luminance(colors, raw.layout, space)
    if body_bytes > _FULL_BODY * len(part.data) and np.may_share_memory(luminance, pixels):
        luminance = luminance.copy()
    if alpha is not None and alpha.dtype != luminance.dtype:
        alpha = alpha.astype(luminance.dtype) * 257  # 8 to 16 bits, as the luminance
    report("decode", 1.0)
    depth = {1: 8, 2: 16, 4: 32}[luminance.dtype.itemsize]
    meta = image_io.PhotoMeta(depth=depth)
    description = f"raw {raw.width}x{raw.height} {raw.dtype} {raw.layout}"
    return DecodedPhoto(luminance, alpha, raw.dtype, meta, space, description, content)


def _luminance(colors: NDArray[Any], layout: str, space: profiles.RawSpace | None) -> Plane:
    """Y' of the colour channels, not negative."""
    luminance: Plane
    if space is not None:
        luminance = space.luminance(colors)
    elif LAYOUTS[layout] == "Y":
        luminance = colors[..., 0]
    else:
        luminance = luminance_of(colors)
    if luminance.dtype.kind == "f" and luminance.min() < 0:
        luminance = np.maximum(luminance, 0)  # an editor's filters can give light below black
    return luminance


def answer_pixels(
    rgb: NDArray[Any], alpha: Plane | None, source: PhotoSource, layout: str, *, own_space: bool
) -> NDArray[Any]:
    """A raw answer: (h, w, len(layout)) little-endian in the source's wire dtype.

    rgb: (h, w, 3), sRGB, the source's depth.  alpha: (h, w) of the same depth or None.
    own_space: whether to answer in the space of the source's profile.
    """
    # With a profile, the luminance of 8-bit pixels has 16 bits, and so has the result.
    stored = np.dtype(np.uint8) if source.dtype == "u8" else rgb.dtype
    if own_space and source.profile is not None:
        rgb = source.profile.from_srgb(rgb, stored)
    elif rgb.dtype != stored:
        rgb = _to_eight_bits(rgb)
    if alpha is not None and alpha.dtype != stored:
        alpha = _to_eight_bits(alpha)
    return np.ascontiguousarray(join_channels(rgb, alpha, layout), NUMPY_DTYPES[source.dtype])


def _to_eight_bits(codes: NDArray[Any]) -> NDArray[Any]:
    """16-bit codes to the nearest 8-bit ones."""
    table = np.rint(np.arange(65536) / 257).astype(np.uint8)
    return np.asarray(table[codes])


def image_problem(error: BadImage, raw: RawFormat | None) -> Problem:
    """The answer to the model's BadImage: about a file, or about raw pixels."""
    return Problem("bad_image" if raw is None else "bad_plane", sentence(error))
