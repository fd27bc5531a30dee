"""Paint on a result that Live has not changed yet: it is noticed, and said."""

import time

TOLD = "which is no hint layer"
FLIP = "image.flip(Gimp.OrientationType.HORIZONTAL)"


class Paint:
    """Steps for `window.Session`; they use those of `window_panel.Panel`."""

    def run_panel_paint(self):
        window = self.open()
        self.open_panel(window)
        self.push_colorize()
        self.push_live()
        self.flipped()
        self.painted_fresh(window)
        self.painted_after_a_slider(window)
        self.painted_with_live_off(window)

    def paint(self, name, window):
        """A stroke on the result, the message about it, and the stroke taken back."""
        before = self.look()
        told = self.told(TOLD)
        self.brush(window)
        self.desktop.wait(lambda: self.told(TOLD) > told, 30, "the message")
        self.other(before, "the paint")
        self.note(name)["live"] = self.eyes("window()._live.get_active()")
        self.desktop.key("ctrl+z")
        self.look.until(lambda s: self.result(s) == self.result(before), 30, "the undo")

    def flipped(self):
        """The whole image is turned: that is no paint, and Live follows."""
        before = self.look()
        self.act(FLIP)
        self.panel_rests()
        self.note("f00-flipped", self.other(before, "the mirrored picture"))["live"] = self.eyes(
            "window()._live.get_active()"
        )
        self.push_colorize()

    def painted_fresh(self, window):
        """The result is selected as Colorize Layer has made it."""
        self.paint("f01-fresh", window)
        self.push_live()

    def painted_after_a_slider(self, window):
        """A second after the slider rests a step was made, and the result is a new layer."""
        before = self.look()
        self.slide(0.8)
        self.other(before, "the slider")
        time.sleep(2.5)
        self.paint("f02-after-a-slider", window)

    def painted_with_live_off(self, window):
        """Live goes on, and finds the paint when the next hint is painted."""
        before = self.look()
        self.brush(window)
        self.other(before, "the paint")
        told = self.told(TOLD)
        self.push_live()
        self.desktop.wait(lambda: self.told(TOLD) > told, 30, "the message")
        self.note("f03-painted-before")
