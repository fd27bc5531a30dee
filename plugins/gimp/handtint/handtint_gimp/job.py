"""What one Colorize Layer works on, and the server's picture of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gi.repository import Gimp

from . import asking, effects, hints, layers, references
from . import settings as kept
from .client import Flow, Picture, Session, protocol, strokes


@dataclass(frozen=True)
class ColorizeJob:
    """What a run works on."""

    image: Gimp.Image
    photo: Gimp.Layer
    results: layers.Results
    settings: kept.Settings
    paint: hints.Painted | None

    @classmethod
    def of(cls, image: Gimp.Image, photo: Gimp.Layer, settings: kept.Settings) -> ColorizeJob:
        """With the photo's results and hints as they are now."""
        found = layers.hints_of(image, photo) if settings.use_hints else []
        paint = hints.collect(found, photo) if found else None
        return cls(image, photo, layers.results_of(image, photo), settings, paint)

    @property
    def sums(self) -> dict[strokes.Tile, int]:
        """Checksums of the hint tiles."""
        return self.paint.sums if self.paint else {}


def ask_for_picture(job: ColorizeJob) -> Flow[tuple[Picture, str]]:
    """(the colored picture, fingerprint of the photo as it was sent); raises ClientError."""
    settings, paint = job.settings, job.paint
    reference, lost = references.read(job.image, settings.reference)
    with effects.applied(job.image, job.photo) as seen:
        reader = asking.reader_of(job.image, job.photo, seen)

        def request(source: protocol.SentPhoto, session: Session, request_id: str) -> Any:
            far = session.endpoint is not None and not session.endpoint.loopback
            return protocol.colorize(
                source,
                paint.crop(deflate=far) if paint else None,
                vividness=settings.vividness,
                strength=settings.strength,
                answer_layout=reader.answer_layout,
                alternative=settings.alternative or None,
                reference=reference,
                request_id=request_id,
            )

        answer = yield from asking.ask(reader, job.results, request)
        sent = reader.fingerprint()
    picture = protocol.read_picture(answer, (reader.width, reader.height))
    return replace(picture, note=" ".join(filter(None, (picture.note, lost)))), sent
