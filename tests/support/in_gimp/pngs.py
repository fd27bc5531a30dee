"""PNGs that say by chunks what their codes mean, opened and colorized as a user does."""


def case_pngs():
    for name in G["NAMES"]:
        image = Gimp.file_load(QUIET, Gio.File.new_for_path("%s/%s.png" % (G["OUT"], name)))
        result = colorize(image, image.get_layers()[0])
        with open("%s/%s.rgb" % (G["OUT"], name), "wb") as out:
            out.write(pixels(result, "R'G'B' u8"))
