"""Which picture formats are read, recognized by a file's first bytes, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from ..errors import BadImage, BadOption

HEAD_BYTES = 32
"""How many bytes of a file `detect` wants to see."""


@dataclass(frozen=True)
class Format:
    """A picture format that can be read and written."""

    name: str  # as libvips names its loaders and savers: "png", "jpeg", "webp", "tiff"
    title: str  # as people write it
    extensions: tuple[str, ...]  # lower case with the dot, the usual one first
    depths: tuple[int, ...]  # bits a sample that it can store
    alpha: bool
    loads_as: str = ""  # as libvips names its loader, where that is another name

    @property
    def loader(self) -> str:
        """The name that libvips gives its loader."""
        return self.loads_as or self.name


FORMATS = {
    f.name: f
    for f in (
        Format("png", "PNG", (".png",), (8, 16), True),
        Format("jpeg", "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), (8,), False),
        Format("webp", "WebP", (".webp",), (8,), True),
        Format("tiff", "TIFF", (".tif", ".tiff"), (8, 16, 32), True),
    )
}
READABLE = "PNG, JPEG, WebP and TIFF"
READ_ONLY = {
    f.name: f
    for f in (
        Format("avif", "AVIF", (".avif",), (8, 16), True, "heif"),
        Format("heic", "HEIC", (".heic", ".heif", ".hif"), (8, 16), True, "heif"),
        Format("jxl", "JPEG XL", (".jxl",), (8, 16, 32), True, "jxl"),
        Format("jp2k", "JPEG 2000", (".jp2", ".j2k", ".jpf", ".jpx"), (8, 16), True, "jp2k"),
    )
}
"""Formats that are read where libvips can; their results are PNG if nothing else is said."""

# Pictures people are likely to try; named so that the message can say what the file is.
_FOREIGN = (
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"gimp xcf", "a GIMP document"),
    (0, b"%PDF", "a PDF document"),
    (4, b"ftypqt", "a video"),
    (4, b"ftypmp4", "a video"),
    (4, b"ftypiso", "a video"),
    (4, b"ftypcrx", "a camera raw file"),
    (0, b"FUJIFILM", "a camera raw file"),
    (0, b"IIRO", "a camera raw file"),
    (0, b"IIU\0", "a camera raw file"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"PK\x03\x04", "a ZIP archive or Krita document"),
    (0, b"<svg", "an SVG drawing"),
)
_READ_ONLY = (
    (0, b"\xff\x0a", "jxl"),
    (4, b"JXL ", "jxl"),
    (4, b"jP  ", "jp2k"),
    (0, b"\xff\x4f\xff\x51", "jp2k"),
    (4, b"ftypavi", "avif"),
    (4, b"ftyphei", "heic"),
    (4, b"ftyphev", "heic"),
    (4, b"ftypmif", "heic"),
    (4, b"ftypmsf", "heic"),
)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def detect(head: bytes) -> Format:
    """The format of a file that starts with these bytes; raises BadImage if it is not read."""
    if not head:
        raise BadImage("the file is empty.")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FORMATS["png"]
    if head.startswith(b"\xff\xd8\xff"):
        return FORMATS["jpeg"]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FORMATS["webp"]
    if head[:4] in _TIFF:
        if head[8:10] == b"CR":
            raise BadImage("this is a camera raw file; develop it to a 16-bit TIFF first.")
        return FORMATS["tiff"]
    for offset, magic, name in _READ_ONLY:
        if head[offset : offset + len(magic)] == magic:
            return READ_ONLY[name]
    for offset, magic, title in _FOREIGN:
        if head[offset : offset + len(magic)] == magic:
            raise BadImage(f"this is {title}, which is not read; {READABLE} are.")
    raise BadImage(f"this is not a picture that can be read; {READABLE} are.")


def read_here() -> tuple[list[str], list[str]]:
    """(titles of the formats that this installation's libvips reads, titles of those it lacks).

    HEIC needs a decoder besides libheif. It counts if libvips can also write HEIC.
    """
    import pyvips

    read = [f.title for f in FORMATS.values()]
    lacking: list[str] = []
    for kind in READ_ONLY.values():
        works = bool(pyvips.type_find("VipsOperation", f"{kind.loader}load_buffer"))
        if works and kind.loader == "heif":
            compression = "av1" if kind.name == "avif" else "hevc"
            try:
                sample = pyvips.Image.black(64, 64)
                data = sample.heifsave_buffer(compression=compression)
                pyvips.Image.heifload_buffer(data).avg()
            except pyvips.Error:
                works = False
        (read if works else lacking).append(kind.title)
    return read, lacking


def is_read_only(kind: Format) -> bool:
    """Whether a format can be read but not written."""
    return kind.name in READ_ONLY


def is_supported(head: bytes) -> bool:
    """Whether a file that starts with these bytes is of a format that is read."""
    try:
        detect(head)
    except BadImage:
        return False
    return True


def by_name(name: str) -> Format:
    """The format called "png", "jpeg", "webp" or "tiff"; raises BadOption for another."""
    try:
        return FORMATS[name.lower()]
    except KeyError:
        raise BadOption(
            f"the output format is one of {', '.join(FORMATS)}, not {name!r}."
        ) from None


def by_extension(path: PurePath) -> Format:
    """The format that a file name asks for; raises BadOption if it is none of ours."""
    suffix = path.suffix.lower()
    for candidate in FORMATS.values():
        if suffix in candidate.extensions:
            return candidate
    raise BadOption(
        f"{path.name!r} does not end like a picture that can be written: "
        f"{', '.join(f.extensions[0] for f in FORMATS.values())}."
    )


PICTURE_EXTENSIONS = frozenset(
    extension for f in (*FORMATS.values(), *READ_ONLY.values()) for extension in f.extensions
) | {".gif", ".bmp"}
"""Extensions that promise a picture, read or not."""
