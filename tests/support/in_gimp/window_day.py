"""A day's work in GIMP's window, with keys and mouse: what goes wrong when people do it."""

import os
import time

SHORTCUTS = """(action "plug-in-handtint-colorize-options" "<Primary><Alt>o")
(action "plug-in-handtint-new-hints-layer" "<Primary><Alt>n")
(action "plug-in-handtint-suggest-colors" "<Primary><Alt>s")
(action "plug-in-handtint-export" "<Primary><Alt>e")
(action "image-flip-horizontal" "<Primary><Alt>m")
(action "image-crop-to-selection" "<Primary><Alt>c")
"""

BROWSER = """#!/bin/sh
echo "$1" >> "$HOME/browser.txt"
"""

HANDLER = """[Desktop Entry]
Type=Application
Name=Browser
Exec=%s %%u
MimeType=text/html;x-scheme-handler/file;
"""


def prepare_browser():
    """What the desktop opens a help page with: it writes the address down."""
    home = os.environ["HOME"]
    folder = os.path.join(home, ".local", "share", "applications")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(home, "browser")
    with open(program, "w") as file:
        file.write(BROWSER)
    os.chmod(program, 0o755)
    with open(os.path.join(folder, "browser.desktop"), "w") as file:
        file.write(HANDLER % program)
    with open(os.path.join(folder, "mimeapps.list"), "w") as file:
        file.write("[Default Applications]\ntext/html=browser.desktop\n")


class Day:
    """Steps for `window.Session`."""

    def run_day(self):
        window = self.open()
        self.twice_in_a_second()
        self.paint_on_the_result(window)
        self.paint_on_an_ordinary_layer(window)
        self.mirrored()
        self.a_wrong_stroke(window)
        self.suggest_paint_colorize(window)
        self.settings_of_the_picture()
        self.help()
        self.export()
        self.search()
        self.paint_that_stays(window)

    def press(self, key, settle=1.5):
        """A shortcut for one of our entries, and the end of its work."""
        self.desktop.key(key)
        time.sleep(settle)
        self.finish()

    def stroke(self, window, dx=0, dy=0):
        x, y, width, height = self.desktop.geometry(window)
        middle_x, middle_y = x + width * 45 // 100 + dx, y + height // 2 + dy
        self.desktop.key("p")
        self.desktop.drag([(middle_x - 60 + i * 4, middle_y + i // 2) for i in range(30)])
        time.sleep(1.5)

    def answer(self, title, key, shot):
        """Answer a dialog by a key."""
        dialog = self.desktop.window(title, 120)
        time.sleep(1.5)
        self.desktop.shot(shot)
        self.desktop.activate(dialog)
        self.desktop.key(key)

    def twice_in_a_second(self):
        self.desktop.key("ctrl+alt+h")
        time.sleep(0.4)
        self.desktop.key("ctrl+alt+h")
        time.sleep(2)
        self.finish()
        self.note("d01-twice")

    def paint_on_the_result(self, window):
        self.stroke(window)
        self.note("d02-paint-on-the-result")
        self.desktop.key("ctrl+alt+h")
        self.answer("^Handtint$", "Escape", "d03-question")
        self.finish()
        self.note("d04-cancelled")
        self.desktop.key("ctrl+alt+h")
        self.answer("^Handtint$", "alt+h", "d03-question-again")
        time.sleep(2)
        self.finish()
        self.note("d05-moved-to-hints")

    def paint_on_an_ordinary_layer(self, window):
        self.desktop.key("ctrl+shift+n")
        self.answer("^New Layer$", "Return", "d06-new-layer")
        time.sleep(2)
        self.stroke(window, dy=120)
        self.note("d07-paint-on-a-new-layer")
        self.desktop.key("ctrl+alt+h")
        self.answer("^Handtint$", "Return", "d08-question")
        time.sleep(2)
        self.finish()
        self.note("d09-new-layer-is-hints")
        self.press("ctrl+alt+h")
        self.note("d10-not-asked-again")

    def mirrored(self):
        self.desktop.key("ctrl+alt+m")
        time.sleep(3)
        self.press("ctrl+alt+h")
        self.note("d11-mirrored")

    def a_wrong_stroke(self, window):
        """Suggest after a stroke that turned out wrong: a click recolors it."""
        self.press("ctrl+alt+n")
        self.note("d12-hint-layer-that-is-there")
        self.stroke(window, dx=-40, dy=-140)
        self.press("ctrl+alt+h")
        self.note("d13-wrong-stroke")
        self.desktop.key("ctrl+alt+s")
        dialog = self.desktop.window("^Suggest Hint Colors$", 240)
        time.sleep(2)
        self.desktop.shot("d14-suggestions")
        self.states["d14-swatches"] = self.eyes("swatches('Likely color')")
        self.first_swatch(dialog)
        self.desktop.shot("d15-recolored")
        self.desktop.activate(dialog)
        self.desktop.key("Escape")
        self.finish()
        self.note("d16-recolored-state")
        self.desktop.key("ctrl+z")
        time.sleep(1.5)
        self.note("d17-recoloring-undone")

    def first_swatch(self, dialog):
        x, y, _, _ = self.desktop.geometry(dialog)
        self.desktop.click(x + 12 + 160 + 12 + 45, y + 45)
        time.sleep(1.5)

    def suggest_paint_colorize(self, window):
        desktop = self.desktop
        x, y, width, height = desktop.geometry(window)
        middle_x, middle_y = x + width * 45 // 100, y + height // 2
        desktop.key("r")
        desktop.drag([(middle_x - 60 + i * 8, middle_y - 60 + i * 8) for i in range(15)])
        time.sleep(1)
        desktop.key("Return")
        desktop.key("ctrl+alt+s")
        dialog = desktop.window("^Suggest Hint Colors$", 240)
        time.sleep(1.5)
        self.first_swatch(dialog)
        desktop.activate(dialog)
        desktop.key("Escape")
        self.finish()
        self.press("ctrl+alt+n")
        desktop.shot("d18-selection-message")
        self.stroke(window)
        self.press("ctrl+alt+h")
        self.note("d19-suggested-painted-colorized")
        desktop.key("shift+ctrl+a")

    def settings_of_the_picture(self):
        desktop = self.desktop
        desktop.key("ctrl+alt+o")
        dialog = desktop.window("^Colorize Layer$", 60)
        time.sleep(1.5)
        desktop.shot("d20-options")
        desktop.activate(dialog)
        desktop.key("alt+v")
        desktop.key("ctrl+a")
        desktop.type("80")
        desktop.key("Tab")
        desktop.shot("d21-vividness-typed")
        desktop.key("alt+z")
        time.sleep(2)
        self.finish()
        self.note("d22-vivid")
        self.press("ctrl+alt+h")
        self.note("d23-vivid-again")

    def help(self):
        desktop = self.desktop
        desktop.key("ctrl+alt+o")
        dialog = desktop.window("^Colorize Layer$", 60)
        time.sleep(1.5)
        desktop.activate(dialog)
        desktop.key("alt+h")
        told = os.path.join(os.environ["HOME"], "browser.txt")
        desktop.wait(lambda: os.path.exists(told), 30, "the help page")
        with open(told) as file:
            self.states["d24-help"] = {"page": file.read()}
        desktop.shot("d24-options-again")
        desktop.activate(dialog)
        desktop.key("Escape")
        self.finish()

    def export(self):
        desktop = self.desktop
        path = os.path.join(self.given["work"], "day.tif")
        self.export_to(path, "Escape")
        found = {"file": os.path.exists(path), "messages": desktop.windows("^GIMP Message$")}
        desktop.shot("d26-export-cancelled")
        self.states["d26-export-cancelled"] = found
        self.export_to(path, "Return")
        self.note("d27-exported")

    def export_to(self, path, answer):
        """answer: the key for GIMP's dialog with the options of a TIFF."""
        desktop = self.desktop
        desktop.key("ctrl+alt+e")
        dialog = desktop.window("^Export Colored Picture$", 60)
        time.sleep(1.5)
        desktop.activate(dialog)
        desktop.key("ctrl+a")
        desktop.type(path)
        desktop.shot("d25-export")
        desktop.key("Return")
        time.sleep(2)
        desktop.shot("d26-export-options")
        options = desktop.window("^Export Image as TIFF$", 60)
        desktop.activate(options)
        desktop.key(answer)
        time.sleep(2)
        self.finish()

    def search(self):
        """Typing "handtint" finds the entries, and a double click runs one."""
        desktop = self.desktop
        before = self.look()
        desktop.key("slash")
        time.sleep(2)
        desktop.type("handtint")
        time.sleep(2)
        desktop.shot("d28-search")
        found = desktop.window("^Search Actions$", 30)
        x, y, _, _ = desktop.geometry(found)
        # The second row is Colorize Layer, below the probe's entry, which was used more often.
        desktop.do("mousemove", x + 80, y + 92, "click", "--repeat", 2, "--delay", 100, 1)
        self.look.until(lambda s: self.results(s) != self.results(before), 120, "the new result")
        self.note("d28-after-the-search")

    def results(self, state):
        """What tells the colored layers of a state from those of another."""
        return [(x["name"], x["tattoo"]) for x in state["layers"] if "(colorized)" in x["name"]]

    def paint_that_stays(self, window):
        """The second answers: "Keep it" of a result, "This is the photo" of a layer."""
        self.select("(colorized)")
        self.stroke(window, dx=60, dy=-60)
        self.note("d29-paint-on-the-result")
        self.desktop.key("ctrl+alt+h")
        self.answer("^Handtint$", "alt+k", "d30-question")
        before = self.results(self.states["d29-paint-on-the-result"])
        self.finish()
        self.look.until(lambda s: self.results(s) != before, 120, "the new result")
        self.note("d31-kept")
        self.desktop.key("ctrl+shift+n")
        self.answer("^New Layer$", "Return", "d32-new-layer")
        time.sleep(2)
        self.stroke(window, dx=20, dy=60)
        self.note("d33-paint-on-a-new-layer")
        self.desktop.key("ctrl+alt+h")
        self.answer("^Handtint$", "alt+p", "d34-question")
        self.finish()
        self.note("d35-is-the-photo")
        self.press("ctrl+alt+h")  # asks no more: a question would not end
        self.note("d36-not-asked-again")

    def select(self, part):
        """Select the layer whose name holds this, as a click in the Layers dialog does."""
        with open(os.environ["PROBE_DO"], "w") as file:
            file.write(
                "found = [x for x in image.get_layers() if %r in x.get_name()]\n"
                "image.set_selected_layers(found[:1])\n" % part
            )
        self.look()
