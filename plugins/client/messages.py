"""Requests and answers as values: no sockets, no editor."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Union

DTYPES = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
"""Bytes of one value of each raw dtype."""

Buffer = Union[bytes, bytearray, memoryview]


class Stream:
    """Bytes that are made while they are sent, so that they are never held as a whole.

    size: how many bytes `read` gives in all.  read: starts from the beginning at each call.
    """

    def __init__(self, size: int, read: Callable[[], Iterable[Buffer]]) -> None:
        self.size = size
        self.read = read

    def __len__(self) -> int:
        return self.size


Content = Union[Buffer, Stream]


@dataclass(frozen=True)
class Plane:
    """Raw pixels of a photo (docs/http-api.md, section 4.2).

    content: rows from top to bottom, packed, little-endian, sRGB curve.
    layout: "Y", "YA", "RGB", "RGBA", "BGR" or "BGRA".  profile: ICC profile of the pixels
    (gray for "Y" and "YA", else RGB), or None for sRGB.
    """

    width: int
    height: int
    dtype: str
    layout: str
    content: Content
    profile: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes that `content` has to have."""
        return self.width * self.height * len(self.layout) * DTYPES[self.dtype]


@dataclass(frozen=True)
class Fence:
    """Paint that is kept inside a mask (docs/http-api.md, part `within`).

    mask: one byte a pixel, 255 inside.  rgba: straight alpha, of the same box in the photo.
    """

    x: int
    y: int
    width: int
    height: int
    mask: Buffer
    rgba: Buffer


@dataclass(frozen=True)
class HintCrop:
    """A painted rectangle: 8-bit RGBA (or BGRA), straight alpha, rows packed.

    x, y: its top left pixel in the photo, may be negative.  deflate: compress it on the
    wire; pays off only beyond the own machine.  fences: more paint, kept inside masks; with a
    width of 0 there is no other.
    """

    x: int
    y: int
    width: int
    height: int
    rgba: Buffer
    layout: str = "RGBA"
    deflate: bool = False
    fences: tuple[Fence, ...] = ()


@dataclass(frozen=True)
class DeflatedCrop:
    """A painted rectangle whose pixels are a zlib stream (RFC 1950) already; fences: as above."""

    x: int
    y: int
    width: int
    height: int
    stream: bytes
    layout: str = "RGBA"
    fences: tuple[Fence, ...] = ()


Hints = Union[HintCrop, DeflatedCrop]
"""All hints of a photo."""


@dataclass(frozen=True)
class Request:
    """What to send: `path` below the server's URL, `body` in pieces that follow each other.

    request_id: the id under which the server reports progress, or "" if it is not told.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: tuple[Content, ...] = ()
    request_id: str = ""

    @property
    def content_length(self) -> int:
        """Bytes of the body."""
        return sum(piece.nbytes if isinstance(piece, memoryview) else len(piece)
                   for piece in self.body)  # fmt: skip

    def pieces(self) -> Iterable[Buffer]:
        """The body, streams read as they come."""
        for piece in self.body:
            if isinstance(piece, Stream):
                yield from piece.read()
            else:
                yield piece

    def body_bytes(self) -> bytes:
        """The body as a whole, for transports that cannot send pieces."""
        return b"".join(bytes(piece) for piece in self.pieces())


@dataclass(frozen=True)
class Answer:
    """What came back; names of header fields in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Buffer = b""

    def json(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(bytes(self.body).decode("utf-8"))


@dataclass(frozen=True)
class Picture:
    """A raw picture from the server: `layout` interleaved, rows packed, little-endian."""

    width: int
    height: int
    dtype: str
    layout: str
    data: Buffer
    image_id: str
    cache: str = ""
    device: str = ""
    weights: str = ""
    note: str = ""
    timing: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggestion:
    """A likely colour: "#rrggbb" and its probability 0..1."""

    color: str
    probability: float


@dataclass(frozen=True)
class Suggestions:
    """Likely colours of a place, likeliest first."""

    image_id: str
    colors: list[Suggestion]


@dataclass(frozen=True)
class Progress:
    """Where a request stands: state, stage, and fraction 0..1 of the stage."""

    state: str
    stage: str
    fraction: float


@dataclass(frozen=True)
class Health:
    """Whether a server can work."""

    status: str
    api: int
    version: str
    instance: str
