"""What running the network costs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..colorizer import Colorizer


@dataclass(frozen=True)
class Cost:
    """Operations and size of a network."""

    gflop: float  # 10^9 operations of one pass, a multiply-add counting 2
    parameters: int


def measure_cost(colorizer: Colorizer, side: int = 256) -> Cost:
    """Count a pass of the colorizer's network over a side x side photo, a multiple of 32."""
    lightness = torch.full((1, 1, side, side), 0.5, device=colorizer.torch_device)
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        colorizer.network(lightness)
    parameters = sum(p.numel() for p in colorizer.network.parameters())
    return Cost(counter.get_total_flops() / 1e9, parameters)
