"""Files with one wrong field: read where all pixels are there, else refused by the field's name."""

import struct

import numpy as np
import pytest

from handtint_model.errors import BadImage
from handtint_model.files import read_photo

from .broken import GRAY, chunk, png, tiff


def refused(data, *words):
    with pytest.raises(BadImage) as error:
        read_photo(data)
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    for word in words:
        assert word in text
    return text


def test_the_files_without_a_fault_are_read():
    for data in (png(), tiff()):
        np.testing.assert_array_equal(read_photo(data).luminance, GRAY)


@pytest.mark.parametrize("gamma", [1, 19_999, 500_001, 2**31 - 1])
def test_an_absurd_gamma_counts_as_none(gamma):
    data = png(chunk(b"gAMA", struct.pack(">I", gamma)))
    np.testing.assert_array_equal(read_photo(data).luminance, GRAY)


@pytest.mark.parametrize("gamma", [20_000, 100_000, 500_000])
def test_a_gamma_at_the_end_of_the_range_counts(gamma):
    data = png(chunk(b"gAMA", struct.pack(">I", gamma)))
    linear = (GRAY / 255.0) ** (100_000 / gamma)
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(read_photo(data).luminance / 65535, expected, atol=2e-5)
