"""Alternatives and the reference in GIMP's window: in the options dialog and beside the panel."""

import time

ALTERNATIVES = (232, 300)
"""Where the panel's button is, in its own pixels."""

DIALOG = "^Colorize Layer$"


class Alternatives:
    """Steps for `window.Session`."""

    def saturation(self, window, box):
        """Mean saturation, 0..1, of a part of a window: thumbnails have color."""
        x, y, _, _ = self.desktop.geometry(window)
        cut = "%dx%d+%d+%d" % (box[2], box[3], x + box[0], y + box[1])
        told = self.desktop.ask(
            [
                "sh",
                "-c",
                "import -window root -crop %s +repage png:- | convert - -colorspace HSL -channel G "
                "-separate -format '%%[fx:mean]' info:" % cut,
            ]
        )
        return float(told or 0.0)

    def run_alternatives(self):
        window = self.open()
        self.in_the_dialog(window)
        self.in_the_panel(window)

    def in_the_dialog(self, window):
        desktop = self.desktop
        desktop.key("ctrl+alt+o")
        dialog = desktop.window(DIALOG, 60)
        time.sleep(1.5)
        desktop.activate(dialog)
        desktop.key("alt+r")
        time.sleep(8)
        desktop.shot("a1-dialog")
        desktop.key("Escape")

    def in_the_panel(self, window):
        self.open_panel(window)
        self.desktop.shot("a5-panel")
        self.push(ALTERNATIVES)
        time.sleep(6)
        self.desktop.shot("a6-panel-alternatives")
