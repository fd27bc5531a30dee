"""Tone curves of ICC profiles that nobody can mean, as a fuzz run or an attacker makes them."""

import struct

import numpy as np
import pytest

from handtint_model.files import icc
from handtint_model.files.icc import Linearizer, parse


def gray_profile(curve):
    """A gray profile, version 4, with this curve tag."""
    head = bytearray(128)
    head[12:24] = b"mntrGRAYXYZ "
    head[36:40] = b"acsp"
    body = struct.pack(">I4sII", 1, b"kTRC", 144, len(curve)) + curve
    head[:4] = struct.pack(">I", 128 + len(body))
    return bytes(head) + body


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH2x", 1, round(value * 256))


def parametric(function, *parameters):
    numbers = [round(p * 65536) for p in parameters]
    return b"para\0\0\0\0" + struct.pack(f">HH{len(numbers)}i", function, 0, *numbers)


def table(*values):
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


@pytest.mark.parametrize(
    "curve",
    [
        gamma(0),
        gamma(255.9),
        parametric(0, -1.0),
        parametric(0, 30000.0),
        parametric(3, 22874.125, 0.0, 98.58984375, 183.52734375, 24.849365234375),
        parametric(3, 2.0, 30000.0, 30000.0, 0.5, 0.0, 0.0)[:-4],
        parametric(1, 24.0, 1.0, 0.0),
        parametric(2, 40.0, 2.0, 1.0, 0.0),
    ],
)
def test_curves_that_cannot_be_meant_are_no_profile(curve):
    data = gray_profile(curve)
    assert icc.color_space(data) == "GRAY"
    found = parse(data)
    if found is not None:  # odd, but it can be computed with
        for dtype in (np.uint8, np.uint16):
            codes = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(1, -1, 1)
            assert np.isfinite(Linearizer(found, np.dtype(dtype)).luminance(codes)).all()
        largest = np.array([[[0.0], [1.0], [65504.0]]], np.float32)
        assert np.isfinite(Linearizer(found, np.dtype(np.float32)).luminance(largest)).all()


@pytest.mark.parametrize("function", range(5))
def test_usual_curves_are_read(function):
    """The sRGB curve, or its power, in each of the five forms."""
    forms = (
        (2.2,),
        (2.4, 1 / 1.055, 0.055 / 1.055),
        (2.4, 1 / 1.055, 0.055 / 1.055, 0.0),
        (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
        (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0.0, 0.0),
    )
    found = parse(gray_profile(parametric(function, *forms[function])))
    assert found is not None
    code = np.linspace(0.1, 1.0, 50)
    expected = code**2.2 if function == 0 else ((code + 0.055) / 1.055) ** 2.4
    np.testing.assert_allclose(found.curves[0](code), expected, atol=1e-4)


@pytest.mark.parametrize("curve", [gamma(1.0), gamma(2.2), gamma(3.0), table(0, 9000, 65535)])
def test_light_beyond_white_stays_finite(curve):
    found = parse(gray_profile(curve))
    assert found is not None
    light = found.curves[0](np.array([1.0, 2.0, 65504.0]))
    assert light[0] == pytest.approx(1.0)
    assert np.isfinite(light).all()
    assert light[0] < light[1] < light[2]


def test_a_table_with_a_cliff_at_white_stays_finite():
    """65,536 entries, all black but the last: a slope of 65,535 there."""
    found = parse(gray_profile(table(*[0] * 65535, 65535)))
    assert found is not None
    light = found.curves[0](np.array([0.5, 1.0, 65504.0]))
    assert np.isfinite(light).all()
    assert light[0] == 0
