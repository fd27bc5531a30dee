"""Photos seen before: encoded once, kept by content, bounded in bytes.

An entry is a photo at one render size: its planes and what the network found in it
(`EncodedPhoto`), nothing else.  The id is a keyed hash of the pixels, so that it tells
nothing, and the key is the process's own.
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

from ..model import Cancelled

if TYPE_CHECKING:
    from ..decode.photo import Source
    from .out_of_memory import Encoding

_LEAF = 4 << 20


class Fingerprint:
    """Makes ids from pixels: a two-level BLAKE2b, its leaves hashed in parallel."""

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
class Entry:
    """A photo at one render size, encoded by the engine of one device."""

    source: Source
    made: Encoding
    engine: int

    @property
    def nbytes(self) -> int:
        """Bytes it holds now.  The luminance counts once: `EncodedPhoto.nbytes` has it.

        They grow while the photo is worked on: what depends on it alone is kept with it.
        """
        alpha = self.source.alpha
        return self.made.encoded.nbytes + (0 if alpha is None else int(alpha.nbytes))


@dataclass(eq=False)
class Flight:
    """An encoding that is under way; the others who want the same photo wait for it."""

    landed: threading.Event = field(default_factory=threading.Event)
    entry: Entry | None = None
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
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._weights: dict[Key, int] = {}  # bytes of each entry, as counted in _bytes
        self._flights: dict[Key, Flight] = {}

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._entries)

    def find_source(self, image_id: str) -> Source | None:
        """The planes of a photo, encoded at whatever render size."""
        with self._lock:
            for key, entry in reversed(self._entries.items()):
                if key[0] == image_id:
                    return entry.source
        return None

    def get(self, key: Key) -> Entry | None:
        """The entry, which becomes the most recently used."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
                self.hits += 1
            return entry

    def join(self, key: Key) -> tuple[Flight | None, bool, Entry | None]:
        """Take part in making an entry: (flight, whether the caller has to fly it, entry)."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
                self.hits += 1
                return None, False, entry
            flight = self._flights.get(key)
            if flight is not None:
                self.hits += 1
                return flight, False, None
            flight = self._flights[key] = Flight()
            self.misses += 1
            return flight, True, None

    def land(self, key: Key, entry: Entry | None, error: BaseException | None = None) -> None:
        """End a flight with an entry or an error; does nothing if it has ended."""
        with self._lock:
            flight = self._flights.pop(key, None)
            if flight is None:
                return
            flight.entry, flight.error = entry, error
            if entry is not None:
                self._store(key, entry)
        flight.landed.set()

    def weigh(self, key: Key, entry: Entry) -> None:
        """Count an entry's bytes anew after work on it; what is too much is dropped."""
        with self._lock:
            if self._entries.get(key) is entry:
                self._store(key, entry)

    def replace(self, key: Key, old: Entry, new: Entry) -> None:
        """Put a new entry in an old one's place, if that still has it."""
        with self._lock:
            if self._entries.get(key) is old:
                self._store(key, new)

    def _store(self, key: Key, entry: Entry) -> None:
        self._drop(key)
        weight = entry.nbytes
        if weight > self.limit:
            return
        self._entries[key] = entry
        self._weights[key] = weight
        self._bytes += weight
        while self._bytes > self.limit:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        if self._entries.pop(key, None) is not None:
            self._bytes -= self._weights.pop(key)

    def clear(self) -> None:
        """Drop all entries."""
        with self._lock:
            self._entries.clear()
            self._weights.clear()
            self._bytes = 0

    def drop_engine(self, engine: int) -> None:
        """Drop what one engine has encoded."""
        with self._lock:
            for key, entry in list(self._entries.items()):
                if entry.engine == engine:
                    self._drop(key)


def wait_for(flight: Flight, check: Callable[[], Any]) -> Entry | None:
    """Wait for another request's encoding; None if that one was cancelled.

    check: called often; raises to stop waiting.
    """
    while not flight.landed.wait(0.05):
        check()
    if isinstance(flight.error, Cancelled):
        return None
    if flight.error is not None:
        raise flight.error
    return flight.entry
