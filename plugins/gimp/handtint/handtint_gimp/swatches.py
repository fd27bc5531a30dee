"""The dialog of Suggest Hint Colors.  Imported only where there is a window: it needs Gtk."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import GdkPixbuf, Gegl, Gimp, GimpUi, GLib, Gtk  # noqa: E402

from . import layers, manual, suggesting, thumbnails  # noqa: E402
from .client import colors  # noqa: E402
from .client.translation import _  # noqa: E402
from .problem import Problem  # noqa: E402

NAME = "handtint"
COLUMNS, WIDTH, HEIGHT = 3, 84, 48
VIEW = 160
"""Pixels of the small picture of the place."""

TIP = _("%s. Shown at a lightness at which colors can be told apart; the photo's lightness stays.")


def show(image: Gimp.Image, found: list[Any], place: suggesting.Place) -> None:
    """Swatches of likely colors; a click makes one the foreground color.

    If there is a stroke at the place, it gets the color, too.
    """
    GimpUi.init(NAME)
    dialog = GimpUi.Dialog(title=_("Suggest Hint Colors"), role=NAME + "-suggest")
    dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
    manual.put_into(dialog, "suggest")
    with_stroke = suggesting.has_stroke(image, place)
    text = _("Click a color to paint with it.")
    if with_stroke:
        text = _("Click a color to give it to the stroke, and to paint with it.")
    message = Gtk.Label(label=text, xalign=0.0, wrap=True, max_width_chars=50)
    grid = Gtk.Grid(column_spacing=6, row_spacing=6)

    def choose(color: str) -> None:
        Gimp.context_set_foreground(Gegl.Color.new(color))
        now = _("%s is the foreground color now.") % color
        try:
            if with_stroke and suggesting.recolor(image, place, color):
                now = _("The stroke is %s now: choose Colorize Layer to see what it does.") % color
        except Problem as problem:
            now = str(problem)
        message.set_text(now)

    for number, item in enumerate(found):
        grid.attach(_swatch(number, item, choose), number % COLUMNS, number // COLUMNS, 1, 1)
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
    beside = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
    beside.pack_start(_view(image, place), False, False, 0)
    beside.pack_start(grid, True, True, 0)
    box.pack_start(beside, True, True, 0)
    box.pack_start(message, False, False, 0)
    dialog.get_content_area().pack_start(box, True, True, 0)
    dialog.show_all()
    dialog.run()
    dialog.destroy()


def _swatch(number: int, item: Any, choose: Any) -> Gtk.Button:
    shown = colors.swatch(item.color)
    # Not GIMP's own color area: a click on it starts a drag and does not reach the button.
    area = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, WIDTH, HEIGHT)
    area.fill(int(shown[1:] + "ff", 16))
    button = Gtk.Button()
    inside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
    inside.pack_start(Gtk.Image.new_from_pixbuf(area), True, True, 0)
    share = round(100 * item.probability)
    inside.pack_start(Gtk.Label(label="%d %%" % share), False, False, 0)
    button.add(inside)
    button.set_tooltip_text(TIP % item.color)
    button.get_accessible().set_name(
        _("Likely color %(number)d: %(color)s, %(percent)d %%")
        % {"number": number + 1, "color": item.color, "percent": share}
    )
    button.connect("clicked", lambda _: choose(item.color))
    return button


def _view(image: Gimp.Image, place: suggesting.Place) -> Gtk.Image:
    """A small picture of the place, from the result if there is one, with a ring around it."""
    results = layers.results_of(image, place.photo)
    layer = results[0][0] if results else place.photo
    width, height = layer.get_width(), layer.get_height()
    x, y = place.point
    side = min(max(VIEW, max(width, height) // 6), width, height)
    left = min(max(0, x - side // 2), width - side)
    top = min(max(0, y - side // 2), height - side)
    got = layer.get_sub_thumbnail_data(left, top, side, side, VIEW, VIEW)
    picture = Gtk.Image()
    seen = thumbnails.rgb_of(layer, got)
    if seen is None:
        return picture
    rgb, wide, high = seen
    _ring(rgb, wide, high, (x - left) * wide // side, (y - top) * high // side)
    picture.set_from_pixbuf(
        GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(bytes(rgb)), GdkPixbuf.Colorspace.RGB, False, 8, wide, high, 3 * wide
        )
    )
    picture.set_valign(Gtk.Align.START)
    picture.set_tooltip_text(_("The place that the colors are for"))
    picture.get_accessible().set_name(
        _("The place that the colors are for, at %(x)d, %(y)d") % {"x": x, "y": y}
    )
    return picture


def _ring(rgb: bytearray, width: int, height: int, x: int, y: int) -> None:
    """A white ring with a black one around it."""
    for dy in range(-11, 12):
        for dx in range(-11, 12):
            distance = dx * dx + dy * dy
            if 64 <= distance < 121 and 0 <= x + dx < width and 0 <= y + dy < height:
                at = 3 * ((y + dy) * width + x + dx)
                rgb[at : at + 3] = b"\xff\xff\xff" if distance < 90 else b"\0\0\0"
