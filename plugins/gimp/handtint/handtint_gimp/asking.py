"""A photo's pixels to the server and an answer back, for all commands."""

from __future__ import annotations

from typing import Any, Callable

from gi.repository import Gimp

from . import layers
from .client import Answer, Flow, Session, protocol
from .pixels import Reader

Request = Callable[[protocol.SentPhoto, Session, str], Any]
"""Makes a message: about a photo, over a session, with an id."""


def reader_of(image: Gimp.Image, photo: Gimp.Layer, seen: tuple[Gimp.Layer, int, int]) -> Reader:
    """Reads a photo; seen: what `effects.applied` gives for it."""
    return Reader(image, seen[0], (photo.get_width(), photo.get_height()), *seen[1:])


def ask(reader: Reader, results: layers.Results, request: Request) -> Flow[Answer]:
    """Send a request about a photo, by its id where the server may know it."""
    session = Session("gimp")
    request_id = protocol.new_request_id()
    answer, _ = yield from session.ask_about(
        reader.plane(),
        known_id(results, reader),
        lambda source: request(source, session, request_id),
    )
    return answer


def known_id(results: layers.Results, reader: Reader) -> str:
    """The server's id of the photo, if the pixels are still those that were sent."""
    if not results:
        return ""
    result = results[0][1]
    return result.image_id if result.image_id and result.sent == reader.fingerprint() else ""
