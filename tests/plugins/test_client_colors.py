"""Colours on the screen: text that can be read, swatches whose hue can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from client import colors
from client.errors import BadSetting
from client.places import ServerSetting
from handtint_model.color import constants

THEMES = ["#2b2b2b", "#323232", "#464646", "#535353", "#808080", "#b4b4b4", "#d6d6d6", "#f0f0f0"]
"""Windows of Krita's and GIMP's dark, gray and bright themes."""


def test_contrast_is_that_of_wcag() -> None:
    assert colors.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert colors.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert colors.contrast("#ffffff", "#777777") == colors.contrast("#777777", "#ffffff")


@pytest.mark.parametrize("ground", THEMES)
@pytest.mark.parametrize("color", ["#e05050", "#3f7fd0", "#8a8a8a"])
def test_text_can_be_read_in_every_theme(color: str, ground: str) -> None:
    assert colors.contrast(colors.legible(color, ground), ground) >= colors.TEXT_CONTRAST


def test_a_color_that_can_be_read_stays() -> None:
    assert colors.legible("#ffffff", "#000000") == "#ffffff"


@pytest.mark.parametrize("dark", ["#200804", "#081020", "#0a1a08", "#3a2a1a", "#fff0e8"])
def test_swatches_are_light_and_keep_their_hue(dark: str) -> None:
    shown = colors.swatch(dark)
    assert colors.contrast(shown, "#000000") > 7
    order = sorted(range(3), key=lambda channel: colors.rgb_of(dark)[channel])
    values = colors.rgb_of(shown)
    assert values[order[0]] <= values[order[1]] <= values[order[2]], (dark, shown)


def test_the_numbers_are_those_of_the_model() -> None:
    np.testing.assert_array_equal(colors._TO_XYZ, constants.RGB_TO_XYZ)
    np.testing.assert_allclose(colors._FROM_XYZ, constants.XYZ_TO_RGB, atol=1e-7)
    np.testing.assert_allclose(colors._WHITE, constants.WHITE, atol=1e-12)


def test_gray_stays_gray() -> None:
    red, green, blue = colors.rgb_of(colors.swatch("#101010"))
    assert max(red, green, blue) - min(red, green, blue) < 0.01


def test_what_is_no_color_is_refused() -> None:
    for text in ("red", "#12345", "#gggggg", ""):
        with pytest.raises(ValueError, match=r"color|literal"):
            colors.rgb_of(text)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("photos.example.org:8765", "http://photos.example.org:8765"),
        ("192.168.0.7:8765/", "http://192.168.0.7:8765"),
        ("localhost", "http://localhost"),
        ("https://photos.example.org", "https://photos.example.org"),
    ],
)
def test_an_address_without_http_means_http(typed: str, url: str) -> None:
    assert ServerSetting(url=typed).endpoint().url == url


@pytest.mark.parametrize("typed", ["ftp://host:1", "host:port", "http://", "::"])
def test_other_addresses_are_refused_by_the_name_of_the_field(typed: str) -> None:
    with pytest.raises(BadSetting, match="in the field Address"):
        ServerSetting(url=typed).endpoint()
