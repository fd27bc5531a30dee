"""sRGB and Lab against scikit-image, an implementation of others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import color

from handtint_model import luminance_of
from handtint_model.color import torch_conversions as ours
from handtint_model.color.conversions import linear_to_lab, srgb_decode


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    """Random colours, the cube's corners and a gray ramp, (3, 20, 60)."""
    rng = np.random.default_rng(1)
    out = rng.random((3, 20, 60))
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, 8)
    out[:, 0, :8] = corners
    out[:, 1] = np.linspace(0, 1, 60)
    return out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_scikit_image(rgb: np.ndarray, dtype: torch.dtype) -> None:
    lab = ours.rgb_to_lab(torch.tensor(rgb, dtype=dtype))
    assert lab.dtype == dtype
    wanted = color.rgb2lab(rgb.transpose(1, 2, 0)).transpose(2, 0, 1)
    # Its matrix has two digits more than the standard's.
    assert np.abs(lab.numpy() - wanted).max() < 0.03
    back = ours.lab_to_rgb(lab)
    assert np.abs(back.numpy() - rgb).max() < 1e-3


def test_arrays_and_tensors_agree(rgb: np.ndarray) -> None:
    tensor = ours.rgb_to_lab(torch.tensor(rgb)).numpy()
    array = linear_to_lab(srgb_decode(rgb.transpose(1, 2, 0))).transpose(2, 0, 1)
    assert np.abs(tensor - array).max() < 1e-10
    assert np.abs(tensor[1:, 1]).max() < 1e-10  # the ramp is gray


def test_values_from_the_standard() -> None:
    # CIE 15:2004 with the sRGB primaries: white is 100, 0, 0; red is 53.24, 80.09, 67.20.
    rgb = torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)[:, None, :]
    lab = ours.rgb_to_lab(rgb)[:, 0].T.numpy()
    assert lab[0] == pytest.approx([100, 0, 0], abs=0.02)
    assert lab[1] == pytest.approx([53.24, 80.09, 67.20], abs=0.03)


def test_round_trip_and_batches(rgb: np.ndarray) -> None:
    one = torch.tensor(rgb)
    batch = torch.stack([one, one.flip(-1)])[None]  # (1, 2, 3, H, W)
    lab = ours.rgb_to_lab(batch)
    assert torch.equal(lab[0, 0], ours.rgb_to_lab(one))
    assert (ours.lab_to_rgb(lab) - batch).abs().max() < 1e-9


def test_gradients_are_finite_and_right() -> None:
    dark = torch.tensor([[0.0, 0.02, 0.5]] * 3, dtype=torch.float64)[:, None].requires_grad_()
    ours.rgb_to_lab(dark).sum().backward()
    assert dark.grad is not None
    assert torch.isfinite(dark.grad).all()
    inside = torch.rand(3, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    inside = (inside * 0.8 + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(ours.rgb_to_lab, inside)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_luminance(dtype: type) -> None:
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    ramp = np.linspace(0, top, 257).astype(dtype)
    gray = np.repeat(ramp[None, :, None], 3, axis=2)
    assert (luminance_of(gray)[0] == ramp).all()
    pure = np.zeros((1, 3, 3), dtype)
    pure[0, range(3), range(3)] = top
    # The linear weights, put through the sRGB curve by scikit-image's own table of values.
    wanted = [0.2126, 0.7152, 0.0722]
    coded = np.array([1.055 * w ** (1 / 2.4) - 0.055 for w in wanted]) * top
    assert luminance_of(pure)[0] == pytest.approx(coded, abs=0.51 if top > 1 else 1e-5)
