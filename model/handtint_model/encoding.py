"""The network on one photo: in one go, or in windows that are blended."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from .geometry import Geometry, Window, blend, blend_strokes, pad_to_canvas
from .network import STRIDE, ColorNetwork, Heads
from .network.stroke_decoder import StrokeFeatures
from .types import Progress


def run_network(
    network: ColorNetwork,
    lightness: NDArray[np.float32],
    geometry: Geometry,
    windows: list[Window],
    progress: Progress | None,
) -> tuple[Heads, StrokeFeatures | None]:
    """The network's answers for a photo, and the photo's part of the stroke decoder if it has one.

    lightness: (H, W) L*/100 of the photo, scaled as ``geometry`` says.  progress: called with
    "network" and 0..1.
    """
    parts: list[Heads] = []
    stroke_parts: list[StrokeFeatures] = []
    for number, window in enumerate(windows):
        if progress is not None:
            progress("network", number / len(windows))
        heads, strokes = _run_window(network, lightness, window)
        parts.append(heads)
        stroke_parts += [strokes] if strokes is not None else []
    if progress is not None:
        progress("network", 1.0)
    if len(windows) == 1:
        return parts[0], stroke_parts[0] if stroke_parts else None
    blended = blend_strokes(stroke_parts, windows, geometry) if stroke_parts else None
    return blend(parts, windows, geometry), blended


def _run_window(
    network: ColorNetwork, lightness: NDArray[np.float32], window: Window
) -> tuple[Heads, StrokeFeatures | None]:
    part = lightness[window.y : window.y + window.height, window.x : window.x + window.width]
    device = network.log_sigma.device
    canvas = torch.from_numpy(pad_to_canvas(part)).to(device)[None, None]
    # CUDA's half precision is twice as fast; the CPU has none.
    with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
        features = network.features(canvas)
        heads = network.heads(features)
        strokes = network.stroke_features(features, heads, canvas)
    rows, columns = -(-window.height // STRIDE), -(-window.width // STRIDE)
    cut = Heads(*(t[..., :rows, :columns].float().contiguous() for t in heads))
    return cut, None if strokes is None else StrokeFeatures(*(t.float() for t in strokes))
