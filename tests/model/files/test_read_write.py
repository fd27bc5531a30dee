"""Picture files to planes and back: what must be read rightly, and what must be kept."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from handtint_model.errors import BadOption, Cancelled, WriteFailed
from handtint_model.files import PhotoMeta, icc, inspect_photo, read_photo, write_photo
from handtint_model.files.header import srgb_profile
from handtint_model.luminance import luminance_of

PHOTOS = Path(__file__).parents[2] / "data" / "photos"


@pytest.fixture(scope="module")
def gray8():
    return np.array(load(PHOTOS / "coffee-gray.png"))


@pytest.fixture(scope="module")
def gray16(gray8):
    low = np.random.default_rng(1).integers(0, 257, gray8.shape)
    return (gray8.astype(np.uint16) * 256 + low.astype(np.uint16)).astype(np.uint16)


def load(source):
    """A picture by Pillow, as an independent reader; leaves no file open."""
    return Image.open(io.BytesIO(Path(source).read_bytes()) if isinstance(source, Path) else source)


def as_color(plane):
    """A result whose Y' is not simply one channel, in the plane's depth."""
    rgb = np.stack([plane, plane, plane], -1)
    rgb[..., 0] //= 2
    return rgb


# Reading


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_gray_8_bit_is_the_pixel_value(tmp_path, gray8, name):
    path = tmp_path / name
    Image.fromarray(gray8).save(path, lossless=True)
    photo = read_photo(path)
    assert photo.luminance.dtype == np.uint8
    assert photo.alpha is None
    np.testing.assert_array_equal(photo.luminance, gray8)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_gray_16_bit_tiff(tmp_path, gray16, compression):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, gray16, photometric="minisblack", compression=compression)
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.luminance, gray16)
    assert photo.meta.depth == 16


def test_gray_16_bit_png(tmp_path, gray16):
    path = tmp_path / "a.png"
    Image.fromarray(gray16).save(path)
    np.testing.assert_array_equal(read_photo(path).luminance, gray16)


def test_rgb_16_bit_with_equal_channels_is_its_channel(tmp_path, gray16):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.stack([gray16] * 3, -1), photometric="rgb")
    np.testing.assert_array_equal(read_photo(path).luminance, gray16)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_toned_print_gives_the_luminance_of_its_colors(tmp_path, dtype):
    rng = np.random.default_rng(2)
    rgb = rng.random((90, 70, 3))
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    rgb = (rgb * top).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", rgb, photometric="rgb")
    got = read_photo(tmp_path / "a.tif").luminance
    code = rgb.astype(np.float64) / top
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    expected = np.where(y <= 0.0031308, y * 12.92, 1.055 * y ** (1 / 2.4) - 0.055) * top
    assert got.dtype == dtype
    if dtype is np.float32:
        np.testing.assert_allclose(got, expected, atol=1e-6)
    else:
        np.testing.assert_array_equal(got, np.rint(expected))
        np.testing.assert_array_equal(got, luminance_of(rgb))


def test_float_tiff(tmp_path, gray8):
    plane = (gray8 / np.float32(200)).astype(np.float32)  # some values above 1
    tifffile.imwrite(tmp_path / "a.tif", plane)
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.luminance, plane)
    rgb = np.stack([plane] * 3, -1)
    write_photo(tmp_path / "b.tif", rgb, photo.meta)
    back = tifffile.imread(tmp_path / "b.tif")
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, rgb)


@pytest.mark.slow
def test_one_compressed_strip(tmp_path):
    plane = np.random.default_rng(4).integers(0, 65536, (3000, 4000), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", plane, compression="zlib", rowsperstrip=3000)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").luminance, plane)


@pytest.mark.parametrize("tile", [(64, 64), (256, 128)])
def test_tiled_tiff(tmp_path, gray16, tile):
    tifffile.imwrite(tmp_path / "a.tif", gray16, tile=tile)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").luminance, gray16)


def test_progressive_jpeg(tmp_path, gray8):
    Image.fromarray(gray8).save(tmp_path / "a.jpg", progressive=True, quality=95)
    expected = np.array(load(tmp_path / "a.jpg"))
    assert np.abs(read_photo(tmp_path / "a.jpg").luminance.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["1", "P", "L"])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_bilevel_and_palette(tmp_path, gray8, mode, ending):
    picture = Image.fromarray(gray8).convert(mode)
    picture.save(tmp_path / f"a.{ending}")
    expected = np.array(picture.convert("L"))
    np.testing.assert_array_equal(read_photo(tmp_path / f"a.{ending}").luminance, expected)


def test_palette_with_colors(tmp_path):
    colors = np.zeros((40, 60, 3), np.uint8)
    colors[:, :30] = (200, 40, 90)
    colors[:, 30:] = (20, 150, 250)
    Image.fromarray(colors).quantize(8).save(tmp_path / "a.png")
    got = read_photo(tmp_path / "a.png").luminance
    np.testing.assert_array_equal(got, luminance_of(colors))


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk_is_converted(tmp_path, ending):
    ramp = np.linspace(0, 255, 256, dtype=np.uint8)
    cmyk = np.zeros((16, 256, 4), np.uint8)
    cmyk[..., 3] = 255 - ramp  # black ink only
    Image.fromarray(cmyk, "CMYK").save(tmp_path / f"a.{ending}")
    photo = read_photo(tmp_path / f"a.{ending}")
    row = photo.luminance[8].astype(float)
    assert (np.diff(row) >= -700).all()
    assert row[-1] > 64000
    assert row[0] < 16000
    write_photo(tmp_path / "out.tif", np.stack([photo.luminance] * 3, -1), photo.meta)
    out = load(tmp_path / "out.tif")
    assert out.mode == "RGB"
    assert out.info["icc_profile"] == srgb_profile()


def test_lab_tiff(tmp_path):
    lightness = np.tile(np.linspace(0, 65535, 64), (16, 1))
    lab = np.stack([lightness, np.zeros_like(lightness), np.zeros_like(lightness)], -1)
    tifffile.imwrite(tmp_path / "a.tif", lab.astype(np.uint16), photometric="cielab")
    got = read_photo(tmp_path / "a.tif").luminance[4] / 65535
    level = np.linspace(0, 100, 64)
    y = np.where(level > 8, ((level + 16) / 116) ** 3, level / 903.3)
    np.testing.assert_allclose(got, icc.srgb_encode(y), atol=0.01)


def test_min_is_white(tmp_path, gray8):
    tifffile.imwrite(tmp_path / "a.tif", gray8, photometric="miniswhite")
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").luminance, 255 - gray8)


def test_the_name_does_not_decide(tmp_path, gray8):
    Image.fromarray(gray8).save(tmp_path / "a.png")
    odd = tmp_path / "photo[page=3].jpg"
    odd.write_bytes((tmp_path / "a.png").read_bytes())
    photo = read_photo(odd)
    assert photo.meta.format == "png"
    np.testing.assert_array_equal(photo.luminance, gray8)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_not_utf8(tmp_path, gray8):
    path = tmp_path / os.fsdecode(b"f\xff.png")
    Image.fromarray(gray8).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(path)
    np.testing.assert_array_equal(read_photo(path).luminance, gray8)
    write_photo(path.with_suffix(".tif"), np.stack([gray8] * 3, -1))
    assert path.with_suffix(".tif").exists()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_bytes_and_path_agree(tmp_path, gray8, name):
    Image.fromarray(gray8).save(tmp_path / name)
    whole = read_photo((tmp_path / name).read_bytes())
    np.testing.assert_array_equal(whole.luminance, read_photo(tmp_path / name).luminance)
    assert whole.meta == read_photo(tmp_path / name).meta


def test_a_file_written_anew_is_read_anew(tmp_path, gray8):
    path = tmp_path / "a.png"
    for plane in (gray8, 255 - gray8):
        Image.fromarray(plane).save(path)
        np.testing.assert_array_equal(read_photo(path).luminance, plane)


@pytest.mark.parametrize("shape", [(1, 1), (5000, 1), (1, 5000)])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg", "a.webp"])
def test_odd_sizes(tmp_path, shape, name):
    plane = np.full(shape, 130, np.uint8)
    Image.fromarray(plane).save(tmp_path / name)
    photo = read_photo(tmp_path / name)
    assert photo.luminance.shape == shape
    np.testing.assert_array_equal(photo.luminance, plane)
    write_photo(tmp_path / f"out-{name}", np.stack([photo.luminance] * 3, -1), photo.meta)
    assert load(tmp_path / f"out-{name}").size == shape[::-1]


# Alpha


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_alpha_is_kept(tmp_path, gray8, gray16, dtype, ending):
    plane = gray8 if dtype == np.uint8 else gray16
    alpha = np.ascontiguousarray(plane[::-1])
    both = np.stack([plane, plane, plane, alpha], -1)
    if ending == "png":
        data = write_photo(None, both[..., :3], PhotoMeta(depth=both.itemsize * 8), alpha=alpha)
        (tmp_path / "a.png").write_bytes(data)
    else:
        tifffile.imwrite(tmp_path / "a.tif", both, photometric="rgb", extrasamples=["unassalpha"])
    photo = read_photo(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(photo.luminance, plane)
    np.testing.assert_array_equal(photo.alpha, alpha)
    out = tmp_path / f"out.{ending}"
    write_photo(out, as_color(plane), photo.meta, alpha=photo.alpha)
    again = read_photo(out)
    np.testing.assert_array_equal(again.alpha, alpha)
    if ending == "tif":
        np.testing.assert_array_equal(tifffile.imread(out)[..., :3], as_color(plane))


def test_gray_with_alpha_png(tmp_path, gray8):
    Image.fromarray(np.stack([gray8, 255 - gray8], -1), "LA").save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.luminance, gray8)
    np.testing.assert_array_equal(photo.alpha, 255 - gray8)


def test_transparent_palette_entry(tmp_path, gray8):
    Image.fromarray(gray8).convert("P").save(tmp_path / "a.png", transparency=0)
    photo = read_photo(tmp_path / "a.png")
    assert photo.alpha is not None
    assert set(np.unique(photo.alpha)) <= {0, 255}


def test_jpeg_takes_no_alpha(gray8):
    with pytest.raises(BadOption, match="transparency"):
        write_photo(None, as_color(gray8), alpha=gray8, format="jpeg")


# Orientation, EXIF, resolution


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "tif", "png"])
def test_orientation(tmp_path, orientation, ending):
    rng = np.random.default_rng(3)
    blocks = np.kron(rng.integers(20, 236, (3, 5)), np.ones((16, 16))).astype(np.uint8)
    exif = Image.Exif()
    exif[0x112] = orientation
    path = tmp_path / f"a.{ending}"
    Image.fromarray(blocks).save(path, exif=exif)
    expected = np.array(ImageOps.exif_transpose(load(path)))
    photo = read_photo(path)
    info = inspect_photo(path)
    assert (info.height, info.width) == expected.shape
    assert np.abs(photo.luminance.astype(int) - expected).max() <= 2
    out = tmp_path / f"out.{ending}"
    write_photo(out, np.stack([photo.luminance] * 3, -1), photo.meta)
    shown = ImageOps.exif_transpose(load(out))
    assert np.abs(np.array(shown.convert("L")).astype(int) - expected).max() <= 6


def photo_exif():
    exif = Image.Exif()
    exif[0x10F] = "Rolleiflex"
    exif[0x13B] = "A. Photographer"
    exif[0x8298] = "(c) 1950"
    exif.get_ifd(0x8769)[0x9003] = "1950:06:01 12:00:00"
    exif.get_ifd(0x8769)[0x829A] = TiffImagePlugin.IFDRational(1, 125)
    exif.get_ifd(0x8825)[1] = "N"
    return exif


@pytest.mark.parametrize("source", ["jpg", "tif", "png", "webp"])
@pytest.mark.parametrize("target", ["jpg", "tif", "png", "webp"])
def test_exif_is_kept(tmp_path, gray8, source, target):
    path = tmp_path / f"a.{source}"
    Image.fromarray(gray8).convert("RGB").save(path, exif=photo_exif().tobytes())
    photo = read_photo(path)
    out = tmp_path / f"out.{target}"
    write_photo(out, np.stack([photo.luminance] * 3, -1), photo.meta)
    exif = load(out).getexif()
    assert exif[0x10F] == "Rolleiflex"
    assert exif[0x13B] == "A. Photographer"
    assert exif[0x8298] == "(c) 1950"
    assert exif.get_ifd(0x8769)[0x9003] == "1950:06:01 12:00:00"
    assert exif.get_ifd(0x8769)[0x829A] == pytest.approx(1 / 125)
    assert exif.get_ifd(0x8825)[1] == "N"
    np.testing.assert_array_equal(np.array(load(out)).shape, (*gray8.shape, 3))


def test_big_endian_tiff_exif(tmp_path, gray16):
    tifffile.imwrite(
        tmp_path / "a.tif",
        gray16,
        byteorder=">",
        software="scanner 9",
        datetime="1999:01:02 03:04:05",
    )
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.luminance, gray16)
    write_photo(tmp_path / "b.tif", as_color(gray16), photo.meta)
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages[0].software == "scanner 9"
        assert str(file.pages[0].datetime) == "1999-01-02 03:04:05"
        np.testing.assert_array_equal(file.asarray(), as_color(gray16))


def test_no_gray_thumbnail_remains(tmp_path, gray8):
    thumbnail = io.BytesIO()
    Image.fromarray(gray8).resize((64, 48)).save(thumbnail, "JPEG")
    from handtint_model.files import exif

    block = exif.build_block((exif.Entry(0x10F, 2, 5, b"Leica"[:4] + b"\0"),))
    tiff = bytearray(block[6:])
    # a second directory with a thumbnail, as cameras write it
    at = len(tiff)
    tiff[22:26] = at.to_bytes(4, "little")
    entries = [(0x201, 4, 1, at + 30), (0x202, 4, 1, thumbnail.tell())]
    tiff += (2).to_bytes(2, "little")
    for tag, kind, count, value in entries:
        tiff += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
        tiff += count.to_bytes(4, "little") + value.to_bytes(4, "little")
    tiff += bytes(4) + thumbnail.getvalue()
    Image.fromarray(gray8).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + bytes(tiff))
    assert (tmp_path / "a.jpg").read_bytes().count(b"\xff\xd8\xff") == 2
    photo = read_photo(tmp_path / "a.jpg")
    write_photo(tmp_path / "b.jpg", np.stack([photo.luminance] * 3, -1), photo.meta)
    assert (tmp_path / "b.jpg").read_bytes().count(b"\xff\xd8\xff") == 1
    assert load(tmp_path / "b.jpg").getexif()[0x10F] == "Leic"


@pytest.mark.parametrize("source", ["jpg", "tif", "png"])
@pytest.mark.parametrize("target", ["jpg", "tif", "png"])
def test_resolution_is_kept(tmp_path, gray8, source, target):
    path = tmp_path / f"a.{source}"
    Image.fromarray(gray8).save(path, dpi=(600, 600))
    photo = read_photo(path)
    out = tmp_path / f"out.{target}"
    write_photo(out, np.stack([photo.luminance] * 3, -1), photo.meta)
    assert np.allclose([float(v) for v in load(out).info["dpi"]], 600, atol=0.5)


def test_png_text_is_kept(tmp_path, gray8):
    texts = PngInfo()
    texts.add_text("Description", "Grandmother, 1921")
    Image.fromarray(gray8).save(tmp_path / "a.png", pnginfo=texts)
    photo = read_photo(tmp_path / "a.png")
    write_photo(tmp_path / "b.png", np.stack([photo.luminance] * 3, -1), photo.meta)
    assert load(tmp_path / "b.png").text["Description"] == "Grandmother, 1921"


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
def test_xmp_is_kept_but_not_its_orientation(tmp_path, gray8, ending):
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" tiff:Make="Zeiss"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    path = tmp_path / f"a.{ending}"
    more = {"xmp": xmp}
    if ending == "png":
        more = {"pnginfo": PngInfo()}
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
    elif ending == "tif":
        more = {"tiffinfo": {700: xmp}}
    Image.fromarray(gray8).save(path, **more)
    photo = read_photo(path)
    write_photo(tmp_path / f"b.{ending}", np.stack([photo.luminance] * 3, -1), photo.meta)
    out = tmp_path / f"b.{ending}"
    kept = load(out).text["XML:com.adobe.xmp"].encode() if ending == "png" else out.read_bytes()
    assert b'tiff:Make="Zeiss"' in kept
    assert b'tiff:Orientation="1"' in kept
    assert b'tiff:Orientation="6"' not in kept


# Depth and compression of the result


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_16_bits_stay_16_bits(tmp_path, gray16, ending):
    rgb = as_color(gray16)
    write_photo(tmp_path / f"a.{ending}", rgb, PhotoMeta(depth=16))
    import cv2

    back = cv2.imread(str(tmp_path / f"a.{ending}"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert back.dtype == np.uint16
    np.testing.assert_array_equal(back, rgb)


def test_16_bits_to_jpeg_round_to_nearest(tmp_path, gray16):
    rgb = np.stack([gray16] * 3, -1)
    data = write_photo(None, rgb, PhotoMeta(depth=16), format="webp")
    assert load(io.BytesIO(data)).mode == "RGB"
    data = write_photo(None, rgb, PhotoMeta(depth=8, format="png"))
    np.testing.assert_array_equal(np.array(load(io.BytesIO(data)))[..., 0], np.rint(gray16 / 257))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "raw"])
def test_tiff_keeps_its_compression(tmp_path, gray8, compression):
    Image.fromarray(gray8).save(tmp_path / "a.tif", compression=compression)
    photo = read_photo(tmp_path / "a.tif")
    write_photo(tmp_path / "b.tif", as_color(gray8), photo.meta)
    before, after = (load(tmp_path / n).tag_v2[259] for n in ("a.tif", "b.tif"))
    same = {32946: 8}
    assert same.get(after, after) == same.get(before, before)


def test_lossless_webp_stays_lossless(tmp_path, gray8):
    Image.fromarray(gray8).convert("RGB").save(tmp_path / "a.webp", lossless=True)
    photo = read_photo(tmp_path / "a.webp")
    write_photo(tmp_path / "b.webp", as_color(gray8), photo.meta)
    np.testing.assert_array_equal(np.array(load(tmp_path / "b.webp")), as_color(gray8))


# Profiles


def make_profile(space, gamma, primaries=None):
    """A small ICC profile, version 2: gamma curve, and for RGB the colorants in XYZ D50."""
    import struct

    def xyz(values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": xyz((0.9642, 1.0, 0.8249)), b"cprt": b"text\0\0\0\0free\0\0\0\0"}
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(79)
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
            tags[name] = xyz(values)
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    offset = 132 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4sI4s4s4s12x4s",
        offset + len(body),
        b"test",
        0x02400000,
        b"mntr",
        space.ljust(4),
        b"XYZ ",
        b"acsp",
    )
    return (
        (head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0")
        + table
        + body
    )


ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.8249))
NARROW = ((0.38, 0.26, 0.08), (0.36, 0.58, 0.17), (0.2242, 0.16, 0.5749))


def srgb8_of(path):
    """An 8-bit picture as sRGB, by Pillow and lcms: independent of our own conversion."""
    picture = load(path)
    profile = picture.info.get("icc_profile")
    if profile is None:
        return np.array(picture.convert("RGB"))
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    return np.array(
        ImageCms.profileToProfile(
            picture,
            source,
            target,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
    )


def test_srgb_profile_is_kept_as_it_is(tmp_path, gray8):
    rgb = np.stack([gray8] * 3, -1)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(rgb).save(tmp_path / "a.png", icc_profile=profile)
    photo = read_photo(tmp_path / "a.png")
    assert photo.luminance.dtype == np.uint8
    np.testing.assert_array_equal(photo.luminance, gray8)
    write_photo(tmp_path / "b.png", as_color(gray8), photo.meta)
    assert load(tmp_path / "b.png").info["icc_profile"] == profile
    np.testing.assert_array_equal(np.array(load(tmp_path / "b.png")), as_color(gray8))


def test_no_profile_stays_none(tmp_path, gray8):
    Image.fromarray(gray8).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    write_photo(tmp_path / "b.png", as_color(gray8), photo.meta)
    assert "icc_profile" not in load(tmp_path / "b.png").info


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize(("primaries", "gamma"), [(ADOBE, 2.19921875), (PROPHOTO, 1.8)])
def test_wide_profile_is_kept_and_looks_right(tmp_path, gray8, ending, primaries, gamma):
    profile = make_profile(b"RGB", gamma, primaries)
    source = np.stack([gray8] * 3, -1)
    Image.fromarray(source).save(tmp_path / f"a.{ending}", icc_profile=profile, quality=100)
    photo = read_photo(tmp_path / f"a.{ending}")
    shown = srgb8_of(tmp_path / f"a.{ending}")[..., 1]
    assert photo.luminance.dtype == np.uint16
    assert np.abs(photo.luminance / 257 - shown).max() < (1.01 if ending in ("png", "tif") else 3)
    # A result in sRGB, seen through the kept profile, is the same picture again.
    rgb = np.array(load(PHOTOS / "coffee-gray.png").convert("RGB")).astype(np.uint16) * 257
    rgb[..., 0] = np.minimum(rgb[..., 0] * 1.0 + 9000, 65535)
    write_photo(tmp_path / f"b.{ending}", rgb, photo.meta)
    assert load(tmp_path / f"b.{ending}").info["icc_profile"] == profile
    error = np.abs(srgb8_of(tmp_path / f"b.{ending}") - rgb / 257)
    lossless = ending in ("png", "tif")
    assert np.percentile(error, 99) < (2.0 if lossless else 8)


def test_gray_profile_becomes_srgb_and_looks_right(tmp_path, gray8):
    profile = make_profile(b"GRAY", 1.0)  # linear light: far from sRGB
    Image.fromarray(gray8).save(tmp_path / "a.tif", icc_profile=profile)
    photo = read_photo(tmp_path / "a.tif")
    expected = icc.srgb_encode(gray8 / 255) * 65535
    assert np.abs(photo.luminance - expected).max() <= 0.5 + 1e-6
    write_photo(tmp_path / "b.tif", np.stack([photo.luminance] * 3, -1), photo.meta)
    assert load(tmp_path / "b.tif").info["icc_profile"] == srgb_profile()
    assert np.abs(srgb8_of(tmp_path / "b.tif") - expected[..., None] / 257).max() <= 1.01


def test_narrow_profile_cannot_hold_the_colors(tmp_path, gray8):
    Image.fromarray(np.stack([gray8] * 3, -1)).save(
        tmp_path / "a.png", icc_profile=make_profile(b"RGB", 2.2, NARROW)
    )
    assert read_photo(tmp_path / "a.png").meta.profile == srgb_profile()


def test_float_with_linear_profile(tmp_path):
    linear = np.linspace(0, 1.5, 400, dtype=np.float32).reshape(20, 20)
    profile = make_profile(b"RGB", 1.0, PROPHOTO)
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.stack([linear] * 3, -1),
        photometric="rgb",
        extratags=[(34675, 7, len(profile), profile, True)],
    )
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_allclose(photo.luminance, icc.srgb_encode(linear), atol=2e-4)
    write_photo(tmp_path / "b.tif", np.stack([photo.luminance] * 3, -1), photo.meta)
    back = tifffile.imread(tmp_path / "b.tif")
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, np.stack([linear] * 3, -1), atol=1e-3)


@pytest.mark.parametrize("profile", [b"not a profile", make_profile(b"GRAY", 2.2)[:200]])
def test_broken_profile_is_ignored(tmp_path, gray8, profile):
    Image.fromarray(gray8).save(tmp_path / "a.tif", icc_profile=profile)
    photo = read_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.luminance, gray8)
    assert photo.meta.profile == b""


def test_rgb_profile_on_a_gray_file(tmp_path, gray8):
    profile = make_profile(b"RGB", 1.0, ADOBE)
    tifffile.imwrite(tmp_path / "a.tif", gray8, extratags=[(34675, 7, len(profile), profile, True)])
    got = read_photo(tmp_path / "a.tif").luminance
    assert np.abs(got - icc.srgb_encode(gray8 / 255) * 65535).max() <= 0.5 + 1e-6


def test_profile_by_tables_is_left_to_libvips(tmp_path, gray8):
    """A gray profile whose curve gives L*: not one of those that `icc` evaluates."""
    profile = bytearray(make_profile(b"GRAY", 1.0))
    profile[20:24] = b"Lab "
    assert icc.parse(bytes(profile)) is None
    Image.fromarray(gray8).save(tmp_path / "a.tif", icc_profile=bytes(profile))
    photo = read_photo(tmp_path / "a.tif")
    level = gray8 / 255 * 100
    y = np.where(level > 8, ((level + 16) / 116) ** 3, level / 903.3)
    assert photo.luminance.dtype == np.uint16
    np.testing.assert_allclose(photo.luminance / 65535, icc.srgb_encode(y), atol=0.01)
    assert photo.meta.profile == srgb_profile()


# Writing: whole or not at all


def test_a_result_replaces_only_when_complete(tmp_path, gray8):
    path = tmp_path / "a.png"
    path.write_bytes(b"the old one")

    def stop(stage, fraction):
        raise Cancelled("stop")

    big = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    with pytest.raises(Cancelled):
        write_photo(path, big, progress=stop)
    assert path.read_bytes() == b"the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    seen = []
    write_photo(path, big, progress=lambda stage, fraction: seen.append((stage, fraction)))
    np.testing.assert_array_equal(np.array(load(path)), big)
    assert seen
    assert all(stage == "write" and 0 <= fraction <= 1 for stage, fraction in seen)


def test_a_target_that_cannot_be_written(tmp_path, gray8):
    with pytest.raises(WriteFailed, match="cannot be written"):
        write_photo(tmp_path / "missing" / "a.png", as_color(gray8))
    with pytest.raises(BadOption, match="does not end like a picture"):
        write_photo(tmp_path / "a.bmp", as_color(gray8))
    assert list(tmp_path.iterdir()) == []


def test_read_progress_can_stop(tmp_path, gray8):
    def stop(stage, fraction):
        assert stage == "read"
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        read_photo(PHOTOS / "coffee-gray.png", progress=stop)


HOST = """
import sys
import numpy as np
import pyvips
from PIL import Image
from handtint_model.files import read_photo, write_photo
path = sys.argv[1] + "/a.png"
before = pyvips.voperation.cache_get_max()
for code in (40, 200):
    Image.fromarray(np.full((30, 40), code, np.uint8)).save(path)
    photo = read_photo(path)
    assert (photo.luminance == code).all(), (code, photo.luminance)
    write_photo(sys.argv[1] + "/b.png", np.dstack([photo.luminance] * 3))
assert before > 0
assert pyvips.voperation.cache_get_max() == before
"""


def test_a_file_written_again_is_read_again_and_libvips_is_left_alone(tmp_path):
    """In a process of its own, as libvips' options and cache are of the whole process."""
    done = subprocess.run(
        [sys.executable, "-c", HOST, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
