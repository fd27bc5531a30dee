"""Show how far a hint reaches: how much each cell trusts one chosen hint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..colorizer import Colorizer
from ..encoded_photo import EncodedPhoto
from ..errors import BadOption
from ..hints.mixture import HintCells, mixture
from ..luminance import luminance_of
from ..types import Hints
from .contact_sheet import contact_sheet, mark_hints
from .photos import PhotoFile

Array = NDArray[Any]

_COLOR = (224, 96, 32)  # orange: seldom what is there already, so that its reach shows
_RADIUS = 4


@torch.inference_mode()
def trust_in_hint(colorizer: Colorizer, photo: EncodedPhoto, place: tuple[int, int]) -> Array:
    """How much each cell trusts a single full hint at pixel (x, y): (h, w) float32, 0..1.

    0: the cell keeps its automatic colour. 1: it takes the hint's.
    """
    height, width = photo.shape
    x, y = place
    if not (0 <= x < width and 0 <= y < height):
        raise BadOption(f"the place {x},{y} lies outside a photo of {width} x {height} pixels.")
    column, row = photo.geometry.cell_of(np.array([x]), np.array([y]))
    rows, columns = photo.geometry.cells
    device = colorizer.torch_device
    index = torch.as_tensor(row * columns + column, device=device).reshape(1, 1).long()
    cells = HintCells(index, torch.ones(1, 1, device=device), torch.zeros(0, device=device))
    network = colorizer.network
    heads = photo.heads
    found = mixture(heads.embedding, heads.gate, cells, network.log_sigma, network.log_gamma)
    return np.asarray(found.trust[0].cpu().numpy().reshape(rows, columns))


def trust_sheet(
    colorizer: Colorizer, photos: Sequence[PhotoFile], place: tuple[int, int]
) -> Image.Image:
    """A row per photo: gray with the place, trust, automatic, with an orange hint, truth.

    place: (x, y) in pixels of each photo.
    """
    rows = []
    for file in photos:
        truth = file.read()
        photo = colorizer.encode(luminance_of(truth))
        trust = trust_in_hint(colorizer, photo, place)
        y, x = np.ogrid[: truth.shape[0], : truth.shape[1]]
        painted = np.hypot(x - place[0], y - place[1]) <= _RADIUS
        hint = Hints.from_points([(*place, _COLOR)], radius=_RADIUS)
        size = truth.shape[1], truth.shape[0]
        enlarged = Image.fromarray(trust).resize(size, Image.Resampling.NEAREST)
        rows.append(
            [
                mark_hints(photo.luminance, painted),
                np.asarray(enlarged),
                colorizer.colorize(photo),
                colorizer.colorize(photo, hint),
                truth,
            ]
        )
    columns = ("place", "trust", "automatic", "with an orange hint", "truth")
    return contact_sheet(rows, columns=columns, names=[file.name for file in photos], height=256)
