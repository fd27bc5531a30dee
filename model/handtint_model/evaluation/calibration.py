"""How well the network's distribution over colors fits the truth, before any decoding."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ..color.bins import SoftEncoding


@torch.inference_mode()
def calibrated_cross_entropy(colorizer: Any, photo: Any, truth_ab: NDArray[np.float64]) -> float:
    """Mean over the cells of -sum_b z_b log p_b, in nats.

    p: the calibrated distribution, the network's with the tilt of rebalanced training taken
    out (softmax of the logits - log w).  z: the soft-encoded mean ab of the cell's pixels.
    photo: encoded by ``colorizer``.  truth_ab: (H, W, 2) of the same pixels.
    """
    logits = photo.heads.logits[0].float().cpu()  # (313, h, w)
    log_p = torch.log_softmax(logits - torch.log(colorizer.weights.cpu())[:, None, None], dim=0)
    truth = torch.from_numpy(np.ascontiguousarray(truth_ab)).float().permute(2, 0, 1)
    cells = F.adaptive_avg_pool2d(truth[None], logits.shape[1:])[0].permute(1, 2, 0)
    bins, soft = SoftEncoding().sparse(cells.contiguous())
    found = log_p.permute(1, 2, 0).gather(-1, bins)
    return float(-(soft * found).sum(-1).mean())
