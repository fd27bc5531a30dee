"""The panel in GIMP's window: live colors with the brush, sliders, swatches, switches."""

import os
import time

SHORTCUTS = """(action "plug-in-handtint-panel" "<Primary><Alt>l")
"""

TITLE = "^Handtint"
COLORIZE, NEW_HINTS, LIVE, HELPS, COMPARE = (90, 150), (250, 150), (120, 187), (20, 300), (-40, 300)
VIVID = (185, 260)
SWATCH = (85, 353)
MAP = 385
"""Where the panel's parts are, in its own pixels; below 0: from its right edge.  MAP: its top."""

# What a second start of the panel calls, many times: while the panel looks at the image, too.
START_OFTEN = """
import time
procedure = Gimp.get_pdb().lookup_procedure("plug-in-handtint-panel-follow")
for _ in range(100):
    config = procedure.create_config()
    config.set_property("image-id", image.get_id())
    assert procedure.run(config).index(0) == Gimp.PDBStatusType.SUCCESS
    time.sleep(0.02)
"""


class Panel:
    """Steps for `window.Session`."""

    # --- tools -----------------------------------------------------------------------------

    def open_panel(self, window):
        desktop = self.desktop
        desktop.activate(window)
        desktop.key("ctrl+alt+l")
        self.panel = desktop.window(TITLE, 60)
        time.sleep(1.0)
        width = desktop.geometry(self.panel)[2]
        desktop.do("windowmove", self.panel, 1383 - width, 90)
        desktop.activate(window)
        self.process = self.panel_processes()
        return self.panel

    def panel_processes(self):
        """Those of this GIMP: other tests may run on this machine."""
        plug_in = os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins/handtint/handtint.py")
        return (self.desktop.ask(["pgrep", "-f", plug_in + " -gimp"]) or "").split()

    def push(self, place):
        """Click a part of the panel."""
        self.desktop.click(*self.on_screen(place))

    def on_screen(self, place):
        left, top, width, _ = self.desktop.geometry(self.panel)
        return left + place[0] % width, top + place[1]

    def push_colorize(self):
        """Colorize Layer of the panel, to its end.

        Nothing else may look at the image before: GIMP ends a plug-in whose layer is converted
        while it reads, and shows a message that takes the keyboard.
        """
        before = self.told("handtint-colorized")
        self.push(COLORIZE)
        self.desktop.wait(
            lambda: self.told("handtint-colorized") > before, 240, "the colored layer"
        )

    def told(self, word):
        """How many lines with a word GIMP and the panel have written."""
        with open(os.path.join(self.given["work"], "gimp.log"), errors="replace") as file:
            return sum(word in line for line in file)

    def act(self, code):
        """Let the probe do something to the image; what it holds then."""
        with open(os.environ["PROBE_DO"], "w") as file:
            file.write(code)
        return self.look()

    def brush(self, window, dx=0, dy=0, tool="p"):
        """A stroke near the middle of the picture."""
        x, y, width, height = self.desktop.geometry(window)
        middle_x, middle_y = x + width * 40 // 100 + dx, y + height // 2 + dy
        if tool:
            self.desktop.key(tool)
        self.desktop.drag([(middle_x - 60 + i * 4, middle_y + i // 2) for i in range(30)])

    def result(self, state):
        found = [x["digest"] for x in state["layers"] if "(colorized)" in x["name"]]
        return found[0] if found else ""

    def settled(self, condition, what, seconds=60):
        """A state that fulfils a condition and is the same at two looks."""
        before = [None]

        def same(state):
            now = [(x["name"], x["digest"]) for x in state["layers"]]
            there = condition(state) and before[0] == now
            before[0] = now
            return there

        return self.look.until(same, seconds, what)

    def other(self, state, what, seconds=60):
        """The state once the result is another."""
        old = self.result(state)
        return self.settled(lambda now: self.result(now) not in ("", old), what, seconds)

    def follows(self, name, window, before, dx=0, dy=0):
        """A stroke, and the result that follows it."""
        self.brush(window, dx, dy)
        after = self.other(before, name)
        self.note(name, after)
        return after

    def prepared(self):
        """A photo with colors, a hint layer, and the panel with Live on."""
        window = self.open()
        self.open_panel(window)
        self.push_colorize()
        self.push(NEW_HINTS)
        self.look.until(lambda s: len(s["layers"]) == 3, 30, "the hint layer")
        self.push(LIVE)
        time.sleep(1.5)
        return window

    # --- a session -------------------------------------------------------------------------

    def run_panel(self):
        window = self.open()
        self.open_panel(window)
        self.note("p01-panel")
        told = self.desktop.ask(["xprop", "-id", self.panel, "WM_TRANSIENT_FOR"]) or ""
        self.states["p01-above"] = {"above": told, "window": hex(int(window))}
        self.push_colorize()
        self.note("p02-colorized")
        self.desktop.key("ctrl+z")
        self.look.until(lambda s: len(s["layers"]) == 1, 30, "the undo")
        self.note("p02-undone")
        self.desktop.key("ctrl+y")
        self.look.until(self.result, 30, "the redo")
        self.push(NEW_HINTS)
        self.look.until(lambda s: len(s["layers"]) == 3, 30, "the hint layer")
        self.push(LIVE)
        time.sleep(1.5)
        self.live_strokes(window)
        self.sliders(window)
        self.swatches(window)
        self.looking(window)
        self.from_the_menu(window)
        self.closing(window)
        self.gimp_killed(window)

    def live_strokes(self, window):
        key = self.desktop.key
        start = self.note("p03-live")
        stroke = self.follows("p04-stroke", window, start)
        key("ctrl+z")
        undone = self.settled(lambda s: not s["layers"][0]["painted"], "the undo")
        self.note("p05-undone", undone)
        key("ctrl+y")
        same = self.result(stroke)
        self.note("p06-redone", self.settled(lambda s: self.result(s) == same, "the redo"))
        self.brush(window, tool="shift+e")
        self.note("p07-erased", self.other(stroke, "the erased stroke"))
        self.follows("p08-second", window, self.states["p07-erased"], dy=-100)

    def sliders(self, window):
        before = self.states["p08-second"]
        self.push(VIVID)
        moved = self.other(before, "the slider")
        time.sleep(2.0)  # it rests, and a step is made
        moved = self.note("p09-vivid")
        self.desktop.key("ctrl+z")
        undone = self.settled(lambda s: self.result(s) == self.result(before), "the slider's undo")
        self.note("p10-vivid-undone", undone)
        self.desktop.key("ctrl+y")
        again = self.settled(lambda s: self.result(s) == self.result(moved), "the redo")
        self.note("p11-vivid-redone", again)

    def swatches(self, window):
        before = self.follows("p12-stroke", window, self.states["p11-vivid-redone"], dx=60, dy=90)
        found = "is_idle() and swatches('Suggested color')"
        self.states["p12-swatches"] = self.desktop.wait(
            lambda: self.eyes(found), 60, "likely colors"
        )
        self.push(SWATCH)
        self.note("p13-swatch", self.other(before, "the recolored stroke"))

    def looking(self, window):
        """Compare and the map change nothing of the image."""
        desktop = self.desktop
        desktop.do("mousemove", *self.on_screen(COMPARE))
        desktop.do("mousedown", 1)
        time.sleep(1.5)
        desktop.shot("p14-compare")  # the probe's shortcut does not arrive meanwhile
        desktop.do("mouseup", 1)
        time.sleep(0.7)
        self.note("p15-compared")
        desktop.key("ctrl+z")
        time.sleep(1.5)
        self.note("p16-undo-after-compare")
        desktop.key("ctrl+y")
        time.sleep(1.5)
        self.push(HELPS)
        time.sleep(3.0)
        self.note("p17-map")
        self.map_follows(window)
        self.push(HELPS)

    def map_follows(self, window):
        """With Live on and off a stroke changes the map, and Undo brings it back."""
        self.map_of_a_stroke(window, "p17-map-follows-live")
        self.push(LIVE)
        time.sleep(1.5)
        self.map_of_a_stroke(window, "p17-map-follows")
        self.push(LIVE)
        time.sleep(1.5)

    def map_of_a_stroke(self, window, name):
        desktop = self.desktop
        before = self.states["p17-map"]
        desktop.do("mousemove", 600, 850)  # no tip lies over the panel
        time.sleep(1.5)
        shown = self.map_pixels()
        self.brush(window, dx=140, dy=-90)
        self.look.until(lambda s: self.painted(s) > self.painted(before), 30, "the stroke")
        desktop.wait(lambda: self.map_pixels() != shown, 60, "the map of the new hints")
        self.panel_rests()
        self.note(name)
        desktop.key("ctrl+z")
        same = self.painted(before), self.result(before)
        self.look.until(lambda s: (self.painted(s), self.result(s)) == same, 60, "the undo")
        desktop.wait(lambda: self.map_pixels() == shown, 60, "the map as it was")

    def map_pixels(self):
        left, top, width, height = self.desktop.geometry(self.panel)
        return self.desktop.pixels(left, top + MAP, width, height - MAP)

    def painted(self, state):
        return state["layers"][0]["painted"]

    def from_the_menu(self, window):
        """Colorize Layer of the menu, while the panel is live: one result, with its settings."""
        self.desktop.key("ctrl+alt+h")
        self.desktop.wait(lambda: len(self.panel_processes()) == 1, 60, "the menu's run")
        time.sleep(1.0)
        after = self.note("p18-by-shortcut")
        stroke = self.follows("p19-goes-on", window, after, dx=-60, dy=100)
        self.push(LIVE)
        time.sleep(1.5)
        self.note("p19-live-off")
        self.desktop.key("ctrl+z")
        self.note(
            "p19-live-undone",
            self.settled(lambda s: self.result(s) == self.result(after), "the undo of Live"),
        )
        self.desktop.key("ctrl+y")
        self.settled(lambda s: self.result(s) == self.result(stroke), "the redo of Live")
        self.push(LIVE)
        time.sleep(1.5)
        self.act(START_OFTEN)
        self.desktop.activate(window)
        self.desktop.key("ctrl+alt+l")
        time.sleep(2.0)
        told = self.desktop.ask(["xdotool", "getactivewindow"]) or ""
        self.desktop.activate(window)
        state = self.note("p20-second-start")
        state["processes"] = [self.process, self.panel_processes()]
        state["active"] = told.strip() == str(self.panel)

    def closing(self, window):
        """Closing the panel makes one step of what Live has done since the last one."""
        self.follows("p21-stroke", window, self.states["p20-second-start"], dx=80, dy=-60)
        left, top, width, _ = self.desktop.geometry(self.panel)
        self.desktop.click(left + width - 11, top - 10)  # the title's cross
        self.desktop.wait(lambda: not self.panel_processes(), 30, "the panel's end")
        time.sleep(1.0)
        self.note("p22-closed")
        self.desktop.key("ctrl+z")
        time.sleep(1.5)
        self.note("p23-closing-undone")

    def gimp_killed(self, window):
        """GIMP is killed: the panel does not outlive it."""
        self.open_panel(window)
        gimp = self.desktop.processes[-1]
        gimp.kill()
        gimp.wait(20)
        self.desktop.wait(lambda: not self.panel_processes(), 30, "the panel's end")
        self.states["p24-killed"] = {"left": self.panel_processes()}
