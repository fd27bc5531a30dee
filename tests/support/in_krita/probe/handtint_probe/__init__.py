"""Runs a test module inside Krita's window; for tests only.

The module has a generator `steps`; what it yields says when to go on: a number of
milliseconds, or a function that becomes true.  Krita's own event loop runs meanwhile: nested
ones hold back the signals of its layers.
"""

import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

from krita import Krita

if "PyQt6.QtCore" in sys.modules:
    from PyQt6.QtCore import QTimer
else:
    from PyQt5.QtCore import QTimer

OUT = Path(os.environ["HANDTINT_TEST_OUT"])
VALUES = {}
CASES = {}
PATIENCE = float(os.environ.get("HANDTINT_TEST_PATIENCE", "120"))


def write(complete):
    new = OUT / "result.json.new"
    new.write_text(json.dumps({"cases": CASES, "values": VALUES, "complete": complete}, indent=1))
    new.replace(OUT / "result.json")


def note(name):
    """A step of the test has gone well."""
    CASES[name] = "ok"
    print("CASE", name, flush=True)
    write(False)


def screenshot(name):
    """The whole screen as OUT/NAME.png."""
    subprocess.run(["import", "-window", "root", str(OUT / (name + ".png"))], check=False)


def xdotool(*words):
    """Keys and mouse, as a user; returns the process."""
    return subprocess.Popen(["xdotool", *[str(word) for word in words]])


class Runner:
    def __init__(self, steps):
        self.steps = steps
        self.condition = None
        self.deadline = 0.0

    def go(self):
        try:
            late = False
            if self.condition is not None:
                if not self.condition():
                    late = time.monotonic() > self.deadline
                    if not late:
                        QTimer.singleShot(20, self.go)
                        return
                self.condition = None
            if late:  # inside the steps, so that the traceback says where
                wish = self.steps.throw(AssertionError(f"waited {PATIENCE:g} s in vain"))
            else:
                wish = next(self.steps)
        except StopIteration:
            self.end(True)
        except BaseException as error:
            CASES["steps"] = traceback.format_exc()
            if self.steps.gi_frame is None and isinstance(error, AssertionError):
                print(CASES["steps"], flush=True)
            screenshot("failure")
            self.end(False)
        else:
            if callable(wish):
                self.condition, self.deadline = wish, time.monotonic() + PATIENCE
                QTimer.singleShot(20, self.go)
            else:
                QTimer.singleShot(int(wish), self.go)

    def end(self, complete):
        write(complete)
        sys.stdout.flush()
        os._exit(0 if complete else 1)


def begin():
    try:
        module = importlib.import_module(os.environ["HANDTINT_TEST_MODULE"])
        Krita.instance()._handtint_probe = Runner(module.steps())
        Krita.instance()._handtint_probe.go()
    except BaseException:
        CASES["import"] = traceback.format_exc()
        write(False)
        os._exit(1)


def when_window(*_):
    QTimer.singleShot(1500, begin)


notifier = Krita.instance().notifier()
notifier.setActive(True)
notifier.windowCreated.connect(when_window)
