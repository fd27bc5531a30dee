"""Executed inside GIMP: runs the `case_...` functions of a file and writes what they return.

GIMP's Python console gives Gimp, Gegl, GObject, GLib and gi; `G` holds what the test passed.
"""

import json
import traceback

from gi.repository import Gio

COLORIZE = "plug-in-handtint-colorize"
OPTIONS = "plug-in-handtint-colorize-options"
HINTS = "plug-in-handtint-new-hints-layer"
SUGGEST = "plug-in-handtint-suggest-colors"
EXPORT = "plug-in-handtint-export"
QUIET = Gimp.RunMode.NONINTERACTIVE


def rect(x, y, w, h):
    return Gegl.Rectangle.new(x, y, w, h)


class Failed(Exception):
    """A procedure answered with an error: its text."""


def call(name, image, layers, mode=QUIET, **arguments):
    """Call a procedure as a script does; its values, or Failed with the text for the user."""
    pdb = Gimp.get_pdb()
    procedure = pdb.lookup_procedure(name)
    if procedure is None:
        raise LookupError("GIMP does not know " + name)
    config = procedure.create_config()
    config.set_property("run-mode", mode)
    config.set_property("image", image)
    layers = layers if isinstance(layers, list) else [layers]
    config.set_core_object_array("drawables", layers)
    for key, value in arguments.items():
        config.set_property(key.replace("_", "-"), value)
    result = procedure.run(config)
    if result.index(0) != Gimp.PDBStatusType.SUCCESS:
        raise Failed(pdb.get_last_error())
    return result


def colorize(image, layer, **arguments):
    return call(COLORIZE, image, layer, **arguments).index(1)


def pixels(drawable, name, box=None):
    """Packed bytes of a drawable, by its own coordinates."""
    box = box or (0, 0, drawable.get_width(), drawable.get_height())
    return drawable.get_buffer().get(rect(*box), 1.0, name, Gegl.AbyssPolicy.NONE)


def put(drawable, name, data, box=None):
    box = box or (0, 0, drawable.get_width(), drawable.get_height())
    buffer = drawable.get_buffer()
    buffer.set(rect(*box), name, data)
    buffer.flush()
    drawable.update(*box)


def add_layer(image, name, w, h, kind="RGB", parent=None, position=0, x=0, y=0):
    layer = Gimp.Layer.new(
        image, name, w, h, getattr(Gimp.ImageType, kind + "_IMAGE"), 100.0, Gimp.LayerMode.NORMAL
    )
    image.insert_layer(layer, parent, position)
    layer.set_offsets(x, y)
    return layer


def gray_codes(w, h, seed=0):
    """A soft picture with edges, u8."""
    return bytes(
        min(255, max(0, 128 + int(60 * ((x * 7 + seed * 13) % 97) / 97) - (y * 3) % 120))
        for y in range(h)
        for x in range(w)
    )


def photo_image(w=96, h=64, seed=0):
    """A gray u8 image with one layer, `Photo`."""
    image = Gimp.Image.new(w, h, Gimp.ImageBaseType.GRAY)
    layer = add_layer(image, "Photo", w, h, "GRAY")
    put(layer, "Y' u8", gray_codes(w, h, seed))
    return image, layer


def paint(layer, color, x, y, w, h):
    put(layer, "R'G'B'A u8", bytes(color) * (w * h), (x, y, w, h))


def colored_photo(w=200, h=160):
    """A photo with a hint, and its result: so that there is something to see."""
    image, photo = photo_image(w, h)
    hints = call(HINTS, image, photo).index(1)
    paint(hints, (200, 40, 40, 255), 60, 50, 40, 30)
    return image, photo, colorize(image, photo)


def tree(image):
    """Names from top to bottom, groups as [name, [...]]."""

    def names(layers):
        return [
            [x.get_name(), names(x.get_children())] if x.is_group() else x.get_name()
            for x in layers
        ]

    return names(image.get_layers())


def mean_rgb(layer, box):
    data = pixels(layer, "R'G'B' u8", box)
    return [sum(data[c::3]) / (len(data) // 3) for c in range(3)]


def reopened(image, name):
    """The image saved as XCF and loaded again."""
    file = Gio.File.new_for_path(G["OUT"] + "/" + name + ".xcf")
    assert Gimp.file_save(QUIET, image, file, None)
    return Gimp.file_load(QUIET, file)


def by_name(image, name):
    def find(layers):
        for layer in layers:
            if layer.get_name() == name:
                return layer
            found = find(layer.get_children()) if layer.is_group() else None
            if found:
                return found
        return None

    found = find(image.get_layers())
    assert found is not None, "no layer %s in %s" % (name, tree(image))
    return found


def run_all():
    results = {}
    space = dict(globals())
    with open(G["CASES"]) as file:
        exec(compile(file.read(), G["CASES"], "exec"), space)
    for name, function in list(space.items()):
        if not name.startswith("case_") or name[5:] not in G.get("ONLY", name):
            continue
        found = {"value": None, "error": ""}
        try:
            found["value"] = function()
        except BaseException:
            found["error"] = traceback.format_exc()
        results[name[5:]] = found
    with open(G["RESULT"], "w") as file:
        json.dump(results, file)


run_all()
