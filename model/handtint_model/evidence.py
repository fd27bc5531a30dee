"""Painted pixels to hinted cells: pooling and merging.

A cell's mass is strength * sum(alpha^2) / sum(alpha) over its painted pixels, so that a
thin stroke counts as much as a wide one and a faint brush as faint; its colour is the
alpha-weighted mean ab.  A cell that holds clearly different colours brings several hints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .colour import rgb_to_lab
from .geometry import Geometry
from .types import HintPatch, Hints

COLOUR_BUCKET = 16.0
"""Colours of one cell that differ by more than about this are hints of their own."""

MOST_CELLS = 384
"""Above so many hinted cells, neighbours of like colour and embedding are merged."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Hinted cells of one photo."""

    number: NDArray[np.int64]  # (K,) number of the cell, row by row
    mass: NDArray[np.float32]  # (K,) 0..1
    ab: NDArray[np.float32]  # (K, 2)


def patch_ab(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 4) or (N, 3) uint8 sRGB to (N, 2) float32 ab; each distinct colour is computed once."""
    code = rgba[:, 0].astype(np.uint32) << 16 | rgba[:, 1].astype(np.uint32) << 8 | rgba[:, 2]
    if code.size and (code == code[0]).all():
        return np.broadcast_to(_codes_to_ab(code[:1]), (code.size, 2))
    distinct, inverse = np.unique(code, return_inverse=True)
    return _codes_to_ab(distinct)[inverse]


def _codes_to_ab(code: NDArray[Any]) -> NDArray[np.float32]:
    rgb = np.stack([code >> 16, code >> 8 & 255, code & 255]).astype(np.float64) / 255.0
    lab = rgb_to_lab(torch.from_numpy(rgb[:, :, None]))
    return lab[1:, :, 0].T.numpy().astype(np.float32)


def flatten(hints: Hints, height: int, width: int) -> list[HintPatch]:
    """Patches cut to the photo, overlapping ones painted together, later ones on top."""
    patches: list[HintPatch] = []
    for patch in hints.patches:
        cut = _cut(patch, height, width)
        if cut is None:
            continue
        below = [p for p in patches if _overlap(p, cut)]
        while below:
            patches = [p for p in patches if not any(p is q for q in below)]
            cut = _composite([*below, cut])
            below = [p for p in patches if _overlap(p, cut)]
        patches.append(cut)
    return patches


def _cut(patch: HintPatch, height: int, width: int) -> HintPatch | None:
    h, w = patch.rgba.shape[:2]
    left, top = max(0, -patch.x), max(0, -patch.y)
    right, bottom = min(w, width - patch.x), min(h, height - patch.y)
    if left >= right or top >= bottom or not patch.rgba[top:bottom, left:right, 3].any():
        return None
    return HintPatch(patch.rgba[top:bottom, left:right], patch.x + left, patch.y + top)


def _overlap(p: HintPatch, q: HintPatch) -> bool:
    return bool(
        p.x < q.x + q.rgba.shape[1]
        and q.x < p.x + p.rgba.shape[1]
        and p.y < q.y + q.rgba.shape[0]
        and q.y < p.y + p.rgba.shape[0]
    )


def _composite(patches: list[HintPatch]) -> HintPatch:
    """Paint patches over each other, straight alpha (Porter and Duff 1984, "over")."""
    x0, y0 = min(p.x for p in patches), min(p.y for p in patches)
    x1 = max(p.x + p.rgba.shape[1] for p in patches)
    y1 = max(p.y + p.rgba.shape[0] for p in patches)
    out = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
    for patch in patches:
        h, w = patch.rgba.shape[:2]
        place = out[patch.y - y0 : patch.y - y0 + h, patch.x - x0 : patch.x - x0 + w]
        top = patch.rgba[..., 3:].astype(np.float32) / 255.0
        under = place[..., 3:].astype(np.float32) / 255.0 * (1.0 - top)
        alpha = top + under
        # A fully opaque or an only pixel keeps its colour code exactly.
        share = np.divide(top, alpha, out=np.zeros_like(alpha), where=alpha > 0)
        colour = patch.rgba[..., :3] * share + place[..., :3] * (1.0 - share)
        place[..., :3] = np.rint(colour)
        place[..., 3:] = np.rint(alpha * 255.0)
    return HintPatch(out, x0, y0)


def pool(patches: list[HintPatch], geometry: Geometry, strength: float) -> Evidence:
    """Hinted cells of painted patches that lie in the photo and do not overlap."""
    keys, alphas, colours = [], [], []
    for patch in patches:
        y, x = np.nonzero(patch.rgba[..., 3])
        pixels = patch.rgba[y, x]
        column, row = geometry.cell_of(x + patch.x, y + patch.y)
        ab = patch_ab(pixels)
        bucket = np.floor((ab + 128.0) / COLOUR_BUCKET).astype(np.int64).clip(0, 15)
        cell = row * geometry.cells[1] + column
        keys.append((cell * 16 + bucket[:, 0]) * 16 + bucket[:, 1])
        alphas.append(pixels[:, 3].astype(np.float64) / 255.0)
        colours.append(ab)
    if not keys or strength <= 0.0:
        return Evidence(
            np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 2), np.float32)
        )
    alpha = np.concatenate(alphas)
    distinct, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    ab = np.concatenate(colours)
    total = np.bincount(inverse, alpha)
    square = np.bincount(inverse, alpha**2)
    mean = np.stack([np.bincount(inverse, alpha * ab[:, c]) / total for c in (0, 1)], axis=1)
    return Evidence(
        distinct // 256,
        (strength * square / total).astype(np.float32),
        mean.astype(np.float32),
    )


def merge(evidence: Evidence, embedding: NDArray[np.float32], columns: int) -> Evidence:
    """Merge neighbours of like colour and embedding until at most 384 hints remain.

    embedding: (C, N), per cell.  A merged hint stands at the member that is nearest to the
    members' mean embedding and keeps the largest mass and the mean colour.
    """
    block, colour_step = 2, 6.0
    merged = evidence
    while merged.number.size > MOST_CELLS and block <= 4096:
        row, column = np.divmod(merged.number, columns)
        features = embedding[:, merged.number].T
        centred = features - features.mean(axis=0)
        # Two principal directions separate objects well enough inside a small block.
        _, axes = np.linalg.eigh(centred.T @ centred)  # by rising share of the variance
        kind = np.floor(centred @ axes[:, -2:] / (0.5 * np.sqrt(embedding.shape[0]) * block**0.5))
        key = np.stack(
            [
                row // block,
                column // block,
                *np.floor(merged.ab.T / colour_step),
                *kind.T,
            ],
            axis=1,
        ).astype(np.int64)
        _, group = np.unique(key, axis=0, return_inverse=True)
        group = group.reshape(-1)
        count = np.bincount(group)
        mean = np.stack([np.bincount(group, f) for f in features.T], axis=1) / count[:, None]
        gap = ((features - mean[group]) ** 2).sum(axis=1)
        order = np.lexsort((gap, group))
        first = order[np.searchsorted(group[order], np.arange(count.size))]
        mass = np.zeros(count.size, np.float32)
        np.maximum.at(mass, group, merged.mass)
        ab = np.stack([np.bincount(group, c) for c in merged.ab.T], axis=1) / count[:, None]
        merged = Evidence(merged.number[first], mass, ab.astype(np.float32))
        block, colour_step = block * 2, colour_step * 1.25
    return merged
