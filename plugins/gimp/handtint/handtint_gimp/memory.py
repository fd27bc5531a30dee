"""What layers remember, in parasites: they survive saving, and are undone with the rest.

A result remembers its photo, a hint layer the photo it was made for, both by tattoo: item
ids are new in every session.  Tattoos are unique in one image only, so the image has a random
id of its own, and what comes from another image by copying is not believed.  A result also
remembers its own tattoo: a copy of it is the user's, not ours to replace.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from gi.repository import Gimp

IMAGE, RESULT, HINTS = "handtint-image", "handtint-result", "handtint-hints"
FORMAT = 1

_FLAGS = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE


@dataclass(frozen=True)
class Result:
    """What a coloured layer remembers.

    source, own: tattoos of the photo and of the layer itself.  pixels: fingerprint of the
    layer as it was made.  photo, image_id: fingerprint of the photo and the server's id for
    it.  hints: packed sums of the hint tiles that were counted in.
    """

    source: int
    own: int
    pixels: str
    photo: str = ""
    image_id: str = ""
    hints: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


def image_key(image: Gimp.Image, make: bool = False) -> str:
    """The image's random id; "" if it has none and none is to be made."""
    parasite = image.get_parasite(IMAGE)
    if parasite is not None:
        return bytes(parasite.get_data()).decode("ascii", "replace")
    if not make:
        return ""
    key = secrets.token_hex(8)
    image.attach_parasite(Gimp.Parasite.new(IMAGE, _FLAGS, key.encode("ascii")))
    return key


def _read(image: Gimp.Image, layer: Gimp.Layer, name: str) -> dict[str, Any] | None:
    """The content of a parasite, if it was made in this image."""
    parasite = layer.get_parasite(name)
    if parasite is None:
        return None
    try:
        content = json.loads(bytes(parasite.get_data()).decode("ascii"))
    except ValueError:
        return None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    key = image_key(image)
    return content if key and content.get("image") == key else None


def _write(image: Gimp.Image, layer: Gimp.Layer, name: str, content: dict[str, Any]) -> None:
    content = {"format": FORMAT, "image": image_key(image, make=True), **content}
    text = json.dumps(content)  # ASCII: GIMP's bindings take no byte above 127
    layer.attach_parasite(Gimp.Parasite.new(name, _FLAGS, text.encode("ascii")))


def read_result(image: Gimp.Image, layer: Gimp.Layer) -> Result | None:
    """What a layer remembers if it is a result of ours and not a copy of one."""
    content = _read(image, layer, RESULT)
    try:
        if content is None or content["own"] != layer.get_tattoo():
            return None
        return Result(**{name: content[name] for name in Result.__dataclass_fields__})
    except (KeyError, TypeError):
        return None


def write_result(image: Gimp.Image, layer: Gimp.Layer, result: Result) -> None:
    """Make a layer remember that it is a result."""
    _write(image, layer, RESULT, asdict(result))


def is_marked_as_hints(layer: Gimp.Layer) -> bool:
    """Whether a layer was made as a hint layer, in whatever image."""
    return layer.get_parasite(HINTS) is not None


def read_hints_photo(image: Gimp.Image, layer: Gimp.Layer) -> int | None:
    """The tattoo of the photo that a hint layer was made for; None if it is bound to none."""
    content = _read(image, layer, HINTS)
    photo = content.get("photo") if content else None
    return photo if isinstance(photo, int) else None


def write_hints_photo(image: Gimp.Image, layer: Gimp.Layer, photo: Gimp.Layer) -> None:
    """Bind a hint layer to a photo."""
    _write(image, layer, HINTS, {"photo": photo.get_tattoo()})
