"""What may go wrong while the panel is live: layers, modes and servers that come and go."""

import os
import signal
import time

GROUP = """
group = Gimp.GroupLayer.new(image, "Group")
image.undo_group_start()
image.insert_layer(group, None, 0)
for layer in reversed([x for x in image.get_layers() if not x.is_group()]):
    image.reorder_item(layer, group, 0)
image.set_selected_layers([x for x in group.get_children() if x.get_name() == "Color Hints"])
image.undo_group_end()
"""

OF_NAME = """
layer = next(x for x in image.get_layers() if %r in x.get_name())
"""


class Trouble:
    """Steps for `window.Session`; they use those of `window_panel.Panel`."""

    def run_panel_trouble(self):
        window = self.prepared()
        self.locked(window)
        self.removed(window)
        self.painted_on(window)
        self.photo_changed(window)
        self.other_shapes(window)
        self.in_a_group(window)
        self.two_images(window)
        self.server_killed(window)
        self.quit(window)

    def undo(self, times=1):
        for _ in range(times):
            self.desktop.key("ctrl+z")
            time.sleep(0.4)

    def wait_for(self, name, digest):
        """Until the result has a digest that it had before."""
        state = self.settled(lambda s: self.result(s) == digest, name)
        return self.note(name, state)

    def locked(self, window):
        """A locked result is not written; unlocked, it follows."""
        start = self.follows("t01-stroke", window, self.look())
        self.act(OF_NAME % "(colorized)" + "layer.set_lock_content(True)")
        self.brush(window, dy=-100)
        time.sleep(1.5)
        self.note("t02-locked")
        self.act(OF_NAME % "(colorized)" + "layer.set_lock_content(False)")
        self.note("t03-unlocked", self.other(start, "the unlocked result"))

    def removed(self, window):
        """Hint layer and result removed, and brought back by Undo."""
        before = self.states["t03-unlocked"]
        self.act(OF_NAME % "Color Hints" + "image.remove_layer(layer)")
        time.sleep(1.0)
        self.note("t04-hints-removed")
        self.undo()
        self.wait_for("t05-hints-back", self.result(before))
        self.act(OF_NAME % "(colorized)" + "image.remove_layer(layer)")
        self.brush(window, dx=50, dy=90)
        time.sleep(1.0)
        self.note("t06-result-removed")
        self.undo(2)
        self.wait_for("t07-result-back", self.result(before))
        # GIMP selects what Undo brings back.
        self.act(OF_NAME % "Color Hints" + "image.set_selected_layers([layer])")
        self.follows("t08-goes-on", window, before, dx=50, dy=90)

    def painted_on(self, window):
        """Paint on the result ends Live: nothing writes over it."""
        before = self.states["t08-goes-on"]
        self.act(OF_NAME % "(colorized)" + "image.set_selected_layers([layer])")
        time.sleep(1.0)
        self.brush(window, dx=-50, dy=80)
        self.note("t09-painted", self.other(before, "the paint"))
        self.undo()
        time.sleep(1.0)
        self.act(OF_NAME % "Color Hints" + "image.set_selected_layers([layer])")
        self.push_live()

    def push_live(self):
        from window_panel import LIVE

        self.push(LIVE)
        time.sleep(1.5)

    def photo_changed(self, window):
        before = self.look()
        self.act("image.get_layers()[-1].invert(False)")
        self.note("t10-photo-inverted", self.other(before, "the other photo"))
        self.undo()
        self.note("t11-photo-back", self.other(self.states["t10-photo-inverted"], "the photo"))

    def other_shapes(self, window):
        """Scaled, 16 bits, float, gray: each followed, or said; and undone."""
        self.act("image.scale(image.get_width() // 2, image.get_height() // 2)")
        time.sleep(1.0)
        self.follows("t12-scaled", window, self.look())
        self.undo(2)
        time.sleep(1.0)
        for name, precision in (("t13-16-bits", "U16_NON_LINEAR"), ("t14-float", "FLOAT_LINEAR")):
            self.act("image.convert_precision(Gimp.Precision.%s)" % precision)
            time.sleep(1.0)
            self.follows(name, window, self.look(), dx=-40, dy=60)
            self.undo(2)
            time.sleep(1.0)
        self.act("image.convert_grayscale()")
        self.brush(window, dx=-40, dy=60)
        time.sleep(1.5)
        self.note("t15-gray")
        self.undo(2)
        time.sleep(1.0)
        self.follows("t16-after-all", window, self.look(), dx=90, dy=-70)

    def in_a_group(self, window):
        self.act(GROUP)
        time.sleep(1.0)
        self.follows("t17-group", window, self.look(), dx=-90, dy=-90)
        self.undo(2)
        time.sleep(1.5)
        self.note("t18-ungrouped")

    def server_killed(self, window):
        """The server dies in the middle of the work: said, and nothing is changed."""
        from window_panel import COLORIZE, NEW_HINTS

        self.act("image.get_layers()[-1].invert(False)")
        os.kill(self.server()["pid"], signal.SIGSTOP)
        self.brush(window, dx=20, dy=-120)
        time.sleep(0.7)
        self.desktop.shot("t19-server-stopped")
        self.states["t19-server-stopped"] = self.look()
        os.kill(self.server()["pid"], signal.SIGKILL)
        time.sleep(1.5)
        self.note("t20-server-killed")
        self.push(NEW_HINTS)  # takes the message away
        before = self.parts_with(error=False)
        self.push(COLORIZE)
        after = self.parts_with(error=True)
        self.note("t21-no-server")
        self.states["t21-panel"] = {"before": before, "after": after}

    def parts_with(self, error):
        """What is in the panel once it shows an error, or none."""
        shown = "[core().message_is_error, core().progress] == [%s, None]" % error
        self.desktop.wait(lambda: self.eyes(shown), 120, "an error" if error else "no error")
        time.sleep(1.5)  # GTK moves its widgets later
        return self.eyes("parts()")

    def quit(self, window):
        """GIMP ends, and nothing stays behind."""
        self.desktop.key("ctrl+q")
        question = self.desktop.window("^Quit GIMP", 30)
        self.desktop.shot("t24-quit")
        self.desktop.activate(question)
        self.desktop.key("alt+d")
        self.desktop.wait(lambda: not self.panel_processes(), 30, "the panel's end")
        gimp = self.desktop.processes[-1]
        self.states["t25-quit"] = {"status": gimp.wait(30), "left": self.panel_processes()}
