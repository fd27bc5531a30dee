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

RGB_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
"""Linear sRGB to XYZ, D65 (ITU-R BT.709 primaries)."""

WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
"""XYZ of D65 for the 2 degree observer."""

_DELTA = 6.0 / 29.0


def srgb_to_linear(rgb: Tensor) -> Tensor:
    """Undo the sRGB transfer curve, 0..1 to 0..1 (IEC 61966-2-1)."""
    # The power sees only values where it is used, so that its gradient stays finite.
    power = ((rgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(rgb <= 0.04045, rgb / 12.92, power)


def linear_to_srgb(linear: Tensor) -> Tensor:
    """Apply the sRGB transfer curve, 0..1 to 0..1 (IEC 61966-2-1)."""
    power = 1.055 * linear.clamp(min=0.0031308) ** (1.0 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, power)


def _matrix(values: NDArray[np.float64], like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)


def _mix(matrix: Tensor, planes: Tensor) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", matrix, planes)


def rgb_to_xyz(rgb: Tensor) -> Tensor:
    """SRGB (..., 3, H, W) in 0..1 to CIE XYZ, Y of white 1."""
    return _mix(_matrix(RGB_TO_XYZ, rgb), srgb_to_linear(rgb))


def xyz_to_rgb(xyz: Tensor) -> Tensor:
    """CIE XYZ to sRGB; values outside 0..1 lie outside the gamut and are not clipped."""
    return linear_to_srgb(_mix(_matrix(np.linalg.inv(RGB_TO_XYZ), xyz), xyz))


def xyz_to_lab(xyz: Tensor) -> Tensor:
    """CIE XYZ to L* (0..100), a*, b* (CIE 15:2004, 8.2.1)."""
    white = _matrix(WHITE_D65, xyz)[:, None, None]
    ratio = xyz / white
    root = ratio.clamp(min=_DELTA**3) ** (1.0 / 3.0)
    f = torch.where(ratio > _DELTA**3, root, ratio / (3.0 * _DELTA**2) + 4.0 / 29.0)
    x, y, z = f.unbind(dim=-3)
    return torch.stack((116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)), dim=-3)


def lab_to_xyz(lab: Tensor) -> Tensor:
    """L*, a*, b* to CIE XYZ, the inverse of `xyz_to_lab`."""
    lightness, a, b = lab.unbind(dim=-3)
    y = (lightness + 16.0) / 116.0
    f = torch.stack((y + a / 500.0, y, y - b / 200.0), dim=-3)
    ratio = torch.where(f > _DELTA, f**3, 3.0 * _DELTA**2 * (f - 4.0 / 29.0))
    return ratio * _matrix(WHITE_D65, lab)[:, None, None]


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """SRGB (..., 3, H, W) in 0..1 to CIE L*a*b*, D65."""
    return xyz_to_lab(rgb_to_xyz(rgb))


def lab_to_rgb(lab: Tensor) -> Tensor:
    """CIE L*a*b*, D65, to sRGB; values outside 0..1 lie outside the gamut, not clipped."""
    return xyz_to_rgb(lab_to_xyz(lab))
