"""How fast the panel is in GIMP's window, and what painting feels of it; for bench/gimp_live.py.

The screen itself is looked at: a moment counts as shown when its pixels change.
"""

import json
import os
import time

import gi

gi.require_version("Gdk", "3.0")
from gi.repository import Gdk  # noqa: E402


class Screen:
    """Reads pixels of the X server's screen."""

    def __init__(self):
        display = Gdk.Display.open(os.environ["DISPLAY"])
        self.root = display.get_default_screen().get_root_window()

    def at(self, x, y, side=6):
        picture = Gdk.pixbuf_get_from_window(self.root, x, y, side, side)
        return picture.get_pixels()

    def changes(self, place, before, seconds):
        """Seconds until a place looks otherwise than before; None if it does not."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.at(*place) != before:
                return time.monotonic()
            time.sleep(0.002)
        return None


def used(pid):
    """Seconds of the processor that a process has used."""
    with open("/proc/%s/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Lag:
    """Steps for `window.Session`; they use those of `window_panel.Panel`."""

    def run_panel_lag(self):
        window = self.open()
        self.screen = Screen()
        self.number = int(os.environ["HANDTINT_TEST_STROKES"])
        time.sleep(3.0)
        found = {}
        self.desktop.activate(window)
        self.desktop.key("p")
        found["dabs_without"] = self.dabs(window)
        self.undo(1)
        self.open_panel(window)
        self.push_colorize()
        self.with_hints(window)
        self.desktop.key("p")
        found["idle"] = self.idle(10.0)
        found["strokes"] = self.strokes(window)
        time.sleep(2.0)
        found["dabs_live"] = self.dabs(window)
        time.sleep(3.0)
        found["slider"] = self.slider(window)
        self.desktop.shot("lag")
        self.states["lag"] = found
        with open(os.path.join(self.given["work"], "gimp.log"), errors="replace") as file:
            lines = [line for line in file if line.startswith("handtint-live ")]
        self.states["updates"] = [json.loads(line.split(" ", 1)[1]) for line in lines]

    def with_hints(self, window):
        from window_panel import LIVE, NEW_HINTS

        self.push(NEW_HINTS)
        self.look.until(lambda s: len(s["layers"]) == 3, 60, "the hint layer")
        self.push(LIVE)
        time.sleep(4.0)
        self.desktop.activate(window)

    def place(self, window, part_x, part_y):
        """A place in the picture, which fills the middle of the window."""
        x, y, width, height = self.desktop.geometry(window)
        return x + 230 + int(part_x * 600), y + 220 + int(part_y * 300)

    def dabs(self, window, rows=5, columns=9):
        """Seconds from a move of the pointer to the paint below it; moves wider than the brush."""
        desktop, took = self.desktop, []
        x, y = self.place(window, 0.05, 0.05)
        places = []
        for row in range(rows):
            line = [(x + 64 * column, y + 60 * row) for column in range(columns)]
            places += line if row % 2 == 0 else line[::-1]
        desktop.do("mousemove", *places[0])
        time.sleep(0.3)
        desktop.do("mousedown", 1)
        for spot in places[1:]:
            before = self.screen.at(spot[0] - 3, spot[1] - 3)
            began = time.monotonic()
            desktop.do("mousemove", *spot)
            shown = self.screen.changes((spot[0] - 3, spot[1] - 3), before, 1.0)
            took.append(shown - began if shown is not None else None)
            time.sleep(0.05)
        desktop.do("mouseup", 1)
        return took

    def strokes(self, window):
        """Seconds from the button's release to other colors beside the stroke."""
        desktop, took = self.desktop, []
        for number in range(self.number):
            x, y = self.place(window, 0.1 + 0.6 * (number % 3) / 2, 0.15 + 0.7 * (number % 4) / 3)
            points = [(x + 3 * i, y + i % 7) for i in range(30)]
            desktop.do("mousemove", *points[0])
            time.sleep(0.2)
            desktop.do("mousedown", 1)
            for point in points[1:]:
                desktop.do("mousemove", *point)
                time.sleep(0.01)
            spots = [self.place(window, px, py) for px in (0.02, 0.5, 0.97) for py in (0.02, 0.97)]
            before = [self.screen.at(*spot) for spot in spots]
            released = time.monotonic()
            desktop.do("mouseup", 1)
            took.append(self.first_change(spots, before, released))
            time.sleep(1.5)
            desktop.do("key", "x")  # the other color
        return took

    def first_change(self, spots, before, began, seconds=5.0):
        while time.monotonic() - began < seconds:
            for spot, old in zip(spots, before):
                if self.screen.at(*spot) != old:
                    return time.monotonic() - began
            time.sleep(0.002)
        return None

    def slider(self, window):
        """Seconds from a click on the slider Vividness to other colors."""
        took = []
        left, top, _, _ = self.desktop.geometry(self.panel)
        for number in range(6):
            spots = [self.place(window, px, py) for px in (0.02, 0.5, 0.97) for py in (0.02, 0.97)]
            self.desktop.do("mousemove", left + (185 if number % 2 else 130), top + 260)
            time.sleep(0.3)
            before = [self.screen.at(*spot) for spot in spots]
            began = time.monotonic()
            self.desktop.do("click", 1)
            took.append(self.first_change(spots, before, began))
            time.sleep(4.0)
        return took

    def idle(self, seconds):
        """Shares of a processor that GIMP and the panel use while nothing happens."""
        pids = {"gimp": self.desktop.processes[-1].pid, "panel": self.panel_processes()[0]}
        self.desktop.do("mousemove", 700, 20)
        time.sleep(3.0)
        before = {name: used(pid) for name, pid in pids.items()}
        time.sleep(seconds)
        return {name: (used(pid) - before[name]) / seconds for name, pid in pids.items()}
