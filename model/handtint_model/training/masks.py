"""Photos whose objects people have outlined: what a stroke should fill.

A shard or folder holds ``NAME.avif`` (or another photo) and ``NAME.png``, its label map: uint8, of
the same size.  Cells of one number are one object; 255 is nobody's.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BadImage
from ..network import STRIDE
from .photos import SUFFIXES, PhotoRef, decode, random_box

NOBODY = 255
"""The label of pixels that belong to no object and are not looked at."""

ZERO_IS_AN_OBJECT = frozenset({"bsds", "camvid", "football"})
"""Sources in which label 0 is an object like any other; elsewhere it is what nobody outlined."""

ONE_KIND = ZERO_IS_AN_OBJECT | {"ccp", "faces", "faces-pose", "food"}
"""Sources whose objects are of one kind each: a garment, a region.  In others a mask holds several
(a whole person, a car), and only its part of like color is the stroke's object."""

LIKED = {"bsds": 2.5, "ccp": 2.0, "coco": 1.5, "coco-person": 0.6, "carparts": 0.6,
         "facade": 0.5, "cats-train": 0.4}  # fmt: skip
"""Factors on how often a source is drawn, beside the square root of its size: many kinds of objects
are worth more than many photos of one kind."""


@dataclass(frozen=True)
class MaskRef:
    """A photo and its label map."""

    photo: PhotoRef
    labels: PhotoRef


@dataclass(frozen=True, eq=False)
class MaskedCrop:
    """A random square of a photo, and the labels of its cells."""

    rgb: NDArray[np.uint8]  # (S, S, 3)
    labels: NDArray[np.uint8]  # (S / 4, S / 4)
    source: str

    def objects(self, share: tuple[float, float] = (0.01, 0.6)) -> list[int]:
        """The labels of objects that cover this share of the square."""
        least, most = share
        numbers, counts = np.unique(self.labels, return_counts=True)
        return [
            int(n)
            for n, count in zip(numbers, counts)
            if n != NOBODY
            and (n != 0 or self.source in ZERO_IS_AN_OBJECT)
            and least < count / self.labels.size < most
        ]


def index_masks(paths: Iterable[Path | str]) -> dict[str, list[MaskRef]]:
    """Photos with label maps by source (a shard's name without its number, or a folder).

    Raises BadImage for a path that holds none.
    """
    sources: dict[str, list[MaskRef]] = {}
    for path in map(Path, paths):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        found = 0
        for file in files:
            if file.suffix == ".tar":
                parts = file.stem.rsplit("-", 1)
                source = parts[0] if parts[-1].isdigit() else file.stem
                pairs = _pairs(_members(file))
            elif file.suffix.lower() in SUFFIXES - {".png"} and file.is_file():
                source = file.parent.name
                label = PhotoRef(str(file.with_suffix(".png")), file.with_suffix(".png").name)
                exists = file.with_suffix(".png").is_file()
                pairs = [MaskRef(PhotoRef(str(file), file.name), label)] if exists else []
            else:
                continue
            sources.setdefault(source, []).extend(pairs)
            found += len(pairs)
        if not found:
            raise BadImage(f"{path} holds no photos with label maps (NAME.avif and NAME.png).")
    return dict(sorted(sources.items()))


def _members(path: Path) -> list[PhotoRef]:
    try:
        with tarfile.open(path) as tar:
            return [PhotoRef(str(path), m.name, m.offset_data, m.size) for m in tar if m.isfile()]
    except (tarfile.TarError, OSError) as error:
        raise BadImage(f"the shard {path} cannot be read: {error}.") from error


def _pairs(members: list[PhotoRef]) -> list[MaskRef]:
    labels = {str(Path(m.name).with_suffix("")): m for m in members if m.name.endswith(".png")}
    return [
        MaskRef(m, labels[key])
        for m in members
        if not m.name.endswith(".png") and (key := str(Path(m.name).with_suffix(""))) in labels
    ]


class MaskSampler:
    """Draws masked crop ``number`` of the stream that ``seed`` defines."""

    def __init__(self, sources: dict[str, list[MaskRef]], seed: int) -> None:
        self.names, self.refs, self.seed = list(sources), list(sources.values()), seed
        weights = np.array(
            [len(r) ** 0.5 * LIKED.get(n, 1.0) for n, r in sources.items()], np.float64
        )
        self.weights = weights / weights.sum()

    def draw(self, number: int, size: int, share: tuple[float, float] = (0.5, 1.0)) -> MaskedCrop:
        """A square of ``share`` of the largest one that fits, with an object in it, flipped half
        of the time; size: its side in pixels.  Raises BadImage if a thousand had none."""
        rng = np.random.default_rng((self.seed, 2, number))
        for _ in range(1000):
            source = int(rng.choice(len(self.weights), p=self.weights))
            ref = self.refs[source][int(rng.integers(len(self.refs[source])))]
            rgb = decode(ref.photo.read())
            with Image.open(io.BytesIO(ref.labels.read()), formats=("PNG",)) as image:
                labels = image.convert("L") if image.mode != "P" else image.copy()
            left, top, side = random_box(rng, rgb.shape[0], rgb.shape[1], share)
            box = (left, top, left + side, top + side)
            crop = np.asarray(
                Image.fromarray(rgb).resize((size, size), Image.Resampling.BICUBIC, box)
            )
            cells = size // STRIDE
            small = np.asarray(labels.resize((cells, cells), Image.Resampling.NEAREST, box))
            if rng.random() < 0.5:
                crop, small = crop[:, ::-1], small[:, ::-1]
            masked = MaskedCrop(crop, small, self.names[source])
            if masked.objects():
                return masked
        raise BadImage("a thousand photos in a row had no object of a fitting size.")
