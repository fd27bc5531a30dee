#!/usr/bin/env python3
"""A plug-in for tests only: writes what the image holds as JSON to $PROBE_OUT."""

import hashlib
import json
import os
import sys
import time

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402

NAME = "plug-in-handtint-probe"


class Gone(Exception):
    """A layer was removed or converted while it was looked at."""


def pixels(layer):
    """Packed RGBA u8.

    8-bit layers are read as thumbnails: GIMP ends a plug-in that asks for a tile of a layer which
    another one removes or converts at that moment.
    """
    w, h = layer.get_width(), layer.get_height()
    if layer.get_image().get_precision() != Gimp.Precision.U8_NON_LINEAR:
        where = Gegl.Rectangle.new(0, 0, w, h)
        return layer.get_buffer().get(where, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
    out = bytearray(4 * w * h)
    for y in range(0, h, 128):
        rows = min(128, h - y)
        for x in range(0, w, 1024):
            columns = min(1024, w - x)
            got = layer.get_sub_thumbnail_data(x, y, columns, rows, columns, rows)
            if not got or got[0] is None or got[1:3] != (columns, rows):
                raise Gone
            piece = as_rgba(bytes(got[0].get_data()), got[3])
            for row in range(rows):
                at = 4 * ((y + row) * w + x)
                out[at : at + 4 * columns] = piece[4 * row * columns : 4 * (row + 1) * columns]
    return bytes(out)


def as_rgba(data, channels):
    if channels == 4:
        return data
    out = bytearray(b"\xff" * (4 * (len(data) // channels)))
    for channel in range(3):
        out[channel::4] = data[channel if channels > 2 else 0 :: channels]
    if channels == 2:
        out[3::4] = data[1::2]
    return bytes(out)


def look(layer):
    w, h = layer.get_width(), layer.get_height()
    data = pixels(layer)
    alpha = data[3::4]
    at = alpha.find(255)
    return {
        "name": layer.get_name(),
        "tattoo": layer.get_tattoo(),
        "digest": hashlib.sha1(data).hexdigest(),
        "size": [w, h],
        "painted": len(alpha) - alpha.count(0),
        "first": [at % w, at // w, *data[4 * at : 4 * at + 3]] if layer.has_alpha() else None,
        "visible": layer.get_visible(),
        "parasites": layer.get_parasite_list(),
        "mask": layer.get_mask() is not None,
        "settings": settings(layer),
        "gray": data[0::4] == data[1::4] == data[2::4],
    }


def flat(layers):
    """The layers of a stack, those of a group after the group; the group itself left out."""
    found = []
    for layer in layers:
        found += flat(layer.get_children()) if layer.is_group() else [layer]
    return found


def layers_of(image):
    for _ in range(20):
        try:
            return [look(layer) for layer in flat(image.get_layers())]
        except Gone:
            time.sleep(0.2)
    raise Gone


def settings(layer):
    parasite = layer.get_parasite("handtint-result")
    content = json.loads(bytes(parasite.get_data()).decode()) if parasite else {}
    return content.get("settings")


def pixel(image, name, x, y):
    for layer in image.get_layers():
        if layer.get_name() == name:
            where = Gegl.Rectangle.new(x, y, 1, 1)
            data = layer.get_buffer().get(where, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
            return list(data)
    return None


def act(image):
    """Do what $PROBE_DO holds, once: Python, with the image as `image`."""
    path = os.environ.get("PROBE_DO", "")
    if path and os.path.exists(path):
        with open(path) as file:
            code = file.read()
        os.remove(path)
        exec(code, {"image": image, "Gimp": Gimp, "Gegl": Gegl})
        Gimp.displays_flush()


def run(procedure, run_mode, image, drawables, config, data):
    act(image)
    told = {
        "layers": layers_of(image),
        "selected": [layer.get_name() for layer in image.get_selected_layers()],
        "images": len(Gimp.get_images()),
        "base": image.get_base_type().value_nick,
        "dirty": image.is_dirty(),
        "parasites": image.get_parasite_list(),
        "foreground": list(Gimp.context_get_foreground().get_rgba()),
    }
    wanted = os.environ.get("PROBE_PIXEL_FILE", "")
    if wanted and os.path.exists(wanted):
        with open(wanted) as file:
            told["pixel"] = pixel(image, *json.load(file))
    path = os.environ["PROBE_OUT"]
    with open(path + ".new", "w") as file:
        json.dump(told, file)
    os.replace(path + ".new", path)
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


class Probe(Gimp.PlugIn):
    def do_set_i18n(self, name):
        return False

    def do_query_procedures(self):
        return [NAME]

    def do_create_procedure(self, name):
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
        procedure.set_documentation("For tests", "For tests", name)
        procedure.set_menu_label("Handtint Probe")
        procedure.add_menu_path("<Image>/Image")
        return procedure


Gimp.main(Probe.__gtype__, sys.argv)
