"""What a photo says of itself: cleaned when it is read, fitted to the format of the result.

`describe` takes out of a source's blocks what is no longer true of the colour picture;
`fitted` leaves out what a format cannot hold, and says so.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from . import exif, jpeg_segments, xmp
from .container import COMMENT, Container
from .exif import Entry, Resolution
from .formats import Format
from .mark import Mark, marked
from .png_chunks import Text

_EXIF_LIMIT = jpeg_segments.LARGEST - len(exif.EXIF_HEADER)
_XMP_LIMIT = 65502  # XMP Specification Part 3, section 1.1.3.1
_COMMENT_LIMIT = jpeg_segments.LARGEST - 3
_NAMES = {
    270: "ImageDescription",
    271: "Make",
    305: "Software",
    315: "Artist",
    33432: "Copyright",
    0x8769: "the camera's settings",
    0x8825: "GPS",
    0x9286: "UserComment",
    0x927C: "MakerNote",
    0x9C9C: "XPComment",
    0x9C9E: "XPKeywords",
}


@dataclass(frozen=True)
class PhotoMeta:
    """What a file says about its photo, as far as a result can keep it."""

    format: str = "png"  # a name in `formats.FORMATS`, of the result if nobody says another
    depth: int = 8  # bits a sample in the file: 8, 16 or 32 (float)
    profile: bytes = b""  # ICC profile to store the result with; empty: none
    exif: tuple[Entry, ...] = ()  # fields of EXIF, cleaned
    xmp: bytes = b""  # the packet, cleaned
    iptc: bytes = b""  # IPTC records without a container
    resolution: Resolution | None = None  # of the upright picture
    texts: tuple[Text, ...] = ()  # of PNG; comments of JPEG
    compression: str = ""  # TIFF: the libvips name of the source's; WebP: "lossless" or ""
    notes: tuple[str, ...] = ()  # sentences on what of the file was not read or not kept
    mark: Mark | None = None  # how the result was made, to be said in it; None says nothing

    def blocks(self) -> tuple[bytes, ...]:
        """What may be large of it: with `rest`, the same bytes for what says the same only."""
        texts = [
            part.encode("utf-8", "surrogatepass")
            for text in self.texts
            for part in (text.keyword, text.text, text.language, text.translated)
        ]
        packed = b"".join(len(part).to_bytes(8, "little") + part for part in texts)
        return self.profile, exif.serialize(self.exif, 8), self.xmp, self.iptc, packed

    @property
    def rest(self) -> PhotoMeta:
        """All of it but its `blocks`."""
        return replace(self, profile=b"", exif=(), xmp=b"", iptc=b"", texts=())

    @functools.cached_property
    def nbytes(self) -> int:
        """Bytes of memory that it takes, about."""
        entries = (e for entry in self.exif for e in (entry, *entry.directory))
        return (
            sum(len(block) for block in (self.profile, self.xmp, self.iptc))
            + sum(sys.getsizeof(e) + sys.getsizeof(e.data) for e in entries)
            + sum(text.nbytes for text in self.texts)
        )


def describe(
    found: Container, *, orientation: int, size: tuple[int, int], srgb: bool
) -> tuple[dict[str, object], list[str]]:
    """(fields of `PhotoMeta`, notes) from a container.

    orientation: 1..8.  size: width and height as stored.  srgb: the result is stored as sRGB.
    """
    notes = []
    packet = xmp.cleaned(found.xmp, xmp.Turning(orientation, size))
    if packet is None:
        notes.append("the XMP block is damaged and was left out.")
    if found.texts_left_out:
        notes.append("some texts of the PNG are too long and were left out.")
    resolution = found.resolution
    if resolution is not None and orientation > 4:
        resolution = resolution.turned()
    values: dict[str, object] = {
        "exif": exif.cleaned(found.entries, srgb=srgb, orientation=orientation),
        "xmp": packet or b"",
        "iptc": found.iptc,
        "resolution": resolution,
        "texts": found.texts,
        "compression": found.compression,
    }
    return values, notes


@dataclass(frozen=True)
class Blocks:
    """What is written into a result beside its pixels.

    extension: ExtendedXMP, (name, packet).  left_out: sentences.
    """

    exif: tuple[Entry, ...] = ()
    xmp: bytes = b""
    extension: tuple[bytes, bytes] | None = None
    iptc: bytes = b""
    texts: tuple[Text, ...] = ()
    left_out: tuple[str, ...] = ()


def fitted(meta: PhotoMeta, kind: Format) -> Blocks:
    """What of a photo's blocks a format holds, and a sentence for each that it does not."""
    notes: list[str] = []
    packet = meta.xmp if meta.mark is None else marked(meta.xmp, meta.mark)
    blocks = Blocks(meta.exif, packet, None, meta.iptc, meta.texts)
    if kind.name == "jpeg":
        blocks = _fit_jpeg(blocks, notes)
        if meta.mark is not None and not blocks.xmp:
            blocks = replace(blocks, xmp=marked(b"", meta.mark))
    if kind.name == "webp" and blocks.iptc:
        notes.append("WebP has no place for IPTC; it was left out.")
        blocks = replace(blocks, iptc=b"")
    if kind.name in ("webp", "tiff") and blocks.texts:
        notes.append(_texts_left_out(kind, blocks.texts))
        blocks = replace(blocks, texts=())
    return replace(blocks, left_out=tuple(notes))


def _fit_jpeg(blocks: Blocks, notes: list[str]) -> Blocks:
    def note(entry: Entry) -> None:
        name = _NAMES.get(entry.tag, f"number {entry.tag}")
        notes.append(f"the EXIF field {name} is too large for JPEG and was left out.")

    packet, extension = xmp.split(blocks.xmp, _XMP_LIMIT)
    if blocks.xmp and not packet:
        notes.append("the XMP block is too large for JPEG and was left out.")
    others = tuple(t for t in blocks.texts if t.keyword != COMMENT)
    if others:
        notes.append(_texts_left_out_of_jpeg(others))
    comments = tuple(t for t in blocks.texts if t.keyword == COMMENT)
    if any(len(t.text.encode()) > _COMMENT_LIMIT for t in comments):
        notes.append("a comment is too large for JPEG and was cut.")
    kept = within(blocks.exif, _EXIF_LIMIT - 200, note)
    return replace(blocks, exif=kept, xmp=packet, extension=extension, texts=comments)


def _texts_left_out(kind: Format, texts: tuple[Text, ...]) -> str:
    names = ", ".join(dict.fromkeys(t.keyword for t in texts))
    return f"{kind.title} has no place for the texts of PNG ({names}); they were left out."


def _texts_left_out_of_jpeg(texts: tuple[Text, ...]) -> str:
    names = ", ".join(dict.fromkeys(t.keyword for t in texts))
    return f"JPEG has no place for the texts of PNG ({names}); they were left out."


def within(
    entries: tuple[Entry, ...], limit: int, note: Callable[[Entry], None]
) -> tuple[Entry, ...]:
    """The fields without the largest ones, so that their block has at most ``limit`` bytes."""
    while len(exif.serialize(entries, 8)) + 8 > limit:
        everything: list[tuple[Entry, Entry | None]] = [
            (e, None) for e in entries if not e.directory
        ]
        everything += [(b, e) for e in entries for b in e.directory]
        largest, holder = max(everything, key=lambda pair: len(pair[0].data))
        note(largest)
        if holder is None:
            entries = tuple(e for e in entries if e is not largest)
        else:
            below = tuple(e for e in holder.directory if e is not largest)
            smaller = (replace(holder, directory=below),) if below else ()
            entries = tuple(e for e in entries if e is not holder) + smaller
    return entries
