"""PNGs that say by chunks what their codes mean, opened and colorized as a user does."""

import os
import sys

sys.path.insert(0, os.path.join(Gimp.directory(), "plug-ins", "handtint"))

from handtint_gimp import meant


def opened(name):
    return Gimp.file_load(QUIET, Gio.File.new_for_path("%s/%s.png" % (G["OUT"], name)))


def case_pngs():
    for name in G["NAMES"]:
        image = opened(name)
        color = meant.of_image(image)
        assert (color is not None) == (name == "cicp"), (name, color)
        if color is not None:
            before = pixels(image.get_layers()[0], None)
            meant.show_as_meant(image, color)
            assert image.get_color_profile().get_description() == color.name
            assert meant.of_image(image) is None, "it would be asked about again"
            assert pixels(image.get_layers()[0], None) == before
        result = colorize(image, image.get_layers()[0])
        with open("%s/%s.rgb" % (G["OUT"], name), "wb") as out:
            out.write(pixels(result, "R'G'B' u8"))


def case_what_the_user_wants_is_remembered():
    image = opened("cicp")
    assert meant.of_image(image) is not None
    meant.keep_as_shown(image)
    assert meant.of_image(image) is None
    assert meant.of_image(opened("hdr")).summary == "PQ"


def case_a_gray_picture_is_shown_as_meant():
    image = opened("cicp-gray")
    before = bytes(pixels(image.get_layers()[0], None))
    meant.show_as_meant(image, meant.of_image(image))
    assert image.get_color_profile() is not None
    assert bytes(pixels(image.get_layers()[0], None))[::3] == before
