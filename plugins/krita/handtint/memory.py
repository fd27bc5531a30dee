"""What a document remembers: which layer is a result or holds hints, and of which photo.

Kept in one annotation of the document, keyed by the layers' unique ids, which survive saving
and reopening.  Entries of layers that are gone stay: an undo may bring the layers back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from .qt import QtCore

KEY = "handtint"
ABOUT = "Handtint: results, hint layers and their photos"
FORMAT = 1
MOST = 500


@dataclass(frozen=True)
class Result:
    """A coloured layer.

    photo: unique id of the layer it was made from.  rect: x, y, width, height of its pixels.
    checksum: of these pixels as they were written, or None where live updates have changed
    them since.  settings: what it was made with, which is what the docker shows for the photo.
    document: size and space of the document then.  mask: the mask that was made of a selection,
    and the checksum of it.  painted: whether the user has painted into it: it is theirs then.
    """

    photo: str
    rect: tuple
    checksum: str | None
    settings: dict[str, Any] = field(default_factory=dict)
    document: tuple = ()
    mask: tuple = ()
    painted: bool = False

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of_json(cls, item: dict[str, Any]) -> Result:
        """The same, read again.  Raises ValueError, KeyError or TypeError."""
        return cls(
            str(item["photo"]),
            tuple(int(value) for value in item["rect"]),
            item["checksum"],
            dict(item["settings"]),
            tuple(item.get("document", ())),
            tuple(str(value) for value in item.get("mask", ())),
            bool(item.get("painted", False)),
        )


class Memory:
    """A document's memory; changes are written at once."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self.results: dict[str, Result] = {}
        self.hints: dict[str, str] = {}
        self.overlays: dict[str, str] = {}
        self.photos: list[str] = []
        self.as_shown = False
        self._read()

    def _read(self) -> None:
        if KEY not in self._document.annotationTypes():
            return
        try:
            content = json.loads(bytes(self._document.annotation(KEY)).decode("utf-8"))
            if content["format"] != FORMAT:
                return
            self.results = {uid: Result.of_json(item) for uid, item in content["results"].items()}
            self.photos = [str(uid) for uid in content.get("photos", [])]
            self.as_shown = bool(content.get("as_shown", False))
            self.hints = {str(uid): str(photo) for uid, photo in content["hints"].items()}
            self.overlays = {str(uid): str(photo) for uid, photo in content["overlays"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            self.results, self.hints, self.overlays = {}, {}, {}  # damaged: as if new
            self.photos = []

    def _write(self) -> None:
        content = {
            "format": FORMAT,
            "results": {
                uid: result.as_json() for uid, result in list(self.results.items())[-MOST:]
            },
            "photos": self.photos[-MOST:],
            "as_shown": self.as_shown,
            "hints": dict(list(self.hints.items())[-MOST:]),
            "overlays": dict(list(self.overlays.items())[-MOST:]),
        }
        data = QtCore.QByteArray(json.dumps(content).encode("utf-8"))
        self._document.setAnnotation(KEY, ABOUT, data)

    def add_result(self, uid: str, result: Result) -> None:
        """Remember or change a result; the newest is last."""
        self.results.pop(uid, None)
        self.results[uid] = result
        self._write()

    def change_result(self, uid: str, **values: Any) -> None:
        """Change what is known of a result; its place among the others stays."""
        self.results[uid] = replace(self.results[uid], **values)
        self._write()

    def add_photo(self, uid: str) -> None:
        """Remember that a layer which looks like strokes is a photo, as the user said."""
        self.photos.append(uid)
        self._write()

    def keep_as_shown(self) -> None:
        """Remember that the picture is to look as Krita shows it, whatever its file says."""
        self.as_shown = True
        self._write()

    def bind_hints(self, uid: str, photo: str) -> None:
        """Bind a hint layer to a photo."""
        self.hints[uid] = photo
        self._write()

    def add_overlay(self, uid: str, photo: str) -> None:
        """Remember a layer that only shows where hints help."""
        self.overlays[uid] = photo
        self._write()
