"""Files of references: whatever is in colour, upright, in sRGB and small."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from handtint_model import BadHint
from handtint_model.files import read_reference

RGB = np.zeros((60, 80, 3), np.uint8)
RGB[:30, :, 0] = 220
RGB[30:, :, 2] = 180


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_pixels_are_those_of_the_file(tmp_path, ending):
    more = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(RGB).save(tmp_path / f"a.{ending}", **more)
    np.testing.assert_array_equal(read_reference(tmp_path / f"a.{ending}"), RGB)


def test_upright_small_and_without_alpha(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).resize((1600, 1200)).save(tmp_path / "a.jpg", exif=exif)
    found = read_reference(tmp_path / "a.jpg")
    assert found.shape == (768, 576, 3)
    assert found[400, 500, 0] > 200  # the upper half now lies at the right
    assert found[400, 50, 2] > 160
    Image.fromarray(np.dstack([RGB, RGB[..., 0]])).save(tmp_path / "b.png")
    np.testing.assert_array_equal(read_reference(tmp_path / "b.png"), RGB)


def test_a_profile_counts(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    Image.fromarray(RGB).save(tmp_path / "a.png", icc_profile=profile.tobytes())
    found = read_reference(tmp_path / "a.png").astype(int)
    assert np.abs(found - RGB).max() <= 2


def test_what_cannot_be_used(tmp_path):
    Image.fromarray(RGB[..., 0]).save(tmp_path / "gray.png")
    (tmp_path / "no.png").write_text("no picture")
    Image.fromarray(RGB).save(tmp_path / "cut.png")
    data = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    for name, words in (("gray.png", "gray"), ("no.png", "cannot be read"), ("cut.png", "read")):
        with pytest.raises(BadHint, match=words):
            read_reference(tmp_path / name)
