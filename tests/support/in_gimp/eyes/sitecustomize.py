"""For tests only: lets a test look at the widgets of Handtint's windows in GIMP.

Every Python that a test's GIMP starts loads this file.  In a process with a window of Handtint's
it evaluates the expression in $EYES_ASK, once, and writes its value to $EYES_TOLD as JSON.
"""

import json
import os
import sys
import threading
import time

WINDOWS = ("handtint_gimp.panel.window", "handtint_gimp.swatches")


def wait_for_a_window():
    """In a thread of its own, which touches nothing of GIMP's."""
    while not any(name in sys.modules for name in WINDOWS):
        time.sleep(0.1)
    from gi.repository import GLib

    GLib.timeout_add(100, look)


def look():
    """In the event loop of the window."""
    asked = os.environ.get("EYES_ASK", "")
    if asked and os.path.exists(asked) and window() is not None:
        with open(asked) as file:
            text = file.read()
        os.remove(asked)
        try:
            told = {"value": eval(text, globals())}
        except Exception as fault:
            told = {"fault": repr(fault)}
        path = os.environ["EYES_TOLD"]
        with open(path + ".new", "w") as file:
            json.dump(told, file)
        os.replace(path + ".new", path)
    return True


def window():
    """Handtint's window on the screen."""
    from gi.repository import Gtk

    shown = [it for it in Gtk.Window.list_toplevels() if it.get_visible()]
    return next((it for it in shown if (it.get_role() or "").startswith("handtint")), None)


def core():
    """The panel's centre."""
    return window()._core


def is_idle():
    """Whether the panel knows what is painted, and neither asks nor writes."""
    follower = core().follower
    busy = core().running or any(map(core().side_jobs.runs, ("live", "map", "scan", "suggest")))
    return follower.target is not None and follower.is_ready and not busy


def every(widget):
    """A widget and all that it holds, if they are on the screen."""
    from gi.repository import Gtk

    if widget.get_mapped():
        yield widget
        children = []
        if isinstance(widget, Gtk.Container):
            widget.forall(children.append)
        for child in children:
            yield from every(child)


def box(widget):
    """x, y, width, height of a widget on the screen."""
    _, left, top = window().get_window().get_origin()
    x, y = widget.translate_coordinates(window(), 0, 0)
    return [left + x, top + y, widget.get_allocated_width(), widget.get_allocated_height()]


def name(widget):
    """What a screen reader reads."""
    return widget.get_accessible().get_name()


def parts():
    """Name and box of all that can be pressed or dragged."""
    from gi.repository import Gtk

    kinds = (Gtk.Button, Gtk.Scale, Gtk.SpinButton)
    return [[name(it), box(it)] for it in every(window()) if isinstance(it, kinds)]


def swatches(prefix):
    """Swatches whose names begin with this, by their places: boxes of color and share."""
    from gi.repository import Gtk

    def first(kind, widget):
        return next((it for it in every(widget) if isinstance(it, kind)), None)

    found = []
    for button in every(window()):
        if not isinstance(button, Gtk.Button) or not name(button).startswith(prefix):
            continue
        picture = first(Gtk.Image, button)
        share = first(Gtk.Label, button) or first(Gtk.Label, button.get_parent())
        pixels = picture.get_pixbuf()
        found.append(
            {
                "name": name(button),
                "button": box(button),
                "picture": box(picture),
                "color": [pixels.get_width(), pixels.get_height()],
                "share": share.get_text(),
                "share box": box(share),
            }
        )
    return sorted(found, key=lambda one: (one["button"][1], one["button"][0]))


if any(word.endswith("handtint/handtint.py") for word in sys.orig_argv):
    threading.Thread(target=wait_for_a_window, daemon=True).start()
