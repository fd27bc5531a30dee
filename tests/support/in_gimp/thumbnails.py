"""What the panel sees of layers without touching their tiles: the plug-in's own modules."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "handtint"))

from handtint_gimp import memory, thumbnails
from handtint_gimp.panel.watch import Watch

W, H = 1300, 300
BOX = (-20, -10, 1310, 300)  # beyond the layer on all sides but one


def painted(base, precision, w=W, h=H):
    image = Gimp.Image.new_with_precision(
        w, h, getattr(Gimp.ImageBaseType, base), getattr(Gimp.Precision, precision)
    )
    layer = add_layer(image, "Color Hints", w, h, base + "A")
    values = bytes((7 * i + i // 251) % 256 for i in range(4 * 997))
    put(layer, "R'G'B'A u8", (values * (w * h // 997 + 1))[: 4 * w * h])
    return layer


def case_a_box_is_exact():
    for base in ("RGB", "GRAY"):
        layer = painted(base, "U8_NON_LINEAR")
        assert thumbnails.rgba_box(layer, BOX) == pixels(layer, "R'G'B'A u8", BOX), base


def case_no_box_where_it_would_not_be_exact():
    for precision in ("U8_LINEAR", "U16_NON_LINEAR", "FLOAT_LINEAR"):
        assert thumbnails.rgba_box(painted("RGB", precision), BOX) is None, precision


def case_small_pictures_in_every_precision():
    for base, model in (("RGB", "R'G'B'"), ("GRAY", "Y'")):
        for precision in (
            *("U8_NON_LINEAR", "U8_LINEAR", "U16_NON_LINEAR", "U16_LINEAR", "U32_LINEAR"),
            *("HALF_NON_LINEAR", "FLOAT_LINEAR", "DOUBLE_NON_LINEAR"),
        ):
            layer = painted(base, precision, 40, 30)
            rgb, w, h = thumbnails.rgb_of(layer, layer.get_sub_thumbnail_data(0, 0, 40, 30, 40, 30))
            true = pixels(layer, model + " u8")
            true = true if base == "RGB" else bytes(v for v in true for _ in range(3))
            worst = max(abs(a - b) for a, b in zip(rgb, true))
            assert (w, h) == (40, 30)
            assert worst <= 1, (base, precision, worst)


def case_what_live_has_written_is_known_in_the_saved_file():
    image, photo, layer = colored_photo()
    assert not memory.is_live(layer)
    image.clean_all()
    paint(layer, (10, 20, 200, 255), 40, 40, 30, 20)
    memory.note_live(layer)
    assert not image.is_dirty(), "it is an undo step, or counts as a change"
    again = by_name(reopened(image, "live"), "Photo (colorized)")
    assert memory.is_live(again)
    paint(again, (200, 20, 10, 255), 90, 40, 30, 20)
    assert not memory.is_live(again), "paint on it counts as Live's"
    memory.forget_live(layer)
    assert not memory.is_live(layer)
    assert not memory.is_live(by_name(reopened(image, "live"), "Photo (colorized)"))


def case_a_layer_that_is_gone():
    layer = painted("RGB", "U8_NON_LINEAR", 40, 30)
    got = layer.get_thumbnail_data(20, 20)
    layer.get_image().delete()
    assert thumbnails.rgb_of(layer, got) is None
    # As in the panel: what is asked of a layer that is gone fails without a word.
    handler = Gimp.get_plug_in().get_pdb_error_handler()
    Gimp.get_plug_in().set_pdb_error_handler(Gimp.PDBErrorHandler.PLUGIN)
    try:
        watch = Watch(painted("RGB", "U8_NON_LINEAR", 40, 30))
        watch.look()
        watch.layer.get_image().delete()
        assert watch.look() is None
        assert watch.sweep() is None
        memory.note_live(layer)
        assert not memory.is_live(layer)
    finally:
        Gimp.get_plug_in().set_pdb_error_handler(handler)


def case_one_faint_pixel_is_noticed():
    w, h = 3000, 2000
    image = Gimp.Image.new(w, h, Gimp.ImageBaseType.RGB)
    layer = add_layer(image, "Color Hints", w, h, "RGBA")
    watch = Watch(layer)
    assert watch.look() is None
    for _ in range(2 * watch.blocks):
        assert watch.sweep() is None
    for x, y in ((0, 0), (1023, 511), (1024, 512), (1777, 1333), (w - 1, h - 1)):
        put(layer, "R'G'B'A u8", bytes((0, 0, 255, 10)), (x, y, 1, 1))
        found = [
            box for box in (watch.look(), *(watch.sweep() for _ in range(watch.blocks))) if box
        ]
        assert found, (x, y)
        left, top, width, height = found[0]
        assert left <= x < left + width, (x, y, found)
        assert top <= y < top + height, (x, y, found)
        assert width * height <= 1024 * 512, found
        for _ in range(watch.blocks):
            assert watch.sweep() is None, "reported twice"
