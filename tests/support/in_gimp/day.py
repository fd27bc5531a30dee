"""A day's work: what users do between two runs of Colorize Layer, and what must still hold."""

RED = (200, 40, 40, 255)
REPLACE = Gimp.ChannelOps.REPLACE


def names_selected(image):
    return [layer.get_name() for layer in image.get_selected_layers()]


def refused(words, name, image, layers, **arguments):
    before = tree(image)
    try:
        call(name, image, layers, **arguments)
    except Failed as error:
        assert str(error) == words, str(error)
    else:
        raise AssertionError("not refused")
    assert tree(image) == before, "the image was changed"


# --- the result is of the photo as it is now ------------------------------------------------


def case_the_result_follows_the_photo():
    image, photo = photo_image()
    before = pixels(colorize(image, photo), "R'G'B' u8")
    put(photo, "Y' u8", bytes([250]) * 400, (10, 10, 20, 20))
    after = pixels(colorize(image, photo), "R'G'B' u8")
    assert after != before
    assert min(after[(15 * 96 + 15) * 3 : (15 * 96 + 15) * 3 + 3]) > 200


def case_a_locked_result_is_left_alone():
    image, photo, first = colored_photo()
    first.set_lock_content(True)
    mine = pixels(first, "R'G'B' u8")
    second = colorize(image, photo, vividness=1.0)
    assert first.is_valid()
    assert first.get_lock_content()
    assert pixels(first, "R'G'B' u8") == mine
    assert tree(image) == ["Color Hints", "Photo (colorized) #1", "Photo (colorized)", "Photo"]
    assert not second.get_lock_content()
    # From then on the second one is the result.
    third = colorize(image, photo)
    assert not second.is_valid()
    assert first.is_valid()
    assert third.is_valid()


# --- settings belong to the picture ---------------------------------------------------------


def at_once(image, layer):
    return call(COLORIZE, image, layer, mode=Gimp.RunMode.WITH_LAST_VALS).index(1)


def case_settings_belong_to_the_picture():
    bold_image, bold_photo = photo_image()
    bold = colorize(bold_image, bold_photo, vividness=1.0, strength=0.4, output="color")
    look = pixels(bold, "R'G'B' u8")
    other_image, other_photo = photo_image()
    plain = at_once(other_image, other_photo)
    assert pixels(plain, "R'G'B' u8") != look, "the other picture's vividness was taken"
    assert plain.get_mode() == Gimp.LayerMode.NORMAL
    again = at_once(bold_image, bold_photo)
    assert pixels(again, "R'G'B' u8") == look, "its own vividness was lost"
    assert again.get_mode() == Gimp.LayerMode.LCH_COLOR
    opened = reopened(bold_image, "bold")
    assert pixels(at_once(opened, by_name(opened, "Photo")), "R'G'B' u8") == look


def case_damaged_settings_of_a_picture_do_no_harm():
    image, photo = photo_image()
    layer = colorize(image, photo, vividness=1.0)
    parasite = layer.get_parasite("handtint-result")
    content = json.loads(bytes(parasite.get_data()).decode())
    content["settings"] = {"vividness": "much", "strength": 7, "output": 3, "use_hints": None}
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    data = json.dumps(content).encode()
    layer.attach_parasite(Gimp.Parasite.new("handtint-result", flags, data))
    image2, photo2 = photo_image()
    expected = pixels(colorize(image2, photo2), "R'G'B' u8")
    assert pixels(at_once(image, photo), "R'G'B' u8") == expected


# --- a selection ----------------------------------------------------------------------------


def case_the_place_of_a_suggestion_is_no_mask():
    image, photo = photo_image()
    image.select_rectangle(REPLACE, 30, 20, 20, 10)
    call(SUGGEST, image, photo)
    assert colorize(image, photo).get_mask() is None, "only the place is in colour"
    image.select_rectangle(REPLACE, 30, 20, 30, 30)
    assert colorize(image, photo).get_mask() is not None, "another selection is a mask"


def case_a_mask_follows_the_selection():
    image, photo = photo_image()
    image.select_rectangle(REPLACE, 10, 10, 30, 30)
    colorize(image, photo)
    image.select_rectangle(REPLACE, 50, 20, 20, 10)
    wanted = pixels(image.get_selection(), "Y u8", (0, 0, 96, 64))
    second = colorize(image, photo)
    assert pixels(second.get_mask(), "Y u8") == wanted, "the old selection"
    whole = colorize(image, photo, area="layer")
    assert whole.get_mask() is None, "a mask is left over"
    colorize(image, photo)
    Gimp.Selection.none(image)
    assert colorize(image, photo).get_mask() is None, "a mask is left over"


def case_a_painted_mask_is_the_users():
    image, photo = photo_image()
    image.select_rectangle(REPLACE, 10, 10, 30, 30)
    first = colorize(image, photo)
    put(first.get_mask(), "Y u8", bytes([77]) * 100, (5, 5, 10, 10))
    mine = pixels(first.get_mask(), "Y u8")
    Gimp.Selection.none(image)
    assert pixels(colorize(image, photo).get_mask(), "Y u8") == mine


def case_the_photos_mask_stays_with_a_selection_gone():
    image, photo = photo_image()
    image.convert_rgb()
    mask = photo.create_mask(Gimp.AddMaskType.WHITE)
    photo.add_mask(mask)
    shape = bytes(255 if x < 48 else 100 for y in range(64) for x in range(96))
    put(mask, "Y u8", shape)
    image.select_rectangle(REPLACE, 0, 0, 96, 32)
    colorize(image, photo)
    Gimp.Selection.none(image)
    assert pixels(colorize(image, photo).get_mask(), "Y u8") == shape


# --- hints in the right place ---------------------------------------------------------------


def case_the_hint_layer_is_active_after_colorize():
    image, photo = photo_image()
    hints = call(HINTS, image, photo).index(1)
    image.set_selected_layers([photo])
    result = colorize(image, photo)
    assert names_selected(image) == ["Color Hints"]
    image.set_selected_layers([result])
    colorize(image, result)
    assert names_selected(image) == ["Color Hints"]
    image.remove_layer(hints)
    image.set_selected_layers([photo])
    colorize(image, photo)
    assert names_selected(image) == ["Photo (colorized)"]


def case_new_hints_layer_goes_to_the_one_there():
    image, photo = photo_image()
    hints = call(HINTS, image, photo).index(1)
    hints.set_visible(False)
    image.set_selected_layers([photo])
    again = call(HINTS, image, photo).index(1)
    assert again.get_id() == hints.get_id()
    assert tree(image) == ["Color Hints", "Photo"]
    assert names_selected(image) == ["Color Hints"]
    assert hints.get_visible(), "the strokes could not be seen"
    # What is said is in GIMP's output: test_messages.
    call(HINTS, image, photo, mode=Gimp.RunMode.INTERACTIVE)
    assert tree(image) == ["Color Hints", "Photo"]
    image.select_rectangle(REPLACE, 10, 10, 20, 20)
    call(HINTS, image, photo, mode=Gimp.RunMode.INTERACTIVE)


def strokes_in_a_group(name):
    image, photo = photo_image()
    plain = pixels(colorize(image, photo), "R'G'B' u8")
    group = Gimp.GroupLayer.new(image, name)
    image.insert_layer(group, None, 0)
    return image, photo, group, plain


def hinted(image):
    r, _, b = mean_rgb(by_name(image, "Photo (colorized)"), (34, 24, 12, 8))
    return r > b + 40


def case_a_group_named_color_hints_counts():
    image, photo, group, plain = strokes_in_a_group("Color Hints")
    strokes = add_layer(image, "strokes", 96, 64, "RGBA", parent=group)
    paint(strokes, RED, 30, 20, 20, 16)
    wanted = [["Color Hints", ["strokes"]], "Photo (colorized)", "Photo"]
    for active in (photo, group, strokes):
        colorize(image, active)
        assert tree(image) == wanted, tree(image)
        assert hinted(image)
        paint(strokes, (0, 0, 0, 0), 0, 0, 96, 64)
        result = colorize(image, active)
        assert pixels(result, "R'G'B' u8") == plain
        paint(strokes, RED, 30, 20, 20, 16)
    image.set_selected_layers([photo])
    call(HINTS, image, photo)
    assert names_selected(image) == ["strokes"]


def case_a_group_of_hint_layers_colors_its_photo():
    image, photo, group, _ = strokes_in_a_group("My strokes")
    hints = call(HINTS, image, photo).index(1)
    image.reorder_item(hints, group, 0)
    paint(hints, RED, 30, 20, 20, 16)
    colorize(image, group)
    assert tree(image) == [["My strokes", ["Color Hints"]], "Photo (colorized)", "Photo"]
    assert hinted(image)


def case_empty_and_text_layers():
    image, photo = photo_image()
    empty = add_layer(image, "Layer", 96, 64, "GRAYA")
    words = "Layer is empty: click the photo's layer and try again."
    for name in (COLORIZE, OPTIONS, HINTS, SUGGEST):
        refused(words, name, image, empty)
    group = Gimp.GroupLayer.new(image, "Nothing")
    image.insert_layer(group, None, 0)
    refused("Nothing is empty: click the photo's layer and try again.", COLORIZE, image, group)


# --- the last stroke ------------------------------------------------------------------------


def case_suggest_for_the_last_stroke():
    image, photo = photo_image()
    hints = call(HINTS, image, photo).index(1)
    paint(hints, RED, 30, 20, 20, 10)
    at_the_paint = list(call(SUGGEST, image, hints).index(1))
    colorize(image, hints)
    # The stroke turned out wrong: its place is still the one that is meant.
    assert list(call(SUGGEST, image, hints).index(1)) == at_the_paint


# --- export ---------------------------------------------------------------------------------


def case_export_leaves_hints_out():
    image, photo, result = colored_photo()
    before = tree(image)
    for ending in ("png", "tif", "jpg"):
        file = Gio.File.new_for_path(G["OUT"] + "/exported." + ending)
        call(EXPORT, image, photo, file=file)
        assert tree(image) == before
        opened = Gimp.file_load(QUIET, file)
        # A TIFF of GIMP has its thumbnail beside the picture.
        full = [x for x in opened.get_layers() if x.get_width() == image.get_width()]
        assert len(full) == 1, "pages in %s: %s" % (ending, tree(opened))
        layer = full[0]
        if ending != "jpg":
            assert pixels(layer, "R'G'B' u8") == pixels(result, "R'G'B' u8")
        r, g, b = mean_rgb(layer, (70, 56, 20, 18))
        assert (r, g, b) != (200.0, 40.0, 40.0)
    try:
        call(EXPORT, image, photo, file=Gio.File.new_for_path(G["OUT"] + "/no.such.ending"))
    except Failed as error:
        assert "ending" in str(error), str(error)
    else:
        raise AssertionError("not refused")
