"""What the user does while the panel is open or at work: nothing of it is lost."""

import os
import signal
import time
from contextlib import contextmanager

TURN = "image.rotate(Gimp.RotationType.DEGREES90)"
SIXTEEN_BITS = "image.convert_precision(Gimp.Precision.U16_NON_LINEAR)"
SELECT_RESULT = """
layer = next(x for x in image.get_layers() if "(colorized)" in x.get_name())
image.set_selected_layers([layer])
"""
SELECT_ELSEWHERE = """
image.select_rectangle(Gimp.ChannelOps.REPLACE, 4, 4, 12, 12)
image.clean_all()
"""
SECOND = "Gimp.Display.new(image.duplicate())"

WAITS_FOR_ANSWER = "core()._job is not None and core()._job._call is not None"
LIVE_WAITS = "getattr(core().side_jobs._jobs.get('live'), '_call', None) is not None"


class Meanwhile:
    """Steps for `window.Session`; they use those of `window_panel.Panel`."""

    @contextmanager
    def server_stopped(self):
        """The server says nothing, for as long as the block lasts."""
        server = self.server()["pid"]
        os.kill(server, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(server, signal.SIGCONT)

    def ask_for_colors(self):
        """Colorize Layer of the panel, until the question is on its way to the server."""
        from window_panel import COLORIZE

        self.push(COLORIZE)
        self.desktop.wait(lambda: self.eyes(WAITS_FOR_ANSWER), 60, "the question")

    @contextmanager
    def colorizing(self):
        """Colorize Layer of the panel; the answer comes after the block."""
        before = self.told("handtint-colorized")
        with self.server_stopped():
            self.ask_for_colors()
            yield
        self.desktop.wait(lambda: self.told("handtint-colorized") > before, 240, "the answer")

    # --- paint, and a change of the whole image ----------------------------------------------

    def run_panel_turned(self):
        window = self.open()
        self.open_panel(window)
        self.push_colorize()
        self.painted_and_converted(window)
        self.turned_meanwhile()

    def turned_meanwhile(self):
        with self.colorizing():
            self.act(TURN)
        self.panel_rests()
        self.note("m04-turned-meanwhile")

    def painted_and_converted(self, window):
        """Live is off: paint on the result stays the user's, whatever is done to the image."""
        from window_panel import COLORIZE

        before = self.look()
        self.brush(window)
        self.other(before, "the paint")
        self.act(SIXTEEN_BITS)
        self.panel_rests()
        self.note("m01-painted-and-converted")
        told = self.told("handtint-colorized")
        self.push(COLORIZE)

        def over():
            return self.desktop.windows("^Handtint$") or self.told("handtint-colorized") > told

        self.desktop.wait(over, 240, "a question or a result")
        if self.desktop.windows("^Handtint$"):
            self.answer("^Handtint$", "alt+k", "m02-question")
            done = "the colored layer"
            self.desktop.wait(lambda: self.told("handtint-colorized") > told, 240, done)
        self.note("m03-colorized-again")

    # --- Compare and sliders -------------------------------------------------------------------

    def run_panel_held(self):
        from window_panel import COMPARE

        desktop, window = self.desktop, self.open()
        self.open_panel(window)
        self.push_colorize()
        before = self.told("handtint-colorized")
        with self.server_stopped():
            self.ask_for_colors()
            desktop.do("mousemove", *self.on_screen(COMPARE))
            desktop.do("mousedown", 1)
            time.sleep(1.0)
        desktop.wait(lambda: self.told("handtint-colorized") > before, 240, "the answer")
        desktop.do("mouseup", 1)
        self.panel_rests()
        self.note("m05-compared-meanwhile")
        with self.colorizing():
            self.slide(0.8)
            moved = self.eyes("window()._vividness.number.get_value()")
        self.panel_rests()
        self.look_at("m06-slider-meanwhile")["moved"] = moved
        self.push_live()
        with self.colorizing():
            before = self.look()
            self.slide(0.2)
            moved = self.eyes("window()._vividness.number.get_value()")
        self.other(before, "the colors of the slider")
        time.sleep(2.5)  # it rests, and a step is made
        self.panel_rests()
        self.look_at("m07-slider-meanwhile-live")["moved"] = moved

    # --- paint in the second of an answer --------------------------------------------------------

    def run_panel_late_paint(self):
        window = self.prepared()
        before = self.follows("m08-stroke", window, self.look())
        with self.server_stopped():
            self.brush(window, dy=-100)
            self.desktop.wait(lambda: self.eyes(LIVE_WAITS), 60, "the question")
            self.act(SELECT_RESULT)
            time.sleep(1.0)
            self.brush(window, dx=-50, dy=80)
            self.note("m09-painted", self.other(before, "the paint"))
        self.panel_rests()
        self.note("m10-answered")["live"] = self.eyes("window()._live.get_active()")

    # --- swatches ------------------------------------------------------------------------------

    def run_panel_tries(self):
        window = self.prepared()
        self.follows("m11-stroke", window, self.look())
        found = "is_idle() and swatches('Suggested color')"
        shown = self.desktop.wait(lambda: self.eyes(found), 60, "likely colors")
        self.states["m11-swatches"] = shown
        for number in (1, 2):
            before = self.look()
            self.click_swatch(shown[number])
            self.other(before, "the recolored stroke")
            self.panel_rests()
            time.sleep(1.0)
            self.note("m12-swatch-%d" % number)
            self.states["m12-swatches-%d" % number] = self.eyes(found)
        self.swatch_outside(shown[3])

    def click_swatch(self, one):
        x, y, width, height = one["button"]
        self.desktop.do("mousemove", x + width // 2, y + height // 2)
        time.sleep(0.2)
        self.desktop.do("mousedown", 1)
        time.sleep(0.2)  # as a hand does it
        self.desktop.do("mouseup", 1)

    def swatch_outside(self, one):
        """The selection lets nothing of the stroke be changed."""
        self.act(SELECT_ELSEWHERE)
        self.panel_rests()
        self.note("m13-selected-elsewhere")
        self.click_swatch(one)
        time.sleep(1.0)
        self.panel_rests()
        self.note("m14-swatch-outside")

    # --- several pictures ------------------------------------------------------------------------

    def run_panel_three(self):
        desktop, window = self.desktop, self.open()
        self.open_panel(window)
        self.push_colorize()
        self.act(SECOND)
        desktop.activate(window)
        followed = "core().follower.image.get_id()"
        first = self.eyes(followed)
        with self.server_stopped():
            self.ask_for_colors()
            desktop.activate(window)
            desktop.key("ctrl+alt+l")
            desktop.wait(lambda: self.eyes(followed) != first, 60, "the other picture")
            time.sleep(0.5)
            self.states["m15-other-picture"] = {"message": self.eyes("core().message")}
        desktop.activate(window)
        self.act(SECOND)
        desktop.activate(window)
        desktop.key("ctrl+alt+l")
        time.sleep(2.0)
        desktop.activate(window)
        self.panel_rests()
        self.act("image.clean_all()")
        desktop.key("ctrl+w")
        desktop.wait(lambda: self.eyes("core().follower.image is None"), 60, "no picture")
        time.sleep(1.0)
        shown = self.eyes("window()._message.get_text()")
        self.states["m16-closed"] = {"shown": shown}
        from window_panel import COLORIZE

        self.push(COLORIZE)
        desktop.wait(lambda: self.eyes("core().message_is_error"), 30, "the message")
        self.states["m17-pushed"] = {"message": self.eyes("core().message")}
