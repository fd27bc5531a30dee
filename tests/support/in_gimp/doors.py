"""The photo and the hints of the four doors, opened from their files as a user does."""


def case_doors():
    file = Gio.File.new_for_path(G["OUT"] + "/photo.png")
    image = Gimp.file_load(QUIET, file)
    photo = image.get_layers()[0]
    painted = Gimp.file_load(QUIET, Gio.File.new_for_path(G["OUT"] + "/hints.png"))
    paint = pixels(painted.get_layers()[0], "R'G'B'A u8")
    hints = call(HINTS, image, photo).index(1)
    put(hints, "R'G'B'A u8", paint)
    assert pixels(hints, "R'G'B'A u8") == paint
    result = colorize(image, hints)
    with open(G["OUT"] + "/doors.rgb", "wb") as out:
        out.write(pixels(result, "R'G'B' u8"))
