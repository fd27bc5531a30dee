"""Training photos: an index of tar shards and folders, random access, random crops.

A sample depends only on (seed, number). So a run that was killed and resumed sees the same photos
as one that was not. Shuffling is complete: every draw picks a source, then one of its photos.
"""

from __future__ import annotations

import io
import signal
import tarfile
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ..color.torch_conversions import rgb_to_lab
from ..errors import BadImage
from ..evaluation.metrics import colorfulness
from .color_cast import estimate_cast, remove_cast
from .config import Stage, TrainConfig

SUFFIXES = {".avif", ".webp", ".jpg", ".jpeg", ".png"}
Image.MAX_IMAGE_PIXELS = 200_000_000


@dataclass(frozen=True)
class PhotoRef:
    """Where the bytes of a photo are: a file, or a part of a tar shard."""

    path: str
    name: str
    offset: int = 0
    size: int = -1

    def read(self) -> bytes:
        """The encoded bytes."""
        with Path(self.path).open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def _in_tar(path: Path) -> list[PhotoRef]:
    with tarfile.open(path) as tar:
        return [
            PhotoRef(str(path), member.name, member.offset_data, member.size)
            for member in tar
            if member.isfile() and Path(member.name).suffix.lower() in SUFFIXES
        ]


def index_photos(paths: Iterable[Path | str]) -> dict[str, list[PhotoRef]]:
    """Photos by source, in a stable order.

    A source is a shard's name without its number (``cats-003.tar`` is of ``cats``) or a
    folder that holds photos.  Raises BadImage for a path with none.
    """
    sources: dict[str, list[PhotoRef]] = {}
    for path in map(Path, paths):
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file())
        elif path.is_file():
            files = [path]
        else:
            raise BadImage(f"there is no file or folder {path}.")
        found = 0
        for file in files:
            if file.suffix == ".tar":
                try:
                    refs = _in_tar(file)
                except (tarfile.TarError, OSError) as error:
                    raise BadImage(f"the shard {file} cannot be read: {error}.") from error
                name = file.stem.rsplit("-", 1)
                source = name[0] if len(name) == 2 and name[1].isdigit() else file.stem
            elif file.suffix.lower() in SUFFIXES:
                refs, source = [PhotoRef(str(file), file.name)], file.parent.name
            else:
                continue
            sources.setdefault(source, []).extend(refs)
            found += len(refs)
        if not found:
            raise BadImage(f"{path} holds no photos (tar shards, avif, webp, jpeg or png).")
    return dict(sorted(sources.items()))


def decode(data: bytes) -> NDArray[np.uint8]:
    """Encoded photo to (H, W, 3) uint8 sRGB; raises BadImage for a broken one."""
    try:
        with Image.open(io.BytesIO(data), formats=("AVIF", "WEBP", "JPEG", "PNG")) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadImage(f"a photo cannot be decoded: {error}") from error


def mean_chroma(rgb: NDArray[np.uint8]) -> float:
    """Mean chroma of Lab over a thumbnail: about 0 for a gray photo."""
    step = max(1, min(rgb.shape[:2]) // 48)
    small = torch.from_numpy(rgb[::step, ::step].copy()).permute(2, 0, 1).float() / 255.0
    return float(rgb_to_lab(small)[1:].square().sum(0).sqrt().mean())


def load_photo(ref: PhotoRef, config: TrainConfig) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 sRGB; None for a photo that is broken, tiny or grayish.

    Removes a certain colour cast first (`color_cast`), if the configuration says so.
    """
    try:
        rgb = decode(ref.read())
    except (BadImage, OSError):
        return None
    if min(rgb.shape[:2]) < 32:
        return None
    if config.correct_cast and (cast := estimate_cast(rgb)) is not None:
        rgb = remove_cast(rgb, cast)
    usable = mean_chroma(rgb) >= config.min_chroma and (
        config.min_colorfulness <= 0.0 or colorfulness(rgb) >= config.min_colorfulness
    )
    return rgb if usable else None


def random_box(
    rng: np.random.Generator, height: int, width: int, area: tuple[float, float]
) -> tuple[float, float, float]:
    """A random square (left, top, side), in pixels.

    Its area, as a share of the largest square that fits, is drawn uniformly from ``area``.
    """
    side = min(height, width) * float(np.sqrt(rng.uniform(*area)))
    return float(rng.uniform(0, width - side)), float(rng.uniform(0, height - side)), side


class PhotoSampler:
    """Draws photo ``number`` of the stream that ``config.seed`` defines."""

    def __init__(self, sources: dict[str, list[PhotoRef]], config: TrainConfig) -> None:
        self.photos = list(sources.values())
        weights = np.array([len(p) for p in self.photos], np.float64) ** config.balance
        self.weights = weights / weights.sum()
        self.config = config
        self.skipped: set[str] = set()  # broken or gray
        self._cache: OrderedDict[tuple[int, int], NDArray[np.uint8]] = OrderedDict()
        self._cached = 0

    def _load(self, source: int, place: int) -> NDArray[np.uint8] | None:
        key = source, place
        if key in self._cache:
            return self._cache[key]
        ref = self.photos[source][place]
        if f"{ref.path}/{ref.name}" in self.skipped:
            return None
        rgb = load_photo(ref, self.config)
        if rgb is None:
            self.skipped.add(f"{ref.path}/{ref.name}")
            return None
        if self._cached + rgb.nbytes <= self.config.cache_gb * 1e9:
            self._cache[key] = rgb
            self._cached += rgb.nbytes
        return rgb

    def draw(self, number: int, stage: Stage) -> NDArray[np.uint8]:
        """(crop, crop, 3) uint8: a random crop of the stage's size, flipped half of the time."""
        crop, scale = stage.crop, stage.scale or self.config.scale
        rng = np.random.default_rng((self.config.seed, number))
        for _ in range(1000):
            source = int(rng.choice(len(self.weights), p=self.weights))
            rgb = self._load(source, int(rng.integers(len(self.photos[source]))))
            if rgb is None or min(rgb.shape[:2]) < self.config.least_side * crop:
                continue
            left, top, side = random_box(rng, rgb.shape[0], rgb.shape[1], scale)
            image = Image.fromarray(rgb).resize(
                (crop, crop), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
            )
            out = np.asarray(image)
            return out[:, ::-1] if rng.random() < 0.5 else out
        raise BadImage("a thousand photos in a row were broken, gray or smaller than the crop.")


class _Stream(IterableDataset[Any]):
    def __init__(
        self, sampler: PhotoSampler, stage: Stage, first: int, rank: int, size: int
    ) -> None:
        self.sampler, self.stage, self.first = sampler, stage, first
        self.rank, self.size = rank, size

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], int]]:
        worker = get_worker_info()
        number, jump = (worker.id, worker.num_workers) if worker else (0, 1)
        batch = self.stage.batch
        # Workers take whole batches in turn, which is the order that DataLoader asks for.
        while True:
            start = self.first + (number * self.size + self.rank) * batch
            crops = [self.sampler.draw(start + i, self.stage) for i in range(batch)]
            yield np.stack(crops), len(self.sampler.skipped)
            number += jump


def _ignore_stop(_: int) -> None:
    """Signals to the whole process group are answered by the loop alone, with a checkpoint."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def host_batches(
    sampler: PhotoSampler, stage: Stage, first: int, rank: int = 0, size: int = 1
) -> Generator[tuple[torch.Tensor, int], None, None]:
    """Endless batches (B, crop, crop, 3) uint8 from photo number ``first`` on.

    Worker processes decode and crop.  The second value counts the broken or gray photos that the
    worker has skipped so far.  If ``size`` processes train together, each takes every ``size``-th
    batch, beginning with batch ``rank``.
    """
    workers = sampler.config.workers
    loader: DataLoader[Any] = DataLoader(
        _Stream(sampler, stage, first, rank, size),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        persistent_workers=False,
        worker_init_fn=_ignore_stop,
    )
    for crops, skipped in loader:
        yield torch.as_tensor(crops), int(skipped)
