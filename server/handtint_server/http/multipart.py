"""multipart/form-data (RFC 7578) taken apart in place: parts are views of the body.

A large plane is not copied.  It is not even searched for its end if the JSON part before it
says how long it is (`Sizes`).  Strict on purpose: what no client of ours sends is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from .problem import Problem

MAX_PARTS = 9
MAX_PART_HEADER = 4096

Sizes = Callable[[str, "dict[str, Part]"], "int | None"]
"""Asked with the name of the part that begins and the parts before it: its length, if known."""

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*\Z")


@dataclass(frozen=True)
class Part:
    """One part: its name, media type in lower case without parameters ('' if none), bytes."""

    name: str
    content_type: str
    data: memoryview


def _bad(detail: str) -> Problem:
    return Problem("bad_multipart", detail)


def content_type_of(value: str) -> tuple[str, dict[str, str]]:
    """A Content-Type field as (type in lower case, parameters)."""
    kind, parameters = parse_options_header(value)
    return kind.lower(), parameters


def boundary_of(parameters: dict[str, str]) -> bytes:
    """The boundary parameter; raises Problem if there is none or it is malformed."""
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.match(boundary):
        raise _bad("The multipart body has no valid boundary.")
    return boundary.encode("ascii")


def parse(
    body: memoryview,
    boundary: bytes,
    allowed: frozenset[str],
    sizes: Sizes = lambda name, parts: None,
) -> dict[str, Part]:
    """The parts of a body by name.

    body: the whole body.  allowed: the names that may occur, each at most once.
    Raises Problem (bad_multipart).
    """
    parts: dict[str, Part] = {}
    dash = b"--" + boundary
    position = _first_delimiter(body, dash)
    delimiter = b"\r\n" + dash
    known = ", ".join(sorted(allowed))
    while True:
        tail = bytes(body[position : position + 2])
        if tail == b"--":
            return parts  # whatever follows is the epilogue, which says nothing
        if tail != b"\r\n":
            raise _bad("The multipart body ends too early or its boundary line is malformed.")
        if len(parts) == MAX_PARTS:
            raise _bad(f"The multipart body has more than {MAX_PARTS} parts.")
        name, kind, start = _part_header(body, position + 2)
        if name not in allowed:
            raise _bad(f"The part {name[:40]!r} is unknown; known: {known}.")
        if name in parts:
            raise _bad(f"The part {name!r} is there twice.")
        end = _part_end(body, start, delimiter, sizes(name, parts))
        parts[name] = Part(name, kind, body[start:end])
        position = end + len(delimiter)


def _first_delimiter(body: memoryview, dash: bytes) -> int:
    """Where the first boundary ends.  A preamble is allowed by the RFC, and refused here."""
    if bytes(body[: len(dash)]) != dash:
        raise _bad("The multipart body does not begin with its boundary.")
    return len(dash)


def _part_header(body: memoryview, start: int) -> tuple[str, str, int]:
    """Name, media type and where the content begins."""
    head = bytes(body[start : start + MAX_PART_HEADER])
    if head.startswith(b"\r\n"):
        raise _bad("A part of the multipart body has no name.")
    end = head.find(b"\r\n\r\n")
    if end < 0:
        raise _bad("The header of a part of the multipart body is not ended or too long.")
    name, kind = "", ""
    for line in head[:end].split(b"\r\n"):
        field = _FIELD.match(line)
        if field is None:
            raise _bad("The header of a part of the multipart body is malformed.")
        key, value = field[1].lower(), field[2].decode("utf-8", "replace")
        if key == b"content-disposition":
            name = _name_of(value)
        elif key == b"content-type":
            kind = value.partition(";")[0].strip().lower()
    if not name:
        raise _bad("A part of the multipart body has no name.")
    return name, kind, start + end + 4


def _name_of(disposition: str) -> str:
    kind, parameters = parse_options_header(disposition)
    return parameters.get("name", "") if kind.lower() == "form-data" else ""


def _part_end(body: memoryview, start: int, delimiter: bytes, size: int | None) -> int:
    """Where the content ends, which is where the next delimiter begins."""
    if size is not None and size >= 0:
        end = start + size
        if bytes(body[end : end + len(delimiter)]) == delimiter:
            return end
    # `re` searches a memoryview without a copy, which `bytes.find` cannot.
    found = re.compile(re.escape(delimiter)).search(body, start)
    if found is None:
        raise _bad("A part of the multipart body is not ended.")
    return found.start()
