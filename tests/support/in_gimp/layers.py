"""Results and hint layers: what the layer stack looks like after each command."""

import hashlib

RED, GREEN, BLUE = (200, 40, 40, 255), (40, 160, 60, 255), (40, 60, 200, 255)


def names_selected(image):
    return [layer.get_name() for layer in image.get_selected_layers()]


def digest(layer):
    return hashlib.sha1(pixels(layer, "R'G'B'A float")).hexdigest()


# --- the result ----------------------------------------------------------------------------


def case_result():
    image, photo = photo_image()
    before = pixels(photo, "Y' u8")
    layer = colorize(image, photo)
    assert tree(image) == ["Photo (colorized)", "Photo"]
    assert names_selected(image) == ["Photo (colorized)"]
    assert image.get_base_type() == Gimp.ImageBaseType.RGB
    assert layer.type() == Gimp.ImageType.RGB_IMAGE
    assert layer.get_mode() == Gimp.LayerMode.NORMAL
    assert layer.get_opacity() == 100.0
    assert layer.get_mask() is None
    assert pixels(photo, "Y' u8") == before
    data = pixels(layer, "R'G'B' u8")
    assert data[0::3] != data[2::3], "the result has no colour"


def case_beside_and_beyond_the_canvas():
    image = Gimp.Image.new(100, 80, Gimp.ImageBaseType.RGB)
    for name, (x, y, w, h) in {
        "larger": (-20, -30, 150, 140),
        "smaller": (30, 20, 40, 33),
        "beside": (110, 90, 50, 60),
    }.items():
        photo = add_layer(image, name, w, h, x=x, y=y)
        codes = gray_codes(w, h)
        put(photo, "R'G'B' u8", bytes(v for code in codes for v in (code, code, code)))
        layer = colorize(image, photo)
        assert layer.get_name() == name + " (colorized)"
        assert (layer.get_width(), layer.get_height()) == (w, h)
        assert tuple(layer.get_offsets())[1:] == (x, y)
        alone = Gimp.Image.new(w, h, Gimp.ImageBaseType.GRAY)
        same = add_layer(alone, name, w, h, "GRAY")
        put(same, "Y' u8", codes)
        expected = colorize(alone, same)
        assert pixels(layer, "R'G'B' u8") == pixels(expected, "R'G'B' u8")


def case_in_groups():
    image, photo = photo_image()
    outer = Gimp.GroupLayer.new(image, "outer")
    image.insert_layer(outer, None, 0)
    inner = Gimp.GroupLayer.new(image, "inner")
    image.insert_layer(inner, outer, 0)
    image.reorder_item(photo, inner, 0)
    above = add_layer(image, "above", 10, 10, "GRAY", parent=inner, position=0)
    colorize(image, photo)
    assert tree(image) == [["outer", [["inner", ["above", "Photo (colorized)", "Photo"]]]]]
    assert above.is_valid()


def case_a_group_as_the_photo():
    image, photo = photo_image()
    expected = colorize(*reload_alone(photo))
    group = Gimp.GroupLayer.new(image, "Scan")
    image.insert_layer(group, None, 0)
    image.reorder_item(photo, group, 0)
    layer = colorize(image, group)
    assert tree(image) == ["Scan (colorized)", ["Scan", ["Photo"]]]
    ours = pixels(layer, "R'G'B' u8")
    assert ours == pixels(expected, "R'G'B' u8")


def reload_alone(photo):
    alone = Gimp.Image.new(photo.get_width(), photo.get_height(), Gimp.ImageBaseType.GRAY)
    same = add_layer(alone, "Photo", photo.get_width(), photo.get_height(), "GRAY")
    put(same, "Y' u8", pixels(photo, "Y' u8"))
    return alone, same


def case_filters_of_the_photo_count():
    """What GIMP 3 does by default with Colors > Levels and the like: not merged."""
    image, photo = photo_image()
    photo.set_offsets(5, 7)
    effect = Gimp.DrawableFilter.new(photo, "gegl:invert-gamma", "Invert")
    photo.append_filter(effect)
    before = [x.get_id() for x in Gimp.get_images()]
    layer = colorize(image, photo)
    assert [x.get_id() for x in Gimp.get_images()] == before, "a scratch image was left"
    assert len(photo.get_filters()) == 1
    inverted = bytes(255 - code for code in gray_codes(96, 64))
    alone = Gimp.Image.new(96, 64, Gimp.ImageBaseType.GRAY)
    same = add_layer(alone, "Photo", 96, 64, "GRAY")
    put(same, "Y' u8", inverted)
    assert pixels(layer, "R'G'B' u8") == pixels(colorize(alone, same), "R'G'B' u8")
    assert tuple(layer.get_offsets())[1:] == (5, 7)
    # One that reaches beyond the layer, and one that is switched off.
    photo.append_filter(Gimp.DrawableFilter.new(photo, "gegl:dropshadow", "Shadow"))
    layer = colorize(image, photo)
    assert (layer.get_width(), layer.get_height()) == (96, 64)
    for effect in photo.get_filters():
        effect.set_visible(False)
    plain = colorize(*reload_alone(photo))
    assert pixels(colorize(image, photo), "R'G'B' u8") == pixels(plain, "R'G'B' u8")


def case_filters_of_the_result_stay():
    image, photo = photo_image()
    first = colorize(image, photo)
    first.append_filter(Gimp.DrawableFilter.new(first, "gegl:invert-gamma", "Invert"))
    second = colorize(image, photo)
    assert not first.is_valid()
    assert [x.get_name() for x in second.get_filters()] == ["Invert"]


def case_alpha_is_kept():
    image = Gimp.Image.new(60, 40, Gimp.ImageBaseType.RGB)
    photo = add_layer(image, "Photo", 60, 40, "RGBA")
    values = b"".join(
        bytes((code, code, code, (i * 4) % 256)) for i, code in enumerate(gray_codes(60, 40))
    )
    put(photo, "R'G'B'A u8", values)
    layer = colorize(image, photo)
    assert pixels(layer, "R'G'B'A u8")[3::4] == values[3::4]


# --- masks ---------------------------------------------------------------------------------


def case_selection_becomes_the_mask():
    image, photo = photo_image()
    photo.set_offsets(10, 5)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 30, 20, 40, 30)
    Gimp.Selection.feather(image, 6)
    wanted = pixels(image.get_selection(), "Y u8", (10, 5, 96, 64))
    layer = colorize(image, photo)
    mask = layer.get_mask()
    assert pixels(mask, "Y u8") == wanted
    assert len(set(wanted)) > 10, "feathered"
    assert not layer.get_edit_mask(), "painting would go into the mask"
    assert not Gimp.Selection.is_empty(image), "the selection is gone"
    other = colorize(*reload_alone(photo), area="layer")
    assert other.get_mask() is None


def case_whole_layer_in_spite_of_a_selection():
    image, photo = photo_image()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 30, 20, 40, 30)
    assert colorize(image, photo, area="layer").get_mask() is None


def case_the_photos_own_mask_counts():
    image, photo = photo_image()
    image.convert_rgb()
    mask = photo.create_mask(Gimp.AddMaskType.WHITE)
    photo.add_mask(mask)
    shape = bytes(255 if x < 48 else 100 for y in range(64) for x in range(96))
    put(mask, "Y u8", shape)
    layer = colorize(image, photo)
    assert pixels(layer.get_mask(), "Y u8") == shape
    image.remove_layer(layer)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 96, 32)
    layer = colorize(image, photo)
    both = bytes(shape[i] if i < 96 * 32 else 0 for i in range(96 * 64))
    assert pixels(layer.get_mask(), "Y u8") == both


# --- again ---------------------------------------------------------------------------------


def case_again_replaces_on_photo_and_on_result():
    image, photo = photo_image()
    first = colorize(image, photo)
    calm = pixels(first, "R'G'B' u8")
    second = colorize(image, photo, vividness=1.0)
    assert not first.is_valid()
    assert tree(image) == ["Photo (colorized)", "Photo"]
    assert pixels(second, "R'G'B' u8") != calm
    third = colorize(image, second)
    assert not second.is_valid()
    assert tree(image) == ["Photo (colorized)", "Photo"]
    assert pixels(third, "R'G'B' u8") == calm
    assert names_selected(image) == ["Photo (colorized)"]


def case_again_keeps_what_the_user_set():
    image, photo = photo_image()
    old = colorize(image, photo)
    top = add_layer(image, "top", 10, 10, "RGBA")
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(old, group, 0)
    old.set_name("My colors")
    old.set_opacity(37.0)
    old.set_mode(Gimp.LayerMode.SOFTLIGHT)
    old.set_blend_space(Gimp.LayerColorSpace.RGB_PERCEPTUAL)
    old.set_visible(False)
    old.set_color_tag(Gimp.ColorTag.GREEN)
    mask = old.create_mask(Gimp.AddMaskType.WHITE)
    old.add_mask(mask)
    shape = bytes((x * 2) % 256 for y in range(64) for x in range(96))
    put(mask, "Y u8", shape)
    old.attach_parasite(Gimp.Parasite.new("the-users-own", 1, b"note"))
    old.set_lock_position(True)
    old.set_lock_visibility(True)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 20, 20)
    new = colorize(image, photo)
    assert not old.is_valid()
    assert tree(image) == [["group", ["My colors"]], "top", "Photo"]
    assert abs(new.get_opacity() - 37.0) < 0.01
    assert new.get_mode() == Gimp.LayerMode.SOFTLIGHT
    assert new.get_blend_space() == Gimp.LayerColorSpace.RGB_PERCEPTUAL
    assert not new.get_visible()
    assert new.get_color_tag() == Gimp.ColorTag.GREEN
    assert pixels(new.get_mask(), "Y u8") == shape
    assert bytes(new.get_parasite("the-users-own").get_data()) == b"note"
    assert (new.get_lock_position(), new.get_lock_visibility()) == (True, True)
    assert tuple(new.get_offsets())[1:] == (0, 0)
    assert top.is_valid()


def case_again_gets_a_mask_where_there_was_none():
    image, photo = photo_image()
    colorize(image, photo)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 8, 8, 20, 20)
    assert colorize(image, photo).get_mask() is not None


def case_paint_on_the_result_is_never_lost():
    image, photo = photo_image()
    first = colorize(image, photo)
    put(first, "R'G'B' u8", bytes((1, 2, 3)) * 4, (5, 5, 2, 2))
    mine = digest(first)
    second = colorize(image, photo)
    assert first.is_valid()
    assert digest(first) == mine
    assert tree(image) == ["Photo (colorized) #1", "Photo (colorized)", "Photo"], tree(image)
    # From then on the new one is the result that is replaced.
    third = colorize(image, photo)
    assert first.is_valid()
    assert not second.is_valid()
    assert len(tree(image)) == 3
    assert third.get_name()


def case_after_saving_and_reopening():
    image, photo = photo_image()
    colorize(image, photo).set_name("Mine")
    call(HINTS, image, photo)
    again = reopened(image, "again")
    paint(by_name(again, "Color Hints"), RED, 20, 20, 8, 8)
    for active in ("Photo", "Mine", "Color Hints"):
        colorize(again, by_name(again, active))
        assert tree(again) == ["Color Hints", "Mine", "Photo"]
    r, _, b = mean_rgb(by_name(again, "Mine"), (22, 22, 4, 4))
    assert r > b + 40, "the hints were lost"
    twice = reopened(again, "twice")
    put(by_name(twice, "Mine"), "R'G'B' u8", bytes(12), (0, 0, 2, 2))
    colorize(twice, by_name(twice, "Photo"))
    assert len(tree(twice)) == 4


def case_a_copy_of_the_result_is_the_users():
    image, photo = photo_image()
    first = colorize(image, photo)
    copy = first.copy()
    image.insert_layer(copy, None, 0)
    copy.set_name("kept")
    second = colorize(image, photo)
    assert copy.is_valid()
    assert not first.is_valid()
    assert second.get_name() == "Photo (colorized)"
    # The copy is a picture like any other: it gets a result of its own.
    colorize(image, copy)
    assert tree(image) == ["kept (colorized)", "kept", "Photo (colorized)", "Photo"]


def case_a_duplicated_image_goes_on():
    image, photo = photo_image()
    colorize(image, photo)
    # Gaps in the tattoos: the duplicate's are dealt out anew, and meet others here.
    image.remove_layer(add_layer(image, "gone", 10, 10, "RGB"))
    other = add_layer(image, "other", 96, 64, position=2)
    call(HINTS, image, photo)
    hints = call(HINTS, image, other).index(1)
    paint(hints, RED, 30, 20, 20, 16)
    double = image.duplicate()
    plain = pixels(by_name(image, "Photo (colorized)"), "R'G'B' u8")
    again = colorize(double, by_name(double, "Photo"))
    assert tree(double) == tree(image), tree(double)
    assert pixels(again, "R'G'B' u8") == plain, "hints of the other photo were taken"


def case_a_copy_of_the_photo_is_a_photo_of_its_own():
    image, photo = photo_image()
    hints = call(HINTS, image, photo).index(1)
    paint(hints, RED, 30, 20, 20, 16)
    first = colorize(image, photo)
    copy = photo.copy()
    image.insert_layer(copy, None, 3)
    copy.set_name("Copy")
    second = colorize(image, copy)
    assert first.is_valid()
    assert tree(image) == ["Color Hints", "Photo (colorized)", "Photo", "Copy (colorized)", "Copy"]
    assert pixels(first, "R'G'B' u8") != pixels(second, "R'G'B' u8"), "not its hints"
    colorize(image, photo)
    assert second.is_valid()
    assert len(tree(image)) == 5


def case_locked_layers():
    image, photo = photo_image()
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(photo, group, 0)
    for item in (photo, group):
        item.set_lock_content(True)
        item.set_lock_position(True)
    for _ in range(2):
        layer = colorize(image, photo)
        assert tree(image) == [["group", ["Photo (colorized)", "Photo"]]]
        assert photo.get_lock_content()
        assert group.get_lock_content()
        assert group.get_lock_position()
        assert not layer.get_lock_content()


def case_a_layer_from_another_image_is_not_taken_for_ours():
    image, photo = photo_image()
    colorize(image, photo)
    other, strange = photo_image(seed=3)
    other.convert_rgb()
    copy = Gimp.Layer.new_from_drawable(by_name(image, "Photo (colorized)"), other)
    other.insert_layer(copy, None, 0)
    colorize(other, strange)
    assert copy.is_valid()
    assert len(tree(other)) == 3


def case_a_photo_that_has_grown():
    image, photo = photo_image()
    old = colorize(image, photo)
    old.set_opacity(40.0)
    photo.resize(120, 90, 10, 12)
    new = colorize(image, photo)
    assert not old.is_valid()
    assert (new.get_width(), new.get_height()) == (120, 90)
    assert tuple(new.get_offsets()) == tuple(photo.get_offsets())
    assert abs(new.get_opacity() - 40.0) < 0.01
    assert len(tree(image)) == 2


def case_a_photo_that_has_moved():
    image, photo = photo_image()
    colorize(image, photo)
    photo.set_offsets(7, 9)
    new = colorize(image, photo)
    assert tuple(new.get_offsets())[1:] == (7, 9)


def case_color_only_layer():
    image, photo = photo_image()
    layer = colorize(image, photo, output="color")
    assert layer.get_mode() == Gimp.LayerMode.LCH_COLOR
    layer.set_mode(Gimp.LayerMode.OVERLAY)
    layer = colorize(image, photo, output="color")
    assert layer.get_mode() == Gimp.LayerMode.OVERLAY, "the user's mode was overridden"
    layer = colorize(image, photo, output="normal")
    assert layer.get_mode() == Gimp.LayerMode.NORMAL, "the new choice was ignored"


# --- hints ---------------------------------------------------------------------------------


def case_new_hints_layer():
    image, photo = photo_image()
    photo.set_offsets(-5, 8)
    hints = call(HINTS, image, photo).index(1)
    assert tree(image) == ["Color Hints", "Photo"]
    assert names_selected(image) == ["Color Hints"]
    assert hints.type() == Gimp.ImageType.RGBA_IMAGE
    assert (hints.get_width(), hints.get_height()) == (96, 64)
    assert tuple(hints.get_offsets())[1:] == (-5, 8)
    assert not any(pixels(hints, "R'G'B'A u8")[3::4])


def case_hints_are_obeyed():
    image, photo = photo_image()
    automatic = pixels(colorize(image, photo), "R'G'B' u8")
    hints = call(HINTS, image, photo).index(1)
    paint(hints, BLUE, 30, 20, 20, 16)
    mine = digest(hints)
    layer = colorize(image, hints)
    r, _, b = mean_rgb(layer, (34, 24, 12, 8))
    assert b > r + 40, (r, b)
    assert tree(image) == ["Color Hints", "Photo (colorized)", "Photo"]
    assert names_selected(image) == ["Color Hints"], "the user could not paint on"
    assert digest(hints) == mine
    hinted = pixels(layer, "R'G'B' u8")
    # Gray means neutral, also where the automatic colour is not.
    paint(hints, (128, 128, 128, 255), 30, 20, 20, 16)
    r, _, b = mean_rgb(colorize(image, hints), (34, 24, 12, 8))
    assert abs(r - b) < 3, (r, b)
    assert hinted != automatic
    # Erased is no hint.
    paint(hints, (0, 0, 0, 0), 30, 20, 20, 16)
    assert pixels(colorize(image, hints), "R'G'B' u8") == automatic
    # The check box.
    paint(hints, BLUE, 30, 20, 20, 16)
    assert pixels(colorize(image, hints, use_hints=False), "R'G'B' u8") == automatic
    assert pixels(colorize(image, hints, strength=0.0), "R'G'B' u8") == automatic
    assert pixels(colorize(image, hints), "R'G'B' u8") == hinted


def case_hidden_and_faded_hints_count():
    image, photo = photo_image()
    hints = call(HINTS, image, photo).index(1)
    paint(hints, RED, 30, 20, 20, 16)
    shown = pixels(colorize(image, photo), "R'G'B' u8")
    hints.set_visible(False)
    hints.set_opacity(5.0)
    assert pixels(colorize(image, photo), "R'G'B' u8") == shown


def case_a_renamed_hint_layer_is_found():
    image, photo = photo_image()
    hints = call(HINTS, image, photo).index(1)
    paint(hints, RED, 30, 20, 20, 16)
    before = pixels(colorize(image, photo), "R'G'B' u8")
    hints.set_name("Farben")
    assert pixels(colorize(image, hints), "R'G'B' u8") == before
    assert tree(image) == ["Farben", "Photo (colorized)", "Photo"]


def case_an_unbound_layer_of_that_name_counts_for_the_photo_below():
    image, photo = photo_image()
    image.convert_rgb()
    other = add_layer(image, "other photo", 96, 64)
    put(other, "R'G'B' u8", bytes(v for code in gray_codes(96, 64, 5) for v in (code,) * 3))
    hints = add_layer(image, "Color Hints", 96, 64, "RGBA")
    paint(hints, RED, 30, 20, 20, 16)
    colorize(image, hints)
    assert tree(image) == ["Color Hints", "other photo (colorized)", "other photo", "Photo"]
    r, _, b = mean_rgb(by_name(image, "other photo (colorized)"), (34, 24, 12, 8))
    assert r > b + 40
    # Its photo is below the result now, which is not the photo.
    colorize(image, hints)
    assert len(tree(image)) == 4
    image.reorder_item(hints, None, 3)
    assert tree(image)[3] == "Color Hints", tree(image)
    plain = colorize(*reload_alone(other))
    assert pixels(colorize(image, other), "R'G'B' u8") == pixels(plain, "R'G'B' u8")


def case_two_photos_do_not_mix():
    image = Gimp.Image.new(200, 64, Gimp.ImageBaseType.RGB)
    alone, photos, layers = [], [], []
    for number, x in enumerate((0, 100)):
        photo = add_layer(image, "photo %d" % number, 96, 64, x=x)
        codes = gray_codes(96, 64, number)
        put(photo, "R'G'B' u8", bytes(v for code in codes for v in (code,) * 3))
        photos.append(photo)
        image.set_selected_layers([photo])
    for number, color in enumerate((RED, GREEN)):
        layers.append(call(HINTS, image, photos[number]).index(1))
        paint(layers[number], color, 30, 20, 20, 16)
        single, photo = reload_alone(photos[number])
        hints = call(HINTS, single, photo).index(1)
        paint(hints, color, 30, 20, 20, 16)
        alone.append(pixels(colorize(single, photo), "R'G'B' u8"))
    for number in (0, 1, 0, 1):
        active = photos[number] if number else layers[number]
        assert pixels(colorize(image, active), "R'G'B' u8") == alone[number]
    assert len(tree(image)) == 6
    again = reopened(image, "two")
    for number, name in enumerate(("Color Hints", "Color Hints #1")):
        assert pixels(colorize(again, by_name(again, name)), "R'G'B' u8") == alone[number]
    assert len(tree(again)) == 6


def case_a_moved_hint_layer_hints_where_it_lies():
    image, photo = photo_image()
    hints = call(HINTS, image, photo).index(1)
    paint(hints, RED, 30, 20, 20, 16)
    here = pixels(colorize(image, photo), "R'G'B' u8")
    paint(hints, (0, 0, 0, 0), 0, 0, 96, 64)
    paint(hints, RED, 10, 10, 20, 16)
    hints.set_offsets(20, 10)
    assert pixels(colorize(image, photo), "R'G'B' u8") == here
    hints.set_offsets(500, 500)
    plain = colorize(*reload_alone(photo))
    assert pixels(colorize(image, photo), "R'G'B' u8") == pixels(plain, "R'G'B' u8")


def case_several_hint_layers_lie_over_each_other():
    image, photo = photo_image()
    one = call(HINTS, image, photo).index(1)
    paint(one, RED, 10, 10, 20, 16)
    paint(one, BLUE, 50, 30, 20, 16)
    both = pixels(colorize(image, photo), "R'G'B' u8")
    paint(one, (0, 0, 0, 0), 0, 0, 96, 64)
    paint(one, RED, 10, 10, 20, 16)
    paint(one, GREEN, 50, 30, 20, 16)
    two = add_layer(image, "Color Hints", 96, 64, "RGBA")
    assert two.get_name() == "Color Hints #1"
    paint(two, BLUE, 50, 30, 20, 16)
    assert pixels(colorize(image, photo), "R'G'B' u8") == both
    # A mask takes paint away, like erasing.
    mask = one.create_mask(Gimp.AddMaskType.BLACK)
    one.add_mask(mask)
    only = pixels(colorize(image, photo), "R'G'B' u8")
    image.remove_layer(one)
    assert pixels(colorize(image, photo), "R'G'B' u8") == only


def case_hints_without_a_photo():
    image = Gimp.Image.new(50, 50, Gimp.ImageBaseType.RGB)
    hints = add_layer(image, "Color Hints", 50, 50, "RGBA")
    try:
        colorize(image, hints)
    except Failed as error:
        assert "no photo below" in str(error)
        return
    raise AssertionError("the hint layer was colorized")


# --- what cannot be colorized --------------------------------------------------------------


def refused(words, name, image, layers, **arguments):
    before = tree(image), image.get_base_type(), [digest(x) for x in image.get_layers()]
    try:
        call(name, image, layers, **arguments)
    except Failed as error:
        assert words in str(error), str(error)
        assert str(error).endswith("."), str(error)
    else:
        raise AssertionError("not refused")
    after = tree(image), image.get_base_type(), [digest(x) for x in image.get_layers()]
    assert after == before, "the image was changed"


def case_indexed():
    image, photo = photo_image()
    image.convert_rgb()
    image.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, ""
    )
    photo = image.get_layers()[0]
    for name in (COLORIZE, OPTIONS, HINTS, SUGGEST):
        refused("Image > Mode > RGB", name, image, photo)


def case_selected_layers():
    image, photo = photo_image()
    other = add_layer(image, "other", 10, 10, "GRAY")
    for name in (COLORIZE, OPTIONS, HINTS, SUGGEST):
        refused("Select one layer", name, image, [photo, other])
        refused("Select one layer", name, image, [])
    channel = Gimp.Channel.new(image, "channel", 96, 64, 50.0, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    refused("Select one layer", COLORIZE, image, channel)


def case_an_edited_mask_means_its_layer():
    image, photo = photo_image()
    mask = photo.create_mask(Gimp.AddMaskType.WHITE)
    photo.add_mask(mask)
    assert colorize(image, mask).get_name() == "Photo (colorized)"


# --- suggestions ---------------------------------------------------------------------------


def colors_of(image, layer):
    result = call(SUGGEST, image, layer)
    return list(result.index(1))


def case_suggest():
    image, photo = photo_image()
    refused("Select a place", SUGGEST, image, photo)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 30, 20, 20, 10)
    found = colors_of(image, photo)
    assert 1 <= len(found) <= 9
    assert all(len(c) == 7 and c[0] == "#" and int(c[1:], 16) >= 0 for c in found), found
    assert len(set(found)) == len(found)
    assert tree(image) == ["Photo"]
    assert image.get_base_type() == Gimp.ImageBaseType.GRAY, "asking changes nothing"
    photo.set_offsets(500, 0)
    refused("outside the photo", SUGGEST, image, photo)
    photo.set_offsets(0, 0)
    Gimp.Selection.none(image)

    hints = call(HINTS, image, photo).index(1)
    refused("Select a place", SUGGEST, image, hints)
    paint(hints, RED, 30, 20, 20, 10)
    at_the_paint = colors_of(image, hints)
    # At the centre of the new paint, which is not counted in: as with a selection there.
    assert at_the_paint == found
    colorize(image, hints)
    paint(hints, BLUE, 70, 50, 6, 6)
    assert colors_of(image, hints)
    again = reopened(image, "suggest")
    assert colors_of(again, by_name(again, "Color Hints")) == colors_of(image, hints)


# --- for scripts ---------------------------------------------------------------------------


def case_arguments_are_documented():
    pdb = Gimp.get_pdb()
    told = {}
    for name in (COLORIZE, OPTIONS, HINTS, SUGGEST, EXPORT):
        procedure = pdb.lookup_procedure(name)
        assert len(procedure.get_help()) > 60
        assert procedure.get_blurb()
        told[name] = {
            "label": procedure.get_menu_label(),
            "blurb": procedure.get_blurb(),
            "paths": procedure.get_menu_paths(),
            "types": procedure.get_image_types(),
            "sensitivity": int(procedure.get_sensitivity_mask()),
            "arguments": {
                spec.name: [spec.get_nick(), spec.get_blurb(), repr(spec.get_default_value())]
                for spec in procedure.get_arguments()
            },
        }
    return told


def case_a_new_photo_gets_the_kind_of_layer_that_was_last_chosen():
    """And nothing else: what changes the colors belongs to the other picture."""
    image, photo = photo_image()
    plain = pixels(colorize(image, photo), "R'G'B' u8")
    path = Gimp.directory() + "/handtint-last.json"
    with open(path, "w") as file:
        json.dump({"vividness": 1.0, "output": "color", "strength": 7, "area": "no such"}, file)
    image, photo = photo_image()
    layer = call(COLORIZE, image, photo, mode=Gimp.RunMode.INTERACTIVE).index(1)
    assert pixels(layer, "R'G'B' u8") == plain
    assert layer.get_mode() == Gimp.LayerMode.LCH_COLOR
    with open(path, "w") as file:
        file.write("{damaged")
    image, photo = photo_image()
    layer = call(COLORIZE, image, photo, mode=Gimp.RunMode.WITH_LAST_VALS).index(1)
    assert layer.get_mode() == Gimp.LayerMode.NORMAL
