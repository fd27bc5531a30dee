"""Masks on hint layers and on groups around them keep what is painted inside."""

RED, GREEN, BLUE = (200, 40, 40, 255), (40, 160, 60, 255), (40, 60, 200, 255)
REPLACE = Gimp.ChannelOps.REPLACE


def hint_layer(image, name="Color Hints"):
    layer = add_layer(image, name, 96, 64, "RGBA")
    layer.fill(Gimp.FillType.TRANSPARENT)
    return layer


def colors(image, photo):
    """The result as rows of pixels, 3 bytes each."""
    data = pixels(colorize(image, photo), "R'G'B' u8")
    return [[bytes(data[(y * 96 + x) * 3 :][:3]) for x in range(96)] for y in range(64)]


def only_inside(before, after, inside):
    """Outside nothing has changed, and inside a good part has."""
    changed = [(x, y) for y in range(64) for x in range(96) if before[y][x] != after[y][x]]
    assert all(inside(x, y) for x, y in changed), "it colors what lies outside"
    area = sum(inside(x, y) for y in range(64) for x in range(96))
    assert len(changed) > area // 4, "%d of %d pixels" % (len(changed), area)


def case_a_mask_fences_a_hint_layer():
    image, photo = photo_image()
    image.convert_rgb()
    before = colors(image, photo)
    layer = hint_layer(image)
    paint(layer, RED, 30, 20, 20, 20)
    free = colors(image, photo)
    assert any(free[y][x] != before[y][x] for y in range(64) for x in range(40, 96))
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    put(mask, "Y u8", bytes(255 if x < 40 else 0 for y in range(64) for x in range(96)))
    only_inside(before, colors(image, photo), lambda x, y: x < 40)
    layer.set_apply_mask(False)
    assert colors(image, photo) == free, "a mask that is off fences"


def case_a_groups_mask_fences_what_lies_in_it():
    image, photo = photo_image()
    image.convert_rgb()
    other = hint_layer(image)
    paint(other, GREEN, 2, 50, 10, 8)
    before = colors(image, photo)
    group = Gimp.GroupLayer.new(image, "Lasso")
    image.insert_layer(group, None, 0)
    for color, x in ((RED, 44), (BLUE, 70)):
        layer = hint_layer(image)
        paint(layer, color, x, 20, 14, 14)
        image.reorder_item(layer, group, 0)
    mask = group.create_mask(Gimp.AddMaskType.WHITE)
    group.add_mask(mask)
    left, top = tuple(group.get_offsets())[1:]
    width, height = group.get_width(), group.get_height()
    shape = bytes(255 if x + left >= 48 else 0 for y in range(height) for x in range(width))
    put(mask, "Y u8", shape)
    after = colors(image, photo)
    only_inside(before, after, lambda x, y: x >= 48)
    red, _, blue = after[26][50]
    assert red > blue
    red, _, blue = after[26][76]
    assert blue > red


def case_what_was_painted_last_counts():
    image, photo = photo_image()
    image.convert_rgb()
    group = Gimp.GroupLayer.new(image, "Lasso")
    image.insert_layer(group, None, 0)
    for color, x in ((RED, 2), (BLUE, 30), (GREEN, 70)):
        layer = hint_layer(image)
        paint(layer, color, x, 20, 14, 24)
        image.reorder_item(layer, group, 0)
        if color == BLUE:
            mask = layer.create_mask(Gimp.AddMaskType.WHITE)
            layer.add_mask(mask)
            put(mask, "Y u8", bytes(255 if x >= 20 else 0 for y in range(64) for x in range(96)))
    mask = group.create_mask(Gimp.AddMaskType.WHITE)
    group.add_mask(mask)
    red, green, blue = colors(image, photo)[32][77]
    assert green > max(red, blue), "what lies inside the same masks lies where its last layer does"


def case_a_mask_around_photo_and_hints_is_no_fence():
    image, photo = photo_image()
    image.convert_rgb()
    layer = hint_layer(image)
    paint(layer, RED, 30, 20, 20, 20)
    before = colors(image, photo)
    group = Gimp.GroupLayer.new(image, "All")
    image.insert_layer(group, None, 0)
    for item in image.get_layers()[:0:-1]:
        image.reorder_item(item, group, 0)
    mask = group.create_mask(Gimp.AddMaskType.BLACK)
    group.add_mask(mask)
    assert colors(image, photo) == before


def case_new_hints_layer_of_a_selection_is_fenced():
    image, photo = photo_image()
    first = call(HINTS, image, photo).index(1)
    before = colors(image, photo)
    image.select_rectangle(REPLACE, 20, 10, 40, 30)
    layer = call(HINTS, image, photo).index(1)
    assert layer.get_id() != first.get_id()
    wanted = pixels(image.get_selection(), "Y u8", (0, 0, 96, 64))
    assert pixels(layer.get_mask(), "Y u8") == wanted
    assert not layer.get_edit_mask(), "the brush would paint on the mask"
    again = call(HINTS, image, photo).index(1)
    assert again.get_id() == layer.get_id(), "the same selection has its layer"
    paint(layer, RED, 30, 20, 20, 20)
    Gimp.Selection.none(image)
    only_inside(before, colors(image, photo), lambda x, y: 20 <= x < 60 and 10 <= y < 40)
    image.select_rectangle(REPLACE, 0, 0, 10, 10)
    third = call(HINTS, image, photo).index(1)
    assert third.get_id() not in (first.get_id(), layer.get_id())


def case_the_place_of_a_suggestion_is_no_fence():
    image, photo = photo_image()
    image.select_rectangle(REPLACE, 30, 20, 20, 10)
    call(SUGGEST, image, photo)
    assert call(HINTS, image, photo).index(1).get_mask() is None
