"""Put what a photo says of itself into a result that libvips has written.

libvips writes pixels and the ICC profile. EXIF, XMP, IPTC, texts and the unit of the resolution
are added here: libvips drops blocks above 64 KB, and cuts or wraps others wrongly.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import BinaryIO

from . import exif, iptc, jpeg_segments, png_chunks, webp_chunks
from .exif import BYTE, Entry, Resolution
from .formats import Format
from .kept import Blocks
from .png_chunks import SIGNATURE

_LONG_IPTC = 4
_IHDR_END = len(SIGNATURE) + 25
_DEFAULT_RESOLUTION = Resolution(72, 72)  # what most programs assume


def embed(
    source: BinaryIO,
    target: BinaryIO,
    kind: Format,
    blocks: Blocks,
    resolution: Resolution | None,
    size: tuple[int, int],
) -> None:
    """Copy a PNG, JPEG or WebP file and add the blocks.  size: its width and height."""
    if kind.name == "png":
        _png(source, target, blocks, resolution)
    elif kind.name == "jpeg":
        _jpeg(source, target, blocks, resolution, size)
    else:
        block = _exif_block(blocks.exif, resolution, size)
        target.write(webp_chunks.with_blocks(source.read(), size, block, blocks.xmp))


def _exif_block(
    entries: tuple[Entry, ...], resolution: Resolution | None, size: tuple[int, int]
) -> bytes:
    """EXIF without JPEG's header; empty if there is nothing to store."""
    kept = exif.with_size(entries, size)
    if resolution is not None:
        kept += exif.resolution_entries(resolution)
    return exif.build_block(kept).removeprefix(exif.EXIF_HEADER)


def _png(source: BinaryIO, target: BinaryIO, blocks: Blocks, resolution: Resolution | None) -> None:
    target.write(source.read(_IHDR_END))
    if resolution is not None:
        target.write(png_chunks.resolution_chunk(resolution))
    target.write(
        png_chunks.chunks_for(
            texts=blocks.texts,
            exif_block=exif.build_block(blocks.exif).removeprefix(exif.EXIF_HEADER),
            xmp=blocks.xmp,
            records=blocks.iptc,
        )
    )
    # libvips' own chunks up to the pixels, without its resolution: we write that ourselves.
    while True:
        head = source.read(8)
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or name == b"IDAT":
            target.write(head)
            break
        rest = source.read(length + 4)
        if name != b"pHYs" or resolution is None:
            target.write(head + rest)
    shutil.copyfileobj(source, target, 1 << 20)


def _jpeg(
    source: BinaryIO,
    target: BinaryIO,
    blocks: Blocks,
    resolution: Resolution | None,
    size: tuple[int, int],
) -> None:
    # libvips writes no JFIF segment if it writes no other block.
    target.write(source.read(2))
    target.write(jpeg_segments.jfif(resolution or _DEFAULT_RESOLUTION))
    block = _exif_block(blocks.exif, resolution, size) if blocks.exif else b""
    target.write(
        jpeg_segments.segments_for(
            exif_block=block,
            xmp=blocks.xmp,
            extension=blocks.extension,
            records=blocks.iptc,
            comments=tuple(t.text for t in blocks.texts),
        )
    )
    shutil.copyfileobj(source, target, 1 << 20)


def embed_in_tiff(file: BinaryIO, blocks: Blocks, resolution: Resolution | None) -> None:
    """Add the blocks to a TIFF file in place."""
    entries = blocks.exif
    if blocks.xmp:
        entries += (Entry(exif.XMP, BYTE, len(blocks.xmp), blocks.xmp),)
    if blocks.iptc:
        words = iptc.to_tiff(blocks.iptc)
        entries += (Entry(exif.IPTC, _LONG_IPTC, len(words) // 4, words),)
    replaced = exif.resolution_entries(resolution) if resolution is not None else ()
    exif.add_to_tiff(file, entries, replaced)


def embed_bytes(
    data: bytes,
    kind: Format,
    blocks: Blocks,
    resolution: Resolution | None,
    size: tuple[int, int],
) -> bytes:
    """`embed` for a file in memory, of any format."""
    source, target = io.BytesIO(data), io.BytesIO()
    if kind.name == "tiff":
        embed_in_tiff(source, blocks, resolution)
        return source.getvalue()
    embed(source, target, kind, blocks, resolution, size)
    return target.getvalue()


def embed_file(
    part: Path,
    complete: Path,
    kind: Format,
    blocks: Blocks,
    resolution: Resolution | None,
    size: tuple[int, int],
) -> Path:
    """`embed` for a file on disk, in ``part`` or copied to ``complete``; returns which."""
    if kind.name == "tiff":
        with part.open("r+b") as file:
            embed_in_tiff(file, blocks, resolution)
        return part
    with part.open("rb") as source, complete.open("xb") as target:
        embed(source, target, kind, blocks, resolution, size)
    part.unlink()
    return complete
