"""Thumbnails of several colorings of a photo, to choose one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import asking, effects, references
from .client import Flow, Picture, Session, protocol
from .job import ColorizeJob

COUNT = 4
SIDE = 192
"""Pixels of a thumbnail's long side."""


@dataclass(frozen=True)
class Found:
    """pictures: the usual coloring first.  note: what the user should know, or "".

    sent, image_id: fingerprint and id of the photo, for the next time.
    """

    pictures: list[Picture]
    note: str
    sent: str
    image_id: str


def thumbnails(job: ColorizeJob, before: Found | None = None) -> Flow[Found]:
    """Ask for them; before: what was found for the same photo earlier."""
    reference, note = references.read(job.image, job.settings.reference)
    settings, paint, session = job.settings, job.paint, Session("gimp")
    request_id = protocol.new_request_id()
    with effects.applied(job.image, job.photo) as seen:
        reader = asking.reader_of(job.image, job.photo, seen)
        sent = reader.fingerprint()
        known = asking.known_id(job.results, reader)
        if before is not None and before.sent == sent:
            known = before.image_id

        def request(source: protocol.SentPhoto) -> Any:
            return protocol.alternatives(
                source,
                paint.crop(deflate=True) if paint else None,
                size=SIDE,
                vividness=settings.vividness,
                strength=settings.strength,
                reference=reference,
                request_id=request_id,
            )

        answer, image_id = yield from session.ask_about(reader.plane(), known, request)
    return Found(protocol.read_thumbnails(answer), note, sent, image_id)
