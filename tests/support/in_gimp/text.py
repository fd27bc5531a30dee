"""What needs fonts."""


def case_a_text_layer_is_no_photo():
    image, _ = photo_image()
    font = Gimp.fonts_get_list("")[0]
    text = Gimp.TextLayer.new(image, "Words", font, 20.0, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    text.set_name("Title")
    words = "Title holds no picture to colorize: click a layer with a photo and try again."
    try:
        colorize(image, text)
    except Failed as error:
        assert str(error) == words, str(error)
    else:
        raise AssertionError("not refused")
    assert tree(image) == ["Title", "Photo"]
