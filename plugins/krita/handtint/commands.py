"""The commands as flows: what is read, asked and written, in this order.

Each flow checks after every pause that its document and layers are still there; if not, it
ends with `Dropped`, and whatever the server answers is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Generator

from . import marking, references
from .client import (
    BadReply,
    ClientError,
    DeflatedCrop,
    Dropped,
    ImageUnknown,
    Picture,
    Rejected,
    Request,
    Session,
    Suggestions,
    protocol,
)
from .client.hintscan import Crop
from .client.steps import Tick, Until
from .client.translation import _
from .fences import crop_of_layers
from .nodes import Target, alive, by_uid, target, uid
from .photos import Photo, Rect, read_photo
from .results import Still, place
from .settings import Settings
from .spaces import space_of_document
from .unchanged import AsRead, Changed

Flow = Generator[Any, Any, Any]


class NotKept(ClientError):
    """The server lets go of a photo as soon as it has it."""


@dataclass
class Known:
    """A photo that the server has seen: its pixels' checksum, how it lies, and its id."""

    photo: Photo
    image_id: str


class Seen:
    """The photos that the server has seen, by the unique id of their layers."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def find(self, key: str) -> Known | None:
        """What is known about a layer."""
        return self._known.get(key)

    def note(self, key: str, photo: Photo, image_id: str) -> None:
        """Note a photo; its pixels are let go."""
        self._known[key] = Known(without_pixels(photo), image_id)

    def forget(self, key: str) -> None:
        """The photo's pixels have changed: they travel with the next request."""
        self._known.pop(key, None)

    def image_id(self, key: str, photo: Photo) -> str:
        """The id of a photo that was just read, "" if it is new or has changed."""
        known = self._known.get(key)
        same = known is not None and (known.photo.checksum, known.photo.rect) == (
            photo.checksum,
            photo.rect,
        )
        return known.image_id if known is not None and same else ""


def without_pixels(photo: Photo) -> Photo:
    """A photo's description."""
    return replace(photo, plane=replace(photo.plane, content=b""))


@dataclass(frozen=True)
class Outcome:
    """What Colorize has done.  result: the new layer's unique id.  crop: the hints used.

    note: what the user should know.  rect, pixels: what was written, as the layer has it, or
    None for pixels that Krita has converted.
    """

    photo: str
    result: str
    crop: Crop | None
    device: str
    note: str
    timing: dict[str, float]
    rect: Rect = (0, 0, 0, 0)
    pixels: Any = None


def guard(document: Any, *keys: str) -> Callable[[], None]:
    """A check that a document is open and layers are in it; raises Dropped."""

    def still_there() -> None:
        if not alive(document) or any(by_uid(document, key) is None for key in keys):
            raise Dropped("The document or the layer is gone.")

    return still_there


def hints_on_wire(crop: Crop | None, rect: Rect) -> DeflatedCrop | None:
    """Hints in the photo's own pixels, as the client sends them."""
    if crop is None:
        return None
    x, y = rect[:2]
    fences = tuple(replace(fence, x=fence.x - x, y=fence.y - y) for fence in crop.fences)
    return DeflatedCrop(
        crop.x - x, crop.y - y, crop.width, crop.height, crop.stream, "RGBA", fences
    )


def nothing_found() -> Flow:
    """There is no paint to be asked about."""
    return None
    yield


def colorize(
    document: Any,
    node: Any,
    session: Session,
    settings: Settings,
    seen: Seen,
    look: Callable[[], Flow] = nothing_found,
    is_up: Callable[[], bool] = lambda: True,
) -> Flow:
    """Colorize the photo that a layer stands for and insert the result; returns an Outcome.

    look: finds paint that has to be asked about first, which is returned then.  is_up: whether
    no stroke is under way.  A photo that has changed by the time of the answer is looked at,
    read and sent once more; one that was moved as a whole is not compared with what it was.
    """
    is_moved = False
    for is_last in (False, True):
        found = None if is_moved else (yield from look())
        if found is not None:
            return found
        try:
            return (yield from _colorize_once(document, node, session, settings, seen, is_up))
        except Changed as error:
            if is_last:
                raise
            is_moved = error.moved
            if document.colorModel() == "GRAYA":  # the user has undone its conversion
                raise Gray from None


class Gray(ClientError):
    """The document cannot hold colours."""

    def __init__(self) -> None:
        super().__init__(_("A gray picture cannot hold color: it was left as it is."))


def _colorize_once(
    document: Any,
    node: Any,
    session: Session,
    settings: Settings,
    seen: Seen,
    is_up: Callable[[], bool],
) -> Flow:
    goal = target(document, node)
    key = uid(goal.photo)
    still_there = guard(document, key)
    document.waitForDone()
    as_read = AsRead(document, goal.photo)
    photo, crop, lost, answer = yield from _read_and_ask(
        document, goal, session, settings, seen, still_there
    )
    still_there()
    picture = read_answer(answer, photo, photo.rect)
    yield Tick(_("Inserting the colors"), 0.97)
    yield Until(is_up)
    still_there()
    as_read.check(photo)
    selection = document.selection() if settings.use_selection else None
    placed = yield from place(
        document,
        by_uid(document, key),
        picture.data,
        photo.answer_space,
        photo.rect,
        settings.of_run(),
        selection,
        target(document, by_uid(document, key)).hints,
        Still(still_there, as_read.check_place, is_up),
    )
    if settings.mark:
        marking.mark_document(document, picture.weights)
    return Outcome(
        key,
        uid(placed.node),
        crop,
        picture.device,
        " ".join(note for note in (picture.note, lost, placed.note) if note),
        picture.timing,
        photo.rect,
        placed.pixels,
    )


def _read_and_ask(
    document: Any,
    goal: Target,
    session: Session,
    settings: Settings,
    seen: Seen,
    still_there: Callable[[], None],
) -> Flow:
    """The photo, its hints, what to tell of a lost reference, and the server's answer."""
    key = uid(goal.photo)
    photo = yield from read_photo(goal.photo, space_of_document(document), still_there)
    crop = None
    if settings.use_hints and goal.hints:
        crop = yield from crop_of_layers(goal.hints, goal.photo, photo.rect, still_there)
    reference, lost = yield from references.read(document, settings.reference, still_there)
    try:
        answer, image_id = yield from _ask(
            session, photo, seen.image_id(key, photo), crop, settings, reference
        )
    except Rejected as error:
        if error.code != "bad_profile" or photo.plane.profile is None:
            raise
        still_there()
        photo = yield from read_photo(
            goal.photo, space_of_document(document), still_there, convert=True
        )
        answer, image_id = yield from _ask(session, photo, "", crop, settings, reference)
    seen.note(key, photo, image_id)
    return photo, crop, lost, answer


def colorize_request(
    what: protocol.SentPhoto,
    photo: Photo,
    crop: Crop | None,
    settings: Settings,
    region: Rect | None = None,
    request_id: str = "",
    reference: bytes | None = None,
) -> Request:
    """The message for colours in `photo.answer_space`."""
    return protocol.colorize(
        what,
        hints_on_wire(crop, photo.rect),
        vividness=settings.vividness,
        strength=settings.strength,
        answer_layout=photo.plane.layout,
        answer_profile="source" if photo.own_space and photo.plane.profile else None,
        region=region,
        alternative=settings.alternative or None,
        reference=reference,
        request_id=request_id,
    )


def _ask(
    session: Session,
    photo: Photo,
    image_id: str,
    crop: Crop | None,
    settings: Settings,
    reference: bytes | None,
) -> Flow:
    return session.ask_about(
        photo.plane,
        image_id,
        lambda what: colorize_request(
            what,
            photo,
            crop,
            settings,
            request_id=protocol.new_request_id(),
            reference=reference,
        ),
    )


def introduce(
    document: Any,
    key: str,
    session: Session,
    settings: Settings,
    seen: Seen,
    still_there: Callable[[], None],
) -> Generator[Any, Any, Known]:
    """Send a photo's pixels (again): a small request that leaves the photo on the server."""
    node = by_uid(document, key)
    if node is None:
        raise Dropped("The photo is gone.")
    plain = replace(settings, alternative=0)

    def ask(photo: Photo) -> Flow:
        answer = yield from session.ask(
            lambda: colorize_request(
                photo.plane, photo, None, plain, (0, 0, 1, 1), protocol.new_request_id()
            )
        )
        seen.note(key, photo, answer.headers.get("handtint-image-id", ""))
        known = seen.find(key)
        assert known is not None
        return known

    space = space_of_document(document)
    photo = yield from read_photo(node, space, still_there)
    try:
        return (yield from ask(photo))
    except Rejected as error:
        if error.code != "bad_profile" or photo.plane.profile is None:
            raise
    photo = yield from read_photo(node, space, still_there, convert=True)
    return (yield from ask(photo))


def ask_knowing(
    known: Known | None, ask: Callable[[Known], Flow], send: Callable[[], Flow]
) -> Flow:
    """Ask about a photo by its id; its pixels are sent once (more) if the server has them not.

    ask: the question; send: sends the photo and returns what is known then.  Returns what
    `ask` does, and what is known of the photo.  Not again and again: a server without room for
    the photo would be sent it for ever.
    """
    is_sent = False
    while True:
        if known is None or not known.image_id:
            known = yield from send()
            is_sent = True
        try:
            return (yield from ask(known)), known
        except ImageUnknown as error:
            if is_sent:
                raise NotKept(
                    _("The server does not keep this photo: start it with a larger --cache-mb.")
                ) from error
            known = None


def read_answer(answer: Any, photo: Photo, rect: Rect) -> Picture:
    """The picture of an answer, in the form that was asked for.  Raises BadReply."""
    picture = protocol.read_picture(answer, (rect[2], rect[3]))
    if (picture.dtype, picture.layout) != (photo.plane.dtype, photo.plane.layout):
        raise BadReply(_("The server's answer is of another kind than asked for: update it."))
    return picture


def suggest(
    session: Session,
    image_id: str,
    point: tuple[float, float],
    hints: DeflatedCrop | None,
    settings: Settings,
) -> Flow:
    """Likely colours at a place of a photo that the server has seen; returns Suggestions."""
    answer = yield from session.ask(
        lambda: protocol.suggest(
            image_id,
            point,
            hints,
            n=9,
            vividness=settings.vividness,
            strength=settings.strength,
        )
    )
    suggestions: Suggestions = protocol.read_suggestions(answer)
    return suggestions
