"""Open a picture file: recognize its format, read its header, refuse what is not accepted.

No pixel is decoded here, except for the few kinds of TIFF that `decoders` reads, and for those only
if pixels are asked for. `open_picture` gives the decoder in `read` a lazy libvips image, with gray
or RGB bands and perhaps alpha, and says what its codes mean.  Only the loaders of accepted formats
are called, by name. libvips' global options stay as the running program has set them.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips

from ..errors import BadImage, TooManyPixels
from . import decoders, exif, formats, icc, png_chunks, png_color, tiff_mend, tiff_pages
from .container import Container, look
from .faults import unreadable
from .formats import Format
from .kept import PhotoMeta, describe

_DTYPES: dict[str, np.dtype[Any]] = {
    "uchar": np.dtype(np.uint8),
    "ushort": np.dtype(np.uint16),
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float32),
}
_BLACK_AND_WHITE = (
    "only black and white are in this picture, no shades of gray: there is hardly anything to "
    "color; scan it as grayscale."
)
_JPEG_SIDE = 65500  # pixels, libjpeg's limit
# CIELab of TIFF is relative to D50: X, Y, Z of its white, times 100.
_D50 = (96.42, 100.0, 82.49)


@dataclass(frozen=True)
class ReadLimits:
    """What is accepted before a single pixel is decoded.

    page: of a TIFF with several, from 1; None refuses such a file.
    """

    pixels: int = 400_000_000  # width times height
    page: int | None = None


@dataclass(frozen=True, eq=False)
class OpenedPicture:
    """A file whose header was read and accepted."""

    image: Any  # pyvips.Image; 1 or 3 bands of codes, then alpha if `alpha`
    format: Format
    orientation: int  # 1..8, TIFF 6.0
    alpha: bool
    profile: icc.Profile | None  # what the codes mean; None: sRGB
    dtype: np.dtype[Any]  # of the luminance plane to make
    meta: PhotoMeta
    bits: int = 8  # a sample, as the file holds it
    strict: bool = False  # a warning while it is decoded means that pixels are missing

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width as shown, that is, after orientation."""
        height, width = self.image.height, self.image.width
        return (width, height) if self.orientation > 4 else (height, width)


class _Listener(logging.Handler):
    """Counts libvips' warnings in the thread that decodes.

    libvips hands a warning over when it reads the next lines, so one about the last lines is never
    counted.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._own = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Count a warning."""
        self._own.count = getattr(self._own, "count", 0) + 1

    @property
    def count(self) -> int:
        """How many warnings this thread has caused."""
        return int(getattr(self._own, "count", 0))


warnings = _Listener()
# libvips warns of oddities of a file; nearly everything that matters comes as an error too.
logging.getLogger("pyvips").addHandler(warnings)


@functools.cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB that comes with libvips."""
    return bytes(pyvips.Operation.call("profile_load", "srgb"))


def open_picture(
    source: str | Path | bytes, limits: ReadLimits, *, pixels: bool = True
) -> OpenedPicture:
    """Read and check the header of a file, or of a file's bytes; raises BadImage.

    pixels: whether the image shall have them; else what `decoders` reads is black.
    """
    found = look(source, limits.page)
    if found.bad_orientation:
        source = tiff_mend.without_bad_orientation(source)
        found = look(source, limits.page)
    if found.lacks_end:
        # The end marker may be all that is missing: with one added, libjpeg says if pixels are.
        source = _bytes_of(source) + b"\xff\xd9"
    if found.texts_left_out:
        source = png_chunks.without_texts(_bytes_of(source))  # libvips would unpack them all
    if found.animated:
        raise _animated(found.format)
    decoder = "libvips"
    if found.page is not None:
        _check_size(*found.page.size, limits)
        decoder = tiff_pages.judge(found.page)
    _check_size(*found.size, limits)
    if found.format.name == "jpeg" and max(found.size) > _JPEG_SIDE:
        raise BadImage(
            f"{found.size[0]} x {found.size[1]} pixels are too large for a JPEG: no side may have "
            f"more than {_JPEG_SIDE}; scale the picture down first."
        )
    if found.page is not None and decoder != "libvips":
        image = decoders.picture(source, found.page, decoder, pixels=pixels)
    else:
        image = _load(found, source)
    _check_size(image.width, image.height, limits)
    if found.kind:
        _probe(found, source)
    if (
        found.page is None
        and _field(image, "n-pages", 1) > 1
        and not formats.is_read_only(found.format)
    ):
        raise _animated(found.format)
    return _interpret(image, found)


def _bytes_of(source: str | Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else Path(source).read_bytes()


def _animated(kind: Format) -> BadImage:
    return BadImage(f"this is an animated {kind.title}; save one frame as a picture first.")


def _check_size(width: int, height: int, limits: ReadLimits) -> None:
    if width * height > limits.pixels:
        error = TooManyPixels(
            f"{width} x {height} pixels are more than the limit of "
            f"{limits.pixels / 1e6:g} million; scale the picture down first."
        )
        error.size = (width, height)
        raise error


def _load(found: Container, source: str | Path | bytes) -> Any:
    kind = found.format
    # In a file without an end marker, any warning of libjpeg's means that pixels are missing.
    strict = "warning" if found.lacks_end else "error"
    # Sequential reading is not cached, so a file that was written again gives its new pixels.
    options: dict[str, Any] = {"access": "sequential", "fail_on": strict}
    if found.page is not None:
        options["page"] = found.page.index
    name = f"{kind.loader}load"
    if isinstance(source, bytes):
        name += "_buffer"
    if not pyvips.type_find("VipsOperation", name):
        raise BadImage(
            f"{kind.title} pictures are not read by this installation of libvips; save it as PNG "
            "or TIFF first."
        )
    try:
        if isinstance(source, bytes):
            return pyvips.Operation.call(name, source, **options)
        return pyvips.Operation.call(name, os.fsencode(source), **options)
    except pyvips.Error as error:
        if kind.name == "png" and "limit" in str(error):
            data = _bytes_of(source)
            fewer = png_chunks.without_texts(data)
            if len(fewer) < len(data):
                return _load(found, fewer)
        raise unreadable(kind, error, source, found.kind) from error


def _probe(found: Container, source: str | Path | bytes) -> None:
    """Decode one pixel, for kinds that not every libvips reads; raises BadImage."""
    try:
        _load(found, source).crop(0, 0, 1, 1).avg()
    except pyvips.Error as error:
        raise unreadable(found.format, error, source, found.kind) from error


def _field(image: Any, name: str, default: Any) -> Any:
    return image.get(name) if image.get_typeof(name) != 0 else default


@dataclass
class _Codes:
    """Codes on their way to `OpenedPicture`.

    data: their ICC profile.  converted: they are 16-bit sRGB already.
    """

    image: Any
    data: bytes
    alpha: bool
    converted: bool = False


def _interpret(image: Any, found: Container) -> OpenedPicture:
    notes: list[str] = []
    bits = _bits(image, found)
    depth = {"uchar": 8, "ushort": 16}.get(str(image.format), 32)
    image = _full_range(image, found)
    codes = _colors_and_alpha(image, found, notes)
    image = codes.image
    profile, stored = _profile_of(codes, found)
    image = codes.image
    dtype = _DTYPES[str(image.format)]
    if dtype == np.uint8 and profile is not None:
        dtype = np.dtype(np.uint16)  # another curve in 8 bits would lose steps
    orientation = _orientation(image, found)
    is_srgb = stored == srgb_profile()
    size = (image.width, image.height)
    if formats.is_read_only(found.format):
        found.entries = exif.parse_block(bytes(_field(image, "exif-data", b"")))
        found.xmp = bytes(_field(image, "xmp-data", b""))
        found.resolution = exif.resolution(found.entries)
    values, more = describe(found, orientation=orientation, size=size, srgb=is_srgb)
    if bits == 1 and image.bands == 1:
        notes.append(_BLACK_AND_WHITE)
    meta = PhotoMeta(
        format="png" if formats.is_read_only(found.format) else found.format.name,
        depth=depth,
        profile=stored,
        notes=(*notes, *more),
        **values,  # type: ignore[arg-type]
    )
    return OpenedPicture(
        image, found.format, orientation, codes.alpha, profile, dtype, meta, bits, found.lacks_end
    )


def _full_range(image: Any, found: Container) -> Any:
    """Codes of 0 to 65535 from AVIF and HEIC of 10 and 12 bits, which libvips only shifts left."""
    bits = _field(image, "bits-per-sample", 16)
    if found.format.loader != "heif" or str(image.format) != "ushort" or not 8 < bits < 16:
        return image
    white = (2**bits - 1) << (16 - bits)
    scaled = (image.cast("double") * (65535 / white)).rint().cast("ushort")
    return scaled.copy(interpretation=image.interpretation)


def _colors_and_alpha(image: Any, found: Container, notes: list[str]) -> _Codes:
    """1 or 3 colors and at most an alpha; Lab and CMYK become sRGB."""
    page = found.page
    data = bytes(_field(image, "icc-profile-data", b""))
    meaning = str(image.interpretation)
    colors = 4 if meaning == "cmyk" else 1 if image.bands < 3 else 3
    alpha: Any = image[colors] if image.bands > colors else None
    extra = image.bands - colors
    if page is not None:
        colors = page.colors
        extra = image.bands - colors
        at = page.alpha
        alpha = image[at] if at is not None and at < image.bands else None
    if extra < 0 or image.bands > 64:
        raise BadImage(f"{image.bands} channels are not read; gray and RGB are.")
    if lost := extra - (alpha is not None):
        names = "a channel that is neither color nor transparency was"
        if lost > 1:
            names = f"{lost} channels that are neither color nor transparency were"
        notes.append(f"{names} left out.")
    base = image.extract_band(0, n=colors) if image.bands > colors else image
    if page is not None and page.photometric in (tiff_pages.CIELAB, tiff_pages.ICCLAB):
        base, converted, data = _from_lab(base, page), True, b""
    elif meaning in ("lab", "labs", "labq", "xyz", "lch", "cmc", "yxy"):
        base, converted, data = base.colourspace("rgb16"), True, b""
    elif colors == 4:
        base, converted = _to_srgb(base, 4, has_profile=icc.color_space(data) == "CMYK"), True
        data = b""
    else:
        converted = False
        if page is not None and page.inverted and str(base.format) in ("float", "double"):
            base = base * -1 + 1  # libvips inverts whole numbers only
    if str(base.format) not in _DTYPES:
        raise BadImage(
            f"samples of type {base.format} are not read; 8 and 16 bits (unsigned) and float are."
        )
    if alpha is not None:
        base = base.bandjoin(_alpha_like(alpha, str(base.format)))
    return _Codes(base, data, alpha is not None, converted)


def _alpha_like(alpha: Any, form: str) -> Any:
    """Alpha in the depth of the converted colors."""
    if str(alpha.format) == "uchar" and form == "ushort":
        return (alpha.cast("ushort") * 257).cast("ushort")
    if str(alpha.format) in ("float", "double") and form == "ushort":
        return (alpha * 65535.0).cast("ushort")
    return alpha.cast(form)


def _from_lab(codes: Any, page: tiff_pages.Page) -> Any:
    """CIELab or ICCLab of TIFF, 8 or 16 bits, to 16-bit sRGB."""
    if str(codes.interpretation) == "labs":
        lab = codes.colourspace("lab")
    elif str(codes.format) == "uchar":
        lab = codes.linear([100 / 255, 1, 1], [0, -128, -128])
    else:
        lab = codes.linear([100 / 65535, 1 / 256, 1 / 256], [0, -128, -128])
    xyz = lab.copy(interpretation="lab").lab2XYZ(temp=list(_D50)) * 0.01
    linear = xyz.recomb(icc.from_d50(np.eye(3)).tolist())
    return linear.copy(interpretation="scrgb").colourspace("rgb16")


def _profile_of(codes: _Codes, found: Container) -> tuple[icc.Profile | None, bytes]:
    """(what the codes mean, the profile to store the result with); may convert the codes."""
    colors = codes.image.bands - codes.alpha
    space = icc.color_space(codes.data)
    if codes.converted:
        return None, srgb_profile()
    if space not in ("RGB", "GRAY") or (space == "GRAY" and colors == 3):
        profile = png_color.profile_of(found.color) if found.color else None
        if profile is None:
            return None, b""
        return None if profile.is_srgb else profile, srgb_profile()
    profile = icc.parse(codes.data)
    stored = codes.data if space == "RGB" else srgb_profile()
    if profile is None:
        codes.image, worked = _by_tables(codes.image, colors, space)
        return None, srgb_profile() if worked else b""
    if profile.is_srgb:
        return None, stored
    if space == "RGB" and not profile.holds_srgb:
        stored = srgb_profile()
    return profile, stored


def _bits(image: Any, found: Container) -> int:
    """Of a sample in the file, which may have become more."""
    if found.page is not None:
        return found.page.bits
    stored = {"uchar": 8, "ushort": 16}.get(str(image.format), 32)
    return int(_field(image, "bits-per-sample", stored))


def _orientation(image: Any, found: Container) -> int:
    if found.page is not None:
        value = found.page.number(274, 1)
    elif found.format.loader in ("heif", "jxl"):
        value = 1  # their decoders turn the pixels themselves
    else:
        value = _field(image, "orientation", 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _to_srgb(image: Any, colors: int, *, has_profile: bool) -> Any:
    """Codes of any profile to 16-bit sRGB by libvips (lcms), alpha carried along."""
    if str(image.format) in ("float", "double"):
        image = (image * 65535.0).cast("ushort")
    codes = image.extract_band(0, n=colors)
    options: dict[str, Any] = {"embedded": True} if has_profile else {}
    if colors == 4:
        options["input_profile"] = "cmyk"
    result = codes.icc_transform("srgb", depth=16, intent="relative", **options)
    if image.bands > colors:
        alpha = image.extract_band(colors)
        if str(alpha.format) == "uchar":
            alpha = alpha.cast("ushort") * 257
        result = result.bandjoin(alpha.cast("ushort"))
    return result


def _by_tables(image: Any, colors: int, space: str) -> tuple[Any, bool]:
    """`_to_srgb` for a profile that `icc.parse` left alone; (image, False) if it is broken."""
    if colors != (1 if space == "GRAY" else 3):
        return image, False
    try:
        return _to_srgb(image, colors, has_profile=True), True
    except pyvips.Error:
        return image, False
