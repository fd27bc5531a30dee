"""What a photo says of itself: source format x target format x kind of block.

The table is that of docs/files.md.  Files are made and read by Pillow and tifffile where they
can, and by a few lines of the formats' own specifications where they cannot.
"""

import io
import struct
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from PIL import Image, IptcImagePlugin
from PIL.PngImagePlugin import PngInfo

from handtint_model.files import exif, notes_on, read_photo, write_photo
from handtint_model.files.xmp import Turning, cleaned

FORMATS = ("png", "jpg", "webp", "tif")
GRAY = np.random.default_rng(3).integers(30, 220, (48, 80), dtype=np.uint8)

CAPTION = "Großvater in Köln"
JAPANESE = "祖父の写真 — Köln"
IPTC = b"".join(
    b"\x1c" + struct.pack(">BBH", record, number, len(value)) + value
    for record, number, value in (
        (1, 90, b"\x1b%G"),
        (2, 5, b"Grandfather 1923"),
        (2, 120, CAPTION.encode()),
        (2, 80, b"A. Photographer"),
        (2, 25, b"family"),
        (2, 25, b"Cologne!"),  # the length of all is no multiple of four
    )
)
assert len(IPTC) % 4
RESOURCES = (
    b"8BIM\x03\xed\0\0" + struct.pack(">I", 16) + bytes(16)  # 1005: resolution
    + b"8BIM\x04\x0c\0\0" + struct.pack(">I", 6) + b"\xff\xd8\xffold"  # 1036: thumbnail
    + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + b"\0" * (len(IPTC) % 2)
)  # fmt: skip


def packet(inside, attributes=""):
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta '
        'xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" '
        f"{attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


TITLE = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">祖父の写真</rdf:li></rdf:Alt></dc:title>'
XMP = packet(TITLE, 'tiff:Make="Zeiss"')


def exif_block(**more):
    exif = Image.Exif()
    exif[0x10F], exif[0x13B] = "Rolleiflex", "A. Photographer"
    exif.get_ifd(0x8769)[0x9003] = "1950:06:01 12:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    for tag, value in more.items():
        exif[int(tag[1:])] = value
    return exif


def source(ending, *, exif=None, xmp=XMP, orientation=None, dpi=(300, 150)):
    """A gray photo with everything that its format holds."""
    exif = exif or exif_block()
    if orientation:
        exif[0x112] = orientation
    file = io.BytesIO()
    image = Image.fromarray(GRAY)
    if ending == "png":
        texts = PngInfo()
        texts.add_text("Title", "Grandfather")
        texts.add_itxt("Description", JAPANESE, lang="ja")
        texts.add_text("Copyright", "© Family")
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        profile = f"\niptc\n{len(RESOURCES):8}\n{RESOURCES.hex()}\n"
        texts.add_text("Raw profile type iptc", profile, zip=True)
        image.save(file, "PNG", exif=exif.tobytes(), pnginfo=texts, dpi=dpi)
    elif ending == "jpg":
        image.save(file, "JPEG", exif=exif.tobytes(), dpi=dpi, quality=100, comment="a comment")
        data = file.getvalue()
        xmp_segment = b"http://ns.adobe.com/xap/1.0/\0" + xmp
        resources = b"Photoshop 3.0\0" + RESOURCES
        more = b"".join(
            b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
            for marker, body in ((0xE1, xmp_segment), (0xED, resources))
        )
        return data[:20] + more + data[20:]
    elif ending == "webp":
        exif[0x11A], exif[0x11B], exif[0x128] = *(float(v) for v in dpi), 2
        image.convert("RGB").save(file, "WEBP", exif=exif.tobytes(), xmp=xmp, lossless=True)
    else:
        exif[700], exif[33723] = xmp, IPTC
        image.save(file, "TIFF", exif=exif.tobytes(), dpi=dpi)
    return file.getvalue()


def colorized(data, ending, *, alpha=None):
    """(result, notes): as the command line does it, without a network."""
    photo = read_photo(data)
    rgb = np.stack([photo.luminance] * 3, -1)
    rgb[..., 0] //= 2
    name = {"jpg": "jpeg", "tif": "tiff"}.get(ending, ending)
    notes = (*photo.meta.notes, *notes_on(None, photo.meta, name))
    return write_photo(None, rgb, photo.meta, alpha=alpha, format=name), notes


def png_chunks(data):
    at, found = 8, []
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        found.append((name, data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def iptc_of(data):
    """The IPTC records of a file, or none."""
    if data[:4] == b"\x89PNG":
        for name, body in png_chunks(data):
            if name == b"zTXt" and body.startswith(b"Raw profile type iptc\0"):
                text = zlib.decompress(body.split(b"\0", 2)[2])
                block = bytes.fromhex("".join(text.decode().split("\n")[3:]))
                at = block.index(b"8BIM\x04\x04") + 8
                return block[at + 4 : at + 4 + struct.unpack_from(">I", block, at)[0]]
        return b""
    if data[:4] == b"RIFF":
        return b""
    with Image.open(io.BytesIO(data)) as image:
        found = IptcImagePlugin.getiptcinfo(image)
        if image.format == "TIFF":
            return image.tag_v2._tagdata.get(33723, b"")
        return b"" if found is None else dict(image.info["photoshop"])[1028]


def xmp_of(data):
    with Image.open(io.BytesIO(data)) as image:
        if image.format == "TIFF":
            return bytes(image.tag_v2.get(700, b""))
        image.load()
        if image.format == "PNG":
            return getattr(image, "text", {}).get("XML:com.adobe.xmp", "").encode()
        return image.info.get("xmp", b"")


def kinds_of(data):
    """The kinds of blocks that a file holds whole."""
    kinds = set()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        exif = image.getexif()
        if (
            (exif.get(0x10F), exif.get(0x13B)) == ("Rolleiflex", "A. Photographer")
            and exif.get_ifd(0x8769).get(0x9003) == "1950:06:01 12:00:00"
            and exif.get_ifd(0x8825).get(1) == "N"
        ):
            kinds.add("exif")
        dpi = (float(exif.get(0x11A, 0)), float(exif.get(0x11B, 0)))
        if image.format != "WEBP":
            dpi = tuple(map(float, image.info.get("dpi", dpi)))
        if dpi == pytest.approx((300, 150), abs=0.1):
            kinds.add("resolution")
        texts = getattr(image, "text", {})
        wanted = {"Title": "Grandfather", "Description": JAPANESE, "Copyright": "© Family"}
        if wanted.items() <= texts.items():
            kinds.add("texts")
        if image.info.get("comment") == b"a comment" or texts.get("Comment") == "a comment":
            kinds.add("comment")
    if "祖父の写真".encode() in xmp_of(data) and b'tiff:Make="Zeiss"' in xmp_of(data):
        kinds.add("xmp")
    if iptc_of(data).rstrip(b"\0") == IPTC:
        kinds.add("iptc")
    return kinds


HOLDS = {
    "png": {"exif", "xmp", "iptc", "resolution", "texts", "comment"},
    "jpg": {"exif", "xmp", "iptc", "resolution", "comment"},
    "webp": {"exif", "xmp", "resolution"},
    "tif": {"exif", "xmp", "iptc", "resolution"},
}
TELLS = {**HOLDS, "png": HOLDS["png"] - {"comment"}}


@pytest.mark.parametrize("made_as", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_every_block_is_kept_or_its_loss_is_told(made_as, target):
    data = source(made_as)
    assert kinds_of(data) == TELLS[made_as]  # the photo says all that its format can
    result, notes = colorized(data, target)
    lost = TELLS[made_as] - HOLDS[target]
    assert kinds_of(result) == TELLS[made_as] - lost
    words = {"iptc": "IPTC", "texts": "Title", "comment": "Comment"}
    for kind in lost:
        assert sum(words[kind] in note for note in notes) == 1, notes
    assert len(notes) <= len(lost)


@pytest.mark.parametrize("kind", ["LONG", "swapped"])
def test_iptc_of_tiff_in_words(tmp_path, kind):
    padded = IPTC + bytes(-len(IPTC) % 4)
    stored = padded
    if kind == "swapped":
        stored = b"".join(padded[i : i + 4][::-1] for i in range(0, len(padded), 4))
    words = struct.unpack(f"<{len(stored) // 4}I", stored)
    tifffile.imwrite(tmp_path / "a.tif", GRAY, extratags=[(33723, 4, len(words), words, True)])
    for target in ("tif", "jpg", "png"):
        result, _ = colorized((tmp_path / "a.tif").read_bytes(), target)
        assert iptc_of(result).rstrip(b"\0") == IPTC


def test_iptc_of_tiff_in_photoshops_resources(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", GRAY, extratags=[(34377, 7, len(RESOURCES), RESOURCES, True)]
    )
    result, _ = colorized((tmp_path / "a.tif").read_bytes(), "tif")
    assert iptc_of(result).rstrip(b"\0") == IPTC
    with tifffile.TiffFile(io.BytesIO(result)) as file:
        assert 34377 not in file.pages[0].tags


# What is no longer true


def test_old_pixels_do_not_survive(tmp_path):
    layers = b"Adobe Photoshop Document Data Block\0" + bytes(5000)
    tags = [(37724, 7, len(layers), layers, True), (34377, 7, len(RESOURCES), RESOURCES, True)]
    tifffile.imwrite(tmp_path / "a.tif", GRAY, extratags=tags)
    result, _ = colorized((tmp_path / "a.tif").read_bytes(), "tif")
    with tifffile.TiffFile(io.BytesIO(result)) as file:
        assert not {37724, 34377} & {tag.code for tag in file.pages[0].tags}
    assert b"Photoshop" not in result
    result, _ = colorized(source("jpg"), "jpg")
    assert b"8BIM\x04\x0c" not in result
    assert b"8BIM\x03\xed" not in result


STALE = packet(
    TITLE
    + "<xmp:Thumbnails><rdf:Alt><rdf:li>gray</rdf:li></rdf:Alt></xmp:Thumbnails>"
    + "<crs:ConvertToGrayscale>True</crs:ConvertToGrayscale>"
    + "<tiff:BitsPerSample><rdf:Seq><rdf:li>8</rdf:li></rdf:Seq></tiff:BitsPerSample>",
    'tiff:Make="Zeiss" tiff:SamplesPerPixel="1" photoshop:ColorMode="1" crs:Exposure="2" '
    'photoshop:ICCProfile="Dot Gain 20%" exif:PixelXDimension="80" photoshop:City="Köln"',
)


@pytest.mark.parametrize("made_as", FORMATS)
def test_xmp_does_not_say_gray(made_as):
    result, notes = colorized(source(made_as, xmp=STALE), made_as)
    kept = xmp_of(result).decode()
    for word in ("Thumbnails", "crs:", "ColorMode", "ICCProfile", "SamplesPerPixel", "BitsPer"):
        assert word not in kept, kept
    for word in ('tiff:Make="Zeiss"', 'photoshop:City="Köln"', "祖父の写真"):
        assert word in kept
    assert not [note for note in notes if "XMP" in note]


def test_xmp_of_which_nothing_is_stale_stays_as_it_is():
    result, _ = colorized(source("jpg"), "png")
    assert xmp_of(result) == XMP


@pytest.mark.parametrize("broken", [b"<x:xmpmeta", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"])
def test_damaged_xmp_is_left_out_with_a_note(broken):
    result, notes = colorized(source("webp", xmp=broken), "webp")
    assert xmp_of(result) == b""
    assert ["XMP" in note for note in notes] == [True]


# Sizes


@pytest.mark.parametrize("target", FORMATS)
def test_exif_above_64_kb(target):
    exif = exif_block(t270="scan text " * 9000)
    result, notes = colorized(source("tif", exif=exif), target)
    assert kinds_of(result) >= {"exif", "resolution"}
    with Image.open(io.BytesIO(result)) as image:
        described = image.getexif().get(270, "")
    if target == "jpg":
        assert described == ""
        assert [n for n in notes if "ImageDescription" in n and "left out" in n]
    else:
        assert described.strip() == ("scan text " * 9000).strip()
        assert not [n for n in notes if "ImageDescription" in n]


@pytest.mark.parametrize("target", FORMATS)
def test_xmp_above_64_kb(target):
    history = "<photoshop:History>" + "scanned, " * 9000 + "</photoshop:History>"
    big = packet(TITLE + history, 'tiff:Make="Zeiss"')
    assert len(big) > 70_000
    result, notes = colorized(source("tif", xmp=big), target)
    assert "xmp" in kinds_of(result)
    assert not [note for note in notes if "XMP" in note]
    if target != "jpg":
        assert xmp_of(result) == big
        return
    # ExtendedXMP: Pillow reads the main packet only; the rest lies in segments with its name.
    kept = xmp_of(result)
    assert len(kept) <= 65502
    name = kept.split(b'HasExtendedXMP="')[1][:32]
    header = b"http://ns.adobe.com/xmp/extension/\0" + name
    assert result.count(header) == 2
    assert b"scanned, scanned" in result
    # Read again it is one packet, and goes whole into a format without that limit.
    again, _ = colorized(result, "png")
    assert b"scanned, " * 9000 in xmp_of(again)
    assert b"HasExtendedXMP" not in xmp_of(again)


# Resolution


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("made_as", ["png", "tif", "jpg"])
def test_a_ratio_stays_a_ratio(made_as, target):
    file = io.BytesIO()
    image = Image.fromarray(GRAY)
    if made_as == "tif":
        image.save(file, "TIFF", tiffinfo={282: 204.0, 283: 98.0, 296: 1})
        data = file.getvalue()
    elif made_as == "jpg":
        image.save(file, "JPEG")
        data = file.getvalue()
        data = data[:13] + struct.pack(">BHH", 0, 204, 98) + data[18:]
    else:
        image.save(file, "PNG")
        body = b"pHYs" + struct.pack(">IIB", 204, 98, 0)
        chunk = struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body))
        data = file.getvalue()[:33] + chunk + file.getvalue()[33:]
    result, _ = colorized(data, target)
    if target == "png":
        (told,) = [body for name, body in png_chunks(result) if name == b"pHYs"]
        assert struct.unpack(">IIB", told) == (204, 98, 0)
        return
    if target == "jpg":
        assert struct.unpack(">BHH", result[13:18]) == (0, 204, 98)
        return
    with Image.open(io.BytesIO(result)) as found:
        exif = found.getexif()
        assert (exif[282], exif[283], exif[296]) == (204, 98, 1)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_turning_exchanges_the_resolutions(ending, orientation):
    result, _ = colorized(source(ending, orientation=orientation), ending)
    turned = orientation > 4
    with Image.open(io.BytesIO(result)) as image:
        assert image.size == ((48, 80) if turned else (80, 48))
        exif = image.getexif()
        assert exif.get(0x112, 1) == 1
        dpi = image.info.get("dpi") if ending != "webp" else (exif[0x11A], exif[0x11B])
    assert tuple(map(float, dpi)) == pytest.approx((150, 300) if turned else (300, 150), abs=0.1)


# What lies somewhere in the picture


def faces(x, y, w, h, size):
    return (
        '<mwg-rs:Regions xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
        'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" '
        'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" rdf:parseType="Resource">'
        f'<mwg-rs:AppliedToDimensions stDim:w="{size[0]}" stDim:h="{size[1]}" stDim:unit="pixel"/>'
        '<mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">'
        f'<mwg-rs:Area stArea:x="{x}" stArea:y="{y}" stArea:w="{w}" stArea:h="{h}" '
        'stArea:unit="normalized"/><mwg-rs:Name>Grandfather</mwg-rs:Name>'
        "</rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    )


# Where the pixel at (0.25, 0.125) of the stored picture is shown (EXIF, figure of orientation).
SHOWN = {
    1: (0.25, 0.125),
    2: (0.75, 0.125),
    3: (0.75, 0.875),
    4: (0.25, 0.875),
    5: (0.125, 0.25),
    6: (0.875, 0.25),
    7: (0.875, 0.75),
    8: (0.125, 0.75),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_faces_turn_with_the_pixels(orientation):
    xmp = packet(TITLE + faces(0.25, 0.125, 0.1, 0.2, (80, 48)))
    result, _ = colorized(source("jpg", xmp=xmp, orientation=orientation), "jpg")
    kept = xmp_of(result).decode()
    x, y = SHOWN[orientation]
    assert f'stArea:x="{x:g}"' in kept
    assert f'stArea:y="{y:g}"' in kept
    assert ('stArea:w="0.2"' in kept) == (orientation > 4)
    assert ('stDim:w="48"' in kept) == (orientation > 4)
    assert "Grandfather" in kept


def test_faces_told_of_the_upright_picture_stay():
    xmp = packet(TITLE + faces(0.25, 0.125, 0.1, 0.2, (48, 80)))
    result, _ = colorized(source("jpg", xmp=xmp, orientation=6), "jpg")
    assert 'stArea:x="0.25"' in xmp_of(result).decode()


def test_faces_of_another_crop_are_dropped():
    xmp = packet(TITLE + faces(0.25, 0.125, 0.1, 0.2, (60, 60)))
    result, _ = colorized(source("jpg", xmp=xmp, orientation=6), "jpg")
    kept = xmp_of(result).decode()
    assert "Regions" not in kept
    assert "祖父の写真" in kept


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_subject_area_goes_when_the_picture_is_turned(orientation):
    exif = exif_block()
    exif.get_ifd(0x8769)[0x9214] = (20, 10, 5, 5)
    result, _ = colorized(source("jpg", exif=exif, orientation=orientation), "jpg")
    with Image.open(io.BytesIO(result)) as image:
        inner = image.getexif().get_ifd(0x8769)
    assert (0x9214 in inner) == (orientation == 1)
    assert (inner[0xA002], inner[0xA003]) == ((48, 80) if orientation == 6 else (80, 48))


@pytest.mark.parametrize("target", FORMATS)
def test_no_pointer_to_a_directory_that_lost_all_its_fields(target):
    """Width and height are the source's; where nothing else is said, nothing is left."""
    sizes = tuple(exif.Entry(tag, exif.LONG, 1, struct.pack("<I", 64)) for tag in (0xA002, 0xA003))
    make = exif.Entry(271, 2, 5, b"ACME\0")
    block = exif.build_block((make, exif.Entry(0x8769, exif.LONG, 1, b"", sizes)))
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "JPEG", exif=block)
    result, _ = colorized(file.getvalue(), target)
    with Image.open(io.BytesIO(result)) as image:
        found = image.getexif()
        assert found[271] == "ACME"
        assert 0x8769 not in found


# Texts of PNG


@pytest.mark.parametrize(
    "text", ["plain", "Jürgen", "© Family", "祖父の写真 — Köln", "שלום", "line\nline", "🖼"]
)
@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt"])
def test_png_texts_in_any_language(text, kind):
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        if kind != "iTXt":
            return
    texts = PngInfo()
    if kind == "iTXt":
        texts.add_itxt("Author", text, lang="he", tkey="Verfasser", zip=True)
    else:
        texts.add_text("Author", text, zip=kind == "zTXt")
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "PNG", pnginfo=texts)
    result, notes = colorized(file.getvalue(), "png")
    with Image.open(io.BytesIO(result)) as image:
        image.load()
        found = image.text["Author"]
    assert found == text
    assert notes == ()
    if kind == "iTXt":
        assert (found.lang, found.tkey) == ("he", "Verfasser")


def test_utf8_in_a_latin1_text_is_understood():
    """Against the standard, but common."""
    body = b"tEXtAuthor\0" + "Jürgen".encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "PNG")
    result, _ = colorized(file.getvalue()[:33] + chunk + file.getvalue()[33:], "png")
    with Image.open(io.BytesIO(result)) as image:
        image.load()
        assert image.text["Author"] == "Jürgen"


def test_a_text_that_unpacks_without_end_is_left_out():
    body = b"zTXtComment\0\0" + zlib.compress(bytes(64 << 20), 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "PNG")
    data = file.getvalue()
    assert read_photo(data[:33] + chunk + data[33:]).meta.texts == ()
    np.testing.assert_array_equal(read_photo(data[:33] + chunk + data[33:]).luminance, GRAY)


def with_texts(*bodies):
    """A PNG with zTXt chunks of these contents."""
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "PNG")
    chunks = b""
    for number, text in enumerate(bodies):
        body = b"zTXtk%d\0\0" % number + zlib.compress(text, 9)
        chunks += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = file.getvalue()
    return data[:33] + chunks + data[33:]


def test_many_texts_are_bounded_together():
    photo = read_photo(with_texts(*([b"a" * (15 << 20)] * 9)))
    assert [t.keyword for t in photo.meta.texts] == ["k0", "k1", "k2", "k3"]
    assert 60 << 20 < photo.meta.nbytes < 65 << 20
    assert photo.meta.notes == ("some texts of the PNG are too long and were left out.",)
    # Those that are too long count, too: unpacking them takes time.
    photo = read_photo(with_texts(*([b"a" * (17 << 20)] * 5), b"short"))
    assert photo.meta.texts == ()
    photo = read_photo(with_texts(b"a" * (17 << 20), b"short", b"", b"caf\xe9"))
    assert [t.text for t in photo.meta.texts] == ["short", "", "caf\xe9"]
    assert read_photo(with_texts(b"short")).meta.notes == ()


def test_a_png_without_its_texts_has_the_same_pixels_and_other_chunks():
    """Some builds of libvips refuse a file with a huge text: it is read without its texts."""
    from PIL import PngImagePlugin

    from handtint_model.files.png_chunks import without_texts

    plain, texts, info = io.BytesIO(), io.BytesIO(), PngImagePlugin.PngInfo()
    for keyword, compressed in (("Comment", False), ("Title", True)):
        info.add_text(keyword, "x" * 200, zip=compressed)
    info.add_itxt("Author", "y")
    Image.fromarray(GRAY).save(plain, "PNG", dpi=(300, 300))
    Image.fromarray(GRAY).save(texts, "PNG", dpi=(300, 300), pnginfo=info)
    assert without_texts(texts.getvalue()) == plain.getvalue()
    cut = texts.getvalue()[:-20]
    assert without_texts(cut) == plain.getvalue()[:-20]


def test_results_beyond_4_gb_keep_the_same():
    """libvips writes these as BigTIFF; a small one has the same layout."""
    import pyvips

    from handtint_model.files.embed import embed_bytes
    from handtint_model.files.formats import FORMATS as KINDS
    from handtint_model.files.kept import fitted

    meta = read_photo(source("tif", exif=exif_block(t270="x" * 101))).meta
    plain = pyvips.Image.new_from_array(np.stack([GRAY] * 3, -1))
    data = bytes(plain.tiffsave_buffer(bigtiff=True))
    assert data[:4] == b"II+\0"
    result = embed_bytes(
        data, KINDS["tiff"], fitted(meta, KINDS["tiff"]), meta.resolution, (80, 48)
    )
    with tifffile.TiffFile(io.BytesIO(result)) as file:
        tags = file.pages[0].tags
        assert file.is_bigtiff
        np.testing.assert_array_equal(file.asarray()[..., 0], GRAY)
        assert tags[0x10F].value == "Rolleiflex"
        assert tags[270].value == "x" * 101
        assert tags["ExifTag"].value["DateTimeOriginal"] == "1950:06:01 12:00:00"
        assert bytes(tags[700].value) == XMP
        assert float(np.divide(*tags[282].value)) == pytest.approx(300)
    again = read_photo(result).meta
    assert (again.exif, again.xmp) == (meta.exif, meta.xmp)
    assert again.iptc.rstrip(b"\0") == IPTC


@pytest.mark.parametrize("xmp", [b"<a>" * 5000 + b"</a>" * 5000, XMP.decode().encode("utf-16")])
def test_hostile_xmp_is_left_out(xmp):
    result, notes = colorized(source("webp", xmp=xmp), "webp")
    assert xmp_of(result) == b""
    assert len(notes) == 1


def test_many_small_properties_above_64_kb():
    many = "".join(f"<photoshop:a{i}>scanned</photoshop:a{i}>" for i in range(4000))
    result, notes = colorized(source("tif", xmp=packet(TITLE + many, 'tiff:Make="Zeiss"')), "jpg")
    assert len(xmp_of(result)) <= 65502
    assert notes == ()
    again, _ = colorized(result, "png")
    assert xmp_of(again).count(b"scanned") == 4000


def test_packets_are_written_by_several_threads_at_once():
    """Two photos may give one namespace two prefixes; ElementTree has one table for all."""

    def work(number):
        prefix = f"p{number % 2}"
        attributes = (
            f'xmlns:{prefix}="http://example.org/own/" {prefix}:note="x" crs:Saturation="-100"'
        )
        return cleaned(packet(TITLE, attributes), Turning())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        alone = [work(0), work(1)]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(work, range(600)))
    finally:
        sys.setswitchinterval(before)
    assert b"p1:note" in alone[1]
    assert together == alone * 300


# EXIF of other byte orders and newer versions


def block_of(order, first, exif=(), gps=()):
    """An EXIF block of (tag, type, count, bytes) fields in a byte order, "<" or ">"."""

    def directory(fields, at):
        head = 2 + 12 * len(fields) + 4
        records, values = b"", b""
        for tag, kind, count, data in sorted(fields):
            if len(data) > 4:
                place = at + head + len(values)
                values += data + b"\0" * (len(data) % 2)
                data = struct.pack(order + "I", place)
            records += struct.pack(order + "HHI", tag, kind, count) + data.ljust(4, b"\0")
        return struct.pack(order + "H", len(fields)) + records + bytes(4) + values

    def pointers(*places):
        tags = (0x8769, 0x8825)
        return [(t, 4, 1, struct.pack(order + "I", p)) for t, p in zip(tags, places, strict=True)]

    exif_at = 8 + len(directory([*first, *pointers(0, 0)], 8))
    gps_at = exif_at + len(directory(exif, exif_at))
    parts = directory([*first, *pointers(exif_at, gps_at)], 8), directory(exif, exif_at)
    magic = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    return b"Exif\0\0" + magic + b"".join(parts) + directory(gps, gps_at)


def jpeg_with(block):
    file = io.BytesIO()
    Image.fromarray(GRAY).save(file, "JPEG", exif=block)
    return file.getvalue()


@pytest.mark.parametrize("target", ["jpg", "tif", "png", "webp"])
def test_a_text_in_utf8_is_kept(target):
    """Type 129, of EXIF 3.0."""
    text = "Jürgen Köhler\0".encode()
    block = block_of("<", [(315, 129, len(text), text)], [(0x9003, 2, 2, b"x\0")])
    data, notes = colorized(jpeg_with(block), target)
    assert struct.pack("<HHI", 315, 129, len(text)) in data
    assert text in data
    assert not notes


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_comments_in_unicode_follow_the_byte_order(order, mark):
    """The result is little-endian, and so are the letters, which a BOM may confirm."""
    codec = {"<": "utf-16-le", ">": "utf-16-be"}[order]
    words = f"{mark}Großmutter in Köln 1920"
    comment = b"UNICODE\0" + words.encode(codec)
    method = b"UNICODE\0" + "GPS".encode(codec)
    maker = b"Nikon\0" + "UNICODE".encode(codec)
    block = block_of(
        order,
        [(271, 2, 4, b"abc\0")],
        [(0x9286, 7, len(comment), comment), (0x927C, 7, len(maker), maker)],
        [(0x001B, 7, len(method), method)],
    )
    data, _ = colorized(jpeg_with(block), "png")
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
        assert exif.endian == "<"
        assert exif.get_ifd(0x8769)[0x9286] == b"UNICODE\0" + words.encode("utf-16-le")
        assert exif.get_ifd(0x8825)[0x1B] == b"UNICODE\0" + "GPS".encode("utf-16-le")
        assert exif.get_ifd(0x8769)[0x927C] == maker  # nobody else knows what is in it


def test_a_comment_in_unicode_that_says_its_order_stays():
    """Some programs write little-endian letters, with their mark, whatever the order."""
    comment = b"UNICODE\0" + "\ufeffKöln".encode("utf-16-le")
    block = block_of(">", [(271, 2, 4, b"abc\0")], [(0x9286, 7, len(comment), comment)])
    data, _ = colorized(jpeg_with(block), "png")
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif().get_ifd(0x8769)[0x9286] == comment
