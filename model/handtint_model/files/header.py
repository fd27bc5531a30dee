"""Open a picture file: tell its format, read its header, refuse what is not accepted.

Nothing here decodes a pixel.  `open_picture` hands the decoder in `read` a lazy
libvips image whose bands are gray or RGB, with or without alpha, and says what its codes
mean.
"""

from __future__ import annotations

import functools
import io
import logging
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyvips

from ..errors import BadImage
from . import exif, formats, icc
from .formats import Format

_DTYPES: dict[str, np.dtype[Any]] = {
    "uchar": np.dtype(np.uint8),
    "ushort": np.dtype(np.uint16),
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float32),
}
_UNKNOWN_RESOLUTION = 1.0  # libvips' value, pixels per mm, where a file says nothing
_WEBP_CHUNKS = 64  # looked through for pixels
_REDUCED = 1  # bit of NewSubfileType: "a reduced-resolution version of another image"
_TIFF_COMPRESSION = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate", 50000: "zstd"}
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))[2-8]')
_TEXT_FIELD = re.compile(r"(png-comment-\d+-.{1,79}|jpeg-comment-\d+)\Z", re.DOTALL)


@dataclass(frozen=True)
class ReadLimits:
    """What is accepted before a single pixel is decoded."""

    pixels: int = 400_000_000  # width times height


@dataclass(frozen=True)
class PhotoMeta:
    """What a file says about its photo, as far as a result can keep it."""

    format: str = "png"  # a name in `formats.FORMATS`
    depth: int = 8  # bits a sample in the file: 8, 16 or 32 (float)
    profile: bytes = b""  # ICC profile to store the result with; empty: none
    exif: bytes = b""  # EXIF block with its header, cleaned
    xmp: bytes = b""
    iptc: bytes = b""
    resolution: tuple[float, float] | None = None  # pixels per millimetre, x and y
    resolution_unit: str = "in"  # the unit that TIFF and JPEG write it in, "in" or "cm"
    texts: tuple[tuple[str, str], ...] = ()  # text fields, by their libvips names
    compression: str = ""  # TIFF: the libvips name of the source's; WebP: "lossless" or ""


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

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width as shown, that is, after orientation."""
        height, width = self.image.height, self.image.width
        return (width, height) if self.orientation > 4 else (height, width)


@functools.cache
def prepare_libvips() -> None:
    """Set libvips up for foreign files: no risky loaders, no cache of what was read.

    Only the four loaders of `formats` are ever called, by name; blocking those that
    libvips calls untrusted is a second line.  Its cache of operations would answer with
    old pixels for a file that was written again, and holds memory.
    """
    # libvips' warnings are about the files; what matters of them comes as an error.
    logging.getLogger("pyvips").addHandler(logging.NullHandler())
    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)


@functools.cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB that comes with libvips."""
    return bytes(pyvips.Operation.call("profile_load", "srgb"))


def open_picture(source: str | Path | bytes, limits: ReadLimits) -> OpenedPicture:
    """Read and judge the header of a file or of a file's bytes; raises BadImage."""
    prepare_libvips()
    if isinstance(source, bytes):
        with io.BytesIO(source) as file:
            kind, entries, facts = _look(file)
    else:
        with _open_file(Path(source)) as file:
            kind, entries, facts = _look(file)
    image = _load(kind, source, page=0)
    pixels = image.width * image.height
    if pixels > limits.pixels:
        raise BadImage(
            f"{image.width} x {image.height} pixels are more than the limit of "
            f"{limits.pixels / 1e6:g} million; scale the picture down first."
        )
    if kind.name == "tiff":
        _refuse_raw_and_documents(image, source, entries)
    elif facts == "animated" or _field(image, "n-pages", 1) > 1:
        raise BadImage(f"this is an animated {kind.title}; save one frame as a picture first.")
    return _interpret(image, kind, entries, facts)


def _open_file(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise BadImage("this is a folder, not a picture.")
        if path.exists() and not path.is_file():
            raise BadImage("this is not a regular file.")
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadImage(f"the file cannot be opened: {reason}.") from error


def _look(file: BinaryIO) -> tuple[Format, tuple[exif.Entry, ...], str]:
    """The format, a TIFF's directory, and what libvips does not tell: "animated", "lossless"."""
    head = file.read(formats.HEAD_BYTES)
    kind = formats.detect(head)
    file.seek(0)
    if kind.name == "tiff":
        return kind, exif.read_directory(file), ""
    if kind.name == "png" and _is_animated_png(file):
        return kind, (), "animated"
    return kind, (), "lossless" if kind.name == "webp" and _is_lossless_webp(file) else ""


def _is_lossless_webp(file: BinaryIO) -> bool:
    """Whether the first pixels are a VP8L chunk, behind EXIF's and profile's if there are some."""
    file.seek(12)
    for _ in range(_WEBP_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8 or chunk[:4] in (b"VP8 ", b"VP8L"):
            return chunk[:4] == b"VP8L"
        size = int.from_bytes(chunk[4:], "little")
        file.seek(size + size % 2, 1)
    return False


def _is_animated_png(file: BinaryIO) -> bool:
    """Whether an acTL chunk comes before the first pixels (PNG, third edition, 11.3.6)."""
    file.seek(8)
    for _ in range(1000):
        head = file.read(8)
        if len(head) < 8:
            return False
        length, name = struct.unpack(">I4s", head)
        if name in (b"acTL", b"IDAT"):
            return bool(name == b"acTL")
        file.seek(length + 4, io.SEEK_CUR)
    return False


def _load(kind: Format, source: str | Path | bytes, page: int) -> Any:
    options: dict[str, Any] = {"access": "sequential", "fail_on": "error"}
    if kind.name == "tiff":
        options["page"] = page
    try:
        if isinstance(source, bytes):
            return pyvips.Operation.call(f"{kind.name}load_buffer", source, **options)
        return pyvips.Operation.call(f"{kind.name}load", os.fsencode(source), **options)
    except pyvips.Error as error:
        raise unreadable(kind, error) from error


def unreadable(kind: Format, error: pyvips.Error) -> BadImage:
    """What to say when libvips cannot decode a file."""
    lines = [line.strip() for line in str(error.detail).splitlines() if line.strip()]
    reason = lines[-1].rstrip(".") if lines else "no reason given"
    return BadImage(f"the {kind.title} file is damaged or cut off and cannot be read ({reason}).")


def _refuse_raw_and_documents(
    image: Any, source: str | Path | bytes, entries: tuple[exif.Entry, ...]
) -> None:
    """Refuse TIFF files whose first page is not the photo, or not all of it."""
    found = {entry.tag: entry.numbers() for entry in entries}
    reduced = found.get(exif.NEW_SUBFILE_TYPE, (0,))[:1] == (_REDUCED,)
    if exif.DNG_VERSION in found or any(e.tag == exif.DNG_VERSION for e in entries):
        raise BadImage("this is a camera raw file (DNG); develop it to a 16-bit TIFF first.")
    if reduced and exif.SUB_IFDS in found:
        raise BadImage("this is a camera raw file; develop it to a 16-bit TIFF first.")
    pages = _field(image, "n-pages", 1)
    if pages > 1:
        second = _load(formats.FORMATS["tiff"], source, page=1)
        # A smaller second page is a preview or the next step of a pyramid.
        if second.width * second.height >= image.width * image.height:
            raise BadImage(
                f"this TIFF holds {pages} pages; save the one to be colorized as a file of its own."
            )


def _field(image: Any, name: str, default: Any) -> Any:
    return image.get(name) if image.get_typeof(name) != 0 else default


def _interpret(
    image: Any, kind: Format, entries: tuple[exif.Entry, ...], facts: str
) -> OpenedPicture:
    meaning, form = str(image.interpretation), str(image.format)
    if meaning in ("lab", "labs", "labq", "xyz", "lch", "cmc", "yxy"):
        # Lab TIFF: libvips knows the encodings.
        image, meaning, form = image.colourspace("rgb16"), "lab", "ushort"
    if form not in _DTYPES:
        raise BadImage(
            f"samples of type {form} are not read; 8 and 16 bits (unsigned) and float are."
        )
    data = bytes(_field(image, "icc-profile-data", b""))
    converted = meaning in ("cmyk", "lab")
    if meaning == "cmyk":
        image = _to_srgb(image, 4, has_profile=icc.color_space(data) == "CMYK")
        data = b""
    bands = image.bands
    if not 1 <= bands <= 4:
        raise BadImage(f"{bands} channels are not read; gray and RGB, with or without alpha, are.")
    colors = 1 if bands < 3 else 3
    space = "" if meaning == "lab" else icc.color_space(data)
    if space not in ("RGB", "GRAY") or (space == "GRAY" and colors == 3):
        profile, stored = None, srgb_profile() if converted else b""
    else:
        profile = icc.parse(data)
        stored = data if space == "RGB" else srgb_profile()
        if profile is None:
            image, worked = _by_tables(image, colors, space)
            stored = srgb_profile() if worked else b""
            converted = worked
        elif profile.is_srgb:
            profile = None
        elif space == "RGB" and not profile.holds_srgb:
            stored = srgb_profile()
    dtype = _DTYPES[str(image.format)]
    if dtype == np.uint8 and profile is not None:
        dtype = np.dtype(np.uint16)  # another curve in 8 bits would lose steps
    depth = {"uchar": 8, "ushort": 16}.get(form, 32)
    meta = _meta(image, kind, entries, depth, stored, facts)
    return OpenedPicture(
        image=image,
        format=kind,
        orientation=_orientation(image),
        alpha=image.bands in (2, 4),
        profile=profile,
        dtype=dtype,
        meta=meta,
    )


def _orientation(image: Any) -> int:
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


def _meta(
    image: Any,
    kind: Format,
    entries: tuple[exif.Entry, ...],
    depth: int,
    profile: bytes,
    facts: str,
) -> PhotoMeta:
    block = bytes(_field(image, "exif-data", b""))
    found = exif.parse_block(block) if block else entries
    is_srgb = profile == srgb_profile()
    xres, yres = image.xres, image.yres
    known = (xres, yres) != (_UNKNOWN_RESOLUTION, _UNKNOWN_RESOLUTION) and min(xres, yres) > 0
    resolution = (xres, yres) if known else exif.resolution(found)  # WebP has EXIF's only
    compression = facts
    if kind.name == "tiff":
        codes = {e.tag: e.numbers() for e in entries}.get(exif.COMPRESSION, ())
        compression = _TIFF_COMPRESSION.get(codes[0] if codes else 0, "deflate")
    return PhotoMeta(
        format=kind.name,
        depth=depth,
        profile=profile,
        exif=exif.build_block(exif.cleaned(found, srgb=is_srgb)),
        xmp=_XMP_ORIENTATION.sub(rb"\g<1>1", bytes(_field(image, "xmp-data", b""))),
        iptc=bytes(_field(image, "iptc-data", b"")),
        resolution=resolution,
        resolution_unit="cm" if _field(image, "resolution-unit", "in") == "cm" else "in",
        texts=tuple(
            (name, str(image.get(name))) for name in image.get_fields() if _TEXT_FIELD.match(name)
        ),
        compression=compression,
    )
