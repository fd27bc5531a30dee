"""Photos seen before: encoded once, kept by content, bounded in bytes.

An entry is a photo at one render size: its planes and its `EncodedPhoto`.  The image id is a
keyed hash of the pixels; the key is the process's own, so that an id says nothing about a photo.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..http.problem import Problem
from ..model import Cancelled

if TYPE_CHECKING:
    from ..decode.photo import PhotoSource
    from .out_of_memory import EncodingResult

_LEAF = 4 << 20


class Fingerprint:
    """Makes image ids from pixels: a two-level BLAKE2b whose leaves are hashed in parallel."""

    def __init__(self, server_name: str = "") -> None:
        self._key = secrets.token_bytes(32)
        self._prefix = f"{server_name}." if server_name else ""
        self._pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "handtint-hash")

    def image_id(self, description: str, planes: list[Any]) -> str:
        """An id for planes of the given description (size, dtype, layout)."""
        root = hashlib.blake2b(description.encode(), key=self._key, digest_size=18)
        leaves: list[memoryview] = []
        for plane in planes:
            view = memoryview(plane).cast("B")
            root.update(len(view).to_bytes(8, "little"))
            leaves += [view[i : i + _LEAF] for i in range(0, len(view), _LEAF)]
        few = len(leaves) < 2
        digests = map(self._leaf, leaves) if few else self._pool.map(self._leaf, leaves)
        for digest in digests:
            root.update(digest)
        return self._prefix + root.hexdigest()

    def _leaf(self, data: memoryview) -> bytes:
        return hashlib.blake2b(data, key=self._key).digest()

    def close(self) -> None:
        """End the hashing threads."""
        self._pool.shutdown(wait=True)


@dataclass(frozen=True, eq=False)
class CachedPhoto:
    """A photo at one render size, encoded by the engine of one device."""

    source: PhotoSource
    result: EncodingResult
    engine: int

    @property
    def nbytes(self) -> int:
        """Bytes held now.  They grow while the photo is worked on, as `EncodedPhoto` keeps more.

        `EncodedPhoto.nbytes` counts the luminance, which is the source's.
        """
        alpha, meta = self.source.alpha, self.source.meta
        planes = self.result.encoded.nbytes + (0 if alpha is None else int(alpha.nbytes))
        return planes + meta.nbytes


@dataclass(eq=False)
class PendingEncoding:
    """An encoding that is under way; other requests for the same photo wait for it."""

    ended: threading.Event = field(default_factory=threading.Event)
    photo: CachedPhoto | None = None
    error: BaseException | None = None


Key = tuple[str, int]  # image id, render size


class PhotoCache:
    """LRU by bytes, with one encoding at a time for each key.  Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.hits = 0
        self.misses = 0
        self._bytes = 0
        self._lock = threading.Lock()
        self._photos: OrderedDict[Key, CachedPhoto] = OrderedDict()
        self._sizes: dict[Key, int] = {}  # bytes of each photo, as counted in _bytes
        self._pending: dict[Key, PendingEncoding] = {}

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._photos)

    def find_source(self, image_id: str) -> PhotoSource | None:
        """The planes of a photo, encoded at whatever render size."""
        with self._lock:
            for key, photo in reversed(self._photos.items()):
                if key[0] == image_id:
                    return photo.source
        return None

    def find_or_begin(self, key: Key) -> tuple[CachedPhoto | None, PendingEncoding | None, bool]:
        """(photo, None, False) if it is cached, else (None, encoding, whether it is the caller's).

        Who gets true must encode the photo and `finish` that encoding, whatever happens; the others
        `wait_for` the encoding.
        """
        with self._lock:
            photo = self._photos.get(key)
            if photo is not None:
                self._photos.move_to_end(key)
                self.hits += 1
                return photo, None, False
            pending = self._pending.get(key)
            if pending is not None:
                self.hits += 1
                return None, pending, False
            pending = self._pending[key] = PendingEncoding()
            self.misses += 1
            return None, pending, True

    def finish(
        self,
        key: Key,
        pending: PendingEncoding,
        photo: CachedPhoto | None,
        error: BaseException | None = None,
    ) -> None:
        """End an encoding with a photo or an error; does nothing if it has ended.

        A photo that was not kept may be encoded anew by then: that is another encoding.
        """
        with self._lock:
            if self._pending.get(key) is not pending:
                return
            del self._pending[key]
            pending.photo, pending.error = photo, error
            if photo is not None:
                self._store(key, photo)
        pending.ended.set()

    def measure_again(self, key: Key, photo: CachedPhoto) -> None:
        """Count a photo's bytes again after work on it; drops what is over the limit."""
        with self._lock:
            if self._photos.get(key) is photo:
                self._store(key, photo)

    def replace(self, key: Key, old: CachedPhoto, new: CachedPhoto) -> None:
        """Put `new` in the place of `old`, if that is still cached."""
        with self._lock:
            if self._photos.get(key) is old:
                self._store(key, new)

    def _store(self, key: Key, photo: CachedPhoto) -> None:
        self._drop(key)
        size = photo.nbytes
        if size > self.limit:
            return
        self._photos[key] = photo
        self._sizes[key] = size
        self._bytes += size
        while self._bytes > self.limit:
            self._drop(next(iter(self._photos)))

    def _drop(self, key: Key) -> None:
        if self._photos.pop(key, None) is not None:
            self._bytes -= self._sizes.pop(key)

    def clear(self) -> None:
        """Drop all photos."""
        with self._lock:
            self._photos.clear()
            self._sizes.clear()
            self._bytes = 0

    def drop_engine(self, engine: int) -> None:
        """Drop what one engine has encoded."""
        with self._lock:
            for key, photo in list(self._photos.items()):
                if photo.engine == engine:
                    self._drop(key)


def wait_for(pending: PendingEncoding, check: Callable[[], Any]) -> CachedPhoto | None:
    """Wait for another request's encoding; None if that request was cancelled or too slow.

    check: called often; raises to stop waiting.
    """
    while not pending.ended.wait(0.05):
        check()
    error = pending.error
    if isinstance(error, Cancelled) or (isinstance(error, Problem) and error.code == "timed_out"):
        return None
    if error is not None:
        raise error
    return pending.photo
