"""What a PNG says of its colors: the editors' profile is what the command line reads."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import four_doors
import numpy as np
import pytest
from PIL import Image, ImageCms

from client import pngcolor
from handtint_model.files import icc, png_color

P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
OF_SRGB = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
WIDE = struct.pack(">8I", 34567, 35850, 73470, 26530, 11500, 82600, 15660, 1770)


def gamma(value: float) -> bytes:
    return struct.pack(">I", round(100_000 * value))


@pytest.mark.parametrize(
    "chunks",
    [
        {b"gAMA": gamma(1.0)},
        {b"gAMA": gamma(1 / 1.8)},
        {b"gAMA": gamma(1 / 2.2), b"cHRM": P3},
        {b"cHRM": WIDE},
        {b"cICP": bytes((12, 13, 0, 1)), b"gAMA": gamma(1.0)},
        {b"cICP": bytes((9, 1, 0, 1))},
        {b"cICP": bytes((1, 8, 0, 1))},
        {b"cICP": bytes((11, 4, 0, 1))},
    ],
)
def test_the_profile_is_what_the_command_line_reads(chunks: dict[bytes, bytes]) -> None:
    found = pngcolor.of_chunks(chunks)
    wanted = png_color.profile_of(chunks)
    assert found is not None
    assert wanted is not None
    profile = icc.parse(found.profile)
    assert profile is not None
    assert profile.matrix is not None
    assert wanted.matrix is not None
    np.testing.assert_allclose(profile.matrix, wanted.matrix, atol=1e-4)
    codes = np.linspace(0, 1, 257)
    for ours, theirs in zip(profile.curves, wanted.curves, strict=True):
        np.testing.assert_allclose(ours(codes), theirs(codes), atol=2e-5)
    # Another reader than our own takes it, too, by its name.
    read = ImageCms.getOpenProfile(io.BytesIO(found.profile))
    assert ImageCms.getProfileDescription(read).strip() == found.name


@pytest.mark.parametrize(
    "chunks",
    [
        {},
        {b"sRGB": b"\0", b"gAMA": gamma(1.0)},
        {b"gAMA": struct.pack(">I", 1)},
        {b"gAMA": struct.pack(">I", 2**31 - 1)},
        {b"gAMA": gamma(1 / 2.2)},
        {b"gAMA": gamma(1 / 2.2), b"cHRM": OF_SRGB},
        {b"cICP": bytes((1, 13, 0, 1)), b"gAMA": gamma(1.0)},
        {b"cICP": bytes((2, 2, 0, 1))},
        {b"cHRM": bytes(32)},
    ],
)
def test_srgb_or_nothing_is_not_spoken_of(chunks: dict[bytes, bytes]) -> None:
    assert pngcolor.of_chunks(chunks) is None


@pytest.mark.parametrize("transfer", [16, 18, 10])
def test_what_has_no_profile_is_named(transfer: int) -> None:
    found = pngcolor.of_chunks({b"cICP": bytes((9, transfer, 0, 1))})
    assert found is not None
    assert not found.profile
    assert found.summary == {16: "PQ", 18: "HLG", 10: "cICP 9, 10"}[transfer]


def test_other_chunks_give_another_name() -> None:
    """Krita knows profiles by their names."""
    names = [pngcolor.of_chunks({b"gAMA": gamma(1.0), **more}) for more in ({}, {b"cHRM": P3})]
    assert names[0] is not None
    assert names[1] is not None
    assert names[0].name != names[1].name


def test_files(tmp_path: Path) -> None:
    pngs = four_doors.pngs()
    for name, content in pngs.items():
        (tmp_path / name).write_bytes(content)
    found = {name: pngcolor.of_file(str(tmp_path / name)) for name in pngs}
    assert {name for name, color in found.items() if color is not None} == {
        "linear",
        "gamma_1_8",
        "p3",
        "cicp",
    }
    with Image.open(io.BytesIO(pngs["plain"])) as image:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        image.convert("RGB").save(tmp_path / "icc.png", icc_profile=profile.tobytes(), gamma=1.0)
    assert pngcolor.of_file(str(tmp_path / "icc.png")) is None


@pytest.mark.parametrize("cut", [0, 4, 8, 20, 40, 45])
def test_damaged_files_say_nothing(tmp_path: Path, cut: int) -> None:
    (tmp_path / "cut.png").write_bytes(four_doors.pngs()["linear"][:cut])
    assert pngcolor.of_file(str(tmp_path / "cut.png")) is None
    assert pngcolor.of_file(str(tmp_path / "none.png")) is None
    assert pngcolor.of_file(str(tmp_path)) is None
