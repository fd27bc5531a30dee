"""Which page of a TIFF file is the photo, and whether its kind is read.

Tags and values: TIFF 6.0; Adobe Photoshop TIFF Technical Notes; libtiff's tiff.h.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import pyvips

from ..errors import BadImage
from . import exif
from .exif import Entry

REDUCED, MASK = 1, 4  # bits of NewSubfileType: a smaller version; a mask of another page
RGB, PALETTE, SEPARATED, YCBCR, CIELAB, ICCLAB = 2, 3, 5, 6, 8, 9
_MINISWHITE, _MINISBLACK = 0, 1
_CFA, _LINEAR_RAW = 32803, 34892
_READ = (_MINISWHITE, _MINISBLACK, RGB, PALETTE, SEPARATED, YCBCR, CIELAB, ICCLAB)
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
_COMPLEX = (5, 6)
_PHOTOMETRIC_TAG, _STRIPS, _COLOR_MAP, _TILES = 262, 273, 320, 324
OLD_JPEG = 6

_COMPRESSIONS = {
    1: "none",
    2: "CCITT",
    3: "CCITT fax",
    4: "CCITT fax",
    5: "LZW",
    OLD_JPEG: "old JPEG",
    7: "JPEG",
    8: "Deflate",
    32773: "PackBits",
    32946: "Deflate",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_ALWAYS_READ = (1, 2, 3, 4, 5, OLD_JPEG, 7, 8, 32773, 32946)
_SAVER_NAMES = {50000: "zstd", 50001: "webp", 33003: "jp2k", 33005: "jp2k", 34712: "jp2k"}
_BY_PILLOW = (34925, 50000)
_PHOTOMETRIC = {10: "ITULAB", 32844: "LogL", 32845: "LogLuv", 51177: "a depth map", 4: "a mask"}
_SMALLER_SIDE = 0.75  # a page of the photo's shape with sides up to this share is its preview


@dataclass(frozen=True)
class Page:
    """A page.  index: in the file, from 0.  decoder: which one reads it, see `judge`."""

    index: int
    entries: tuple[Entry, ...]

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The value of a tag as whole numbers."""
        for entry in self.entries:
            if entry.tag == tag:
                return entry.numbers() or default
        return default

    def count(self, tag: int) -> int:
        """How many values a tag has; 0 if it is missing."""
        return next((entry.count for entry in self.entries if entry.tag == tag), 0)

    def number(self, tag: int, default: int) -> int:
        """The first of `numbers`."""
        return self.numbers(tag, (default,))[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as stored."""
        return self.number(256, 0), self.number(257, 0)

    @property
    def photometric(self) -> int:
        """PhotometricInterpretation."""
        return self.number(_PHOTOMETRIC_TAG, _MINISBLACK)

    @property
    def inverted(self) -> bool:
        """Whether 0 is white."""
        return self.photometric == _MINISWHITE

    @property
    def compression(self) -> int:
        """Compression."""
        return self.number(exif.COMPRESSION, 1)

    @property
    def bits(self) -> int:
        """Bits a sample."""
        return self.number(258, 1)

    @property
    def sample_format(self) -> int:
        """UNSIGNED, SIGNED, FLOAT, UNDEFINED, or another."""
        return self.number(339, UNSIGNED)

    @property
    def samples(self) -> int:
        """Samples a pixel."""
        return self.number(277, 1)

    @property
    def colors(self) -> int:
        """Number of color samples; the samples after them are extra ones."""
        wanted = {RGB: 3, SEPARATED: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}.get(self.photometric, 1)
        return 1 if wanted == 3 and self.samples < 3 else wanted

    @property
    def alpha(self) -> int | None:
        """Which sample is transparency (ExtraSamples 1 or 2), or None.

        An extra sample of unspecified meaning is not taken for one: film scanners store infrared
        there, and Photoshop selections.
        """
        for i, kind in enumerate(self.numbers(338)):
            if kind in (1, 2) and self.colors + i < self.samples:
                return self.colors + i
        return None

    @property
    def tiled(self) -> bool:
        """Whether the page has tiles instead of strips."""
        return bool(self.numbers(322))

    @property
    def separate(self) -> bool:
        """Whether every sample has its own plane."""
        return self.number(284, 1) == 2 and self.samples > 1


def choose(directories: Sequence[tuple[Entry, ...]], number: int | None) -> Page:
    """The photo's page; raises BadImage.

    number: which of the pages, from 1; None: there must be only one. Masks, thumbnails and the
    levels of a pyramid do not count.
    """
    pages = [Page(i, entries) for i, entries in enumerate(directories)]
    _refuse_raw(pages)
    photos = _photos(pages)
    if number is not None:
        if not 1 <= number <= len(photos):
            raise BadImage(f"this TIFF has no page {number}; it holds {_pages(len(photos))}.")
        return photos[number - 1]
    if len(photos) > 1:
        raise BadImage(
            f"this TIFF holds {len(photos)} pages; save one as a file of its own, or choose it "
            "with handtint colorize --page N."
        )
    return photos[0]


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


def _refuse_raw(pages: Sequence[Page]) -> None:
    first = pages[0]
    reduced = first.number(exif.NEW_SUBFILE_TYPE, 0) & REDUCED
    tags = {entry.tag for entry in first.entries}
    if exif.DNG_VERSION in tags:
        raise BadImage("this is a camera raw file (DNG); develop it to a 16-bit TIFF first.")
    if (reduced and exif.SUB_IFDS in tags) or first.photometric in (_CFA, _LINEAR_RAW):
        raise BadImage("this is a camera raw file; develop it to a 16-bit TIFF first.")


def _photos(pages: Sequence[Page]) -> list[Page]:
    """The pages without masks, thumbnails and pyramid levels; at least one."""
    whole = [
        page
        for page in pages
        if not page.number(exif.NEW_SUBFILE_TYPE, 0) & (REDUCED | MASK)
        and page.number(255, 1) == 1
        and page.photometric != MASK
        and min(page.size) > 0
    ]
    if not whole:
        return [pages[0]]
    largest = max(whole, key=lambda page: page.size[0] * page.size[1])
    return [page for page in whole if not _is_preview(page, largest)]


def _is_preview(page: Page, photo: Page) -> bool:
    """Whether a page is a smaller version of the photo although it does not say so."""
    (w, h), (width, height) = page.size, photo.size
    if w > _SMALLER_SIDE * width or h > _SMALLER_SIDE * height:
        return False
    # The sides of a small picture are rounded: one pixel more or less is the same shape.
    return abs(w * height - h * width) <= max(width, height) * 1.5


def judge(page: Page) -> str:
    """Which decoder reads a page: "libvips", "pillow" or "float64".  Raises BadImage."""
    compression, bits = page.compression, page.bits
    name = _COMPRESSIONS.get(compression, f"number {compression}")
    decoder = "libvips"
    if compression not in _ALWAYS_READ and not libvips_has(compression):
        if compression not in _BY_PILLOW or not _pillow_fits(page):
            raise BadImage(
                f"TIFF files with {name} compression are not read; save it with LZW, Deflate "
                "or no compression."
            )
        decoder = "pillow"
    _refuse_meaning(page)
    if page.tiled and page.separate:
        raise BadImage(
            "TIFF files with a plane for each color, in tiles, are not read; save it with "
            "interleaved channels."
        )
    if page.sample_format == FLOAT and bits == 64:
        if page.tiled or page.separate or compression not in (1, 8, 32946):
            raise BadImage(
                "TIFF files with 64-bit float are read in strips, without compression or with "
                "Deflate only; save it with 32 bits."
            )
        return "float64"
    if bits == 12 and page.photometric == _MINISBLACK and page.samples == 1 and compression == 1:
        return "pillow"
    if page.photometric == CIELAB and bits == 8:
        return "pillow"
    _refuse_samples(page)
    return decoder


def _refuse_meaning(page: Page) -> None:
    """Raise BadImage where it is not known what color a code stands for."""
    code = page.photometric
    pixels = page.count(_STRIPS) or page.count(_TILES)  # without them the directory is cut off
    if pixels and not page.count(_PHOTOMETRIC_TAG):
        raise BadImage(
            "this TIFF does not say what its values mean (PhotometricInterpretation, tag 262, is "
            "missing); save it as gray or RGB."
        )
    if code not in _READ or page.number(332, 1) != 1:
        unknown = "inks other than CMYK" if code in _READ else f"PhotometricInterpretation {code}"
        kind = _PHOTOMETRIC.get(code, unknown)
        raise BadImage(f"TIFF files with {kind} are not read; save it as gray or RGB.")
    count, wanted = page.count(_COLOR_MAP), 3 << min(page.bits, 16)
    if code == PALETTE and count < wanted:
        raise BadImage(
            f"this TIFF's palette (ColorMap, tag 320) has {count} of {wanted} values; save it as "
            "gray or RGB."
        )


def _refuse_samples(page: Page) -> None:
    """Raise BadImage for sample types that no decoder reads."""
    bits = page.bits
    if page.sample_format in _COMPLEX:
        raise BadImage("complex numbers are not read; save it with 8 or 16 bits.")
    if page.sample_format not in (UNSIGNED, SIGNED, FLOAT, UNDEFINED):
        raise BadImage(
            f"samples of an unknown type (SampleFormat {page.sample_format}) are not read; save "
            "it with 8 or 16 bits."
        )
    if len(set(page.numbers(258, (1,)))) > 1:
        raise BadImage("channels of different depths are not read; save it with 8 or 16 bits.")
    if page.sample_format == FLOAT:
        if bits not in (16, 32):
            raise BadImage(f"float samples of {bits} bits are not read; save it with 32 bits.")
    elif page.sample_format == SIGNED or bits > 16:
        sign = "signed" if page.sample_format == SIGNED else "unsigned"
        raise BadImage(
            f"whole numbers of {bits} bits, {sign}, are not read; save it with 8 or 16 bits, "
            "unsigned."
        )
    elif bits not in (8, 16) and not (bits in (1, 2, 4) and page.samples == 1):
        raise BadImage(f"samples of {bits} bits are not read; save it with 8 or 16 bits.")


def _pillow_fits(page: Page) -> bool:
    """Whether Pillow reads a page without losing depth."""
    if page.separate or page.photometric not in (_MINISBLACK, RGB) or page.sample_format != 1:
        return False
    gray = page.samples == 1 and page.bits in (8, 16)
    return gray or (page.photometric == RGB and page.samples in (3, 4) and page.bits == 8)


@functools.cache
def libvips_has(compression: int) -> bool:
    """Whether this libvips has a codec, found by using it; for unusual codecs only."""
    name = _SAVER_NAMES.get(compression)
    if name is None:
        return False
    try:
        sample = pyvips.Image.black(16, 16)
        data = pyvips.Operation.call("tiffsave_buffer", sample, compression=name)
        again = pyvips.Operation.call("tiffload_buffer", data, access="sequential", fail_on="error")
        return bool(again.avg() == 0)
    except pyvips.Error:
        return False
