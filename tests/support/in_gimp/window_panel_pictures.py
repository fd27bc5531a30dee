"""The panel in GIMP's window: what it shows, read from its widgets; a picture that was saved."""

import json
import os
import time

FILE = """
from gi.repository import Gio
file = Gio.File.new_for_path(%r)
"""

SAVE = """
def save(image):
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
save(image)
# Painted since the colors were made, as with Live off.
other = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
hints = next(x for x in other.get_layers() if "Color Hints" in x.get_name())
buffer = hints.get_buffer()
buffer.set(Gegl.Rectangle.new(40, 40, 60, 12), "R'G'B'A u8", bytes((200, 40, 160, 255)) * 720)
buffer.flush()
hints.update(40, 40, 60, 12)
save(other)
other.delete()
"""

OPEN = """
other = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
other.clean_all()  # for GIMP what a plug-in has opened is changed
Gimp.Display.new(other)
"""

PAINT_IN_THE_OTHER = """
other = next(x for x in Gimp.get_images() if x.get_id() != image.get_id())
hints = next(x for x in other.get_layers() if "Color Hints" in x.get_name())
buffer = hints.get_buffer()
buffer.set(Gegl.Rectangle.new(140, 40, 60, 12), "R'G'B'A u8", bytes((20, 160, 90, 255)) * 720)
buffer.flush()
hints.update(140, 40, 60, 12)
other.clean_all()
"""


class Pictures:
    """Steps for `window.Session`; they use those of `window_panel.Panel`."""

    def eyes(self, expression):
        """The value of an expression in the process of Handtint's window."""
        asked, told = os.environ["EYES_ASK"], os.environ["EYES_TOLD"]
        if os.path.exists(told):
            os.remove(told)
        with open(asked + ".new", "w") as file:
            file.write(expression)
        os.replace(asked + ".new", asked)
        self.desktop.wait(lambda: os.path.exists(told), 120, expression)
        with open(told) as file:
            found = json.load(file)
        if "fault" in found:
            raise AssertionError("%s: %s" % (expression, found["fault"]))
        return found["value"]

    def panel_rests(self):
        """Until the panel neither asks nor writes, at two looks."""
        for _ in range(2):
            self.desktop.wait(lambda: self.eyes("is_idle()"), 120, "the panel's rest")
            time.sleep(1.5)

    def look_at(self, name):
        """The state with what the panel shows of it."""
        state = self.note(name)
        state["vividness"] = self.eyes("window()._vividness.number.get_value()")
        state["title"] = self.eyes("window().get_title()")
        state["live"] = self.eyes("window()._live.get_active()")
        state["processes"] = [self.process, self.panel_processes()]
        return state

    def two_images(self, window):
        """A saved picture is opened with Live on, and closed: nothing changes by itself."""
        path = os.path.join(self.given["work"], "saved.xcf")
        self.act(FILE % path + SAVE)
        self.slide(0.2)  # the other picture has settings of its own
        self.panel_rests()
        self.note("t22-first-image")
        self.act(FILE % path + OPEN)
        self.look.until(lambda s: s["images"] == 2 and not s["dirty"], 60, "the saved picture")
        time.sleep(1.0)
        opened = self.note("t22-opened")
        self.desktop.key("ctrl+alt+l")
        self.desktop.wait(lambda: "saved" in self.eyes("window().get_title()"), 60, "its title")
        self.desktop.activate(window)
        self.panel_rests()
        self.look_at("t22-second-image")
        self.follows("t22-painted-there", window, opened, dx=-30, dy=-60)
        self.act(PAINT_IN_THE_OTHER)
        self.act("image.clean_all()")
        self.desktop.key("ctrl+w")
        self.desktop.wait(lambda: "coffee" in self.eyes("window().get_title()"), 60, "its title")
        self.desktop.activate(window)
        self.panel_rests()
        closed = self.look_at("t23-second-closed")
        self.slide(0.8)
        self.note("t23-slider-there", self.other(closed, "the slider"))

    def slide(self, share):
        """Click the slider of the vividness at a share of its length."""
        shown = "window()._vividness.number.get_value()"
        before = self.eyes(shown)
        x, y, width, height = self.eyes("box(window()._vividness.slider)")
        self.desktop.click(x + int(share * width), y + height // 2)
        self.desktop.wait(lambda: self.eyes(shown) != before, 30, "the slider")
