"""What the server knows a photo by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Generator

from .. import asking, effects
from ..client import ClientError, DeflatedCrop, ImageUnknown, Request, Session, protocol
from ..client.hintscan import Crop
from ..client.strokes import Box
from ..client.translation import _
from ..settings import Settings
from .target import Target

if TYPE_CHECKING:
    from .core import Core

Flow = Generator[Any, Any, Any]


class NotKept(ClientError):
    """The server has forgotten a photo right after it was sent."""


@dataclass(frozen=True)
class Known:
    """The server's id of a photo, the fingerprint of what was sent, and how colors come back."""

    image_id: str
    sent: str
    answer_layout: str


def know(target: Target, session: Session, forgotten: bool = False) -> Flow:
    """What the server knows a photo by; the pixels are sent if it may not hold them.

    forgotten: it has said that it does not know the photo.
    """
    with effects.applied(target.image, target.photo) as seen:
        reader = asking.reader_of(target.image, target.photo, seen)
        remembered = target.remembered
        may_know = remembered is not None and remembered.image_id and not forgotten
        if may_know and remembered.sent == reader.fingerprint():
            return Known(remembered.image_id, remembered.sent, reader.answer_layout)
        _unused, image_id = yield from session.ask_about(
            reader.plane(),
            "",
            lambda photo: protocol.colorize(
                photo,
                answer_layout=reader.answer_layout,
                region=(0, 0, 1, 1),
                request_id=protocol.new_request_id(),
            ),
        )
        return Known(image_id, reader.fingerprint(), reader.answer_layout)


def ask_about(core: Core, target: Target, request: Callable[[str], Request]) -> Flow:
    """Ask for something about a photo by its id, which is found first if need be."""
    return (yield from ask_knowing(core, target, lambda known: request(known.image_id)))


def ask_knowing(core: Core, target: Target, request: Callable[[Known], Request]) -> Flow:
    """The same, for a message that needs more than the id.

    The pixels are sent once more if the server has forgotten the photo, but not again and again.
    """
    live, session = core.follower.live, core.session()
    known = live.known_as(target)
    if known is None:
        known = yield from know(target, session)
        live.note_known(target, known)
    try:
        return (yield from session.ask(lambda: request(known)))
    except ImageUnknown:
        known = yield from know(target, session, forgotten=True)
        live.note_known(target, known)
    try:
        return (yield from session.ask(lambda: request(known)))
    except ImageUnknown as error:
        raise NotKept(
            _("The server does not keep this photo: start it with a larger --cache-mb.")
        ) from error


def colors_of(
    known: Known,
    hints: DeflatedCrop | None,
    settings: Settings,
    reference: bytes | None,
    region: Box | None,
) -> Request:
    """The message for the colors of a region, or of the whole photo."""
    return protocol.colorize(
        known.image_id,
        hints,
        vividness=settings.vividness,
        strength=settings.strength,
        answer_layout=known.answer_layout,
        alternative=settings.alternative or None,
        reference=reference,
        region=region,
    )


def on_wire(crop: Crop | None) -> DeflatedCrop | None:
    """Hints as they are sent."""
    if crop is None:
        return None
    return DeflatedCrop(crop.x, crop.y, crop.width, crop.height, crop.stream, fences=crop.fences)
