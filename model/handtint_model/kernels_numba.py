"""The inner loops of rendering, compiled with Numba; `kernels_numpy` is their reference."""

from .kernels_numba_colour import codes_uint8, codes_uint16, linear_red_blue, look_up
from .kernels_numba_grid import accumulate, edge_weights, relax, upsample
from .kernels_numba_hints import geodesic, mix_hints, smooth_along

__all__ = [
    "accumulate",
    "codes_uint8",
    "codes_uint16",
    "edge_weights",
    "geodesic",
    "linear_red_blue",
    "look_up",
    "mix_hints",
    "relax",
    "smooth_along",
    "upsample",
]
