"""A server that keeps no photo, and the setting that says which server it is."""

import json
import os
import time

STATE = "core().server.state.name"


class Server:
    """Steps for `window.Session`; they use those of `window_panel.Panel`."""

    def run_panel_server(self):
        window = self.prepared()
        self.not_kept(window)
        self.changed_elsewhere()
        self.damaged()

    def not_kept(self, window):
        """Said once, and not asked again before the next stroke."""
        self.brush(window)
        self.desktop.wait(lambda: self.told("larger --cache-mb"), 30, "the message")
        self.panel_rests()
        before = self.requests()
        time.sleep(5.0)
        self.note("n01-not-kept")["requests"] = [before, self.requests()]

    def requests(self):
        """How often the server was asked for colors."""
        with open(os.path.join(self.given["work"], "server-log")) as file:
            return file.read().count('"/v1/colorize')

    def setting(self):
        return os.path.join(os.environ["HANDTINT_HOME"], "client.json")

    def changed_elsewhere(self):
        """As the options dialog does it, which is another process: nobody touches the panel."""
        with open(self.setting(), "w") as file:
            json.dump({"format": 1, "url": "http://127.0.0.1:9", "token": "t"}, file)
        self.desktop.wait(lambda: self.eyes(STATE) == "UNREACHABLE", 30, "the other server")
        self.note("n02-other-server")

    def damaged(self):
        """Choosing the server again repairs the file, also where the choice is Automatic."""
        with open(self.setting(), "w") as file:
            file.write('{"url": ')
        x, y, width, height = dict(map(tuple_of, self.eyes("parts()")))["Server..."]
        self.desktop.click(x + width // 2, y + height // 2)
        dialog = self.desktop.window("^Server$", 30)
        time.sleep(1.5)
        self.desktop.shot("n03-damaged")
        self.desktop.activate(dialog)
        self.desktop.key("Return")
        self.desktop.wait(lambda: self.eyes(STATE).startswith("READY"), 30, "the own server")
        with open(self.setting()) as file:
            self.states["n04-repaired"] = json.load(file)
        os.remove(self.setting())


def tuple_of(part):
    """(name, box)"""
    return part[0], part[1]
