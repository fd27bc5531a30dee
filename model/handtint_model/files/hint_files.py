"""Painted hints in files: a PNG layer, or a hints.json that replays them exactly.

``hints.json``, version 1 (UTF-8, one object)::

    {"handtint_hints": 1,
     "size": [W, H],                               the photo's, upright; optional
     "points": [[x, y, "#rrggbb"], [x, y, "#rrggbb", radius], ...],
     "patches": [{"x": 0, "y": 0, "png": "base64 of an RGBA PNG"}, ...],
     "within": [{"x": 0, "y": 0, "mask": "base64 of a gray PNG",
                 "points": [...], "patches": [...]}, ...]}

``points``, ``patches`` and ``within`` are all optional; patches lie above points, later above
earlier.  ``within`` holds hints that are kept inside a mask: 255 inside, 0 outside.  Unknown keys
are refused, so that a misspelt one is not silently ignored, and so are points whose middle lies
outside the photo; patches and masks may reach beyond it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from ..errors import BadHint, BadImage, WriteFailed
from ..types import HintPatch, Hints, check_point
from . import icc
from .header import ReadLimits, open_picture
from .target import put_in_place, reason, temporary_beside

VERSION = 1
DEFAULT_RADIUS = 4.0
MAX_JSON_BYTES = 256 << 20
MAX_POINTS = 100_000
MAX_PATCHES = MAX_POINTS  # points are saved as patches
MAX_FENCES = 1_000

Size = tuple[int, int]
"""Width and height of a photo, upright."""


def read_hints(path: str | Path, size: Size) -> Hints:
    """The hints in a PNG (or TIFF, WebP) layer of the photo's size, or in a hints.json.

    size: (width, height) of the photo.  Raises BadHint if they cannot be read or are not
    made for a photo of this size.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(64)
            object_begins = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
            # One that holds something else shall be told about as what its name says.
            if not object_begins and path.suffix.lower() != ".json":
                return Hints.from_rgba(read_layer(path, size))
            data = head + file.read(MAX_JSON_BYTES)
    except OSError as error:
        raise BadHint(f"the hints cannot be opened: {error.strerror or error}.") from error
    if len(data) > MAX_JSON_BYTES:
        raise BadHint("the hints.json is larger than 256 MB.")
    return parse_hints(data, size)


def read_layer(source: str | Path | bytes, size: Size | None = None) -> NDArray[np.uint8]:
    """A painted layer as (h, w, 4) uint8 sRGB, straight alpha.

    source: a picture file with transparency, or its bytes.  size: (width, height) that it
    must have; None: any up to the reading limit.  Raises BadHint.
    """
    try:
        opened = open_picture(source, ReadLimits())
    except BadImage as error:
        raise BadHint(f"the hints cannot be read: {error}") from error
    height, width = opened.shape
    if size is not None and (width, height) != tuple(size):
        raise BadHint(
            f"the hint layer has {width} x {height} pixels, the photo {size[0]} x {size[1]}."
        )
    if not opened.alpha:
        raise BadHint(
            "the hint layer has no transparency, so every pixel would be a hint; "
            "save it as a PNG with an alpha channel."
        )
    if opened.orientation != 1:
        raise BadHint("the hint layer is stored turned; save it upright.")
    try:
        image = opened.image
        if opened.profile is not None:
            return _in_srgb(image, opened.profile)
        form = str(image.format)
        if form in ("float", "double"):
            image = (image * 255.0).rint()
        elif form == "ushort":
            image = (image / 257.0).rint()
        image = image.cast("uchar")
        if image.bands == 2:
            image = image[0].bandjoin([image[0], image[0], image[1]])
        pixels = np.ndarray((height, width, 4), np.uint8, image.write_to_memory())
    except pyvips.Error as error:
        raise BadHint("the hint layer is damaged or cut off and cannot be read.") from error
    return pixels


def read_mask(source: str | Path | bytes, size: Size | None = None) -> NDArray[np.uint8]:
    """A mask as (h, w) uint8, 255 inside and 0 outside: a picture's brightness, times its alpha.

    source, size: as for `read_layer`.  Raises BadHint.
    """
    try:
        opened = open_picture(source, ReadLimits())
    except BadImage as error:
        raise BadHint(f"the mask cannot be read: {error}") from error
    height, width = opened.shape
    if size is not None and (width, height) != tuple(size):
        raise BadHint(f"the mask has {width} x {height} pixels, the photo {size[0]} x {size[1]}.")
    if opened.orientation != 1:
        raise BadHint("the mask is stored turned; save it upright.")
    try:
        image = opened.image
        top = {"uchar": 255.0, "ushort": 65535.0}.get(str(image.format), 1.0)
        image = image.cast("float") * (1.0 / top)
        colors = image.bands - (1 if opened.alpha else 0)
        inside = image[0] if colors == 1 else image[:3].bandmean()
        if opened.alpha:
            inside = inside * image[image.bands - 1]
        codes = (inside * 255.0).rint().cast("uchar")
        return np.ndarray((height, width), np.uint8, codes.write_to_memory())
    except pyvips.Error as error:
        raise BadHint("the mask is damaged or cut off and cannot be read.") from error


def _in_srgb(image: Any, profile: icc.Profile) -> NDArray[np.uint8]:
    """Pixels of another profile as (h, w, 4) uint8 sRGB."""
    top = {"uchar": 255.0, "ushort": 65535.0}.get(str(image.format), 1.0)
    kind = {"uchar": np.uint8, "ushort": np.uint16}.get(str(image.format), np.float32)
    if str(image.format) == "double":
        image = image.cast("float")
    memory = image.write_to_memory()
    codes: NDArray[Any] = np.ndarray((image.height, image.width, image.bands), kind, memory)
    out = np.zeros((*codes.shape[:2], 4), np.uint8)
    out[..., 3] = np.rint(np.clip(codes[..., -1] / top, 0, 1) * 255)
    for row in np.flatnonzero(out[..., 3].any(axis=1)):  # mostly unpainted
        colors = icc.to_srgb(profile, codes[row : row + 1, :, :-1] / top)
        out[row, :, :3] = np.rint(colors[0] * 255)
    return out


def parse_hints(data: bytes | str, size: Size | None = None) -> Hints:
    """The hints of a hints.json's text; raises BadHint.

    size: (width, height) of the photo that they are for; None: it is not looked at.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadHint(f"the hints.json is not valid JSON: {error}.") from error
    if not isinstance(value, dict) or value.get("handtint_hints") != VERSION:
        raise BadHint(f'a hints.json is an object with "handtint_hints": {VERSION}.')
    unknown = sorted(set(value) - {"handtint_hints", "size", "points", "patches", "within"})
    if unknown:
        raise BadHint(f"the hints.json has an unknown key {unknown[0]!r}.")
    made_for = value.get("size")
    if made_for is not None and size is not None and made_for != list(size):
        raise BadHint(
            f"the hints were painted on a photo of {_by(made_for)} pixels, "
            f"this one has {_by(size)}."
        )
    hints = _painted(value, size)
    for fence in _items(value, "within", MAX_FENCES):
        hints += _fenced(fence, size)
    return hints


def _painted(value: dict[str, Any], size: Size | None) -> Hints:
    """The points and patches of an object."""
    patches: list[HintPatch] = []
    for point in _items(value, "points", MAX_POINTS):
        patches.extend(_point(point, size).patches)
    decoded: dict[str, NDArray[np.uint8]] = {}
    patches.extend(_patch(patch, decoded) for patch in _items(value, "patches", MAX_PATCHES))
    return Hints(tuple(patches))


def dump_hints(hints: Hints, size: Size) -> str:
    """The text of a hints.json that replays these hints, to the bit, on a photo of this size.

    Raises BadHint for more than `parse_hints` takes.
    """
    longest = max(len(patches) for patches in (hints.patches, *(f.patches for f in hints.fences)))
    for count, most, what in (
        (longest, MAX_PATCHES, "patches"),
        (len(hints.fences), MAX_FENCES, "masks"),
    ):
        if count > most:
            raise BadHint(
                f"more than {most} {what} do not go into a hints.json; paint them as a layer."
            )
    value: dict[str, Any] = {"handtint_hints": VERSION, "size": list(size)}
    value["patches"] = _dumped(hints.patches)
    if hints.fences:
        value["within"] = [
            {"x": f.x, "y": f.y, "mask": _png(f.mask), "patches": _dumped(f.patches)}
            for f in hints.fences
        ]
    return json.dumps(value, indent=1)


def _dumped(patches: Sequence[HintPatch]) -> list[dict[str, Any]]:
    encoded: dict[tuple[Any, ...], str] = {}  # the discs of points are mostly the same
    found = []
    for p in patches:
        key = (p.rgba.shape, p.rgba.tobytes())
        if key not in encoded:
            encoded[key] = _png(p.rgba)
        found.append({"x": p.x, "y": p.y, "png": encoded[key]})
    return found


def _png(pixels: NDArray[np.uint8]) -> str:
    """(h, w) or (h, w, 4) as base64 of a PNG."""
    codes = np.ascontiguousarray(pixels)
    height, width = codes.shape[:2]
    bands, kind = (1, "b-w") if codes.ndim == 2 else (4, "srgb")
    image = pyvips.Image.new_from_memory(codes.data, width, height, bands, "uchar")
    png = image.copy(interpretation=kind).write_to_buffer(".png", compression=9)
    return base64.b64encode(png).decode("ascii")


def write_hints(path: str | Path, hints: Hints, size: Size) -> None:
    """Save `dump_hints`, whole or not at all; raises WriteFailed, BadHint."""
    path = Path(path)
    part = temporary_beside(path)
    try:
        part.write_text(dump_hints(hints, size) + "\n", encoding="utf-8")
        put_in_place(part, path)
    except OSError as error:
        raise WriteFailed(f"the hints cannot be saved: {reason(error, path)}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _by(size: Any) -> str:
    return " x ".join(str(v) for v in size) if isinstance(size, (list, tuple)) else repr(size)


def _items(value: dict[str, Any], name: str, limit: int) -> list[Any]:
    items = value.get(name, [])
    if not isinstance(items, list) or len(items) > limit:
        raise BadHint(f'"{name}" in a hints.json is a list of at most {limit}.')
    return items


def _point(point: Any, size: Size | None) -> Hints:
    if (
        not isinstance(point, list)
        or len(point) not in (3, 4)
        or not isinstance(point[2], str)
        or not all(_is_number(v) for v in (*point[:2], *point[3:]))
    ):
        raise BadHint(f'a point is [x, y, "#rrggbb"] or [x, y, "#rrggbb", radius], not {point!r}.')
    if size is not None:
        check_point(point[0], point[1], size)
    radius = float(point[3]) if len(point) == 4 else DEFAULT_RADIUS
    return Hints.from_points([(float(point[0]), float(point[1]), point[2])], radius=radius)


def _patch(patch: Any, decoded: dict[str, NDArray[np.uint8]]) -> HintPatch:
    """decoded: pictures by their text, as many patches have the same."""
    if not isinstance(patch, dict) or set(patch) != {"x", "y", "png"}:
        raise BadHint('a patch is {"x": ..., "y": ..., "png": base64}.')
    x, y = _place(patch, "patch")
    png = patch["png"]
    if not isinstance(png, str) or png not in decoded:
        pixels = read_layer(_decoded(png, "a patch's png"))
        decoded[png] = pixels
    return HintPatch(decoded[png], x, y)


def _fenced(fence: Any, size: Size | None) -> Hints:
    if (
        not isinstance(fence, dict)
        or not {"x", "y", "mask"} <= set(fence)
        or not set(fence)
        <= {
            "x",
            "y",
            "mask",
            "points",
            "patches",
        }
    ):
        raise BadHint(
            'an item of "within" is {"x": ..., "y": ..., "mask": base64, "points": ..., '
            '"patches": ...}.'
        )
    x, y = _place(fence, "mask")
    return _painted(fence, size).within(read_mask(_decoded(fence["mask"], "a mask")), x, y)


def _place(item: dict[str, Any], name: str) -> tuple[int, int]:
    x, y = item["x"], item["y"]
    if not (type(x) is int and type(y) is int and max(abs(x), abs(y)) < 2**31):
        raise BadHint(f"a {name}'s x and y are whole numbers.")
    return x, y


def _decoded(text: Any, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise BadHint(f"{what} is not valid base64.") from error


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return bool(abs(value) <= sys.float_info.max)  # JSON has numbers of any length
