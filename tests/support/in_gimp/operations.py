"""What users do to the whole image between two runs of Colorize Layer: one result all the same."""

from array import array


def replaced_after(change, w=200, h=160, before=None):
    """Colorize, change the whole image, colorize again: the earlier result is replaced."""
    image, photo, first = colored_photo(w, h)
    if before:
        before(image, photo, first)
    change(image)
    second = colorize(image, photo)
    assert len(tree(image)) == 3, tree(image)
    assert not first.is_valid()
    assert (second.get_width(), second.get_height()) == (photo.get_width(), photo.get_height())
    assert tuple(second.get_offsets()) == tuple(photo.get_offsets())


def kept_after(change, spoil, w=200, h=160):
    """The same with paint on the result: it is the user's and stays."""
    image, photo, first = colored_photo(w, h)
    spoil(first)
    mine_name = first.get_name()
    change(image)
    mine = pixels(first, "R'G'B'A u8")
    colorize(image, photo)
    assert first.is_valid(), "what the user painted is lost: %s" % change.__name__
    assert first.get_name() == mine_name
    assert pixels(first, "R'G'B'A u8") == mine
    assert len(tree(image)) == 4


def dab(layer):
    put(layer, "R'G'B' u8", bytes((250, 20, 240)) * 36, (90, 70, 6, 6))


def same_light_and_large(layer):
    same_light(layer, (640, 480, 160, 160))


def same_light(layer, where=(64, 48, 48, 48)):
    """Another colour of the same lightness, as a brush in the mode LCh Color leaves it."""
    w, h = where[2:]
    data = pixels(layer, "CIE Lab float", where)
    values = list(memoryview(data).cast("f"))
    values[1::3] = [-45.0] * (w * h)
    values[2::3] = [45.0] * (w * h)
    put(layer, "CIE Lab float", array("f", values).tobytes(), where)


def crop(image):
    image.crop(131, 117, 33, 21)


def rotate(image):
    image.rotate(Gimp.RotationType.DEGREES90)


def turn(image):
    image.rotate(Gimp.RotationType.DEGREES180)


def mirror(image):
    image.flip(Gimp.OrientationType.HORIZONTAL)


def upside_down(image):
    image.flip(Gimp.OrientationType.VERTICAL)


def smaller(image):
    image.scale(120, 96)


def larger(image):
    image.scale(500, 400)


def to_gray(image):
    image.convert_grayscale()


def to_float(image):
    image.convert_precision(Gimp.Precision.FLOAT_LINEAR)


def to_u16(image):
    image.convert_precision(Gimp.Precision.U16_NON_LINEAR)


def to_u8_linear(image):
    image.convert_precision(Gimp.Precision.U8_LINEAR)


def to_other_space(image):
    profile = Gimp.ColorProfile.new_rgb_adobe()
    image.convert_color_profile(profile, Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC, True)


def case_one_result_after_crop():
    replaced_after(crop)


def case_one_result_after_rotate():
    replaced_after(rotate)


def case_one_result_after_turning():
    replaced_after(turn)


def case_one_result_after_mirror():
    replaced_after(mirror)


def case_one_result_after_flip():
    replaced_after(upside_down)


def case_one_result_after_scaling_down():
    replaced_after(smaller)


def case_one_result_after_scaling_up():
    replaced_after(larger)


def half(image):
    image.scale(image.get_width() // 2, image.get_height() // 2)


def case_one_result_after_scaling_a_larger_photo():
    """One of which only a sample of the pixels is looked at."""
    replaced_after(half, 2400, 1300)
    kept_after(half, same_light_and_large, 2400, 1300)


def case_one_result_after_cropping_a_larger_photo():
    replaced_after(crop, 2400, 1300)
    kept_after(crop, dab, 2400, 1300)


def case_one_result_after_gray():
    replaced_after(to_gray)


def case_one_result_after_float():
    replaced_after(to_float)


def case_one_result_after_u16():
    replaced_after(to_u16)


def case_one_result_after_u8_linear():
    replaced_after(to_u8_linear)


def case_one_result_after_color_space():
    replaced_after(to_other_space)


def case_one_result_after_several():
    def several(image):
        rotate(image)
        crop(image)
        mirror(image)
        to_u16(image)

    replaced_after(several)


def case_one_result_after_retouching_and_mirror():
    def retouch(image, photo, first):
        put(photo, "R'G'B' u8", bytes([90]) * (20 * 20 * 3), (100, 60, 20, 20))

    replaced_after(mirror, before=retouch)


def case_one_result_after_saving_and_crop():
    image, photo, _ = colored_photo()
    image = reopened(image, "crop")
    photo = by_name(image, "Photo")
    crop(image)
    colorize(image, photo)
    assert len(tree(image)) == 3, tree(image)


def case_paint_is_kept_after_crop():
    kept_after(crop, dab)


def case_paint_is_kept_after_rotate():
    kept_after(rotate, dab)


def case_paint_is_kept_after_mirror():
    kept_after(mirror, dab)


def case_paint_is_kept_after_scaling():
    kept_after(larger, dab)


def case_paint_is_kept_after_scaling_down():
    kept_after(smaller, dab)


def case_paint_is_kept_after_gray():
    kept_after(to_gray, dab)


def case_paint_is_kept_after_float():
    kept_after(to_float, dab)


def case_paint_is_kept_after_color_space():
    kept_after(to_other_space, dab)


def case_a_change_of_color_alone_is_kept():
    for change in (crop, rotate, mirror, larger, smaller, to_float, to_other_space):
        kept_after(change, same_light)


def case_a_result_that_was_mirrored_alone_is_the_users():
    image, photo, first = colored_photo()
    first.transform_flip_simple(Gimp.OrientationType.HORIZONTAL, True, 0)
    colorize(image, photo)
    assert first.is_valid()
    assert len(tree(image)) == 4
