"""One session in GIMP's window, as a user has it; screenshots and what the image held.

Runs in the Debian folder: window.py GIVEN.json, with photo, name, session, work, shots, result.
"""

import http.client
import json
import os
import signal
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import window_alternatives
import window_day
import window_language
import window_panel
import window_panel_lag
import window_panel_meanwhile
import window_panel_paint
import window_panel_pictures
import window_panel_server
import window_panel_trouble
from desktop import Desktop, Probe

GIMPRC = """
(config-version "3.0.4")
(show-welcome-dialog no)
(check-updates no)
(color-profile-policy keep)
(metadata-rotation-policy keep)
(save-session-info no)
"""

SHORTCUTS = """(file-version 1)
(action "plug-in-handtint-probe" "<Primary><Alt>p")
(action "plug-in-handtint-colorize" "<Primary><Alt>h")
"""
SHORTCUTS += window_day.SHORTCUTS + window_panel.SHORTCUTS

MNEMONICS = {
    "Colorize Layer": "z",
    "Colorize with Options...": "o",
    "New Color Hints Layer": "h",
    "Suggest Hint Colors": "s",
    "Export Colored Picture...": "e",
}

BLUE = r"\000\000\000\000\000\000\000\000\000\000\200\077"


def prepare(language=""):
    folder = os.environ["GIMP3_DIRECTORY"]
    for name, text in {
        # As if chosen in GIMP's preferences.
        "gimprc": GIMPRC + ('(language "%s")\n' % language if language else ""),
        "shortcutsrc": SHORTCUTS,
        # Blue in the brush.
        "contextrc": '(foreground (color "RGB float" 12 "%s" 0))\n' % BLUE,
    }.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    window_day.prepare_browser()


class Session(
    window_day.Day,
    window_language.Language,
    window_panel.Panel,
    window_panel_paint.Paint,
    window_panel_pictures.Pictures,
    window_panel_server.Server,
    window_panel_trouble.Trouble,
    window_panel_lag.Lag,
    window_panel_meanwhile.Meanwhile,
    window_alternatives.Alternatives,
):
    def __init__(self, desktop, given):
        self.desktop, self.given = desktop, given
        self.states = {}
        self.read = 0  # of GIMP's log
        self.look = Probe(desktop, os.environ["PROBE_OUT"], os.environ["PROBE_PIXEL_FILE"])

    def note(self, name, state=None, **more):
        """Keep what the image holds now, and a screenshot."""
        self.states[name] = self.look(**more) if state is None else state
        with open(os.path.join(self.given["work"], "gimp.log"), errors="replace") as file:
            self.states[name]["log"] = file.read()[self.read :]
        self.read += len(self.states[name]["log"])
        time.sleep(0.5)
        self.desktop.shot(name)
        return self.states[name]

    def finish(self, seconds=240):
        """Wait until the plug-in has ended.

        Nothing else may look at the image before: GIMP ends a plug-in whose layer another one
        converts at that moment.
        """
        quiet = 0
        end = time.monotonic() + seconds
        while quiet < 5:
            quiet = 0 if self.running() else quiet + 1
            if time.monotonic() > end:
                self.desktop.shot("timeout")
                raise TimeoutError("the plug-in works for more than %g s" % seconds)
            time.sleep(0.3)

    def running(self):
        """Whether the plug-in is at work."""
        return self.desktop.ask(["pgrep", "-f", "plug-ins/handtint/handtint.py -gimp"])

    def menu(self, label, settle=2.0):
        """Choose an entry of the submenu Colors > Handtint by its underlined letter."""
        self.open_submenu()
        self.desktop.key(MNEMONICS[label])
        time.sleep(settle)

    def open_submenu(self):
        desktop = self.desktop
        desktop.key("Escape", "alt+c")
        menu = desktop.wait(lambda: self.menu_window(400, 900), 20, "the menu")
        time.sleep(1.0)
        x, y, width, height = desktop.geometry(menu)
        # The last but one, in rows of 25 pixels; GIMP's own is the last.
        desktop.do("mousemove", x + width // 2, y + height - 13 - 25)
        time.sleep(1.0)
        desktop.key("Right")  # opens it, or goes to its first entry
        submenu = desktop.wait(lambda: self.menu_window(100, 200), 20, "the submenu")
        time.sleep(1.0)
        return submenu

    def menu_window(self, least, most):
        told = self.desktop.ask(["xdotool", "search", "--onlyvisible", "--class", "gimp"]) or ""
        for window in reversed(told.split()):
            _, _, width, height = self.desktop.geometry(window)
            if 150 < width < 600 and least < height < most:
                return window
        return None

    def run_everyday(self):
        """Colours, Undo, a hint, options, suggestions."""
        window = self.open()
        self.colorize_from_the_menu()
        self.undo_it()
        self.paint_a_hint(window)
        self.options(window)
        self.suggestions(window)

    def run_trouble(self):
        """Cancel in the middle of the work; a server that is not there."""
        desktop = self.desktop
        window = self.open()
        self.menu("Colorize Layer", settle=0)
        end = time.monotonic() + 120
        while not self.server_works():
            if time.monotonic() > end:
                raise TimeoutError("no work on the server")
        # Stopped in the middle of its work, so that the work cannot end before the click.
        os.kill(self.server()["pid"], signal.SIGSTOP)
        time.sleep(1.5)
        desktop.shot("2-working")
        # The Cancel button lies at the right end of the status bar, left of the docks.
        x, y, width, height = desktop.geometry(window)
        desktop.click(x + width - 282, y + height - 17)
        desktop.wait(lambda: not self.running(), 20, "the plug-in's end")
        os.kill(self.server()["pid"], signal.SIGCONT)
        self.note("3-cancelled")
        desktop.wait(lambda: not self.server_works(), 60, "the end of the server's work")
        self.menu("Colorize with Options...")
        dialog = desktop.window("^Colorize Layer$", 60)
        time.sleep(1.5)
        self.show_server(dialog)
        desktop.key("alt+n", "alt+d")
        desktop.type("http://127.0.0.1:9")
        desktop.key("alt+k")
        desktop.type("a-token-of-mine")
        desktop.shot("4-server-setting")
        desktop.key("Return")
        message = desktop.window("^GIMP Message$", 60)
        with open(os.path.join(os.environ["HANDTINT_HOME"], "client.json")) as file:
            self.states["4-server-setting"] = json.load(file)
        time.sleep(1)
        desktop.shot("4-message")
        desktop.activate(message)
        desktop.key("Escape")
        self.note("5-after-the-message")

    def server(self):
        with open(os.path.join(os.environ["HANDTINT_RUNTIME_DIR"], "server.json")) as file:
            return json.load(file)

    def server_works(self):
        found = self.server()
        with open(found["token_file"]) as file:
            token = file.read().strip()
        connection = http.client.HTTPConnection(found["url"].split("//")[1], timeout=30)
        connection.request("GET", "/v1/info", headers={"Authorization": "Bearer " + token})
        queue = json.loads(connection.getresponse().read())["queue"]
        connection.close()
        return queue["running"] > 0

    def open(self):
        desktop = self.desktop
        window = desktop.window("^.%s" % self.given["name"], 240)
        desktop.wait(lambda: self.ready(window), 60, "the window")
        desktop.activate(window)
        desktop.do("windowsize", "--sync", window, 1380, 860)
        desktop.do("windowmove", window, 2, 20)
        time.sleep(2)
        desktop.key("shift+ctrl+j")  # the whole image in the window
        self.note("1-opened")
        return window

    def ready(self, window):
        x, y, width, height = self.desktop.geometry(window)
        return width > 600

    def colorize_from_the_menu(self):
        desktop = self.desktop
        self.open_submenu()
        desktop.shot("2-menu")
        desktop.key("Return")  # its first entry: the plain one
        time.sleep(2)
        self.finish()
        self.look.until(lambda s: len(s["layers"]) == 2, 30, "the coloured layer")
        self.note("3-colorized")

    def undo_it(self):
        self.desktop.key("ctrl+z")
        self.look.until(lambda s: len(s["layers"]) == 1, 60, "the undo")
        self.note("4-undone")
        self.desktop.key("ctrl+y")
        self.look.until(lambda s: len(s["layers"]) == 2, 60, "the redo")
        self.note("5-redone")

    def paint_a_hint(self, window):
        desktop = self.desktop
        self.menu("New Color Hints Layer")
        self.finish()
        self.look.until(lambda s: len(s["layers"]) == 3, 30, "the hint layer")
        desktop.shot("6-hint-layer")
        self.note("6-hint-layer-state")
        desktop.key("p")
        x, y, width, height = desktop.geometry(window)
        middle_x, middle_y = x + width * 45 // 100, y + height // 2
        desktop.drag([(middle_x - 80 + i * 4, middle_y + i) for i in range(40)])
        self.look.until(lambda s: s["layers"][0]["painted"] > 0, 60, "the stroke")
        state = self.note("7-stroke")
        at = state["layers"][0]["first"]
        pixel = [state["layers"][1]["name"], at[0], at[1]]
        self.states["7-before"] = self.look(pixel=pixel)
        tattoo = state["layers"][1]["tattoo"]
        self.menu("Colorize Layer")
        self.finish()
        self.look.until(lambda s: s["layers"][1]["tattoo"] != tattoo, 240, "the new result")
        self.note("8-hinted", pixel=pixel)
        desktop.key("ctrl+z")
        self.look.until(lambda s: s["layers"][1]["tattoo"] == tattoo, 60, "the undo")
        self.note("9-hint-undone", pixel=pixel)
        desktop.key("ctrl+z")
        self.look.until(lambda s: not s["layers"][0]["painted"], 60, "the stroke's undo")
        self.note("10-stroke-undone")
        desktop.key("ctrl+y", "ctrl+y")
        self.look.until(lambda s: s["layers"][1]["tattoo"] != tattoo, 60, "the redo")
        self.note("11-hint-redone", pixel=pixel)

    def options(self, window):
        desktop = self.desktop
        self.menu("Colorize with Options...")
        dialog = desktop.window("^Colorize Layer$", 60)
        time.sleep(1.5)
        desktop.shot("12-options")
        self.show_server(dialog)
        desktop.shot("12-options-server")
        tattoo = self.states["11-hint-redone"]["layers"][1]["tattoo"]
        desktop.activate(dialog)
        desktop.key("Return")
        time.sleep(2)
        self.finish()
        self.look.until(lambda s: s["layers"][1]["tattoo"] != tattoo, 240, "the new result")
        self.note("13-after-options")
        tattoo = self.states["13-after-options"]["layers"][1]["tattoo"]
        desktop.activate(window)
        desktop.key("ctrl+alt+h")
        time.sleep(2)
        self.finish()
        self.look.until(lambda s: s["layers"][1]["tattoo"] != tattoo, 240, "the new result")
        self.note("13-by-shortcut")

    def show_server(self, dialog):
        """Open the part Server of the options dialog."""
        desktop = self.desktop
        desktop.activate(dialog)
        x, y, _, height = desktop.geometry(dialog)
        desktop.click(x + 30, y + 253)
        desktop.wait(lambda: desktop.geometry(dialog)[3] > height, 30, "the part Server")
        time.sleep(1.5)

    def suggestions(self, window):
        desktop = self.desktop
        desktop.key("r")
        x, y, width, height = desktop.geometry(window)
        middle_x, middle_y = x + width * 45 // 100, y + height // 2
        desktop.drag([(middle_x + i * 5, middle_y - 120 + i * 4) for i in range(15)])
        time.sleep(1)
        desktop.key("Return")
        self.menu("Suggest Hint Colors")
        dialog = desktop.window("^Suggest Hint Colors$", 240)
        time.sleep(1.5)
        desktop.shot("14-suggestions")
        self.first_swatch(dialog)
        desktop.shot("15-suggestion-chosen")
        desktop.activate(dialog)
        desktop.key("Escape")
        desktop.wait(lambda: not desktop.windows("^Suggest Hint Colors$"), 30, "the dialog's end")
        self.note("16-foreground")


def main():
    with open(sys.argv[1]) as file:
        given = json.load(file)
    work, shots = given["work"], given["shots"]
    os.environ["PROBE_OUT"] = os.path.join(work, "probe.json")
    os.environ["PROBE_DO"] = os.path.join(work, "do.py")
    os.environ["PROBE_PIXEL_FILE"] = os.path.join(work, "pixel.json")
    os.environ["EYES_ASK"] = os.path.join(work, "eyes.txt")
    os.environ["EYES_TOLD"] = os.path.join(work, "eyes.json")
    # GIMP's Python plug-ins, not this process.
    os.environ["PYTHONPATH"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "eyes")
    prepare(given.get("language", ""))
    found = {"states": {}, "error": ""}
    with Desktop(shots) as desktop:
        desktop.start(
            ["gimp", "-n", "--no-splash", given["photo"]], log=os.path.join(work, "gimp.log")
        )
        session = Session(desktop, given)
        try:
            getattr(session, "run_" + given["session"])()
        except BaseException:
            found["error"] = traceback.format_exc()
        found["states"] = session.states
    with open(given["result"], "w") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
