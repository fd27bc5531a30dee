"""Small widgets of the panel."""

from __future__ import annotations

from typing import Any, Callable

from gi.repository import Gdk, GdkPixbuf, Gtk

from .. import thumbnails
from ..client.colors import swatch
from ..client.translation import _
from .helps import pixbuf_of

COUNT = 5
SIDE = 26
PLACE_SIDE = 52


class Dot(Gtk.DrawingArea):
    """A colored dot."""

    def __init__(self) -> None:
        super().__init__()
        self._color = Gdk.RGBA()
        self.set_size_request(16, 16)
        self.set_valign(Gtk.Align.CENTER)
        self.connect("draw", self._draw)

    def show_color(self, color: str) -> None:
        """Set the color, "#rrggbb"."""
        self._color.parse(color)
        self.queue_draw()

    def _draw(self, _: Any, context: Any) -> bool:
        box = self.get_allocation()
        Gdk.cairo_set_source_rgba(context, self._color)
        context.arc(box.width / 2, box.height / 2, 5.0, 0.0, 6.3)
        context.fill()
        return False


class Fraction(Gtk.Box):
    """0..1 in per cent: a label, a slider to drag and a number to type.

    label: with a `_` before the letter that leads to the number.
    """

    def __init__(self, label: str, tip: str, changed: Callable[[float], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._changed = changed
        self._quiet = False
        self._range = Gtk.Adjustment(
            value=0, lower=0, upper=100, step_increment=1, page_increment=10
        )
        name = Gtk.Label.new_with_mnemonic(label)
        name.set_xalign(0.0)
        self.name = name
        self.slider = Gtk.Scale(adjustment=self._range, draw_value=False, hexpand=True)
        self.number = Gtk.SpinButton(adjustment=self._range, digits=0, width_chars=3)
        name.set_mnemonic_widget(self.number)
        for widget in (self.slider, self.number):
            widget.set_tooltip_text(tip)
            widget.get_accessible().set_name(label.replace("_", ""))
        self.pack_start(name, False, False, 0)
        self.pack_start(self.slider, True, True, 0)
        self.pack_start(self.number, False, False, 0)
        self.pack_start(Gtk.Label(label="%"), False, False, 0)
        self._range.connect("value-changed", self._on_value)

    def show_value(self, value: float) -> None:
        """Set it without telling anybody."""
        if abs(self._range.get_value() / 100 - value) > 0.004:
            self._quiet = True
            self._range.set_value(round(100 * value))
            self._quiet = False

    def _on_value(self, *_: Any) -> None:
        if not self._quiet:
            self._changed(round(self._range.get_value()) / 100)


class Swatches(Gtk.Box):
    """Likely colors with their shares, and a crop of the place.  Its height never changes.

    chosen: called with the color of a swatch that is clicked.  made: called with each button.
    """

    WAITING = _("Likely colors for the place that you paint on appear here.")
    TIP = _("Paint with %s, and recolor the last stroke.\nLightness comes from the photo.")

    def __init__(self, chosen: Callable[[str], None], made: Callable[[Gtk.Widget], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._chosen, self._made = chosen, made
        self._shown: Any = None
        self._place = Gtk.Image()
        self._place.set_no_show_all(True)
        self._place.get_accessible().set_name(_("The place that the colors are for"))
        self._words = Gtk.Label(label=self.WAITING, wrap=True, xalign=0.0, max_width_chars=30)
        self._row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=2)
        self.pack_start(self._place, False, False, 0)
        self.pack_start(self._words, True, True, 0)
        self.pack_start(self._row, False, False, 0)
        self.set_size_request(-1, PLACE_SIDE + 4)

    def show_colors(self, colors: list[Any], place: Any) -> None:
        """Show suggestions; place: as `suggesting.Place`, or None."""
        if (colors, place) == self._shown:
            return
        self._shown = (colors, place)
        for child in self._row.get_children():
            self._row.remove(child)
        self._words.set_visible(not colors)
        self._place.set_visible(bool(colors))
        if colors and place is not None and place.photo.is_valid():
            picture = place_picture(place.photo, place.point, PLACE_SIDE)
            self._place.set_from_pixbuf(picture)
        shown = colors[:COUNT]
        for number, item in enumerate(shown):
            self._row.pack_start(self._swatch(number, item, len(shown)), False, False, 0)
        self._row.show_all()

    def _swatch(self, number: int, item: Any, count: int) -> Gtk.Widget:
        # Not GIMP's own color area: a click on it starts a drag and does not reach the button.
        area = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, SIDE, SIDE)
        area.fill(int(swatch(item.color)[1:] + "ff", 16))
        share = round(100 * item.probability)
        button = Gtk.Button(image=Gtk.Image.new_from_pixbuf(area), relief=Gtk.ReliefStyle.NONE)
        button.set_focus_on_click(False)
        button.set_tooltip_text(self.TIP % item.color)
        button.get_accessible().set_name(
            _("Suggested color %(number)d of %(count)d, %(color)s, %(percent)d per cent")
            % {"number": number + 1, "count": count, "color": item.color, "percent": share}
        )
        button.connect("clicked", lambda _: self._chosen(item.color))
        self._made(button)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        column.pack_start(button, False, False, 0)
        column.pack_start(Gtk.Label(label="%d %%" % share), False, False, 0)
        return column


def place_picture(layer: Any, point: tuple[int, int], shown: int) -> GdkPixbuf.Pixbuf | None:
    """A square around a place of a layer, with its middle marked."""
    width, height = layer.get_width(), layer.get_height()
    side = min(max(48, max(width, height) // 12), width, height)
    left = min(max(0, point[0] - side // 2), width - side)
    top = min(max(0, point[1] - side // 2), height - side)
    got = layer.get_sub_thumbnail_data(left, top, side, side, shown, shown)
    seen = thumbnails.rgb_of(layer, got)
    if seen is None:
        return None
    rgb, wide, high = seen
    ring(rgb, wide, high, (point[0] - left) * wide // side, (point[1] - top) * high // side)
    return pixbuf_of(bytes(rgb), wide, high)


def ring(rgb: bytearray, width: int, height: int, x: int, y: int) -> None:
    """A white ring with a black one around it."""
    for dy in range(-7, 8):
        for dx in range(-7, 8):
            distance = dx * dx + dy * dy
            if 16 <= distance < 49 and 0 <= x + dx < width and 0 <= y + dy < height:
                at = 3 * ((y + dy) * width + x + dx)
                rgb[at : at + 3] = b"\xff\xff\xff" if distance < 33 else b"\0\0\0"
