"""Bad and hostile files: one clear sentence each, or a right result; never anything else."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from handtint_model.errors import BadImage
from handtint_model.files import ReadLimits, inspect_photo, read_photo

RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (200, 300), dtype=np.uint8)


def encoded(array, form, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, form, **options)
    return file.getvalue()


def png_header(width, height, depth=8, color=0):
    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def check_sentence(error):
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert 10 < len(text) < 200
    return text


def refused(source, words=""):
    with pytest.raises(BadImage) as error:
        read_photo(source)
    assert words in check_sentence(error)


def test_empty(tmp_path):
    (tmp_path / "a.png").touch()
    refused(tmp_path / "a.png", "empty")
    refused(b"", "empty")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"just some text", "not a picture"),
        (b"x", "not a picture"),
        (encoded(NOISE, "GIF"), "GIF"),
        (encoded(NOISE, "BMP"), "BMP"),
        (b"8BPS" + bytes(100), "Photoshop"),
        (b"%PDF-1.7" + bytes(100), "PDF"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
        (b"\0\0\0\x18ftypavif" + bytes(100), "AVIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(100), "raw"),
    ],
)
def test_other_files(tmp_path, data, words):
    (tmp_path / "a.png").write_bytes(data)
    refused(tmp_path / "a.png", words)
    refused(data, words)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.99])
def test_cut_off(tmp_path, form, share):
    data = encoded(NOISE, form)
    data = data[: int(len(data) * share)]
    (tmp_path / "a").write_bytes(data)
    refused(tmp_path / "a")
    refused(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_signature_only(form):
    refused(encoded(NOISE, form)[:12])


@pytest.mark.parametrize("color", [0, 2, 6])
def test_huge_header_in_a_tiny_file(color):
    data = png_header(20_000, 20_000, 8, color)
    refused(data)
    with pytest.raises(BadImage, match="limit of 100 million"):
        inspect_photo(data, ReadLimits(pixels=100_000_000))
    with pytest.raises(BadImage, match="more than the limit of 400 million"):
        inspect_photo(png_header(20_001, 20_000, 8, color))


def test_huge_header_jpeg():
    data = bytearray(encoded(NOISE, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65000, 65000)
    refused(bytes(data), "limit")


def test_limit_counts_pixels():
    data = encoded(NOISE, "PNG")
    read_photo(data, ReadLimits(pixels=NOISE.size))
    with pytest.raises(BadImage, match="300 x 200"):
        read_photo(data, ReadLimits(pixels=NOISE.size - 1))


@pytest.mark.parametrize(("form", "name"), [("GIF", "GIF"), ("PNG", "PNG"), ("WEBP", "WebP")])
def test_animations(form, name):
    frames = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:], duration=100)
    refused(file.getvalue(), name)


def test_documents_of_several_pages(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([NOISE] * 3), photometric="minisblack")
    refused(tmp_path / "a.tif", "3 pages")
    refused((tmp_path / "a.tif").read_bytes(), "3 pages")


def test_a_preview_page_does_not_matter(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(NOISE)
        file.write(NOISE[::4, ::4].copy(), subfiletype=1)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").luminance, NOISE)


def test_camera_raw_in_a_tiff(tmp_path):
    tifffile.imwrite(tmp_path / "a.dng", NOISE, extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    refused(tmp_path / "a.dng", "raw")
    with tifffile.TiffWriter(tmp_path / "a.nef") as file:
        file.write(NOISE[::4, ::4].copy(), subfiletype=1, subifds=1)
        file.write(NOISE)
    refused(tmp_path / "a.nef", "raw")


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint32, np.int32, np.complex64])
def test_other_sample_types(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", NOISE.astype(dtype))
    refused(tmp_path / "a.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_a_number(tmp_path, value):
    plane = (NOISE / 255).astype(np.float32)
    plane[150, 20] = value
    tifffile.imwrite(tmp_path / "a.tif", plane)
    refused(tmp_path / "a.tif", "NaN or infinite")


def test_float_codes_of_another_scale(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", NOISE.astype(np.float32))
    refused(tmp_path / "a.tif", "above 1")


def test_not_files(tmp_path):
    refused(tmp_path, "folder")
    refused(tmp_path / "missing.png", "cannot be opened")
    refused("nul\0byte.png", "cannot be opened")


def test_a_pipe_does_not_hang(tmp_path):
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "a.png")
    refused(tmp_path / "a.png", "not a regular file")


def test_hostile_tiff_directory_is_limited(tmp_path):
    # Every field claims the whole file as its value: a careless reader copies it each time.
    body = bytes(1 << 20)
    count = 60_000
    records = b"".join(struct.pack("<HHII", 40000, 7, len(body), 8) for _ in range(count))
    data = b"II*\0" + struct.pack("<I", 8 + len(body)) + body + struct.pack("<H", count) + records
    from handtint_model.files import exif

    entries = exif.read_directory(io.BytesIO(data))
    assert sum(len(e.data) for e in entries) <= 8 << 20
    refused(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_damaged_anywhere(form):
    """Bytes changed at random: refused in a sentence, or a plane of the header's size."""
    whole = encoded(NOISE[:40, :50], form)

    @settings(
        max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(
        st.lists(
            st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=8
        )
    )
    def damage(changes):
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        limits = ReadLimits(pixels=1_000_000)
        try:
            photo = read_photo(bytes(data), limits)
        except BadImage as error:
            sentence = str(error)
        else:
            info = inspect_photo(bytes(data), limits)
            assert photo.luminance.shape == (info.height, info.width)
            return
        assert "\n" not in sentence
        assert sentence.endswith(".")

    damage()
