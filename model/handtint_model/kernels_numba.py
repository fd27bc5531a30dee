"""The inner loops of rendering, compiled with Numba; `kernels_numpy` is their reference."""

from .kernels_numba_colour import codes_uint8, codes_uint16, linear_red_blue, look_up
from .kernels_numba_grid import accumulate, edge_weights, relax, upsample
from .kernels_numba_hints import add_residual, geodesic, mix_hints, smooth_along
from .kernels_numba_paint import (
    gather_paint,
    paint_bounds,
    pool_paint,
    touch_paint,
)

__all__ = [
    "accumulate",
    "add_residual",
    "codes_uint8",
    "codes_uint16",
    "edge_weights",
    "gather_paint",
    "geodesic",
    "linear_red_blue",
    "look_up",
    "mix_hints",
    "paint_bounds",
    "pool_paint",
    "relax",
    "smooth_along",
    "touch_paint",
    "upsample",
]
