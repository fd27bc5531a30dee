"""Foreign bytes to a photo's planes: picture files and raw pixels, checked before any work."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..api.errors import Problem, sentence
from ..api.schemas import LAYOUTS, PhotoRequest
from ..http.multipart import Part
from ..model import BadImage, Plane, image_formats, image_io, in_threads, luminance_of, strips
from . import profiles

NUMPY_DTYPES = {"u8": "<u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}
LARGEST_FLOAT = 65504.0  # what f16 holds; pictures have nothing near it
_VALUES_AT_ONCE = 1 << 19  # looked at together when floats are checked
_PACKED_AT_ONCE = 1 << 18  # pixels of an answer that a thread is given


@dataclass(frozen=True, eq=False)
class Source:
    """A photo as it came.

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
class Decoded:
    """A photo that has no id yet, and what its id is made from."""

    luminance: Plane
    alpha: Plane | None
    dtype: str
    meta: image_io.PhotoMeta
    profile: profiles.RawSpace | None
    description: str
    content: tuple[Any, ...]

    def named(self, image_id: str) -> Source:
        """With its id."""
        return Source(image_id, self.luminance, self.alpha, self.dtype, self.meta, self.profile)


def too_large(width: int, height: int, limit: int, code: str = "image_too_large") -> Problem:
    """The answer to more pixels than allowed."""
    return Problem(
        code,
        f"{width} x {height} pixels are more than the server's limit of "
        f"{limit / 1e6:g} million: scale it down, or start the server with --max-megapixels.",
    )


def from_file(part: Part, max_pixels: int, report: Any) -> Decoded:
    """The photo in part `image`."""
    data = bytes(part.data)
    if not data:
        raise Problem("bad_image", "The part image is empty.")
    if not image_formats.is_supported(data[: image_formats.HEAD_BYTES]):
        raise Problem("format_refused", "The picture is not PNG, JPEG, WebP or TIFF.")
    info = image_io.inspect_photo(data, image_io.ReadLimits(pixels=2**62))
    if info.pixels > max_pixels:
        raise too_large(info.width, info.height, max_pixels)
    photo = image_io.read_photo(
        data, image_io.ReadLimits(pixels=max_pixels), progress=lambda _, f: report("decode", f)
    )
    wire = {"u1": "u8", "u2": "u16", "f4": "f32"}[photo.luminance.dtype.str[1:]]
    content = (photo.luminance,) if photo.alpha is None else (photo.luminance, photo.alpha)
    height, width = photo.luminance.shape
    description = f"file {width}x{height} {wire} {len(content)} {photo.meta!r}"
    return Decoded(photo.luminance, photo.alpha, wire, photo.meta, None, description, content)


def from_plane(
    request: PhotoRequest,
    part: Part,
    profile: Part | None,
    max_pixels: int,
    report: Any,
    body_bytes: int,
) -> Decoded:
    """The photo in part `plane`, described by the request.

    A gray plane stays a view of the body (body_bytes long), unless that holds much else.
    """
    layout, dtype = request.raw_layout, request.dtype
    if request.width is None or request.height is None or dtype is None or layout is None:
        raise Problem(
            "bad_request",
            "A raw plane needs width, height, dtype and layout in the part request.",
            errors=[{"field": "width", "message": "is needed with the part plane"}],
        )
    width, height = request.width, request.height
    if width * height > max_pixels:
        raise too_large(width, height, max_pixels)
    if len(part.data) != request.raw_bytes:
        raise Problem(
            "bad_plane",
            f"The part plane has {len(part.data)} bytes; {width} x {height} pixels of "
            f"{layout} {dtype} are {request.raw_bytes}.",
        )
    space = profiles.space_of(layout, profile)
    pixels = raw_array(part.data, dtype, (height, width, len(layout)))
    report("decode", 0.3)
    content: tuple[Any, ...] = (pixels,) if profile is None else (pixels, bytes(profile.data))
    colours, alpha = _split(pixels, layout)
    report("decode", 0.6)
    if space is not None:
        luminance = space.luminance(colours)
        if alpha is not None and alpha.dtype != luminance.dtype:
            alpha = alpha.astype(luminance.dtype) * 257  # 8 to 16 bits, as the luminance
    elif LAYOUTS[layout] == "Y":
        luminance = colours[..., 0]
        if body_bytes > 1.25 * len(part.data) and np.may_share_memory(luminance, pixels):
            luminance = luminance.copy()  # the cache would keep the whole body
    else:
        luminance = luminance_of(colours)
    if luminance.dtype.kind == "f" and luminance.min() < 0:
        luminance = np.maximum(luminance, 0)  # light below black, from an editor's filters
    report("decode", 1.0)
    depth = {1: 8, 2: 16, 4: 32}[luminance.dtype.itemsize]
    meta = image_io.PhotoMeta(depth=depth)
    description = f"raw {width}x{height} {dtype} {layout}"
    return Decoded(luminance, alpha, dtype, meta, space, description, content)


def raw_array(data: memoryview, dtype: str, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Raw pixels as an array: a view of the body where it is aligned, else a copy.

    f16 becomes float32.  Raises Problem for NaN and infinity.
    """
    kind = np.dtype(NUMPY_DTYPES[dtype])
    address = np.frombuffer(data, np.uint8).__array_interface__["data"][0] if data else 0
    if address % kind.itemsize:
        data = memoryview(bytearray(data))
    array = np.frombuffer(data, kind).reshape(shape)
    if dtype == "f16":
        array = array.astype(np.float32)
    elif sys.byteorder == "big":  # pragma: no cover
        array = array.astype(kind.newbyteorder("="))
    if array.dtype.kind == "f":
        _check_finite(array)
    return array


def _check_finite(array: NDArray[Any]) -> None:
    flat = array.reshape(-1)
    for i in range(0, flat.size, _VALUES_AT_ONCE):
        # NaN fails every comparison; beyond the limit the sRGB curve would overflow.
        if not (np.abs(flat[i : i + _VALUES_AT_ONCE]) <= LARGEST_FLOAT).all():
            raise Problem(
                "bad_plane",
                f"The part plane holds NaN, infinity or values beyond {LARGEST_FLOAT:g}.",
            )


def _split(pixels: NDArray[Any], layout: str) -> tuple[NDArray[Any], Plane | None]:
    """Colour channels in the order of their names, contiguous, and alpha if there is one."""
    alpha = None
    colours = pixels
    if layout.endswith("A"):
        alpha = np.ascontiguousarray(pixels[..., -1])
        if alpha.dtype.kind == "f":
            alpha = np.clip(alpha, 0.0, 1.0)
        colours = pixels[..., :-1]
    if layout.startswith("BGR"):
        colours = colours[..., ::-1]
    return np.ascontiguousarray(colours), alpha


def answer_pixels(
    rgb: NDArray[Any], alpha: Plane | None, source: Source, layout: str, *, own_space: bool
) -> NDArray[Any]:
    """A raw answer: (h, w, len(layout)) little-endian in the source's wire dtype.

    rgb: (h, w, 3), sRGB, the source's depth.  alpha: (h, w) of the same depth or None.
    """
    # With a profile, 8-bit pixels are worked on in 16 bits.
    stored = np.dtype(np.uint8) if source.dtype == "u8" else rgb.dtype
    if own_space and source.profile is not None:
        rgb = source.profile.from_srgb(rgb, stored)
    elif rgb.dtype != stored:
        rgb = _to_eight_bits(rgb)
    if alpha is not None and alpha.dtype != stored:
        alpha = _to_eight_bits(alpha)
    if layout.startswith("BGR"):
        rgb = rgb[..., ::-1]
    if layout.endswith("A"):
        rgb = _with_alpha(rgb, alpha)
    return np.ascontiguousarray(rgb, NUMPY_DTYPES[source.dtype])


def _with_alpha(rgb: NDArray[Any], alpha: Plane | None) -> NDArray[Any]:
    """(h, w, 4) from (h, w, 3) and alpha; opaque if that is None."""
    height, width = rgb.shape[:2]
    out = np.empty((height, width, 4), rgb.dtype)
    opaque = 1.0 if rgb.dtype.kind == "f" else np.iinfo(rgb.dtype).max

    def pack(top: int, bottom: int) -> None:
        for channel in range(3):  # a loop of NumPy's over three values takes four times as long
            out[top:bottom, :, channel] = rgb[top:bottom, :, channel]
        out[top:bottom, :, 3] = opaque if alpha is None else alpha[top:bottom]

    in_threads(pack, strips(height, width, _PACKED_AT_ONCE))
    return out


def _to_eight_bits(codes: NDArray[Any]) -> NDArray[Any]:
    """16-bit codes to the nearest 8-bit ones."""
    table = np.rint(np.arange(65536) / 257).astype(np.uint8)
    return np.asarray(table[codes])


def image_problem(error: BadImage, layout: str | None) -> Problem:
    """BadImage of the model, told apart by where the pixels came from."""
    return Problem("bad_image" if layout is None else "bad_plane", sentence(error))
