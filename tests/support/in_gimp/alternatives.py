"""Alternatives and the reference, as scripts choose them."""

import json
import sys

sys.path.insert(0, G["PLUGIN"])

SHADE = (0.8, 1.0, 1.6)
"""Of the gray: about as light, since places are matched by lightness, too."""


def remembered(layer):
    """The settings that a result remembers."""
    parasite = layer.get_parasite("handtint-result")
    return json.loads(bytes(parasite.get_data()).decode("ascii"))["settings"]


def tinted(w=200, h=160):
    """The photo in one strong colour, which the automatic colours are far from."""
    codes = gray_codes(w, h)
    return bytes(min(255, int(code * part)) for code in codes for part in SHADE)


def blueness(layer):
    red, _green, blue = mean_rgb(layer, (20, 20, 160, 120))
    return blue - red


def case_alternatives():
    image, photo = photo_image(200, 160)
    seen = set()
    for number in range(4):
        layer = colorize(image, photo, alternative=number)
        assert remembered(layer)["alternative"] == number
        seen.add(bytes(pixels(layer, "R'G'B' u8")))
        assert tree(image) == ["Photo (colorized)", "Photo"]
    assert len(seen) == 4, "alternatives are alike"
    again = colorize(image, photo, alternative=0)
    assert bytes(pixels(again, "R'G'B' u8")) in seen


def case_a_layer_as_reference():
    import handtint_gimp.references as references

    image, photo = photo_image(200, 160)
    before = blueness(colorize(image, photo))
    other = add_layer(image, "Street today", 200, 160, position=2)
    put(other, "R'G'B' u8", tinted())
    layer = colorize(image, photo, reference=references.of_layer(other))
    after = blueness(layer)
    assert after > before + 20, (before, after)
    assert remembered(layer)["reference"] == references.of_layer(other)
    # Saved and opened again, the tattoo is the same.
    again = reopened(image, "reference")
    found = references.layer_of(again, references.of_layer(other))
    assert found is not None
    assert found.get_name() == "Street today"
    # In a copy of the image it is not, but the name is.
    copy = image.duplicate()
    assert references.layer_of(copy, "layer:99999 Street today") is not None
    assert references.layer_of(copy, "layer:99999 Another") is None


def case_a_file_as_reference():
    image, photo = photo_image(200, 160)
    before = blueness(colorize(image, photo))
    other = Gimp.Image.new(200, 160, Gimp.ImageBaseType.RGB)
    put(add_layer(other, "x", 200, 160), "R'G'B' u8", tinted())
    path = G["OUT"] + "/reference.png"
    assert Gimp.file_save(QUIET, other, Gio.File.new_for_path(path), None)
    images = len(Gimp.get_images())
    layer = colorize(image, photo, reference=path)
    assert blueness(layer) > before + 20, (before, blueness(layer))
    assert remembered(layer)["reference"] == "file:" + path
    assert len(Gimp.get_images()) == images, "the reference's image was left"


def case_a_reference_that_is_gone():
    image, photo = photo_image(200, 160)
    automatic = bytes(pixels(colorize(image, photo), "R'G'B' u8"))
    for reference in (G["OUT"] + "/nowhere.png", "layer:77777 Street today"):
        layer = colorize(image, photo, reference=reference)
        assert bytes(pixels(layer, "R'G'B' u8")) == automatic


def case_a_reference_that_is_no_picture():
    image, photo = photo_image(200, 160)
    first = colorize(image, photo)
    path = G["OUT"] + "/words.png"
    with open(path, "w") as file:
        file.write("no picture")
    try:
        colorize(image, photo, reference=path)
    except Failed as error:
        assert "The reference words.png cannot be read" in str(error), error
    else:
        raise AssertionError("it was taken")
    assert first.is_valid()
    gray = photo_image(50, 40)[0]
    path = G["OUT"] + "/gray.png"
    assert Gimp.file_save(QUIET, gray, Gio.File.new_for_path(path), None)
    try:
        colorize(image, photo, reference=path)
    except Failed as error:
        assert "reference is gray" in str(error).lower(), error
    else:
        raise AssertionError("a gray one was taken")


def case_a_mark_on_request():
    def comment():
        parasite = image.get_parasite("gimp-comment")
        return bytes(parasite.get_data()) if parasite is not None else b""

    image, photo = photo_image(96, 64)
    colorize(image, photo)
    assert b"Handtint" not in comment()
    image.attach_parasite(Gimp.Parasite.new("gimp-comment", 1, b"Grandmother, 1912\0"))
    colorize(image, photo, mark=True)
    colorize(image, photo, mark=True)
    first, second = comment().rstrip(b"\0").split(b"\n")
    assert first == b"Grandmother, 1912"
    assert second.startswith(b"Colorized with Handtint: a trained model, weights "), second
