"""sRGB, linear light, CIE XYZ and CIE L*a*b* as batched torch functions.

Tensors have the channel third from the end, ``(..., 3, H, W)``; RGB and XYZ are 0..1,
L* is 0..100.  float32 and float64 are kept as they come; every function has gradients.

Sources: IEC 61966-2-1 (sRGB), CIE 15:2004 (Lab 1976, 2 degree observer, D65).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .constants import (
    LAB_BLACK,
    LAB_DELTA,
    RGB_TO_XYZ,
    SRGB_CODE_BREAK,
    SRGB_GAMMA,
    SRGB_LIGHT_BREAK,
    SRGB_OFFSET,
    SRGB_SCALE,
    SRGB_SLOPE,
    WHITE,
    XYZ_TO_RGB,
)


def srgb_to_linear(rgb: Tensor) -> Tensor:
    """Undo the sRGB transfer curve, 0..1 to 0..1 (IEC 61966-2-1)."""
    # The power sees only values where it is used, so that its gradient stays finite.
    power = ((rgb.clamp(min=SRGB_CODE_BREAK) + SRGB_OFFSET) / SRGB_SCALE) ** SRGB_GAMMA
    return torch.where(rgb <= SRGB_CODE_BREAK, rgb / SRGB_SLOPE, power)


def linear_to_srgb(linear: Tensor) -> Tensor:
    """Apply the sRGB transfer curve, 0..1 to 0..1 (IEC 61966-2-1)."""
    base = linear.clamp(min=SRGB_LIGHT_BREAK)
    power = SRGB_SCALE * base ** (1 / SRGB_GAMMA) - SRGB_OFFSET
    return torch.where(linear <= SRGB_LIGHT_BREAK, linear * SRGB_SLOPE, power)


def _matrix(values: NDArray[np.float64], like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)


def _mix(matrix: Tensor, planes: Tensor) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", matrix, planes)


def rgb_to_xyz(rgb: Tensor) -> Tensor:
    """SRGB (..., 3, H, W) in 0..1 to CIE XYZ, Y of white 1."""
    return _mix(_matrix(RGB_TO_XYZ, rgb), srgb_to_linear(rgb))


def xyz_to_rgb(xyz: Tensor) -> Tensor:
    """CIE XYZ to sRGB; values outside 0..1 lie outside the gamut and are not clipped."""
    return linear_to_srgb(_mix(_matrix(XYZ_TO_RGB, xyz), xyz))


def xyz_to_lab(xyz: Tensor) -> Tensor:
    """CIE XYZ to L* (0..100), a*, b* (CIE 15:2004, 8.2.1)."""
    white = _matrix(WHITE, xyz)[:, None, None]
    ratio = xyz / white
    root = ratio.clamp(min=LAB_DELTA**3) ** (1.0 / 3.0)
    f = torch.where(ratio > LAB_DELTA**3, root, ratio / (3.0 * LAB_DELTA**2) + LAB_BLACK)
    x, y, z = f.unbind(dim=-3)
    return torch.stack((116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)), dim=-3)


def lab_to_xyz(lab: Tensor) -> Tensor:
    """L*, a*, b* to CIE XYZ, the inverse of `xyz_to_lab`."""
    lightness, a, b = lab.unbind(dim=-3)
    y = (lightness + 16.0) / 116.0
    f = torch.stack((y + a / 500.0, y, y - b / 200.0), dim=-3)
    ratio = torch.where(f > LAB_DELTA, f**3, 3.0 * LAB_DELTA**2 * (f - LAB_BLACK))
    return ratio * _matrix(WHITE, lab)[:, None, None]


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """SRGB (..., 3, H, W) in 0..1 to CIE L*a*b*, D65."""
    return xyz_to_lab(rgb_to_xyz(rgb))


def lab_to_rgb(lab: Tensor) -> Tensor:
    """CIE L*a*b*, D65, to sRGB; values outside 0..1 lie outside the gamut, not clipped."""
    return xyz_to_rgb(lab_to_xyz(lab))
