"""The honest mark: what a result says of how it was made, and that the photo's words stay."""

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from handtint_model import HintPatch, Hints
from handtint_model.files import Mark, count_hints, find_mark, read_photo, write_photo
from handtint_model.files.kept import PhotoMeta
from handtint_model.files.mark import SOURCE_TYPE, marked

MARK = Mark("Handtint 9.8.7", "0123abcd", 0.25, 3)
RGB = np.random.default_rng(5).integers(0, 255, (40, 60, 3), dtype=np.uint8)
NEGATIVE = "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"

OWN = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta '
    'xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
    'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmp:CreatorTool="ScanWriter 3">'
    f"<Iptc4xmpExt:DigitalSourceType>{NEGATIVE}</Iptc4xmpExt:DigitalSourceType>"
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">祖父の写真</rdf:li></rdf:Alt></dc:title>'
    '<xmpMM:History><rdf:Seq><rdf:li rdf:parseType="Resource"><stEvt:action>saved</stEvt:action>'
    "<stEvt:softwareAgent>ScanWriter 3</stEvt:softwareAgent></rdf:li></rdf:Seq></xmpMM:History>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("own", [b"", OWN], ids=["no packet", "own packet"])
def test_every_format_holds_the_mark(tmp_path, ending, own):
    path = tmp_path / f"result.{ending}"
    write_photo(path, RGB, PhotoMeta(xmp=own, mark=MARK))
    found = find_mark(read_photo(path).meta.xmp)
    assert found.is_colorized
    assert found.source_type == SOURCE_TYPE
    last = found.history[-1]
    for word in ("Handtint 9.8.7", "weights 0123abcd", "vividness 0.25", "hints 3"):
        assert word in last
    assert found.creator_tool == ("ScanWriter 3" if own else "Handtint 9.8.7")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_another_reader_finds_it(tmp_path, ending):
    path = tmp_path / f"result.{ending}"
    write_photo(path, RGB, PhotoMeta(mark=MARK))
    with Image.open(path) as picture:
        packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    told = packet if isinstance(packet, str) else packet.decode()
    assert f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"' in told
    assert "weights 0123abcd" in told


def test_the_photos_own_words_stay():
    packet = marked(OWN, MARK)
    found = find_mark(packet)
    assert found.history[0] == "saved ScanWriter 3"
    assert len(found.history) == 2
    assert NEGATIVE in found.history[1]  # replaced, but told
    assert "祖父の写真".encode() in packet
    assert packet.count(b"DigitalSourceType") == 1


def test_without_a_mark_a_packet_stays_as_it_is(tmp_path):
    write_photo(tmp_path / "a.png", RGB, PhotoMeta(xmp=OWN))
    assert read_photo(tmp_path / "a.png").meta.xmp == OWN
    assert not find_mark(OWN).is_colorized


def test_colorized_twice_says_so_twice():
    found = find_mark(marked(marked(b"", MARK), Mark("Handtint 10", "ffff", 1.0)))
    assert [entry.split(":")[0] for entry in found.history] == [
        "edited Handtint 9.8.7",
        "edited Handtint 10",
    ]
    assert "source type" not in found.history[1]


@pytest.mark.parametrize("packet", [b"", b"no XML", OWN[:300], b"<x/>"])
def test_a_damaged_packet_is_begun_anew(packet):
    assert find_mark(marked(packet, MARK)).is_colorized


def test_a_packet_too_large_for_jpeg_keeps_the_mark(tmp_path):
    # One attribute that cannot be moved into an extension.
    large = OWN.replace(b'"ScanWriter 3"', b'"' + b"x" * 70_000 + b'"')
    write_photo(tmp_path / "a.jpg", RGB, PhotoMeta(xmp=large, mark=MARK))
    assert find_mark(read_photo(tmp_path / "a.jpg").meta.xmp).is_colorized


def test_a_marked_photo_is_read_and_marked_again(tmp_path):
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", OWN.decode())
    Image.fromarray(RGB[..., 0]).save(tmp_path / "a.png", pnginfo=text)
    photo = read_photo(tmp_path / "a.png")
    assert find_mark(photo.meta.xmp).source_type == NEGATIVE


def test_hints_are_counted():
    assert count_hints(None) == count_hints(Hints()) == 0
    points = [(10, 10, "#ff0000"), (11, 10, "#00ff00"), (50, 50, "#0000ff")]
    assert count_hints(Hints.from_points(points)) == 3
    layer = np.zeros((100, 100, 4), np.uint8)
    layer[10:20, 10:90] = layer[50:60, 10:30] = 255
    layer[60, 30] = 255  # touches at a corner
    assert count_hints(Hints.from_rgba(layer)) == 2
    wide = np.zeros((10, 5000, 4), np.uint8)
    wide[:, :40] = wide[:, 2500:2600] = 255
    assert count_hints(Hints((HintPatch(wide),))) == 2
