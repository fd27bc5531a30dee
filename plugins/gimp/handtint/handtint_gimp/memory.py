"""What layers remember, in parasites: they survive saving, and are undone with the rest.

A photo carries a random key, and its result and hint layers name that key.  GIMP's own
numbers will not do: item ids are new in every session, and tattoos are dealt out anew when an
image is duplicated.  A parasite goes with every copy of its layer, though, so photos and
results also note their own tattoo: among layers with the same key, in one image, the one whose
note is true is the original and the others are the user's copies.
"""

from __future__ import annotations

import json
import secrets
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

from gi.repository import Gimp

PHOTO, RESULT, HINTS = "handtint-photo", "handtint-result", "handtint-hints"
FORMAT = 1

_FLAGS = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE


@dataclass(frozen=True)
class Result:
    """What a coloured layer remembers.

    photo: key of the photo.  pixels: fingerprint of the layer as it was made, "" once the
    user is known to have painted on it.  sent: fingerprint of the photo as it was sent.
    image_id: the server's id of the photo.  hints: packed sums of the hint tiles that were
    counted in.  fresh: those of them that were new then: the last strokes.  footprint: what
    tells the layer's pixels also after the whole image was cropped, turned, scaled ...  kind:
    in which kind of image.  mask: fingerprint of the mask that was made for it, "" without.
    """

    photo: str
    pixels: str
    sent: str = ""
    image_id: str = ""
    hints: str = ""
    fresh: str = ""
    footprint: str = ""
    kind: str = ""
    mask: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


def _read(layer: Gimp.Layer, name: str) -> dict[str, Any]:
    """The content of a parasite; empty if there is none that we understand."""
    parasite = layer.get_parasite(name)
    if parasite is None:
        return {}
    try:
        content = json.loads(bytes(parasite.get_data()).decode("ascii"))
    except ValueError:
        return {}
    return content if isinstance(content, dict) and content.get("format") == FORMAT else {}


def _write(layer: Gimp.Layer, name: str, content: dict[str, Any]) -> None:
    text = json.dumps({"format": FORMAT, **content})
    # ASCII: GIMP's bindings take no byte above 127.
    layer.attach_parasite(Gimp.Parasite.new(name, _FLAGS, text.encode("ascii")))


def _original(layers: list[Gimp.Layer], name: str, key: str) -> Gimp.Layer | None:
    """The layer with a key; where copies have it, too, the one that they were made of."""
    found = [layer for layer in layers if key and _read(layer, name).get("key") == key]
    true = [layer for layer in found if _read(layer, name).get("own") == layer.get_tattoo()]
    return next(iter(true or found), None)


def _is(first: Gimp.Layer | None, second: Gimp.Layer) -> bool:
    return first is not None and first.get_id() == second.get_id()


def find_photo(layers: list[Gimp.Layer], key: str) -> Gimp.Layer | None:
    """The photo with a key among all layers of an image."""
    return _original(layers, PHOTO, key)


def photo_key(layers: list[Gimp.Layer], photo: Gimp.Layer) -> str:
    """The key of a photo; "" if it has none of its own."""
    key = str(_read(photo, PHOTO).get("key", ""))
    return key if _is(find_photo(layers, key), photo) else ""


def make_photo_key(layers: list[Gimp.Layer], photo: Gimp.Layer) -> str:
    """The key of a photo, given to it if it has none."""
    key = photo_key(layers, photo)
    if not key:
        key = secrets.token_hex(8)
        _write(photo, PHOTO, {"key": key, "own": photo.get_tattoo()})
    return key


def read_result(layers: list[Gimp.Layer], layer: Gimp.Layer) -> Result | None:
    """What a layer remembers if it is a result of ours and not a copy of one."""
    content = _read(layer, RESULT)
    if not content or not _is(_original(layers, RESULT, str(content.get("key"))), layer):
        return None
    known = {name: content[name] for name in Result.__dataclass_fields__ if name in content}
    settings = known.pop("settings", None)
    if not all(isinstance(known.get(name), str) for name in {"photo", "pixels", *known}):
        return None
    return Result(**known, settings=settings if isinstance(settings, dict) else {})


def write_result(layer: Gimp.Layer, result: Result) -> None:
    """Make a layer remember that it is a result.

    A copy of an earlier result takes over its key, so that the user's other copies of that
    are still known as copies.
    """
    key = _read(layer, RESULT).get("key") or secrets.token_hex(8)
    _write(layer, RESULT, {"key": key, "own": layer.get_tattoo(), **asdict(result)})


PLACE = "handtint-place"


def note_place(image: Gimp.Image, selection: str) -> None:
    """Remember the selection that a suggestion was asked for, by its fingerprint.

    In this session only, and without an undo step: it changes nothing of the picture.
    """
    image.attach_parasite(Gimp.Parasite.new(PLACE, 0, selection.encode("ascii")))


def is_place(image: Gimp.Image, selection: str) -> bool:
    """Whether a selection is the one that the last suggestion was asked for."""
    parasite = image.get_parasite(PLACE)
    return parasite is not None and bytes(parasite.get_data()) == selection.encode("ascii")


def is_photo(layer: Gimp.Layer) -> bool:
    """Whether a layer was used, or named by the user, as a photo."""
    return layer.get_parasite(PHOTO) is not None


def was_result(layer: Gimp.Layer) -> bool:
    """Whether a layer is a result, or the user's copy of one."""
    return layer.get_parasite(RESULT) is not None


def is_marked_as_hints(layer: Gimp.Layer) -> bool:
    """Whether a layer was made as a hint layer, in whatever image."""
    return layer.get_parasite(HINTS) is not None


def read_hints_photo(layer: Gimp.Layer) -> str:
    """The key of the photo that a hint layer was made for; "" if it is bound to none."""
    return str(_read(layer, HINTS).get("photo", ""))


def write_hints_photo(layer: Gimp.Layer, key: str) -> None:
    """Bind a hint layer to a photo."""
    _write(layer, HINTS, {"photo": key})


# --- what the panel leaves for the other commands ------------------------------------------------

LIVE, WANTED = "handtint-live", "handtint-wanted"
LOOKS = 200
"""How many looks of a result are remembered."""

SAVED_LOOKS, SAVED_RESULTS = 20, 8
"""How many of them are saved with the image, and of how many results."""


def note_live(layer: Gimp.Layer) -> None:
    """Remember how a result looks that was changed without an undo step.

    Without a trace in the undo history, too: such a parasite of a layer is neither saved nor
    undone.  The looks before are kept: Undo of a crop or a conversion brings one of them back.
    The image remembers the latest, which are saved: its parasites need no undo step for that.
    """
    now = look_of(layer)
    looks = [*(look for look in _looks(layer) if look != now), now][-LOOKS:]
    layer.attach_parasite(Gimp.Parasite.new(LIVE, 0, "\n".join(looks).encode("ascii")))
    image, key = layer.get_image(), str(_read(layer, RESULT).get("key", ""))
    if image is None or not key:
        return
    saved = _saved_looks(image)
    saved.pop(key, None)  # the last one is the latest
    saved[key] = looks[-SAVED_LOOKS:]
    _save_looks(image, dict(list(saved.items())[-SAVED_RESULTS:]))


def _save_looks(image: Gimp.Image, saved: dict[str, list[str]]) -> None:
    text = json.dumps(saved).encode("ascii")
    image.attach_parasite(Gimp.Parasite.new(LIVE, Gimp.PARASITE_PERSISTENT, text))


def _saved_looks(image: Gimp.Image) -> dict[str, list[str]]:
    """Looks of results that Live has written, by the results' keys."""
    parasite = image.get_parasite(LIVE)
    try:
        content = json.loads(bytes(parasite.get_data()).decode("ascii")) if parasite else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _looks(layer: Gimp.Layer) -> list[str]:
    parasite = layer.get_parasite(LIVE)
    if parasite is not None:
        return bytes(parasite.get_data()).decode("ascii").split("\n")
    image = layer.get_image()
    saved = _saved_looks(image) if image is not None else {}
    return saved.get(str(_read(layer, RESULT).get("key", "")), [])


def forget_live(layer: Gimp.Layer) -> None:
    """The result is as it is remembered."""
    if layer.get_parasite(LIVE) is not None:
        layer.detach_parasite(LIVE)
    image = layer.get_image()
    saved = _saved_looks(image) if image is not None else {}
    if saved.pop(str(_read(layer, RESULT).get("key", "")), None) is not None:
        _save_looks(image, saved)


def is_live(layer: Gimp.Layer) -> bool:
    """Whether a result looks as the panel has left it, now or before."""
    looks = _looks(layer)
    return bool(looks) and look_of(layer) in looks


def look_of(layer: Gimp.Layer) -> str:
    """A checksum of a layer's thumbnail, and its size."""
    got = layer.get_thumbnail_data(256, 256)
    data = bytes(got[0].get_data()) if got and got[0] is not None else b""
    return "%d %d %08x" % (layer.get_width(), layer.get_height(), zlib.crc32(data))


def note_wanted(photo: Gimp.Layer, settings: dict[str, Any] | None) -> None:
    """Keep the settings that the user has chosen for a photo since its result was made."""
    if settings is not None:
        text = json.dumps(settings).encode("ascii")
        photo.attach_parasite(Gimp.Parasite.new(WANTED, 0, text))
    elif wanted(photo) is not None:
        # Not detached: Undo would bring the settings back, of which it takes back the result.
        photo.attach_parasite(Gimp.Parasite.new(WANTED, 0, b"null"))


def wanted(photo: Gimp.Layer) -> dict[str, Any] | None:
    """The settings that the user has chosen for a photo since its result was made, or None."""
    parasite = photo.get_parasite(WANTED)
    if parasite is None:
        return None
    try:
        content = json.loads(bytes(parasite.get_data()).decode("ascii"))
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
