"""Measures inside Krita for bench/krita_spaces.py: how long Colorize takes in which space."""

from __future__ import annotations

import os
import statistics
import time

import numpy as np
from handtint import commands, spaces
from handtint.client.driver import Job
from handtint.qt import QtCore, QtWidgets
from handtint.settings import Settings
from harness import VALUES, network, session
from pictures import APP, NUMPY, SRGB, codes, document

MEGAPIXELS = float(os.environ.get("HANDTINT_TEST_MEGAPIXELS", "0.4"))
ROUNDS = 7
"""How often a photo that the server knows is colored."""


def _photo(made, size):
    width, height = size
    pixels = np.ones((height, width, 4), "<f4")
    pixels[..., :3] = codes(width, height)[..., None]
    converter = spaces.Converter(spaces.Space("RGBA", "F32", SRGB), spaces.space_of_document(made))
    native = converter.convert(pixels.tobytes(), width, height)
    node = made.createNode("Photo", "paintlayer")
    node.setPixelData(QtCore.QByteArray(native), 0, 0, width, height)
    made.rootNode().addChildNode(node, None)
    made.waitForDone()
    made.refreshProjection()
    return node


def _run(flow):
    """(seconds, longest stop in ms, the same in ms of Krita's CPU time) of a flow.

    On a machine that has other work to do the clock also counts what others take.  The CPU time is
    that of all of Krita's threads: another one converts while the window's waits.
    """
    done = []
    began = last = time.perf_counter()
    last_cpu = time.process_time()
    longest = longest_cpu = 0.0
    job = Job(network(), flow, done.append, done.append).start()
    while not job.over:
        QtWidgets.QApplication.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 1)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        cpu = time.process_time()
        longest_cpu, last_cpu = max(longest_cpu, cpu - last_cpu), cpu
    assert isinstance(done[0], commands.Outcome), done
    taken = time.perf_counter() - began
    return round(taken, 3), round(1000 * longest), round(1000 * longest_cpu)


def _documents(size):
    """A photo in a document of each space, and what it is called."""
    for model in ("RGBA", "CMYKA", "LABA"):
        for depth in APP.colorDepths(model):
            if depth in NUMPY:
                made = document(model, depth, SRGB if model == "RGBA" else "", size=size)
                yield f"{model} {depth}", made, _photo(made, size)


def case_time():
    """Round about, so that what else the machine does meets all spaces alike."""
    height = round((MEGAPIXELS * 1e6 / 1.5) ** 0.5)
    every = list(_documents((round(height * 1.5), height)))
    times = {name: [] for name, _, _ in every}
    for _ in range(1 + ROUNDS):  # from the second time on the server knows the photo
        for name, made, node in every:
            flow = commands.colorize(made, node, session(), Settings(), commands.Seen())
            times[name].append(_run(flow))
    known = {name: statistics.median(t[0] for t in found[1:]) for name, found in times.items()}
    VALUES["spaces"] = {
        name: {
            "seconds": [t[0] for t in found],
            "times as long as RGB of that depth, median": round(
                known[name] / known["RGBA " + name.split()[1]], 2
            ),
            "longest stop, ms": [t[1] for t in found],
            "longest stop, ms of CPU": [t[2] for t in found],
        }
        for name, found in times.items()
    }
    for _, made, _ in every:
        made.setModified(False)
        made.close()
