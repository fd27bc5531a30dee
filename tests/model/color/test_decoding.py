"""Decoding by decision: distributions in, distributions out, whose means are the colors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handtint_model.color.bins import BINS, rebalancing_weights, smoothed_prior
from handtint_model.color.decoding import (
    Decoding,
    DecodingSetting,
    boost_share,
    calibrated,
    decide,
    decode,
    decode_mean,
    gained,
)

CENTERS = torch.tensor(BINS, dtype=torch.float32)


def bins_at(*places: tuple[float, float]) -> list[int]:
    return [int(((BINS - np.array(place)) ** 2).sum(1).argmin()) for place in places]


def distribution(**shares: float) -> torch.Tensor:
    """A distribution over bins given as a_b="share" names like r60_40=0.5."""
    p = torch.zeros(1, 313)
    for name, share in shares.items():
        a, b = (float(part.replace("m", "-")) for part in name[1:].split("_"))
        p[0, bins_at((a, b))[0]] += share
    return p


def test_calibration_divides_out_the_tilt() -> None:
    rng = np.random.default_rng(1)
    weights = rebalancing_weights(smoothed_prior(rng.integers(1, 1000, 313)))
    p = rng.random((313, 2, 3))
    p /= p.sum(0)
    logits = torch.tensor(np.log(p * weights[:, None, None]) - 7.0)
    found = calibrated(logits, torch.tensor(weights, dtype=torch.float32)).numpy()
    assert found == pytest.approx(p, abs=1e-6)


def test_of_two_likely_colors_one_is_taken_and_not_the_gray_between_them() -> None:
    p = distribution(r40_30=0.55, rm40_m30=0.45)
    mean = p @ CENTERS
    assert float(mean.norm()) < 6.0
    color = (decide(p, 0.6) @ CENTERS)[0].numpy()
    assert color == pytest.approx([40, 30], abs=0.5)


def test_bins_that_agree_outvote_a_single_likelier_one() -> None:
    p = distribution(r50_m50=0.3, r30_30=0.25, r30_40=0.25, r40_30=0.2)
    color = (decide(p, 0.6) @ CENTERS)[0].numpy()
    assert np.linalg.norm(color - [33, 33]) < 5


def test_the_neutral_weight_settles_doubt_between_gray_and_color() -> None:
    p = distribution(r0_0=0.5, r50_30=0.5)
    bold, calm = (float((decide(p, n) @ CENTERS).norm()) for n in (0.3, 1.7))
    assert bold > 50
    assert calm < 1


def test_what_comes_out_is_a_distribution() -> None:
    p = torch.softmax(3.0 * torch.randn(64, 313, generator=torch.Generator().manual_seed(2)), 1)
    decoding = Decoding(
        curve=((0.0, 0.0, 0.6, 0.9, 0.0), (0.5, 0.7, 0.6, 1.3, 0.2), (1.0, 1.0, 0.2, 1.5, 0.4))
    )
    lightness = torch.linspace(0.0, 100.0, 64)
    for vividness in (0.0, 0.3, 0.5, 1.0):
        q = decode(p, lightness, decoding, vividness)
        assert float(q.min()) >= 0.0
        assert q.sum(1).numpy() == pytest.approx(np.ones(64), abs=1e-5)


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.37])
def test_gain_multiplies_the_mean(gain: float) -> None:
    p = distribution(r20_10=0.4, r30_m20=0.35, rm10_40=0.25)
    color = (p @ gained(gain, p.device) @ CENTERS)[0].numpy()
    assert color == pytest.approx(gain * (p @ CENTERS)[0].numpy(), abs=1e-3)


def test_gain_never_leaves_the_bins() -> None:
    table = gained(3.0, torch.device("cpu"))
    assert table.sum(1).numpy() == pytest.approx(np.ones(313), abs=1e-6)
    reached = (table @ CENTERS).numpy()
    assert np.abs(reached).max() <= np.abs(BINS).max()


def test_whites_and_blacks_lose_chroma() -> None:
    p = distribution(r30_30=1.0).repeat(4, 1)
    decoding = Decoding(fade=(70.0, 95.0, 0.25), curve=((0.0, 0.0, 1.0, 1.0, 0.0),))
    q = decode(p, torch.tensor([0.0, 50.0, 70.0, 98.0]), decoding, 0.5)
    chroma = (q @ CENTERS).norm(dim=1).numpy() / np.hypot(30, 30)
    assert chroma == pytest.approx([0.0, 1.0, 1.0, 0.25], abs=1e-5)


def test_strong_colors_are_boosted_and_pale_ones_are_not() -> None:
    places = ((0.0, 10.0), (0.0, -10.0), (30.0, 20.0), (-20.0, 40.0))
    p = torch.cat([distribution(r0_0=0.0) for _ in places])
    p[torch.arange(4), bins_at(*places)] = 1.0
    p[1] = 0.7 * p[1] + 0.3 * p[2]  # chroma 9
    lightness = torch.full((4,), 50.0)
    before, after = (
        decode(p, lightness, Decoding(curve=((0.0, 0.0, 1.0, 1.0, boost),)), 0.5) @ CENTERS
        for boost in (0.0, 0.25)
    )
    ratio = (after.norm(dim=1) / before.norm(dim=1)).numpy()
    assert ratio == pytest.approx([1.0, 1.0, 1.25, 1.25], abs=1e-5)


def test_the_boost_follows_chroma_without_a_step() -> None:
    chroma = torch.linspace(0.0, 40.0, 401)[:, None]
    share = boost_share(torch.cat([chroma, torch.zeros_like(chroma)], dim=1), torch.ones(401, 1))
    assert float(share[:101].max()) == 0.0
    assert float(share[200:].min()) == 1.0
    assert float(share.diff(dim=0).min()) >= 0.0
    assert float(share.diff(dim=0).max()) < 0.016  # 1.5 times its mean
    faint = boost_share(torch.tensor([[30.0, 0.0]]), torch.tensor([[0.3]]))
    assert float(faint) == 0.0  # what the fade makes pale counts as pale


def test_the_mean_is_found_without_the_distribution() -> None:
    generator = torch.Generator().manual_seed(3)
    p = torch.softmax(4.0 * torch.randn(200, 313, generator=generator), 1)
    lightness = torch.linspace(5.0, 98.0, 200)
    decoding = Decoding(curve=((0.0, 0.0, 1.0, 0.9, 0.0), (1.0, 0.8, 0.3, 1.6, 0.4)))
    for vividness in (0.0, 0.5, 1.0):
        whole = decode(p, lightness, decoding, vividness) @ CENTERS
        quick = decode_mean(p, torch.arange(313), lightness, decoding, vividness)
        assert quick.numpy() == pytest.approx(whole.numpy(), abs=1e-3)


def test_the_curve_is_linear_between_its_knots() -> None:
    decoding = Decoding(curve=((0.0, 0.0, 0.9, 1.0, 0.0), (0.5, 1.0, 0.1, 1.2, 0.3)))
    half = decoding.at(0.25)
    assert half == pytest.approx(DecodingSetting(0.5, np.sqrt(0.09), 1.1, 0.15))
    assert decoding.at(0.9) == decoding.at(0.5)  # beyond the last knot


def test_json_and_back() -> None:
    curve = ((0.0, 0.0, 0.9, 1.0, 0.0), (1.0, 1.0, 0.2, 1.3, 0.2))
    decoding = Decoding(0.1, 0.2, (60.0, 96.0, 0.3), curve)
    assert Decoding.from_json(decoding.to_json()) == decoding


def test_older_constants_have_no_boost() -> None:
    values = Decoding().to_json() | {"curve": [[0.0, 0.0, 0.9, 1.0], [1.0, 1.0, 0.2, 1.3]]}
    assert Decoding.from_json(values).curve == (
        (0.0, 0.0, 0.9, 1.0, 0.0),
        (1.0, 1.0, 0.2, 1.3, 0.0),
    )


def test_older_constants_smooth_no_colors() -> None:
    values = Decoding().to_json()
    assert Decoding.from_json(values).color_smoothing == 0.3
    del values["color_smoothing"]
    assert Decoding.from_json(values).color_smoothing is None


@pytest.mark.parametrize(
    "change",
    [
        {"smoothing": 0.0},
        {"color_smoothing": 0.0},
        {"color_smoothing": "x"},
        {"smoothing": float("nan")},
        {"fade": [97.0, 65.0, 0.4]},
        {"fade": [65.0, 97.0, 1.4]},
        {"curve": []},
        {"curve": [[0.0, 0.0, 1.0]]},
        {"curve": [[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]]},
        {"curve": [[0.0, 0.0, 1.0, 1.0, -0.1]]},
        {"curve": [[0.0, 0.0, 1.0, 1.0, float("nan")]]},
        {"curve": [[0.5, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]},
        {"curve": [[0.0, 1.5, 1.0, 1.0]]},
        {"curve": [[0.0, 0.0, -1.0, 1.0]]},
        {"curve": [[0.0, 0.0, 1.0, float("inf")]]},
        {"curve": "x"},
    ],
)
def test_damaged_constants_are_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Decoding.from_json(Decoding().to_json() | change)
