"""Scratch."""

import handtint_probe as probe
from handtint.qt import QtCore, QtGui, QtWidgets
from window_run import APP, docker, line, stroke


def alphasum(n):
    b = n.bounds()
    return (
        b.x(),
        b.y(),
        b.width(),
        b.height(),
        sum(bytes(n.pixelData(b.x(), b.y(), b.width(), b.height()))[3::4]),
    )


def col(n):
    b = n.bounds()
    d = bytes(n.pixelData(b.x(), b.y(), b.width(), b.height()))
    from collections import Counter

    return Counter(d[i : i + 4] for i in range(0, len(d), 4)).most_common(3)


def steps():
    document = APP.activeDocument()
    APP.activeWindow().qwindow().showMaximized()
    yield 3000
    probe.screenshot("s1")
    d = docker()
    print("docker visible", d.isVisible(), d.geometry(), d.needed_height, flush=True)
    print("fm flags")
    v = APP.activeWindow().activeView()
    v.showFloatingMessage("hello there message", QtGui.QIcon(), 6000, 1)
    yield 300
    for w in QtWidgets.QApplication.allWidgets():
        if "loating" in w.metaObject().className():
            print(
                w.metaObject().className(),
                w.isWindow(),
                w.geometry(),
                w.windowFlags(),
                w.parent(),
                w.testAttribute(QtCore.Qt.WA_TransparentForMouseEvents),
                flush=True,
            )
    probe.screenshot("s2")
    layer = document.createNode("Paint", "paintlayer")
    document.rootNode().addChildNode(layer, None)
    document.setActiveNode(layer)
    yield 500
    APP.action("KritaShape/KisToolBrush").trigger()
    W, H = document.width(), document.height()
    yield 300
    print("undo", APP.action("edit_undo").text())
    p = stroke(line(0.2 * W, 0.3 * H, 0.5 * W, 0.3 * H))
    yield lambda: p.poll() is not None
    yield 1000
    print("A", alphasum(layer), col(layer), APP.action("edit_undo").text(), flush=True)
    p = stroke(line(0.2 * W, 0.5 * H, 0.5 * W, 0.5 * H))
    yield lambda: p.poll() is not None
    yield 1000
    print("B", alphasum(layer), col(layer), flush=True)
    # recolour second stroke in place
    y0 = int(0.4 * H)
    h = int(0.2 * H)
    data = bytearray(bytes(layer.pixelData(0, y0, W, h)))
    for i in range(0, len(data), 4):
        if data[i + 3]:
            data[i : i + 3] = b"\x00\x00\xff"
    layer.setPixelData(QtCore.QByteArray(bytes(data)), 0, y0, W, h)
    document.refreshProjection()
    yield 500
    print("recoloured", alphasum(layer), col(layer), flush=True)
    for what in ("undo", "undo", "redo", "redo", "undo", "redo"):
        APP.action("edit_" + what).trigger()
        yield 1000
        print(
            what,
            alphasum(layer),
            col(layer),
            APP.action("edit_undo").text(),
            APP.action("edit_redo").text(),
            flush=True,
        )
    p = stroke(line(0.2 * W, 0.7 * H, 0.5 * W, 0.7 * H))
    yield lambda: p.poll() is not None
    yield 1000
    print("C", alphasum(layer), col(layer), flush=True)
    for what in ("undo", "undo", "undo", "undo"):
        APP.action("edit_" + what).trigger()
        yield 1000
        print(
            what,
            [n.name() for n in document.rootNode().childNodes()],
            alphasum(layer),
            APP.action("edit_undo").text(),
            flush=True,
        )
    probe.note("done")
