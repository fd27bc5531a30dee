"""What a document remembers: which layer is a result or holds hints, and of which photo.

Kept in one annotation of the document, keyed by the layers' unique ids, which survive saving
and reopening.  Entries of layers that are gone stay: an undo may bring the layers back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
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
    them since.  settings: what it was made with.
    """

    photo: str
    rect: tuple
    checksum: str | None
    settings: dict[str, Any] = field(default_factory=dict)


class Memory:
    """A document's memory; changes are written at once."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self.results: dict[str, Result] = {}
        self.hints: dict[str, str] = {}
        self.overlays: dict[str, str] = {}
        self._read()

    def _read(self) -> None:
        if KEY not in self._document.annotationTypes():
            return
        try:
            content = json.loads(bytes(self._document.annotation(KEY)).decode("utf-8"))
            if content["format"] != FORMAT:
                return
            self.results = {
                uid: Result(
                    str(item["photo"]),
                    tuple(int(v) for v in item["rect"]),
                    item["checksum"],
                    dict(item["settings"]),
                )
                for uid, item in content["results"].items()
            }
            self.hints = {str(uid): str(photo) for uid, photo in content["hints"].items()}
            self.overlays = {str(uid): str(photo) for uid, photo in content["overlays"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            self.results, self.hints, self.overlays = {}, {}, {}  # damaged: as if new

    def _write(self) -> None:
        content = {
            "format": FORMAT,
            "results": {
                uid: {
                    "photo": result.photo,
                    "rect": list(result.rect),
                    "checksum": result.checksum,
                    "settings": result.settings,
                }
                for uid, result in list(self.results.items())[-MOST:]
            },
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

    def bind_hints(self, uid: str, photo: str) -> None:
        """Bind a hint layer to a photo."""
        self.hints[uid] = photo
        self._write()

    def add_overlay(self, uid: str, photo: str) -> None:
        """Remember a layer that only shows where hints help."""
        self.overlays[uid] = photo
        self._write()
