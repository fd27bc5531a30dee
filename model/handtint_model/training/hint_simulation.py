"""Simulated users: points, patches and strokes with the truth's colours.

Everything is in cells of the network (stride 4), for a whole batch at once, on the device that
holds the truth. A GPU processes thousands of photos a second; waiting for a single value to come
to the host would cost more than the simulation.  Each sample draws its own kind: nothing, points,
patches or strokes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

MAX_CELLS = 128
"""Largest number of hinted cells in a sample."""

MOST_HINTS = 48
LARGEST_POINT, LARGEST_PATCH = 3, 6  # cells a side
LONGEST_STROKE = 15  # steps of one cell

STROKE_TOLERANCE = 12.0
"""A stroke ends where the truth's ab is farther than this from where it began: a user
stays on one object."""

REGION_TOLERANCE = 14.0
"""An object of the truth, for altering it: connected cells whose ab is no farther than this
from where it was picked."""

REGION_SHARE = (0.02, 0.6)
"""How much of the picture an altered object may be, so that there is something inside and
outside."""

TRIES = 8


class SimulatedHints(NamedTuple):
    """The hinted cells of a batch; K cells a sample."""

    number: Tensor  # (B, K) int64
    mass: Tensor  # (B, K) float32, 0 where absent
    ab: Tensor  # (B, K, 2) float32


def _dice(rng: np.random.Generator, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(int(rng.integers(2**62)))


def _whole(values: Tensor, most: Tensor | int) -> Tensor:
    """Turn uniform numbers 0..1 into whole numbers below ``most``."""
    most = torch.as_tensor(most, device=values.device)
    return torch.minimum((values * most).long(), most - 1)


def _inside(values: Tensor, regions: Tensor) -> Tensor:
    """Random cells (B, H) of the regions (B, N) for uniform numbers (B, H); 0 if one is empty."""
    count = regions.long().cumsum(1)
    wanted = _whole(values, count[:, -1:].clamp(min=1)) + 1
    return torch.searchsorted(count, wanted).clamp(max=regions.shape[1] - 1)


class _Draw:
    """Random numbers for a batch, drawn on its device."""

    def __init__(self, rng: np.random.Generator, batch: int, device: torch.device) -> None:
        self.dice, self.batch, self.device = _dice(rng, device), batch, device

    def uniform(self, *shape: int) -> Tensor:
        """(B, *shape) numbers in 0..1."""
        return torch.rand(self.batch, *shape, generator=self.dice, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        """(B, *shape) normal numbers."""
        return torch.randn(self.batch, *shape, generator=self.dice, device=self.device)


class _Starts(NamedTuple):
    """Where the hints of a batch begin; H hints a sample."""

    present: Tensor  # (B, H) bool
    bound: Tensor  # (B, H) bool, to the altered object
    cell: Tensor  # (B, H) int64


def simulate_hints(
    rng: np.random.Generator,
    ab: Tensor,
    share_without: float,
    regions: Tensor | None = None,
) -> SimulatedHints:
    """Hints for a batch from its truth.

    ab: (B, h, w, 2), the truth per cell.  share_without: the share of samples without any.
    regions: (B, h, w) bool, the object of each sample that was altered, empty where none was;
    a sample with one always has hints, the first one to three of them on that object, half of
    the time the only ones.  A point is a square of 1 to 3 cells, a patch of up to 6; each
    brings one colour, the mean of the truth under it, and so does a stroke.  Their number is
    log-uniform in 1..48.
    """
    batch, height, width, _ = ab.shape
    if regions is None:
        regions = torch.zeros(batch, height, width, dtype=torch.bool, device=ab.device)
    draw = _Draw(rng, batch, ab.device)
    kind = draw.uniform(1)
    is_point, is_stroke = kind < 0.55, kind >= 0.7
    starts = _choose_starts(draw, regions, share_without)
    square, inside = _squares(draw, starts, is_point, regions)
    line, along = _strokes(draw, starts, ab)
    # (B, H, 36) candidate cells of every hint.
    more = square.shape[2] - LONGEST_STROKE
    cell = torch.where(is_stroke[..., None], F.pad(line, (0, more)), square)
    valid = torch.where(is_stroke[..., None], F.pad(along, (0, more)), inside)
    return _packed(ab, cell, valid & starts.present[..., None])


def _choose_starts(draw: _Draw, regions: Tensor, share_without: float) -> _Starts:
    """How many hints each sample has, and where each of them begins."""
    altered = regions.flatten(1).any(1)
    count = torch.exp(draw.uniform() * np.log(MOST_HINTS + 1)).long()
    on_region = torch.where(altered, 1 + _whole(draw.uniform(), 3), 0)
    only = draw.uniform() < 0.5
    count = torch.where(
        altered, torch.where(only, on_region, torch.maximum(count, on_region)), count
    )
    count = torch.where(~altered & (draw.uniform() < share_without), 0, count)
    order = torch.arange(MOST_HINTS, device=draw.device)
    present, bound = order < count[:, None], order < on_region[:, None]
    cell = _whole(draw.uniform(MOST_HINTS), regions.shape[1] * regions.shape[2])
    cell = torch.where(bound, _inside(draw.uniform(MOST_HINTS), regions.flatten(1)), cell)
    return _Starts(present, bound, cell)


def _squares(
    draw: _Draw, starts: _Starts, is_point: Tensor, regions: Tensor
) -> tuple[Tensor, Tensor]:
    """Cells (B, H, 36) of points and patches, and which of them count.

    Up to 6 x 6 candidates, only those of the region where the hint is bound to it.
    """
    batch, height, width = regions.shape
    row, column = starts.cell // width, starts.cell % width
    side = 1 + _whole(draw.uniform(MOST_HINTS), torch.where(is_point, LARGEST_POINT, LARGEST_PATCH))
    step = torch.arange(LARGEST_PATCH, device=draw.device)
    dy, dx = (m.flatten() for m in torch.meshgrid(step, step, indexing="ij"))
    top = torch.minimum((row - side // 2).clamp(min=0), (height - side).clamp(min=0))[..., None]
    left = torch.minimum((column - side // 2).clamp(min=0), (width - side).clamp(min=0))[..., None]
    valid = (dy < side[..., None]) & (dx < side[..., None])
    valid = valid & (top + dy < height) & (left + dx < width)
    cell = (top + dy).clamp(max=height - 1) * width + (left + dx).clamp(max=width - 1)
    in_region = regions.flatten(1).gather(1, cell.flatten(1)).view(batch, MOST_HINTS, -1)
    return cell, valid & (in_region | ~starts.bound[..., None])


def _strokes(draw: _Draw, starts: _Starts, ab: Tensor) -> tuple[Tensor, Tensor]:
    """Cells (B, H, 15) of wavering lines in steps of one cell, and which of them count.

    A line ends where the truth's colour does, where the picture does, or at its length.
    """
    height, width = ab.shape[1:3]
    row, column = starts.cell // width, starts.cell % width
    noise = draw.normal(MOST_HINTS, LONGEST_STROKE - 1)
    angle = draw.uniform(MOST_HINTS, 1) * 2 * np.pi + 0.35 * noise.cumsum(-1)
    still = torch.zeros_like(angle[..., :1])
    y = (row + draw.uniform(MOST_HINTS))[..., None]
    y = y + torch.cat([still, angle.sin().cumsum(-1)], -1)
    x = (column + draw.uniform(MOST_HINTS))[..., None]
    x = x + torch.cat([still, angle.cos().cumsum(-1)], -1)
    here = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    line = y.long().clamp(0, height - 1) * width + x.long().clamp(0, width - 1)
    flat = ab.flatten(1, 2)
    gap = _take(flat, line) - _take(flat, starts.cell)[:, :, None]
    length = 2 + _whole(draw.uniform(MOST_HINTS, 1), LONGEST_STROKE - 1)
    on = here & (gap.abs().amax(-1) <= STROKE_TOLERANCE)
    on = on & (torch.arange(LONGEST_STROKE, device=ab.device) < length)
    on = on.long().cumprod(-1).bool()
    return line, on & torch.cat([torch.ones_like(on[..., :1]), line[..., 1:] != line[..., :-1]], -1)


def _packed(ab: Tensor, cell: Tensor, valid: Tensor) -> SimulatedHints:
    """At most `MAX_CELLS` hinted cells a sample; each hint's cells have its mean colour."""
    batch, device = len(ab), ab.device
    share = valid.float() / valid.sum(-1, keepdim=True).clamp(min=1)
    color = (_take(ab.flatten(1, 2), cell) * share[..., None]).sum(-2)  # (B, H, 2)
    place = valid.flatten(1).long().cumsum(1) - 1
    place = torch.where(valid.flatten(1) & (place < MAX_CELLS), place, MAX_CELLS)
    number = torch.zeros(batch, MAX_CELLS + 1, dtype=torch.int64, device=device)
    mass = torch.zeros(batch, MAX_CELLS + 1, device=device)
    hinted = torch.zeros(batch, MAX_CELLS + 1, 2, device=device)
    number.scatter_(1, place, cell.flatten(1))
    mass.scatter_(1, place, 1.0)
    spread = color[:, :, None].expand(-1, -1, cell.shape[2], -1).flatten(1, 2)
    hinted.scatter_(1, place[..., None].expand(-1, -1, 2), spread)
    return SimulatedHints(number[:, :MAX_CELLS], mass[:, :MAX_CELLS], hinted[:, :MAX_CELLS])


def _take(flat: Tensor, cell: Tensor) -> Tensor:
    """Rows of (B, N, 2) at cells (B, ...): (B, ..., 2)."""
    index = cell.flatten(1)[..., None].expand(-1, -1, 2)
    return flat.gather(1, index).view(*cell.shape, 2)


class AlteredTruth(NamedTuple):
    """A batch in which some colours contradict what a network can know."""

    ab: Tensor  # (B, h, w, 2)
    altered: Tensor  # (B,) bool
    regions: Tensor  # (B, h, w) bool, the altered object; empty where all or nothing was


def alter_truth(
    rng: np.random.Generator, ab: Tensor, share_whole: float, share_object: float = 0.0
) -> AlteredTruth:
    """Give a share of the samples other colours than the network expects, so that it obeys hints.

    ab: (B, h, w, 2).

    ``share_whole``: the whole ab of these samples is rotated and scaled. That alone teaches
    hints to reach too far: where everything is wrong, any hint is better than none.
    ``share_object``: one object of the truth is shifted in ab, and everything around it stays.
    That teaches hints where to stop.
    """
    device, batch = ab.device, len(ab)
    kind = rng.random(batch)
    angle = torch.as_tensor(rng.uniform(0.3, 2 * np.pi - 0.3, batch), dtype=ab.dtype)
    scale = torch.as_tensor(rng.uniform(0.6, 1.4, batch), dtype=ab.dtype)
    chosen = np.flatnonzero((kind >= share_whole) & (kind < share_whole + share_object))
    dice = _dice(rng, device)

    # Chosen on the host, so that shapes are known without asking the device.
    whole = torch.as_tensor(kind < share_whole).to(device)
    cosine, sine = angle.cos() * scale, angle.sin() * scale
    turn = torch.stack([cosine, sine, -sine, cosine], -1).view(-1, 2, 2).to(device)
    turned = torch.einsum("bhwc,bcd->bhwd", ab, turn)
    # Kept within the region that the bins cover.
    most = turned.abs().amax((1, 2, 3), keepdim=True)
    turned = turned * (90.0 / (most + 1e-6)).clamp(max=1.0)
    out = torch.where(whole[:, None, None, None], turned, ab)

    regions = torch.zeros(ab.shape[:3], dtype=torch.bool, device=device)
    if chosen.size:
        single = torch.as_tensor(chosen).to(device)
        regions[single] = pick_objects(dice, ab[single])
        way = torch.rand(batch, 1, 1, generator=dice, device=device) * 2 * np.pi
        size = 20.0 + 40.0 * torch.rand(batch, 1, 1, generator=dice, device=device)
        shift = torch.stack([way.cos() * size, way.sin() * size], -1)
        out = torch.where(regions[..., None], (out + shift).clamp(-95.0, 95.0), out)
    return AlteredTruth(out, whole | regions.flatten(1).any(1), regions)


def pick_objects(dice: torch.Generator, ab: Tensor) -> Tensor:
    """One connected region of similar ab in each truth (B, h, w, 2): (B, h, w) bool.

    It covers 2 to 60 % of the picture. Empty if eight random places are on no such region.
    """
    batch, height, width, _ = ab.shape
    seed = torch.rand(batch, TRIES, generator=dice, device=ab.device)
    seed = _whole(seed, height * width)
    gap = ab[:, None] - _take(ab.flatten(1, 2), seed)[:, :, None, None]
    like = (gap.square().sum(-1) < REGION_TOLERANCE**2).float()  # (B, T, h, w)
    region = torch.zeros_like(like).flatten(2).scatter_(2, seed[..., None], 1.0).view_as(like)
    before = region
    for _ in range(3 * max(height, width) // 2):
        before, region = region, F.max_pool2d(region, 3, 1, 1) * like
        if region.device.type == "cpu" and torch.equal(before, region):
            break
    share = region.mean((2, 3))
    # A region that still grows is a winding one, and this would be only a part of it.
    fits = (share >= REGION_SHARE[0]) & (share <= REGION_SHARE[1])
    fits = fits & (before == region).flatten(2).all(2)
    first = fits.long().argmax(1)
    found = region[torch.arange(batch, device=ab.device), first] > 0
    return found & fits.any(1)[:, None, None]
