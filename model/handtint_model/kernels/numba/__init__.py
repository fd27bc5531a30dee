"""The inner loops of rendering, compiled with Numba; `kernels.numpy` is their reference."""

from .band import solve_band
from .color import codes_uint8, codes_uint16, linear_red_blue, look_up
from .grid import accumulate, edge_weights, relax, upsample
from .hints import add_correction, geodesic, mix_hints, smooth_along
from .paint import gather_paint, mixed_paint, paint_bounds, pool_paint, touch_paint

__all__ = [
    "accumulate",
    "add_correction",
    "codes_uint8",
    "codes_uint16",
    "edge_weights",
    "gather_paint",
    "geodesic",
    "linear_red_blue",
    "look_up",
    "mix_hints",
    "mixed_paint",
    "paint_bounds",
    "pool_paint",
    "relax",
    "smooth_along",
    "solve_band",
    "touch_paint",
    "upsample",
]
