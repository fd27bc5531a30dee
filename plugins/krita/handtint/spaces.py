"""Colour spaces of Krita's layers: how they travel, and how to get from one to another."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from typing import Any, Generator, NamedTuple

from krita import InfoObject, Krita

from .client import ClientError
from .client.steps import Tick
from .client.translation import _
from .pace import Pace
from .qt import QtCore, safely

VALUE_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
CHANNELS = {"RGBA": 4, "GRAYA": 2, "LABA": 4, "CMYKA": 5, "XYZA": 4, "YCbCrA": 4}


class Space(NamedTuple):
    """A colour space as Krita names it."""

    model: str
    depth: str
    profile: str

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a pixel; 0 for a kind of space that is not known here."""
        return CHANNELS.get(self.model, 0) * VALUE_BYTES.get(self.depth, 0)

    @property
    def is_float(self) -> bool:
        """Whether values are floating-point numbers."""
        return self.depth in ("F16", "F32")


SRGB_PROFILE = "sRGB-elle-V2-srgbtrc.icc"
"""Krita's own sRGB profile, in every Krita; sRGB on the wire."""

SRGB_8 = Space("RGBA", "U8", SRGB_PROFILE)
"""What hint layers are made in and hints travel in."""

WIRE_DTYPE = {"U8": "u8", "U16": "u16", "F16": "f16", "F32": "f32"}


def wire_layout(depth: str) -> str:
    """The order in which Krita keeps RGBA pixels of a depth."""
    return "RGBA" if depth in ("F16", "F32") else "BGRA"


def space_of(node: Any) -> Space:
    """The space of a layer's pixels."""
    return Space(node.colorModel(), node.colorDepth(), node.colorProfile())


def space_of_document(document: Any) -> Space:
    """The space in which a document makes new layers."""
    return Space(document.colorModel(), document.colorDepth(), document.colorProfile())


def wire_space(space: Space) -> Space:
    """The sRGB space that holds the pixels of a space best: ink needs no floats."""
    depth = "F32" if space.is_float and space.model != "CMYKA" else "U16"
    return Space("RGBA", depth, SRGB_PROFILE)


class NoSpace(ClientError):
    """Krita cannot make the colour space that is needed."""


def _document(space: Space, size: int) -> Any:
    """A document that nobody sees, with the profile of that very name."""
    document = Krita.instance().createDocument(size, size, "Handtint", *space, 72.0)
    if document is None:
        raise NoSpace(
            _("Krita cannot convert from or to %(model)s %(depth)s.")
            % {"model": space.model, "depth": space.depth}
        )
    document.setBatchmode(True)
    if document.colorProfile() != space.profile:
        _close(document)
        raise NoSpace(_("The color profile %s is not installed in Krita.") % space.profile)
    return document


def _close(document: Any) -> None:
    document.setModified(False)
    document.close()


KEEP_MS = 3000
"""How long the scratch document stays after its last use."""

_ENOUGH = 64 << 20
"""Bytes of undo data after which the scratch document is replaced."""


class _Scratch:
    """The document that nobody sees, in which all conversions happen.

    To make a document and to close it holds the window up by 10 to 60 ms each, so it is shared.
    Every conversion leaves its undo data in it; therefore it is replaced now and then, and goes
    some time after its last use.
    """

    def __init__(self) -> None:
        self._document: Any = None
        self._used = 0
        self._uses = 0
        self.prepared: set[tuple[Space, Space]] = set()

    @property
    def is_there(self) -> bool:
        """Whether the next conversion needs no new document."""
        return self._document is not None and self._used <= _ENOUGH

    def make(self) -> None:
        """Make it anew."""
        self.close()
        self._document = _document(SRGB_8, 16)

    def layer(self, space: Space, nbytes: int) -> Any:
        """A layer of a space, for so many bytes.  Raises NoSpace."""
        if not self.is_there:
            self.make()
        self._used += nbytes
        self._uses += 1
        QtCore.QTimer.singleShot(KEEP_MS, safely(lambda uses=self._uses: self._close_after(uses)))
        node = self._document.createNode("pixels", "paintlayer")
        if space_of(node) != space:
            node.setColorSpace(*space)
        if space_of(node) != space:
            raise NoSpace(
                _("Krita cannot convert from %(model)s %(depth)s with the profile %(profile)s.")
                % {"model": space.model, "depth": space.depth, "profile": space.profile}
            )
        return node

    def _close_after(self, uses: int) -> None:
        if uses == self._uses:
            self.close()

    def close(self) -> None:
        """Give it back."""
        if self._document is not None:
            _close(self._document)
        self._document = None
        self._used = 0
        self.prepared.clear()


SCRATCH = _Scratch()


class Converter:
    """Converts pixels, by layers of the scratch document.

    Krita's scripting has no call to convert pixels, but layers can be converted.
    """

    def __init__(self, source: Space, target: Space) -> None:
        self.source, self.target = source, target

    def flow(
        self, pixels: bytes, width: int, height: int, pace: Pace
    ) -> Generator[Any, Any, bytes]:
        """As `convert`, with turns of the event loop between what takes long."""
        pair = (self.source, self.target)
        if self.source != self.target:
            if not SCRATCH.is_there:
                SCRATCH.make()
                yield Tick()
            if pair not in SCRATCH.prepared:
                self.convert(bytes(self.source.pixel_bytes), 1, 1)  # Krita prepares for all others
                SCRATCH.prepared.add(pair)
                yield Tick()
        with pace.measure(height):
            converted = self.convert(pixels, width, height)
        return converted

    def convert(self, pixels: bytes, width: int, height: int) -> bytes:
        """Packed rows from the source's space to the target's.  Raises NoSpace."""
        if self.source == self.target:
            return bytes(pixels)
        node = SCRATCH.layer(self.source, len(pixels))
        node.setPixelData(QtCore.QByteArray(bytes(pixels)), 0, 0, width, height)
        node.setColorSpace(*self.target)
        converted = bytes(node.pixelData(0, 0, width, height))
        if len(converted) != width * height * self.target.pixel_bytes:
            raise NoSpace(
                _("Krita cannot convert from %(source)s to %(target)s.")
                % {"source": self.source.model, "target": self.target.model}
            )
        return converted


def new_layer(name: str, space: Space) -> Any:
    """A layer in a space of its own, to be added to any document.  Raises NoSpace."""
    document = _document(space, 16)
    node = document.createNode(name, "paintlayer")
    _close(document)
    return node


_profiles: dict[Space, bytes | None] = {}


def profile_bytes(space: Space) -> bytes | None:
    """The ICC profile of a space, or None if Krita does not give it.

    Scripts cannot ask for a profile's bytes, but a saved document holds them.
    """
    if space not in _profiles:
        _profiles[space] = _read_profile(space)
    return _profiles[space]


def _read_profile(space: Space) -> bytes | None:
    folder = tempfile.mkdtemp(prefix="handtint-")
    try:
        document = _document(space, 1)
        try:
            path = os.path.join(folder, "profile.kra")
            if not document.exportImage(path, InfoObject()):
                return None
        finally:
            _close(document)
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("annotations/icc"):
                    return archive.read(name)
        return None
    except (NoSpace, OSError, zipfile.BadZipFile):
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
