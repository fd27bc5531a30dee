"""GIMP in the user's language: menu, layers' names, dialog; and what does not fit."""

import json
import os
import time

LABELS = """
import json, os
found = {}
for name in (
    "colorize",
    "colorize-options",
    "new-hints-layer",
    "suggest-colors",
    "export",
    "panel",
):
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-handtint-" + name)
    found[name] = procedure.get_menu_label()
with open(%r, "w") as file:
    json.dump(found, file)
"""


class Language:
    """Steps for `window.Session`."""

    def run_language(self):
        desktop = self.desktop
        window = self.open()
        labels = os.path.join(self.given["work"], "labels.json")
        self.act(LABELS % labels)
        with open(labels) as file:
            self.states["1-labels"] = json.load(file)
        self.open_submenu()
        desktop.shot("2-menu")
        # In every language the plain entry comes first.
        desktop.key("Return")
        self.look.until(lambda s: len(s["layers"]) == 2, 60, "the colored layer")
        # With the pointer on the picture the status bar also shows where it is: the least room.
        x, y, width, height = desktop.geometry(window)
        desktop.do("mousemove", x + width * 45 // 100, y + height // 2)
        self.press("ctrl+alt+n")
        self.look.until(lambda s: len(s["layers"]) == 3, 60, "the hint layer")
        self.note("3-layers")
        self.states["3-message"] = desktop.windows("^GIMP Message$")
        desktop.activate(window)
        desktop.key("ctrl+alt+o")
        dialog = desktop.window("^%s$" % self.given["title"], 60)
        time.sleep(1.5)
        self.show_server(dialog)
        desktop.shot("4-options")
        desktop.activate(dialog)
        desktop.key("Escape")
        desktop.wait(lambda: not self.running(), 60, "the dialog's end")
        self.note("5-closed")
