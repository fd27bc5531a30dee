"""The automatic colours of a photo's cells: neighbours agree, then each cell decides."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .color.decoding import Decoding, calibrated, decode
from .geometry import Geometry, reduce_to
from .hints.photo_graph import EdgeWeights

LEAST_SHARE = 2e-3
"""A bin takes part where some cell gives it more than this; the others decide nothing."""


def agree(logits: Tensor, weights: Tensor, edges: EdgeWeights, smoothing: float) -> Tensor:
    """(N, 313) calibrated distributions after neighbouring cells have agreed.

    logits: (1, 313, h, w) of the network; weights: (313,) rebalancing weights; N = h * w cells,
    row by row.  smoothing: `EdgeWeights.smooth`'s pull.  On the device of ``logits``.
    """
    p = calibrated(logits, weights)[0].flatten(1).T
    likely = torch.nonzero(p.amax(dim=0) > LEAST_SHARE)[:, 0]
    smooth = edges.smooth(p[:, likely].contiguous().cpu().numpy(), smoothing)
    agreed = torch.zeros_like(p)
    agreed[:, likely] = torch.from_numpy(smooth).to(p).clamp(min=0.0)
    return agreed / agreed.sum(dim=1, keepdim=True)


def decode_cells(
    p: Tensor,
    guide: NDArray[np.float32],
    geometry: Geometry,
    decoding: Decoding,
    vividness: float,
) -> Tensor:
    """(1, 313, h, w): the distributions whose means are the automatic colours.

    p: as `agree` makes it; guide: (gh, gw) L*/100 of the photo; vividness: 0..1.
    """
    lightness = torch.from_numpy(reduce_to(guide, geometry.cells).reshape(-1) * 100.0)
    decoded = decode(p, lightness.to(p), decoding, vividness)
    return decoded.T.reshape(1, -1, *geometry.cells)
