"""What a picture file says beside its pixels, in the same form for every format."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..errors import BadImage
from . import exif, formats, iptc, jpeg_segments, png_chunks, tiff_pages, webp_chunks, xmp
from .exif import Entry, Resolution
from .formats import Format
from .png_chunks import Text
from .tiff_mend import ORIENTATION
from .tiff_pages import Page

COMMENT = "Comment"
"""Keyword of the one comment that JPEG and PNG both have."""

_HEIF_HEAD = 1 << 20  # bytes in which the properties of the picture lie
_ZSTD = 50000
_TIFF_COMPRESSION = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate", _ZSTD: "zstd"}


@dataclass
class Container:
    """What was found; empty where the file says nothing."""

    format: Format
    entries: tuple[Entry, ...] = ()  # of EXIF, or of the TIFF page
    size: tuple[int, int] = (0, 0)  # PNG and JPEG: width and height as stored; 0: not found
    xmp: bytes = b""
    iptc: bytes = b""  # the records themselves
    texts: tuple[Text, ...] = ()
    texts_left_out: bool = False  # PNG: some were too long
    resolution: Resolution | None = None
    compression: str = ""  # TIFF: libvips' name; WebP: "lossless" or ""
    animated: bool = False
    color: dict[bytes, bytes] = field(default_factory=dict)  # PNG: gAMA, cHRM, sRGB, cICP
    page: Page | None = None  # TIFF: the photo's
    kind: str = ""  # of a file that not every libvips reads: lossless JPEG and the like
    lacks_end: bool = False  # JPEG: there is no end marker
    bad_orientation: bool = False  # TIFF: on any page


def look(source: str | Path | bytes, page: int | None = None) -> Container:
    """Read the container of a file, or of a file's bytes; raises BadImage.

    page: of a TIFF, from 1; None: the only one.
    """
    with open_file(source) as file:
        kind = formats.detect(file.read(formats.HEAD_BYTES))
        if page is not None and kind.name != "tiff" and page != 1:
            raise BadImage(f"this {kind.title} has no page {page}; it holds 1 page.")
        file.seek(0)
        readers = {"png": _png, "jpeg": _jpeg, "webp": _webp}
        if kind.name == "tiff":
            return _tiff(kind, file, page)
        return readers.get(kind.name, _other)(kind, file)


@contextmanager
def open_file(source: str | Path | bytes) -> Iterator[BinaryIO]:
    """A file, or a file's bytes, to read; raises BadImage for what is no regular file."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    path = Path(source)
    try:
        if path.is_dir():
            raise BadImage("this is a folder, not a picture.")
        if path.exists() and not path.is_file():
            raise BadImage("this is not a regular file.")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadImage(f"the file cannot be opened: {reason}.") from error
    with file:
        yield file


def _png(kind: Format, file: BinaryIO) -> Container:
    found = png_chunks.read(file)
    entries = exif.parse_block(found.exif) if found.exif else ()
    return Container(
        kind,
        entries=entries,
        size=found.size,
        xmp=found.xmp,
        iptc=found.iptc,
        texts=tuple(found.texts),
        texts_left_out=found.texts_left_out,
        resolution=_first_with_unit(found.resolution, exif.resolution(entries)),
        animated=found.animated,
        color=found.color,
    )


def _jpeg(kind: Format, file: BinaryIO) -> Container:
    found = jpeg_segments.read(file)
    entries = exif.parse_block(found.exif) if found.exif else ()
    jfif = found.jfif
    if jfif is not None and not jfif.unit and jfif.x == jfif.y:
        jfif = None  # pixels are square, which says nothing
    return Container(
        kind,
        entries=entries,
        size=found.size,
        xmp=xmp.merged(found.xmp, found.extensions),
        iptc=found.iptc,
        texts=tuple(Text(COMMENT, text) for text in found.comments),
        resolution=_first_with_unit(jfif, exif.resolution(entries)),
        kind=found.kind,
        lacks_end=jpeg_segments.lacks_end(file, found.scan_at),
    )


def _webp(kind: Format, file: BinaryIO) -> Container:
    found = webp_chunks.read(file)
    entries = exif.parse_block(found.exif) if found.exif else ()
    return Container(
        kind,
        entries=entries,
        xmp=found.xmp,
        resolution=exif.resolution(entries),
        compression="lossless" if found.lossless else "",
        animated=found.animated,
    )


def _other(kind: Format, file: BinaryIO) -> Container:
    """AVIF, HEIC and the like: libvips gives EXIF and XMP, but not what the codes mean (nclx)."""
    found = Container(kind)
    if kind.loader == "heif":
        head = file.read(_HEIF_HEAD)
        at = head.find(b"colrnclx")
        if at >= 0 and len(head) >= at + 15:
            primaries, transfer = struct.unpack_from(">HH", head, at + 8)
            if max(primaries, transfer) < 256:
                found.color[b"cICP"] = bytes((primaries, transfer, 0, 1))  # decoded to full range
    return found


def _tiff(kind: Format, file: BinaryIO, number: int | None) -> Container:
    directories = exif.read_pages(file)
    if not directories:
        raise BadImage("the TIFF file is damaged or cut off and cannot be read.")
    page = tiff_pages.choose(directories, number)
    blocks = {entry.tag: entry.data for entry in page.entries}
    return Container(
        kind,
        entries=page.entries,
        xmp=blocks.get(exif.XMP, b""),
        iptc=iptc.from_tiff(blocks.get(exif.IPTC, b""), blocks.get(exif.PHOTOSHOP, b"")),
        resolution=exif.resolution(page.entries),
        compression=_compression(page.compression),
        page=page,
        kind="a TIFF with old JPEG compression" if page.compression == tiff_pages.OLD_JPEG else "",
        bad_orientation=any(
            not 1 <= Page(i, entries).number(ORIENTATION, 1) <= 8
            for i, entries in enumerate(directories)
        ),
    )


def _compression(code: int) -> str:
    """The libvips name of the compression that a result gets."""
    if code == _ZSTD and not tiff_pages.libvips_has(code):
        return "deflate"
    return _TIFF_COMPRESSION.get(code, "deflate")


def _first_with_unit(*resolutions: Resolution | None) -> Resolution | None:
    """The first resolution with a unit; if there is none, the first one."""
    known = [t for t in resolutions if t is not None]
    return next((t for t in known if t.unit), known[0] if known else None)
