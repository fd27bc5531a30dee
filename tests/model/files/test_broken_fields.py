"""Files with one wrong field: read where all pixels are there, else refused by the field's name."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from handtint_model.errors import BadImage
from handtint_model.files import ReadLimits, read_photo

from .broken import COLOR_MAP, EXIF, GRAY, ORIENTATION, PHOTOMETRIC, SAMPLE_FORMAT, chunk, png, tiff


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


@pytest.mark.parametrize("code", [7, 99, 40000])
def test_an_unknown_photometric_is_refused_by_its_name(code):
    refused(tiff(photometric=code), f"PhotometricInterpretation {code}", "save it as gray or RGB")


def test_a_missing_photometric_is_named():
    text = refused(tiff(without=(PHOTOMETRIC,)), "PhotometricInterpretation", "262", "missing")
    assert "damaged" not in text


@pytest.mark.parametrize("count", [0, 10, 767])
def test_a_short_palette_is_refused(count):
    palette = [(COLOR_MAP, 3, count, bytes(2 * count))] if count else []
    text = refused(tiff(*palette, photometric=3), f"{count} of 768", "save it as gray or RGB")
    assert "damaged" not in text


def test_a_whole_palette_is_read():
    ramp = np.tile(np.arange(256, dtype="<u2")[::-1] * 257, 3)
    data = tiff((COLOR_MAP, 3, 768, ramp.tobytes()), photometric=3)
    np.testing.assert_array_equal(read_photo(data).luminance, 255 - GRAY)


def test_old_jpeg_compression_is_refused_by_its_name():
    text = refused(tiff(compression=6), "old JPEG compression", "save it")
    assert "damaged" not in text


@pytest.mark.parametrize(("code", "bits"), [(5, 32), (6, 64), (6, 128)])
def test_complex_numbers_are_called_so(code, bits):
    pixels = np.zeros((*GRAY.shape, bits // 8), np.uint8)
    refused(tiff((SAMPLE_FORMAT, 3, 1, code), pixels=pixels, bits=bits), "complex numbers")


def test_an_unknown_sample_format_is_named():
    refused(tiff((SAMPLE_FORMAT, 3, 1, 9)), "SampleFormat 9")


@pytest.mark.parametrize("code", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_leaves_the_photo_as_it_lies(code):
    np.testing.assert_array_equal(read_photo(tiff((ORIENTATION, 3, 1, code))).luminance, GRAY)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_bad_orientation_on_any_page_in_any_layout(tmp_path, order, big):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, byteorder=order, bigtiff=big) as file:
        for pixels, code in ((GRAY, 9), (GRAY[::-1], 0), (255 - GRAY, 3)):
            file.write(pixels, extratags=[(ORIENTATION, 3, 1, code, True)], metadata=None)
    before = path.read_bytes()
    for number, expected in ((1, GRAY), (2, GRAY[::-1]), (3, 255 - GRAY[::-1, ::-1])):
        photo = read_photo(path, ReadLimits(page=number))
        np.testing.assert_array_equal(photo.luminance, expected)
    assert path.read_bytes() == before


def test_a_bad_orientation_in_a_file_that_pillow_decodes(tmp_path):
    codes = np.zeros((*GRAY.shape, 3), np.uint8)
    codes[..., 0] = GRAY
    extra = [(ORIENTATION, 3, 1, 9, True)]
    tifffile.imwrite(tmp_path / "a.tif", codes, photometric="cielab", extratags=extra)
    assert read_photo(tmp_path / "a.tif").luminance.shape == GRAY.shape


@pytest.mark.parametrize("at", [2**32 - 1, 10**9])
def test_a_page_chain_that_leads_nowhere_beside_a_bad_orientation(at):
    refused(tiff((ORIENTATION, 3, 1, 9))[:-4] + struct.pack("<I", at), "damaged")


def test_an_exif_directory_beyond_the_end_does_not_matter():
    data = tiff((EXIF, 4, 1, 4294967290))
    np.testing.assert_array_equal(read_photo(data).luminance, GRAY)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (png(check=1), "the checksum of its chunk IHDR is wrong"),
        (png(color=9), "color type 9 does not exist"),
        (png(bits=3), "color type 0 with 3 bits does not exist"),
        (png(interlace=7), "interlace method 7 does not exist"),
        (png(width=0), "its size is 0 x 96"),
        (png(color=3), "its palette (PLTE) is missing"),
        (png(chunk(b"PLTE", b"ab"), color=3), "its palette (PLTE) is damaged"),
        (png(chunk(b"ABCD", b"xx")), "its chunk ABCD is not known, but needed"),
        (png(chunk(b"\x1b[2J", b"xx")), "its chunk names are damaged"),
        (png()[:-30], "it ends within its chunk IDAT"),
        (png()[:33], "it ends before its pixels"),
        (png()[:20], "it ends within its chunk IHDR"),
        (png()[:8] + struct.pack(">I", 2**31 - 1) + b"IHDR", "it ends within its chunk IHDR"),
        (png()[:8] + png()[33:], "its first chunk is not IHDR"),
    ],
)
def test_a_png_that_cannot_be_read_says_why(tmp_path, data, reason):
    assert "damaged" in refused(data, f"({reason})")
    (tmp_path / "a.png").write_bytes(data)
    refused(tmp_path / "a.png", f"({reason})")


def test_a_wrong_checksum_of_the_pixels_is_named():
    data = bytearray(png())
    data[-13] ^= 1  # of IDAT's checksum
    refused(bytes(data), "the checksum of its chunk IDAT is wrong")


def test_a_png_of_absurd_size_is_too_large():
    assert "damaged" not in refused(png(width=2**31 - 1, height=2**31 - 1), "limit")


@pytest.mark.parametrize(("width", "height"), [(65535, 65535), (65535, 10), (10, 65501)])
def test_a_jpeg_too_large_for_libjpeg(width, height):
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "JPEG")
    data = bytearray(file.getvalue())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    text = refused(bytes(data), f"{width} x {height} pixels", "scale the picture down")
    assert "damaged" not in text


def test_a_cut_off_tiff_names_no_impossible_line():
    body = tiff()
    at = struct.unpack_from("<I", body, 4)[0]
    # The directory first, so that the pixels are what is cut off.
    head = body[:4] + struct.pack("<I", 8) + body[at:]
    place = head.index(struct.pack("<HHI", 273, 4, 1)) + 8
    data = head[:place] + struct.pack("<I", len(head)) + head[place + 4 :] + body[8:at]
    np.testing.assert_array_equal(read_photo(data).luminance, GRAY)
    text = refused(data[: len(data) // 2], "damaged or cut off", "expected")
    assert "4294967295" not in text


@pytest.mark.parametrize("fields", [0, 3])
def test_a_tiff_whose_directory_is_cut_off_is_damaged(fields):
    whole = tiff()
    at = struct.unpack_from("<I", whole, 4)[0]
    refused(whole[: at + 2 + 12 * fields], "damaged or cut off")
    head = b"II*\0" + struct.pack("<IH", 8, 9) + whole[at + 2 : at + 2 + 12 * fields]
    refused(head, "damaged or cut off")
