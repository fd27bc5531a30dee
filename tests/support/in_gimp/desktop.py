"""A screen without a monitor, hands and eyes: Xvfb, xdotool, import.  Runs in the Debian folder."""

import json
import os
import re
import subprocess
import time


class Desktop:
    """An X server of our own with a window manager; entered and left like a file.

    shots: folder for screenshots.
    """

    def __init__(self, shots, size="1400x900"):
        self.shots, self.size = shots, size
        self.processes = []

    def __enter__(self):
        try:
            self.start_screen()
            self.start(["openbox"])
            self.wait(self.managed, 60, "the window manager")
        except BaseException:
            self.__exit__()
            raise
        return self

    def start_screen(self):
        """The X server, which chooses a free number and tells it when it is ready."""
        told, tell = os.pipe()
        command = ["Xvfb", "-displayfd", str(tell), "-screen", "0", self.size + "x24"]
        # Without -noreset it starts anew when its first client leaves, and throws out the next.
        self.start([*command, "-noreset"], pass_fds=[tell])
        os.close(tell)
        with open(told) as answer:
            number = answer.readline().strip()
        if not number:
            raise OSError("Xvfb has ended")
        os.environ["DISPLAY"] = ":" + number

    def managed(self):
        """Whether the window manager is at work: before, no window can be activated."""
        told = self.ask(["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"]) or ""
        return "window id" in told

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, command, log=None, **more):
        with open(log or os.devnull, "wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, **more)
        self.processes.append(process)
        return process

    def ask(self, command):
        """Output of a command, None if it failed."""
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > end:
                self.shot("timeout")
                raise TimeoutError("waited %g s for %s; screenshot timeout.png" % (seconds, what))
            time.sleep(0.2)

    def window(self, title, seconds=60):
        """The id of a visible window by a pattern of its title."""

        def look():
            found = self.ask(["xdotool", "search", "--onlyvisible", "--name", title])
            return found.split()[-1] if found and found.split() else None

        return self.wait(look, seconds, "a window " + title)

    def windows(self, title):
        found = self.ask(["xdotool", "search", "--onlyvisible", "--name", title])
        return found.split() if found else []

    def activate(self, window):
        """Give a window the keyboard; asked again while the window is still being set up."""
        command = ["timeout", "10", "xdotool", "windowactivate", "--sync", str(window)]
        self.wait(lambda: self.ask(command) is not None, 120, "the keyboard for a window")

    def do(self, *words):
        subprocess.run(["xdotool", *map(str, words)], check=True)

    def key(self, *keys):
        for key in keys:
            self.do("key", key)
            time.sleep(0.15)

    def type(self, text):
        self.do("type", "--delay", 30, text)

    def click(self, x, y):
        self.do("mousemove", x, y)
        time.sleep(0.2)
        self.do("click", 1)

    def drag(self, points):
        self.do("mousemove", *points[0])
        time.sleep(0.2)
        self.do("mousedown", 1)
        for x, y in points[1:]:
            self.do("mousemove", x, y)
            time.sleep(0.01)
        self.do("mouseup", 1)

    def shot(self, name):
        subprocess.run(
            ["import", "-window", "root", os.path.join(self.shots, name + ".png")], check=False
        )

    def pixels(self, x, y, width, height):
        """What a part of the screen shows, as bytes."""
        box = "%dx%d+%d+%d" % (width, height, x, y)
        command = ["import", "-window", "root", "-crop", box, "-depth", "8", "rgb:-"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def geometry(self, window):
        """x, y, width, height of a window's inside on the screen."""
        # Not xdotool's: that adds the decoration of the window manager twice.
        told = self.ask(["xwininfo", "-id", window]) or ""
        names = ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
        found = [re.search(name + r":\s+(-?\d+)", told) for name in names]
        return [int(match[1]) if match else 0 for match in found]


class Probe:
    """Asks the live GIMP what its image holds, through the test plug-in's shortcut."""

    def __init__(self, desktop, path, pixel_path):
        self.desktop, self.path, self.pixel_path = desktop, path, pixel_path

    def __call__(self, pixel=None):
        with open(self.pixel_path, "w") as file:
            json.dump(pixel, file)
        if pixel is None:
            os.remove(self.pixel_path)
        if os.path.exists(self.path):
            os.remove(self.path)
        for _ in range(8):
            self.desktop.key("ctrl+alt+p")
            end = time.monotonic() + 12
            while time.monotonic() < end:
                if os.path.exists(self.path):
                    with open(self.path) as file:
                        return json.load(file)
                time.sleep(0.1)
        self.desktop.shot("no-probe")
        raise TimeoutError("no answer from the probe; screenshot no-probe.png")

    def until(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while True:
            state = self()
            if condition(state):
                return state
            if time.monotonic() > end:
                self.desktop.shot("timeout")
                raise TimeoutError("%s did not come: %s" % (what, json.dumps(state)))
            time.sleep(0.5)
