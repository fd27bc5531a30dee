"""Kinds of files that people have: read rightly, or refused by their name and with a way out."""

import contextlib
import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from handtint_model.errors import BadImage, BadOption, TooManyPixels
from handtint_model.files import (
    PhotoMeta,
    ReadLimits,
    check_target,
    exif,
    inspect_photo,
    read_hints,
    read_photo,
    write_photo,
)
from handtint_model.files.header import srgb_profile
from handtint_model.files.icc import srgb_encode

from .test_read_write import PROPHOTO, make_profile

RAMP = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))


def png_with(array, *chunks):
    """A PNG of Pillow's with further chunks behind IHDR."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    data = file.getvalue()
    more = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return data[:33] + more + data[33:]


def jpeg(array, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "JPEG", **options)
    return file.getvalue()


def refused(source, *words, limits=None):
    with pytest.raises(BadImage) as error:
        read_photo(source, limits)
    text = str(error.value)
    assert text.endswith(".")
    assert "damaged" not in text
    for word in words:
        assert word in text


def lightness_to_code(level):
    """Y' of CIE L* 0..100."""
    y = np.where(level > 8, ((level + 16) / 116) ** 3, level / 903.3)
    return srgb_encode(y)


# Colours


@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lab_in_every_encoding(tmp_path, photometric, dtype):
    top = np.iinfo(dtype).max
    level = np.tile(np.linspace(0, 100, 96), (8, 1))
    lab = np.zeros((8, 96, 3), dtype)
    lab[..., 0] = np.rint(level / 100 * top)
    if photometric == "icclab":
        lab[..., 1:] = 128 if dtype is np.uint8 else 32768
    tifffile.imwrite(tmp_path / "a.tif", lab, photometric=photometric)
    photo = read_photo(tmp_path / "a.tif")
    expected = lightness_to_code(lab[..., 0] / top * 100)
    np.testing.assert_allclose(photo.luminance / 65535, expected, atol=3e-3)
    assert photo.meta.profile == srgb_profile()


def test_a_lab_color_has_the_luminance_of_its_lightness(tmp_path):
    lab = np.zeros((8, 8, 3), np.uint8)
    lab[...] = (153, 128 + 30, 128 - 40)  # L* 60, a* 30, b* -40
    tifffile.imwrite(tmp_path / "a.tif", lab, photometric="icclab")
    got = read_photo(tmp_path / "a.tif").luminance / 65535
    np.testing.assert_allclose(got, lightness_to_code(np.array(60.0)), atol=0.02)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
def test_min_is_white_in_every_depth(tmp_path, dtype):
    top = 1.0 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    plane = (RAMP / 255 * top).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", plane, photometric="miniswhite")
    got = read_photo(tmp_path / "a.tif").luminance / top
    np.testing.assert_allclose(got, 1 - plane.astype(np.float64) / top, atol=1e-6)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("samples", [1, 3])
def test_float_of_64_bits(tmp_path, compression, order, samples):
    plane = (RAMP / 255.0).astype(np.float64)
    pixels = plane if samples == 1 else np.stack([plane] * 3, -1)
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels,
        photometric="minisblack" if samples == 1 else "rgb",
        compression=compression,
        byteorder=order,
        rowsperstrip=10,
    )
    photo = read_photo(tmp_path / "a.tif")
    assert photo.meta.depth == 32
    np.testing.assert_allclose(photo.luminance, plane, atol=1e-7)
    data = (tmp_path / "a.tif").read_bytes()
    np.testing.assert_array_equal(read_photo(data).luminance, photo.luminance)


def test_float_of_64_bits_cut_off(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP / 255.0, compression="zlib", rowsperstrip=64)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        at = file.pages[0].dataoffsets[0]
    data[at : at + 40] = bytes(40)
    with pytest.raises(BadImage, match="damaged"):
        read_photo(bytes(data))


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_png_gamma_counts_like_a_profile(gamma):
    data = png_with(RAMP, (b"gAMA", struct.pack(">I", round(100_000 / gamma))))
    photo = read_photo(data)
    expected = srgb_encode((RAMP / 255) ** gamma) * 65535
    assert np.abs(photo.luminance - expected).max() <= 2
    assert photo.meta.profile == srgb_profile()
    out = Image.open(io.BytesIO(write_photo(None, np.stack([photo.luminance] * 3, -1), photo.meta)))
    assert np.abs(np.asarray(out)[..., 0] - expected / 257).max() <= 1
    assert "gamma" not in out.info


def test_png_gamma_of_srgb_changes_nothing():
    data = png_with(RAMP, (b"gAMA", struct.pack(">I", 45455)))
    np.testing.assert_array_equal(read_photo(data).luminance, RAMP)


def chromaticities(*values):
    return struct.pack(">8I", *(round(100_000 * value) for value in values))


def test_png_gamma_with_the_primaries_of_srgb_is_srgb():
    srgb = chromaticities(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
    data = png_with(RAMP, (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", srgb))
    np.testing.assert_array_equal(read_photo(data).luminance, RAMP)


def test_png_gamma_with_other_primaries_is_a_power():
    """As GIMP reads it."""
    data = png_with(RAMP, (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", P3))
    expected = srgb_encode((RAMP / 255) ** 2.2) * 65535
    assert np.abs(read_photo(data).luminance - expected).max() <= 4


P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


@pytest.mark.parametrize("chunk", [(b"cHRM", P3), (b"cICP", bytes((12, 13, 0, 1)))])
def test_png_primaries_count_like_a_profile(chunk):
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    got = read_photo(png_with(red, chunk)).luminance / 65535
    # Y of the red of Display P3 is 0.22897; of sRGB's 0.2126 (SMPTE RP 431-2, IEC 61966-2-1).
    linear = ((200 / 255 + 0.055) / 1.055) ** 2.4
    np.testing.assert_allclose(got, srgb_encode(np.array(0.22897 * linear)), atol=2e-3)


def test_png_srgb_chunk_beats_gamma():
    data = png_with(RAMP, (b"gAMA", struct.pack(">I", 100_000)), (b"sRGB", b"\0"))
    np.testing.assert_array_equal(read_photo(data).luminance, RAMP)
    assert read_photo(data).meta.profile == srgb_profile()


def test_png_profile_beats_gamma(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png", icc_profile=make_profile(b"GRAY", 2.2))
    data = (tmp_path / "a.png").read_bytes()
    with_gamma = png_with(RAMP, (b"gAMA", struct.pack(">I", 100_000)))[33:53]
    both = data[:33] + with_gamma[: 12 + 4] + data[33:]
    np.testing.assert_array_equal(read_photo(both).luminance, read_photo(data).luminance)


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_is_refused(transfer):
    refused(png_with(RAMP, (b"cICP", bytes((9, transfer, 0, 1)))), "high dynamic range", "sRGB")


@pytest.mark.parametrize("body", [bytes(32), b"\xff" * 32, b"short"])
def test_broken_primaries_are_ignored(body):
    np.testing.assert_array_equal(read_photo(png_with(RAMP, (b"cHRM", body))).luminance, RAMP)


@pytest.mark.parametrize(("primaries", "gamma"), [(PROPHOTO, 1.8)])
def test_hints_are_converted_from_their_profile(tmp_path, primaries, gamma):
    layer = np.zeros((20, 30, 4), np.uint8)
    layer[5:10, 5:20] = (160, 80, 60, 255)
    profile = make_profile(b"RGB", gamma, primaries)
    Image.fromarray(layer).save(tmp_path / "a.png", icc_profile=profile)
    got = read_hints(tmp_path / "a.png", (30, 20)).patches[0].rgba
    light = (np.array([160, 80, 60]) / 255) ** gamma
    to_xyz = np.array(primaries).T
    srgb = np.array(  # from XYZ of D50, Bradford (brucelindbloom.com)
        [
            [3.1338561, -1.6168667, -0.4906146],
            [-0.9787684, 1.9161415, 0.0334540],
            [0.0719453, -0.2289914, 1.4052427],
        ]
    )
    expected = srgb_encode(np.clip(srgb @ to_xyz @ light, 0, 1)) * 255
    painted = got[got[..., 3] == 255]
    assert len(painted) == 75
    assert np.abs(painted[:, :3] - expected).max() <= 2
    assert np.abs(expected - [160, 80, 60]).max() > 10


# Channels that are no colours


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colors", [1, 3])
def test_an_unspecified_channel_is_not_transparency(tmp_path, dtype, colors):
    plane = RAMP.astype(dtype)
    pixels = np.stack([plane] * colors + [plane[::-1, ::-1]], -1)
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels,
        photometric="rgb" if colors == 3 else "minisblack",
        extrasamples=["unspecified"],
        planarconfig="contig",
    )
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.luminance, plane)
    assert photo.alpha is None
    assert "neither color nor transparency" in photo.meta.notes[0]


def test_transparency_beside_another_channel(tmp_path):
    alpha = np.ascontiguousarray(RAMP[:, ::-1])
    pixels = np.stack([RAMP] * 3 + [RAMP * 0, alpha], -1)
    tifffile.imwrite(
        tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unspecified", "unassalpha"]
    )
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.luminance, RAMP)
    np.testing.assert_array_equal(photo.alpha, alpha)
    assert len(photo.meta.notes) == 1


def test_opaque_transparency_may_go():
    opaque = np.full(RAMP.shape, 255, np.uint8)
    rgb = np.stack([RAMP] * 3, -1)
    data = write_photo(None, rgb, alpha=opaque, format="jpeg")
    assert Image.open(io.BytesIO(data)).mode == "RGB"
    check_target("a.jpg", (96, 64), PhotoMeta(), alpha=opaque)
    opaque[3, 3] = 254
    for target in ("a.jpg", "a.jpeg"):
        with pytest.raises(BadOption, match="transparency"):
            check_target(target, (96, 64), PhotoMeta(), alpha=opaque)
    with pytest.raises(BadOption, match="16383"):
        check_target("a.webp", (16384, 64), PhotoMeta())


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_black_and_white_only_gets_a_note(tmp_path, ending):
    Image.fromarray(RAMP).convert("1").save(tmp_path / f"a.{ending}")
    assert "black and white" in read_photo(tmp_path / f"a.{ending}").meta.notes[0]
    Image.fromarray(RAMP).save(tmp_path / f"b.{ending}")
    assert read_photo(tmp_path / f"b.{ending}").meta.notes == ()


# Pages


def pages(path, *arrays):
    """arrays: (pixels, NewSubfileType or None)."""
    with tifffile.TiffWriter(path) as file:
        for array, kind in arrays:
            color = "rgb" if array.ndim == 3 else None
            # tifffile writes masks with the photometric of masks only, scanners do not.
            file.write(array, subfiletype=1 if kind == 4 else kind, photometric=color)
    with tifffile.TiffFile(path, mode="r+b") as file:
        for page, (_, kind) in zip(file.pages, arrays, strict=True):
            if kind == 4:
                page.tags[254].overwrite(4)


@pytest.mark.parametrize(
    "others",
    [
        [(RAMP[::-1].copy(), 4)],  # a mask of the same size: SilverFast's infrared
        [(RAMP[::4, ::4].copy(), 1)],
        [(RAMP[::2, ::2].copy(), None), (RAMP[::4, ::4].copy(), None)],  # an unmarked pyramid
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_masks_and_previews_do_not_matter(tmp_path, others, first):
    photo = (np.stack([RAMP] * 3, -1), None)
    pages(tmp_path / "a.tif", *([photo, *others] if first else [*others, photo]))
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").luminance, RAMP)


def test_pages_are_counted_and_chosen(tmp_path):
    arrays = [np.roll(RAMP, 20 * i, 1) for i in range(3)]
    pages(tmp_path / "a.tif", *((a, None) for a in arrays), (RAMP[::4, ::4].copy(), 1))
    # Which command has the option is said, as others read such files, too, and the server.
    refused(tmp_path / "a.tif", "3 pages", "with handtint colorize --page N")
    for number, array in enumerate(arrays, 1):
        got = read_photo(tmp_path / "a.tif", ReadLimits(page=number))
        np.testing.assert_array_equal(got.luminance, array)
    refused(tmp_path / "a.tif", "no page 4", "3 pages", limits=ReadLimits(page=4))


def test_pages_of_different_sizes_are_pages(tmp_path):
    pages(tmp_path / "a.tif", (RAMP, None), (RAMP[:40, :20].copy(), None))
    refused(tmp_path / "a.tif", "2 pages")


def test_a_page_of_another_format(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    read_photo(tmp_path / "a.png", ReadLimits(page=1))
    refused(tmp_path / "a.png", "no page 2", limits=ReadLimits(page=2))


# Unsupported is not damaged


def patched(tmp_path, tag, value, array=RAMP, **options):
    """A TIFF file one SHORT field of which was changed."""
    tifffile.imwrite(tmp_path / "p.tif", array, **options)
    with tifffile.TiffFile(tmp_path / "p.tif", mode="r+b") as file:
        file.pages[0].tags[tag].overwrite(value)
    return tmp_path / "p.tif"


@pytest.mark.parametrize("code", [6666, 34887, 34676, 50002])
def test_tiff_compressions_that_are_not_read(tmp_path, code):
    refused(patched(tmp_path, "Compression", code), "compression", "Deflate")


@pytest.mark.parametrize(("compression", "name"), [("zstd", 50000), ("tiff_lzma", 34925)])
def test_tiff_compressions_that_pillow_reads(tmp_path, compression, name):
    image = Image.fromarray(RAMP)
    if compression == "tiff_lzma":
        image.save(tmp_path / "a.tif", compression="lzma", tiffinfo={274: 6})
    else:
        image.save(tmp_path / "a.tif", compression="zstd", tiffinfo={274: 6})
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].compression == name
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.luminance, np.rot90(RAMP, -1))
    assert write_photo(None, np.stack([photo.luminance] * 3, -1), photo.meta)


def made_lab(data):
    """An RGB TIFF that says that its values are CIELab."""
    changed = bytearray(data)
    at = struct.unpack_from("<I", data, 4)[0]
    for i in range(struct.unpack_from("<H", data, at)[0]):
        if struct.unpack_from("<H", data, at + 2 + 12 * i)[0] == 262:
            struct.pack_into("<H", changed, at + 2 + 12 * i + 8, 8)
    return bytes(changed)


def tiff_of_pillow(pixels, **more):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "TIFF", **more)
    return file.getvalue()


@pytest.mark.filterwarnings("error")
def test_pillows_own_limit_does_not_count(monkeypatch):
    """It stands at 179 million pixels, for whoever uses Pillow in the same program."""
    files = [
        tiff_of_pillow(RAMP, compression="zstd"),
        tiff_of_pillow(RAMP, compression="lzma"),
        made_lab(tiff_of_pillow(np.stack([RAMP] * 3, -1))),
        made_lab(tiff_of_pillow(np.stack([RAMP] * 3, -1), tiffinfo={274: 6})),
    ]
    first = [read_photo(data).luminance for data in files]
    for limit in (RAMP.size // 3, RAMP.size - 1):  # an error of Pillow's, and a warning
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        for data, expected in zip(files, first, strict=True):
            np.testing.assert_array_equal(read_photo(data).luminance, expected)
            with pytest.raises(TooManyPixels):
                read_photo(data, ReadLimits(RAMP.size - 1))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_headers_that_confuse_pillow():
    """Whatever stands in them: a photo, or one of Handtint's own errors."""
    random = np.random.default_rng(5)
    pixels = random.integers(0, 255, (20, 30, 3), np.uint8)
    seeds = [made_lab(tiff_of_pillow(pixels))]
    seeds += [tiff_of_pillow(pixels, compression=name) for name in ("zstd", "lzma")]
    values = (0, 1, 2, 3, 4, 5, 7, 12, 16, 129, 255)
    for _ in range(1500):
        data = bytearray(seeds[random.integers(len(seeds))])
        start = struct.unpack_from("<I", data, 4)[0]
        count = struct.unpack_from("<H", data, start)[0]
        for _ in range(random.integers(1, 4)):
            at = start + 2 + 12 * int(random.integers(count)) + int(random.choice((2, 4, 8)))
            data[at] = int(random.choice(values))
            data[at + 1] = int(random.choice((data[at + 1], random.integers(256))))
        with contextlib.suppress(BadImage):
            read_photo(bytes(data), ReadLimits(10_000_000))


@pytest.mark.parametrize("compression", ["zstd", "lzma"])
def test_a_header_is_read_without_pixels(compression):
    """Those of this file cannot be decoded."""
    whole = tiff_of_pillow(RAMP, compression=compression)
    page = exif.read_pages(io.BytesIO(whole))[0]
    (at,) = next(entry.numbers() for entry in page if entry.tag == 273)
    broken = whole[:at] + bytes(30) + whole[at + 30 :]
    info = inspect_photo(broken)
    assert (info.width, info.height, info.dtype, info.bits) == (96, 64, np.uint8, 8)
    assert info == replace(inspect_photo(whole), meta=info.meta)
    with pytest.raises(TooManyPixels):
        read_photo(broken, ReadLimits(RAMP.size - 1))
    with pytest.raises(BadImage, match="damaged"):
        read_photo(broken)


def test_headers_say_what_the_pixels_are(tmp_path):
    """Of the kinds that are decoded without libvips."""
    deep = tmp_path / "deep.tif"
    tifffile.imwrite(deep, np.stack([RAMP / 255.0] * 3, -1), photometric="rgb")
    pixels = np.stack([RAMP] * 3, -1)
    color = tiff_of_pillow(pixels, compression="zstd")
    for source in (deep, color, made_lab(tiff_of_pillow(pixels))):
        info, photo = inspect_photo(source), read_photo(source)
        assert (info.height, info.width) == photo.luminance.shape
        assert (info.dtype, info.alpha) == (photo.luminance.dtype, False)
        assert info.meta == photo.meta


def test_tiff_in_tiles_of_separate_planes(tmp_path):
    planes = np.stack([RAMP] * 3)
    tifffile.imwrite(
        tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate", tile=(16, 16)
    )
    refused(tmp_path / "a.tif", "interleaved")
    tifffile.imwrite(tmp_path / "b.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_photo(tmp_path / "b.tif").luminance, RAMP)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint32, np.int32, np.uint64])
def test_sample_types_are_named(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(dtype))
    refused(tmp_path / "a.tif", f"{np.dtype(dtype).itemsize * 8} bits", "8 or 16 bits")


def test_12_bit_gray_tiff(tmp_path):
    """Two samples in three bytes, as old scanners wrote."""
    codes = (RAMP.astype(np.uint32) * 16 + 5).reshape(-1, 2)
    packed = np.stack(
        [codes[:, 0] >> 4, (codes[:, 0] & 15) << 4 | codes[:, 1] >> 8, codes[:, 1] & 255], -1
    ).astype(np.uint8)
    data = packed.tobytes()
    tags = [(256, 96), (257, 64), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 64)]
    tags.append((279, len(data)))
    at = 8 + len(data)
    directory = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value) for tag, value in tags
    )
    tiff = b"II*\0" + struct.pack("<I", at) + data + directory + bytes(4)
    expected = np.rint((RAMP.astype(float) * 16 + 5) * 65535 / 4095)
    np.testing.assert_array_equal(read_photo(tiff).luminance, expected)


@pytest.mark.parametrize(
    ("marker", "precision", "name"),
    [
        (0xF7, 8, "JPEG-LS"),
        (0xC1, 12, "12 bits"),
        (0xC5, 8, "hierarchical"),
        (0xC3, 16, "lossless"),
    ],
)
def test_jpeg_kinds_are_named(marker, precision, name):
    data = bytearray(jpeg(RAMP))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, precision
    refused(bytes(data), name, "save it as")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_a_jpeg_that_only_lacks_its_end_marker(tmp_path, options):
    data = jpeg(np.random.default_rng(1).integers(0, 256, (64, 96), dtype=np.uint8), **options)
    assert data.endswith(b"\xff\xd9")
    whole = read_photo(data)
    (tmp_path / "a.jpg").write_bytes(data[:-2])
    for source in (data[:-2], tmp_path / "a.jpg"):
        np.testing.assert_array_equal(read_photo(source).luminance, whole.luminance)
    if not options:
        for cut in (6, 30, 300):
            with pytest.raises(BadImage):
                read_photo(data[:-cut])


def test_avif_is_read_where_libvips_can():
    file = io.BytesIO()
    Image.fromarray(np.stack([RAMP] * 3, -1)).save(file, "AVIF", quality=95)
    photo = read_photo(file.getvalue())
    assert np.abs(photo.luminance.astype(int) - RAMP).max() <= 4
    assert photo.meta.format == "png"


def avif(array, primaries=1, transfer=13, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "AVIF", quality=100, subsampling="4:4:4", **options)
    data = bytearray(file.getvalue())
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", primaries, transfer)
    return bytes(data)


def test_avif_says_what_its_codes_mean():
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    linear = ((200 / 255 + 0.055) / 1.055) ** 2.4
    for primaries, weight in ((1, 0.2126), (12, 0.22897)):
        got = read_photo(avif(red, primaries)).luminance
        code = got[16, 16] / np.iinfo(got.dtype).max
        assert code == pytest.approx(srgb_encode(np.array(weight * linear)), abs=6e-3)
    refused(avif(red, 9, 16), "high dynamic range", "PQ")


@pytest.mark.parametrize("bits", [10, 12])
def test_white_of_a_deep_avif_is_white(bits):
    """libvips gives its codes in the upper bits, so that white was 65472 and opaque was not."""
    import pyvips

    top = 2**bits - 1
    codes = np.tile(np.linspace(0, top, 1024).astype(np.uint16), (16, 1))
    plane = codes << (16 - bits)
    rgba = np.dstack([plane, plane, plane, np.full_like(plane, 65535)])
    image = pyvips.Image.new_from_memory(rgba.tobytes(), 1024, 16, 4, "ushort")
    image = image.copy(interpretation="rgb16")
    data = image.heifsave_buffer(compression="av1", bitdepth=bits, lossless=True)
    photo = read_photo(data)
    np.testing.assert_array_equal(photo.luminance, np.rint(codes * (65535 / top)))
    assert (photo.alpha == 65535).all()
    check_target("a.jpg", (1024, 16), photo.meta, alpha=photo.alpha)


def test_avif_keeps_its_exif():
    exif = Image.Exif()
    exif[0x13B] = "A. Photographer"
    data = avif(np.stack([RAMP] * 3, -1), exif=exif.tobytes())
    photo = read_photo(data)
    out = write_photo(None, np.stack([photo.luminance] * 3, -1), photo.meta)
    with Image.open(io.BytesIO(out)) as image:
        assert image.format == "PNG"
        assert image.getexif()[0x13B] == "A. Photographer"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a", "JPEG XL"),
        (b"\0\0\0\x0cjP  \x0d\x0a\x87\x0a", "JPEG 2000"),
        (b"\xff\x4f\xff\x51", "JPEG 2000"),
    ],
)
def test_formats_that_this_libvips_lacks(head, title):
    import pyvips

    name = {"JPEG XL": "jxlload_buffer", "JPEG 2000": "jp2kload_buffer"}[title]
    if pyvips.type_find("VipsOperation", name):
        pytest.skip("this libvips reads them")
    refused(head + bytes(200), title, "save it as PNG or TIFF")


def test_inspecting_tells_the_same(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP / 255.0)
    info = inspect_photo(tmp_path / "a.tif")
    assert (info.width, info.height, info.dtype) == (96, 64, np.float32)
